"""What a dtype holds, which of its values may be left out, and numbers from parameters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.records import dataclass
from numbapool.reducers.ways import Keep, SkipNaN, SkipNaNOrValue, SkipValue

DType: TypeAlias = "np.dtype[Any]"
NaN: TypeAlias = Literal["propagate", "skip"]


@dataclass(frozen=True)
class Skip:
    """The values to leave out: NaN, a value, both or neither."""

    nan: bool = False
    value: Any = None

    @property
    def way(self) -> type:
        """The reducers' mixin for these values."""
        if self.value is None:
            return SkipNaN if self.nan else Keep
        return SkipNaNOrValue if self.nan else SkipValue


@lru_cache(maxsize=256)
def skip_for(dtype: DType, nan: str, nodata: float | None) -> Skip:
    """Return which values to leave out of an array of `dtype`: none if it cannot hold them.

    Raises
    ------
    PoolValueError
        For an unknown `nan`.
    """
    if nan not in ("propagate", "skip"):
        raise PoolValueError(f"nan must be 'propagate' or 'skip', not {shown(nan)}")
    skip_nan = nan == "skip" and dtype.kind == "f"
    if nodata is None:
        return Skip(skip_nan)
    if not isinstance(nodata, int | float | np.integer | np.floating | np.bool_):
        raise PoolTypeError(f"nodata must be a number, not {shown(nodata)}")
    if nodata != nodata:
        return Skip(dtype.kind == "f")
    return Skip(skip_nan, held(dtype, nodata))


def held(dtype: DType, number: Any) -> Any:
    """Return a number as `dtype` holds it, floats rounded; None if it cannot.

    An integer dtype holds whole numbers within its limits. A float dtype holds no number that it
    would round to infinity or to zero. No number passes through another dtype here.
    """
    if isinstance(number, np.generic):
        number = number.item()  # Python compares whole numbers and floats exactly
    if dtype.kind != "f":
        low, high = (int(limit) for limit in limits(dtype))
        if not low <= number <= high or number != int(number):
            return None
        return dtype.type(int(number))
    try:
        with np.errstate(all="ignore"):
            value = dtype.type(number)
    except OverflowError:  # an integer past the largest float64
        return None
    kept = np.isinf(value) == (abs(number) == np.inf) and (value == 0) == (number == 0)
    return value if kept else None


def limits(dtype: DType) -> tuple[Any, Any]:
    """Return the smallest and the largest value of a dtype: infinities if it has them."""
    if dtype.kind == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    if dtype.kind == "b":
        return np.uint8(0), np.uint8(1)
    info: np.iinfo[np.integer[Any]] = np.iinfo(dtype)
    return dtype.type(info.min), dtype.type(info.max)


def lane(dtype: DType) -> DType:
    """Return the dtype that holds elements in a lane: float16 as float32, bool as uint8."""
    if dtype == np.float16:
        return np.dtype(np.float32)
    return np.dtype(np.uint8) if dtype == np.bool_ else dtype


def in_floats(dtype: DType) -> DType:
    """Return the dtype of results that may be fractions."""
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def real_number(value: Any, name: str) -> float:
    """Return a number as a float."""
    if not isinstance(value, int | float | np.integer | np.floating):
        raise PoolTypeError(f"{name} must be a number, not {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise PoolValueError(f"{name} is past float64: {shown(value)}") from None


def whole_number(value: Any, name: str) -> int:
    """Return a whole number that is not zero, as a divisor must be."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise PoolTypeError(f"{name} must be a whole number, not {shown(value)}")
    if value == 0:
        raise PoolValueError(f"{name} must not be zero")
    if abs(int(value)) >= 1 << 63:
        raise PoolValueError(f"{name} is past 64 bits: {shown(value)}")
    return int(value)
