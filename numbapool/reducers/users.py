"""Users' reducers: the facts that a kernel must know of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import DTYPES
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import DType
from numbapool.reducers.fields import numbers_of

MOST_FIELDS = 16
"""Half of the slots of a kernel's arguments."""


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
    if not is_reducer(given):
        raise PoolTypeError(
            f"a reducer must be an instance of a NamedTuple class, not {shown(given)}"
        )
    return given


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
        raise PoolTypeError(f"{kind.__name__} has no method {' and no '.join(lacking)}")
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
