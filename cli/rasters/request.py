"""A request to the library: an operator, windows and values; only the array is missing."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..job import Values
from ..operators import Operator
from ..telling.compiling import pooling
from ..windows import Arguments
from .kinds import KINDS, Asked, Pooling
from .tiled import shape_of
from .uncompiled import Way, is_without_kernel, way_without_kernel


@dataclass(frozen=True)
class Request:
    """A pooling of the library, and the options that it is made from.

    Attributes
    ----------
    arguments
        The windows, as `kinds.arguments_of` returns them.
    """

    operator: Operator
    arguments: Arguments
    values: Values
    data_format: str

    @cached_property
    def poolings(self) -> tuple[Pooling, ...]:
        """The library's poolings, one after the other: they tell shapes and dtypes, and pool."""
        asked = Asked(self.operator, self.arguments, self.values, self.data_format)
        return KINDS[self.operator.windows].poolings(asked)

    def results(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        weights: np.dtype[Any] | None = None,
    ) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Return the results' shape and dtype for an array's, and for the dtype of its weights."""
        given = self.operator.name, self.arguments, self.values, self.data_format
        if weights is None and (found := shape_of((shape, dtype), *given)) is not None:
            return found, dtype
        *first, last = self.poolings
        for each in first:
            shape, dtype = tuple(each.shape(shape)), each.dtype(dtype)
        return tuple(last.shape(shape)), last.dtype(dtype, weights)

    def begun(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the array after all poolings but the last."""
        if not KINDS[self.operator.windows].several:
            return array
        pooling(self.operator.name, array.dtype)
        for each in self.poolings[:-1]:
            array = np.asarray(each(array, device=self.values.device))
        return array

    def __call__(
        self,
        array: NDArray[Any],
        out: NDArray[Any] | None = None,
        weights: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Do the last pooling of an array that was `begun`, into `out` if it is given.

        A mean or a sum may have weights.
        """
        if weights is None and (way := self._way_without_kernel(array)) is not None:
            if out is None:
                return way(array)
            out[...] = way(array)
            return out
        pooling(self.operator.name, array.dtype)
        last, device = self.poolings[-1], self.values.device
        return np.asarray(last(array, out, weights=weights, device=device))

    def _way_without_kernel(self, array: NDArray[Any]) -> Way | None:
        asked = self.operator.name, self.arguments, self.values, self.data_format
        return way_without_kernel(array, *asked, lambda: self.poolings[-1])

    def is_tiled(self, array: NDArray[Any], dtype: np.dtype[Any], slower: int) -> bool:
        """Say whether NumPy pools colours by alpha, since the kernel for a dtype is not compiled.

        That is so many times slower than a plain mean.
        """
        given = self.operator.name, self.arguments, self.values, self.data_format
        if shape_of((array.shape, array.dtype), *given) is None:
            return False
        return is_without_kernel(lambda: self.poolings[-1], array, dtype, slower)

    def with_nodata(self, number: float | None) -> "Request":
        """Return the same request with another number to leave out."""
        return replace(self, values=replace(self.values, nodata=number))

    def over(self, data_format: str) -> "Request":
        """Return the same request for arrays with other axes."""
        return replace(self, data_format=data_format)

    def weighing(self) -> "Request":
        """Return the request for means by weights, which divide by the sums of these."""
        return replace(self, values=replace(self.values, divisor_override=None))
