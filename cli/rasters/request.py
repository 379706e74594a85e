"""A request to the library: an operator, windows and values; only the array is missing."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..job import Values
from ..operators import OPERATORS, Operator
from ..windows import Arguments

if TYPE_CHECKING:
    from numbapool import Pool

_SLIDING = frozenset({"count_include_pad", "divisor_override"})  # of windows that slide


@dataclass(frozen=True)
class Request:
    """A pooling of the library, and the options that it is made from.

    Attributes
    ----------
    arguments
        The windows, as `windows.window_arguments` returns them.
    """

    operator: Operator
    arguments: Arguments
    values: Values
    data_format: str

    @cached_property
    def pool(self) -> "Pool":
        """The library's pooling, which knows shapes and dtypes, and pools arrays."""
        from numbapool import Pool

        operator, values, sized = self.operator, self.values, "output_size" in self.arguments
        # Windows for a fixed output size have no padding to count, and no common divisor.
        names = operator.parameters - (_SLIDING if sized else frozenset())
        shared = {name: value for name, value in vars(values).items() if name in operator.shared}
        said = shared | dict(values.own)
        return (Pool.adaptive if sized else Pool)(
            operator.name,
            **self.arguments,
            data_format=self.data_format,
            nan=values.nan,
            nodata=values.nodata,
            **{name: said[name] for name in sorted(names) if name in said},
        )

    def __call__(self, array: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Pool an array, into `out` if it is given."""
        return np.asarray(self.pool(array, out))

    def with_nodata(self, number: float | None) -> "Request":
        """Return the same request with another number to leave out."""
        return replace(self, values=replace(self.values, nodata=number))

    def over(self, data_format: str) -> "Request":
        """Return the same request for arrays with other axes."""
        return replace(self, data_format=data_format)

    def sums(self) -> "Request":
        """Return a request for the windows' sums: the numerator of the mean."""
        return replace(self, operator=OPERATORS["sum"], values=Values(), data_format="NHWC")
