"""Users' reducers: the facts that a kernel must know of one."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import DTYPES
from numbapool.records import dataclass
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import DType
from numbapool.reducers.fields import numbers_of

MOST_FIELDS = 16
"""Half of the slots of a kernel's arguments."""


EXAMPLE = """a right one is

    class Total(NamedTuple):
        def neutral(self):  # what changes nothing
            return 0.0

        def lift(self, value):  # what an element counts as; may be left out
            return value

        def combine(self, a, b):  # two parts of a window, each an element or more
            return a + b

    numbapool.reduce_pool2d(x, Total(), 2)"""
"""A right reducer, as errors show it."""

PARAMETERS = {
    "neutral": "self",
    "lift": "self, value, row",
    "combine": "self, a, b",
    "prepare": "self, weight",
    "finish": "self, acc, scale",
}
"""What a reducer's methods are called with; a lift may leave out the row."""

ANY_NUMBER = 0x04
"""The flag of code that takes any number of arguments."""


def refuse_other_parameters(kind: type) -> None:
    """Raise if a method of a reducer cannot be called as kernels call it.

    Parameters may have any names; but names as ours that stand in another order are a slip.
    """
    for method, wanted in PARAMETERS.items():
        function = getattr(kind, method, None)
        if not isinstance(function, FunctionType):
            continue
        code, expected = function.__code__, wanted.split(", ")
        names = code.co_varnames[: code.co_argcount]
        least = len(names) - len(function.__defaults__ or ())
        counts = {len(expected), 2} if method == "lift" else {len(expected)}
        fits = any(least <= count <= len(names) for count in counts)
        moved = set(names) == set(expected) and [*names] != expected
        if moved or not (fits or code.co_flags & ANY_NUMBER):
            raise PoolTypeError(
                f"{kind.__name__}.{method} takes ({', '.join(names)}), and is called with "
                f"({wanted}); {EXAMPLE}"
            )


def described(given: Any) -> str:
    """Return what an error says of a value that is no reducer, with what to do."""
    if isinstance(given, type) and issubclass(given, tuple):
        return f"the class itself: pass {given.__name__}()"
    if isinstance(given, FunctionType):
        return f"the function {given.__name__}; {EXAMPLE}"
    return f"{shown(given)}; {EXAMPLE}" if callable(given) else shown(given)


def is_reducer(given: Any) -> bool:
    """Say whether a value is an instance of a NamedTuple class, as reducers are."""
    return isinstance(given, tuple) and hasattr(type(given), "_fields")


def as_reducer(given: Any) -> Any:
    """Return a reducer unchanged.

    Raises
    ------
    PoolTypeError
        If the value is no reducer.
    """
    if is_reducer(given):
        return given
    raise PoolTypeError(
        f"a reducer must be an instance of a NamedTuple class, not {described(given)}"
    )


@dataclass(frozen=True)
class ByUser:
    """The choice of a reduction by a user's reducer, which serves every dtype."""

    reducer: Any

    def __call__(self, case: Case) -> Reduction:
        """Return the reduction; see :func:`reduction_of` for the errors."""
        return reduction_of(self.reducer, case.dtype)


def reduction_of(reducer: Any, dtype: DType) -> Reduction:
    """Return the reduction of arrays of a dtype by a user's reducer.

    Raises
    ------
    PoolTypeError
        If it is no NamedTuple of numbers with the methods that a reducer needs.
    """
    kind = type(as_reducer(reducer))
    lacking = [name for name in ("neutral", "combine") if not hasattr(kind, name)]
    if lacking:
        raise PoolTypeError(f"{kind.__name__} has no method {' and no '.join(lacking)}; {EXAMPLE}")
    refuse_other_parameters(kind)
    if len(numbers_of(reducer)) > MOST_FIELDS:
        raise PoolValueError(
            f"{kind.__name__} has {len(kind._fields)} fields: at most {MOST_FIELDS} are allowed"
        )
    given = getattr(kind, "accumulates", np.float64)
    lanes = tuple(map(np.dtype, given if isinstance(given, tuple) else (given,)))
    if not 1 <= len(lanes) <= 3:
        raise PoolValueError(
            f"{kind.__name__} accumulates {len(lanes)} numbers: 1 to 3 are allowed"
        )
    gives = np.dtype(getattr(kind, "gives", dtype if dtype.kind == "f" else np.float64))
    wrong = [lane for lane in lanes if lane == np.float16] + [
        part for part in (*lanes, gives) if part not in DTYPES
    ]
    if wrong:
        raise PoolTypeError(
            f"{kind.__name__} accumulates or gives {wrong[0]}, which kernels do not hold"
        )
    if (gives == np.float16) != (dtype == np.float16):
        raise PoolTypeError(  # a kernel both reads and writes its bits, or neither
            f"{kind.__name__} gives {gives} and was given an array of {dtype}: "
            "if one of the two is float16, both must be: convert the array"
        )
    return Reduction(reducer, lanes, (gives,), weighted=True)
