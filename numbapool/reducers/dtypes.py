"""Which reducer keeps which op's promise for a dtype: accumulators, results, rounding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.reducers import means as m
from numbapool.reducers import selectors as s
from numbapool.reducers.extremes import ArgExtreme, Extreme
from numbapool.reducers.sums import L1, L2, LInf, Lp, Sum
from numbapool.reducers.ways import (
    AsItStands,
    Keep,
    Largest,
    SkipNaN,
    SkipNaNOrValue,
    SkipValue,
    Smallest,
    is_own,
    variant,
)

DType: TypeAlias = "np.dtype[Any]"
NaN: TypeAlias = Literal["propagate", "skip"]
Rounding: TypeAlias = Literal["half_up", "half_even", "floor"]

ROUNDINGS = {"half_up": m.HALF_UP, "half_even": m.HALF_EVEN, "floor": m.FLOOR}

EXACT_SUM = 1 << 50
"""Sums below this are divided and rounded exactly in float64."""

SINGLE_ROWS, SINGLE_COLUMNS = 32, 1024
"""Windows of more float32 taps than these add up in float64: one rounding an addition would
come near 1e-6 of the mean."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """A reducer for one dtype: what its lanes hold, and what it writes."""

    op: Any
    lanes: tuple[DType, ...]
    outs: tuple[DType, ...]
    weighted: bool = False
    """Whether the result depends on a window's divisor."""

    @property
    def skips(self) -> bool:
        """Whether some elements may not count."""
        return not isinstance(self.op, Keep)

    @property
    def own(self) -> bool:
        """Whether the reducer is one of numbapool's."""
        return is_own(type(self.op))


@dataclass(frozen=True)
class Skip:
    """What does not count: NaN, a value, both or neither."""

    nan: bool = False
    value: Any = None

    @property
    def way(self) -> type:
        """The reducers' mixin for it."""
        if self.value is None:
            return SkipNaN if self.nan else Keep
        return SkipNaNOrValue if self.nan else SkipValue


@lru_cache(maxsize=256)
def skip_for(dtype: DType, nan: str, nodata: float | None) -> Skip:
    """Return what to leave out of an array of `dtype`; nothing where none could be in it.

    Raises
    ------
    PoolValueError
        For an unknown `nan`.
    """
    if nan not in ("propagate", "skip"):
        raise PoolValueError(f"nan is 'propagate' or 'skip', not {shown(nan)}")
    skip_nan = nan == "skip" and dtype.kind == "f"
    if nodata is None:
        return Skip(skip_nan)
    if not isinstance(nodata, int | float | np.integer | np.floating | np.bool_):
        raise PoolTypeError(f"nodata is a number, not {shown(nodata)}")
    if nodata != nodata:
        return Skip(dtype.kind == "f")
    return Skip(skip_nan, held(dtype, nodata))


def held(dtype: DType, number: Any) -> Any:
    """Return a number as `dtype` holds it, floats rounded; None where it cannot.

    An integer dtype holds whole numbers within its limits, a float none that it would round to
    infinity or to zero. Nothing here goes through another dtype.
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
    """Return the smallest and the largest value of a dtype, infinities where it has them."""
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


@lru_cache(maxsize=256)
def extreme(dtype: DType, largest: bool, indices: bool, plane: int, skip: Skip) -> Reduction:
    """Max and min; with `indices`, in planes of `plane` elements."""
    order = Largest if largest else Smallest
    low, high = limits(lane(dtype))
    none = low if largest else high
    if skip.value is not None:
        none = lane(dtype).type(skip.value)
    elif skip.nan:
        none = lane(dtype).type(np.nan)
    if not indices:
        op = variant(Extreme, order, skip.way)(none)
        return Reduction(op, (lane(dtype),), (dtype,))
    places: DType = np.dtype(np.int64)
    if plane < 1 << 31:
        places = np.dtype(np.int32)
    nowhere = places.type(-1 if none != none else np.iinfo(places).max)
    op = variant(ArgExtreme, order, skip.way)(none, nowhere)
    return Reduction(op, (lane(dtype), places), (dtype, np.dtype(np.int64)))


def sum_lane(dtype: DType, rows: int, columns: int) -> DType:
    """Return the narrowest dtype that holds the sum of a window's taps."""
    if dtype.kind == "f":
        wide = dtype == np.float64 or rows > SINGLE_ROWS or columns > SINGLE_COLUMNS
        return np.dtype(np.float64 if wide else np.float32)
    if dtype.kind == "b":
        return np.dtype(np.uint32)
    bound = max(-int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) * rows * columns
    for name in ("u2", "u4", "u8") if dtype.kind == "u" else ("i4", "i8"):
        if bound <= np.iinfo(name).max:
            return np.dtype(name)
    return np.dtype(f"{dtype.kind}8")


@lru_cache(maxsize=256)
def total(dtype: DType, rows: int, columns: int, skip: Skip) -> Reduction:
    """Sums: of integers in 64 bits, of floats in their own dtype."""
    kind = sum_lane(dtype, rows, columns)
    none = kind.type(skip.value or 0)
    op = variant(Sum, skip.way)(kind.type(0), none)
    out = dtype if dtype.kind == "f" else np.dtype("u8" if dtype.kind == "u" else "i8")
    return Reduction(op, (kind,), (out,))


@lru_cache(maxsize=256)
def mean(
    dtype: DType,
    rows: int,
    columns: int,
    divisor: int,
    rounding: Rounding,
    override: int | None,
    skip: Skip,
) -> Reduction:
    """Means: of floats in their own dtype, of integers rounded in theirs, of bool in float32.

    `divisor` is the largest of a window, unless an override takes its place: with padding that
    may be more than the taps inside the input.
    """
    if rounding not in ROUNDINGS:
        raise PoolValueError(f"rounding is one of {', '.join(ROUNDINGS)}, not {shown(rounding)}")
    taps = rows * columns
    most = divisor if override is None else abs(override)
    if most >= 1 << 63:
        raise PoolValueError(f"the divisor is past 64 bits: {most}; use less padding")
    kind = sum_lane(dtype, rows, columns)
    if dtype.kind in "fb":
        out = np.dtype(np.float32) if dtype.kind == "b" else dtype
        if not (skip.nan or skip.value is not None):
            short = kind == np.float32 and most < 1 << 24
            mean_of = m.SingleMean if short else m.Mean
            return Reduction(mean_of(kind.type(0)), (kind,), (out,), weighted=True)
        if dtype.kind == "b":
            kind = np.dtype(np.float32)
        none = kind.type(np.nan if skip.value is None else skip.value)
        op = variant(m.CountedMean, skip.way)(kind.type(0), none, override is not None)
        return Reduction(op, (kind, np.dtype(np.int64)), (out,), weighted=True)
    code = ROUNDINGS[rounding]
    low, high = (int(limit) for limit in limits(dtype))
    halves = np.dtype(np.uint64 if dtype == np.uint64 else np.int64)
    if override is None and rounding == "half_up" and skip.value is None:
        if dtype == np.uint8 and most <= 128:
            return Reduction(m.ShortMean(np.uint16(0)), (np.dtype(np.uint16),), (dtype,), True)
        if dtype == np.uint16 and most <= 32:
            return Reduction(m.MiddleMean(np.int32(0)), (np.dtype(np.int32),), (dtype,), True)
    if max(-low, high) * taps + most < EXACT_SUM and skip.value is None:
        if kind == np.uint16:
            kind = np.dtype(np.uint32)
        op = m.RoundedMean(kind.type(0), code, float(low), float(high))
        return Reduction(op, (kind,), (dtype,), True)
    if max(taps, most) >= 1 << 31:
        raise PoolValueError(f"a divisor past 2**31 is too large for the mean of {dtype}")
    halved = (low >> 32, low & 0xFFFFFFFF, high >> 32, high & 0xFFFFFFFF)
    if skip.value is not None:
        value = halves.type(skip.value)
        wide = variant(m.CountedWideMean, skip.way)
        op = wide(code, *halved, value, override is not None)
        return Reduction(op, (halves, np.dtype(np.int64), np.dtype(np.int64)), (dtype,), True)
    op = m.WideMean(halves.type(0), code, *halved)
    return Reduction(op, (halves, np.dtype(np.int64)), (dtype,), True)


def is_past_float64(dtype: DType, skip: Skip) -> bool:
    """Say whether float64 would make equal what is to be told from the value to leave out."""
    return skip.value is not None and dtype.kind in "iu" and dtype.itemsize == 8


@lru_cache(maxsize=256)
def norm(dtype: DType, p: float, skip: Skip) -> Reduction:
    """Lp: of floats in their own dtype, of all else in float64; added up in float64."""
    p = real_number(p, "norm_type")
    if not p > 0:
        raise PoolValueError(f"norm_type must be positive, not {p!r}")
    wide = np.dtype(np.float64)
    ways: tuple[type, ...] = (skip.way,)
    none = np.float64(0 if skip.value is None else skip.value)
    if is_past_float64(dtype, skip):
        ways, none = (skip.way, AsItStands), skip.value
    if p in NORMS:
        op = variant(NORMS[p], *ways)(none)
    else:
        op = variant(Lp, *ways)(none, p)
    return Reduction(op, (wide,), (dtype if dtype.kind == "f" else wide,))


NORMS = {1: L1, 2: L2, np.inf: LInf}


SELECTIONS: dict[str, type] = {
    "median": s.Median,
    "mode": s.Mode,
    "percentile": s.Percentile,
    "var": s.Variance,
}


def selection(dtype: DType, name: str, skip: Skip, *parameters: Any) -> Reduction:
    """Median and mode in the input's dtype, percentile and variance in a float's."""
    real = dtype.kind == "f"
    kind = lane(dtype)
    if name == "var" and not is_past_float64(dtype, skip):
        kind = np.dtype(np.float64)
    out = dtype if real or name in ("median", "mode") else np.dtype(np.float64)
    # What a window of none gives has the result's type; integers have no NaN, nor such windows.
    value = np.nan if skip.value is None else skip.value
    none = value if out.kind == "f" else lane(out).type(0 if skip.value is None else value)
    base = s.LowerMedian if name == "median" and not real else SELECTIONS[name]
    op = variant(base, skip.way)(kind.type(none) if real else none, *parameters)
    return Reduction(op, (kind,), (out,))


def real_number(value: Any, name: str) -> float:
    """Return a number as a float."""
    if not isinstance(value, int | float | np.integer | np.floating):
        raise PoolTypeError(f"{name} is a number, not {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        raise PoolValueError(f"{name} is past float64: {shown(value)}") from None


def whole_number(value: Any, name: str) -> int:
    """Return a whole number that is not zero, as a divisor must be."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise PoolTypeError(f"{name} is a whole number, not {shown(value)}")
    if value == 0:
        raise PoolValueError(f"{name} must not be zero")
    if abs(int(value)) >= 1 << 63:
        raise PoolValueError(f"{name} is past 64 bits: {shown(value)}")
    return int(value)
