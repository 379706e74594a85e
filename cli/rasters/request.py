"""A call of the library with everything but the array."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job import Values
from ..operators import OPERATORS, Operator
from ..windows import Arguments

_SLIDING = frozenset({"count_include_pad", "divisor_override"})  # of windows that slide


@dataclass(frozen=True)
class Request:
    """A call of the library: it says its result's shape and dtype, and pools arrays.

    Attributes
    ----------
    arguments
        The windows, as `windows.window_arguments` returns them.
    """

    operator: Operator
    arguments: Arguments
    values: Values
    data_format: str

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the result for an input of that shape."""
        from numbapool import pool2d_shape

        size = self.arguments.get("output_size")
        if size:
            first = len(shape) - (3 if self.data_format == "NHWC" else 2)
            return (*shape[:first], *size, *shape[first + 2 :])
        return tuple(pool2d_shape(shape, **self.arguments, data_format=self.data_format))

    def dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the dtype of the result for an input of that dtype; refuse one not pooled."""
        from numbapool.inputs import as_array

        as_array(np.empty((1, 1), dtype))
        name = self.operator.name
        if name == "sum" and dtype.kind in "bui":
            return np.dtype(np.uint64 if dtype.kind == "u" else np.int64)
        if name == "avg" and dtype.kind == "b":
            return np.dtype(np.float32)
        if name == "lp" and dtype.kind in "bui":
            return np.dtype(np.float64)
        return dtype.newbyteorder("=")

    def __call__(self, array: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Pool an array, into `out` if it is given."""
        from numbapool import functional

        sized = "output_size" in self.arguments
        function = getattr(functional, self.operator.adaptive if sized else self.operator.function)
        result = function(
            array, **self.arguments, **self._options, out=out, data_format=self.data_format
        )
        return np.asarray(result)

    @property
    def _options(self) -> Arguments:
        # Windows of a fixed output size have no padding to count, and no common divisor.
        unused = _SLIDING if "output_size" in self.arguments else frozenset()
        names = sorted(self.operator.parameters - unused)
        options: Arguments = {name: getattr(self.values, name) for name in names}
        if self.values.nan != "propagate":
            options["nan"] = self.values.nan
        if self.values.nodata is not None:
            options["nodata"] = self.values.nodata
        return options

    def with_nodata(self, number: float | None) -> "Request":
        """Return the same request with another number left out."""
        return replace(self, values=replace(self.values, nodata=number))

    def over(self, data_format: str) -> "Request":
        """Return the same request for arrays of other axes."""
        return replace(self, data_format=data_format)

    def sums(self) -> "Request":
        """Return a request for the windows' sums: the numerator of the mean."""
        return replace(self, operator=OPERATORS["sum"], values=Values(), data_format="NHWC")
