"""The operators of sequences, and their reductions."""

from __future__ import annotations

from dataclasses import field, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.operators import find
from numbapool.plan.choose import asks_widely
from numbapool.records import dataclass
from numbapool.reducers import sequences as kept
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import DType, Skip, held, in_floats, real_number
from numbapool.reducers.means import CountedMean, Mean
from numbapool.reducers.sums import Sum
from numbapool.reducers.users import is_reducer
from numbapool.reducers.ways import variant
from numbapool.run.call import Call

SUM_STRIP, MOMENTS_STRIP, WHOLE = 48, 16, 1 << 62
"""Rows that are added up in float32 before their sum is added to float64."""

NEVER, SPARSELY, CLOSELY = (0, 0), (32768, 256), (16384, 64)
"""How later rows are asked for. Stats wait for arithmetic: each line took 2.6 ms in place of 3.2,
but a mean a tenth longer. Every fourth line took a mean 2 % and a maximum 5 % less.

That was with AVX-512. An AMD EPYC without it finds the rows by itself: a maximum took 11.2 ms if
nothing was asked for, 16.3 by every fourth line; a mean 10.3 and 13.4, stats 14.0 and 14.4."""

LEAST_ROWS = 1 << 16
"""The fewest rows that a sum of integers can hold: so few kernels serve all lengths."""

WINDOWED = ("avg", "max", "min", "sum", "range")
"""The operators that sequences share with windows."""

EDGES = ("first", "last")

WEIGHED = ("sum", "avg", "mean_sqrt_len", "weighted_mean")
"""The operators that take weights."""

NAMES = ("mean", *WINDOWED[1:], "mean_sqrt_len", *EDGES, "weighted_mean", "std", "stats")

ALIASES = {
    "cls": "first",
    "lasttoken": "last",
    "weightedmean": "weighted_mean",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
}
"""The names in sentence-transformers."""

OWN = ("mean_sqrt_len", *EDGES, "weighted_mean", "std", "stats")

ATTENTION = ("mean", "std", "stats")


def known(op: Any) -> Any:
    """Return an operator's main name, whatever its spelling, or a user's reducer.

    Raises
    ------
    PoolValueError, PoolTypeError
        For anything else.
    """
    if is_reducer(op):
        return op
    name = ALIASES.get(op, op) if isinstance(op, str) else op
    if isinstance(name, str) and name in OWN:
        return name
    if op is np.std:
        return "std"
    try:
        found = find(op).name
    except PoolValueError:
        found = ""
    if found not in WINDOWED:
        raise PoolValueError(f"op must be one of {', '.join(NAMES)}, not {shown(op)}")
    return found


@dataclass(frozen=True, eq=False)
class Kept:
    """How to keep an operator's results."""

    reduction: Reduction
    """The reduction, with all lanes that the loop needs: wide, narrow, shifts, weights."""
    strip: int
    """Rows that are folded in narrow accumulators before the wide accumulators take them."""
    columns: int = 1
    """Results per channel: two for mean and deviation."""
    asks: tuple[int, int] = NEVER
    """How far ahead later rows are asked for, and how far apart, in bytes."""
    calls: dict[str, Call] = field(default_factory=dict)
    """One call per kernel used so far: further calls differ only in their plans."""


def capacity(rows: int) -> int:
    """Return how many rows a sum of integers must hold if a sequence has `rows` rows."""
    return max(LEAST_ROWS, 1 << max(rows - 1, 0).bit_length())


def keep(op: Any, dtype: DType, skip: Skip, rows: int, correction: float) -> Kept:
    """Return how an operator keeps unweighted rows of sequences of up to `rows` rows."""
    if is_reducer(op):  # not cached: two of other types may be equal
        return in_strips(find(op).reduce(Case(dtype, skip)), dtype)
    return keep_by_name(op, dtype, skip, rows, correction)


@lru_cache(maxsize=256)
def keep_by_name(op: str, dtype: DType, skip: Skip, rows: int, correction: float) -> Kept:
    """Return the same as `keep` for an operator's name."""
    if op in ("std", "stats"):
        return moments(op, dtype, skip, correction)
    if op == "mean_sqrt_len":
        reduction = root_mean(dtype, skip)
    else:
        case = Case(dtype, skip, rows, 1, divisor=rows)
        reduction = find(op).reduce(case)
    return in_strips(reduction, dtype)


@cache
def suited(asks: tuple[int, int]) -> tuple[int, int]:
    """Return how this processor asks for later rows."""
    return asks if asks_widely() else NEVER


def in_strips(reduction: Reduction, dtype: DType) -> Kept:
    """Return a reduction whose sums of float16 and float32 are added up in strips."""
    op, lanes = reduction.op, reduction.lanes
    narrow = lanes
    sums = isinstance(op, Mean | CountedMean | Sum)
    if sums and dtype.kind == "f" and dtype != np.float64:
        narrow = tuple(single(lane) for lane in lanes)
        op = op._replace(start=np.float32(0))
    strip = WHOLE if narrow == lanes else SUM_STRIP
    return Kept(replace(reduction, op=op, lanes=(*lanes, *narrow)), strip, asks=suited(SPARSELY))


def single(lane: DType) -> DType:
    """Return float32 for float64."""
    return np.dtype(np.float32) if lane == np.float64 else lane


def root_mean(dtype: DType, skip: Skip) -> Reduction:
    """Return the reduction to the sum over the root of the count, for no float in float64."""
    wide = np.dtype(np.float64)
    if not skip.nan:
        return Reduction(kept.RootMean(0.0), (wide,), (in_floats(dtype),))
    op = variant(kept.CountedRootMean, skip.way)(0.0, np.nan, np.nan, False)
    return Reduction(op, (wide, np.dtype(np.int64)), (in_floats(dtype),))


def number_of(dtype: DType) -> DType:
    """Return the dtype that distances and weights are taken in."""
    short = dtype.kind == "f" and dtype != np.float64
    return np.dtype(np.float32 if short else np.float64)


def moments(op: str, dtype: DType, skip: Skip, correction: float) -> Kept:
    """Return how deviations are kept and, for "stats", the means before them."""
    near, both = number_of(dtype), op == "stats"
    start = near.type(0)
    if skip.nan:
        reducer = variant(kept.CountedMoments, skip.way)(start, start, correction, both)
    else:
        reducer = kept.Moments(start, correction, both)
    return finished(reducer, dtype, 3 if skip.nan else 2, op)


def finished(reducer: Any, dtype: DType, numbers: int, op: Any, weights: bool = False) -> Kept:
    """Return how a reducer is kept whose accumulators have `numbers` numbers: all its lanes."""
    near = number_of(dtype)
    shifts = hasattr(reducer, "shifts")
    lanes = (np.dtype(np.float64),) * numbers + (near,) * (numbers + shifts + 2 * weights)
    reduction = Reduction(reducer, lanes, (in_floats(dtype),))
    strip = MOMENTS_STRIP if shifts else SUM_STRIP
    return Kept(reduction, strip, 2 if op == "stats" else 1, suited(CLOSELY) if shifts else NEVER)


@lru_cache(maxsize=256)
def keep_weighted(op: str, dtype: DType, skip: Skip, heads: int) -> Kept:
    """Return how an operator keeps rows with `heads` weights each."""
    start = number_of(dtype).type(0)
    if op in ("std", "stats"):
        if heads > 1:
            return finished(kept.HeadMoments(start, op == "stats"), dtype, 3, op, True)
        return finished(kept.RowMoments(start, op == "stats"), dtype, 2, op, True)
    if op == "sum":
        return finished(variant(kept.WeightedSum, skip.way)(start, start), dtype, 1, op, True)
    root = op == "mean_sqrt_len"
    if skip.nan or heads > 1:
        reducer = variant(kept.WeightedMean, skip.way)(start, start, root)
        return finished(reducer, dtype, 2, op, True)
    return finished(kept.RowMean(start, root), dtype, 1, op, True)


def kept_for(
    op: Any, dtype: DType, skip: Skip, weighed: bool, rows: int, correction: float
) -> Kept | None:
    """Return how an operator is kept; None for the first and the last row, which are copied.

    Raises
    ------
    PoolValueError, PoolTypeError
        For arguments that do not go together.
    """
    if is_reducer(op):
        if skip.nan or weighed:
            what = "nan='skip'" if skip.nan else "weights"
            raise PoolTypeError(f"a reducer of your own takes no {what}")
        return keep(op, dtype, skip, rows, correction)
    if op in EDGES and skip.nan:
        raise PoolValueError(f"{op!r} takes a row as it is: nan='skip' goes with other operators")
    if weighed and op not in WEIGHED:
        names = ("sum", "mean", "mean_sqrt_len", "weighted_mean")
        raise PoolValueError(f"weights go with {', '.join(names)}, not with {op!r}")
    if op in EDGES:
        return None
    if weighed or op == "weighted_mean":
        return keep_weighted(op, dtype, skip, 1)
    return keep(op, dtype, skip, rows, correction)


@lru_cache(maxsize=256, typed=True)
def refuse_empty(empty: Any, dtype: DType) -> Any:
    """Return the result of sequences without rows, in the result's dtype.

    Raises
    ------
    PoolValueError
        If the dtype cannot hold it.
    """
    number = held(dtype, real_number(empty, "empty"))
    if number is None:
        raise PoolValueError(f"empty={empty!r} is no number that {dtype} holds")
    return number
