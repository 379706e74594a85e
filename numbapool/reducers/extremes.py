"""The largest, the smallest and the first element, a place, and how far apart the first two are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.errors import PoolValueError
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import DType, lane, limits
from numbapool.reducers.methods import beats, missing
from numbapool.reducers.ways import Largest, Smallest, variant


class Extreme(NamedTuple):
    """The first element in an order; NaN comes before all others, unless it is skipped."""

    start: Any
    """A value that every element beats or equals; if some values are left out, one of these."""
    left_out: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        # NaN first: then the order is one instruction. The other way round, LLVM joined the two
        # choices into four instructions, and windows of 7 × 7 took a third longer.
        best = b if b != b else a
        best = b if beats(self, b, best) else best
        # If both are missing, the order decides: NaN, else the value that is left out.
        none_a, none_b = missing(self, a), missing(self, b)
        best = a if none_b & (not none_a) else best
        return b if none_a & (not none_b) else best


class ArgExtreme(NamedTuple):
    """An extreme and its place: that of the first of equals, or of the last NaN, as in torch."""

    start: Any
    left_out: Any
    nowhere: Any
    """A place that loses every tie."""

    def neutral(self):
        return self.start, self.nowhere

    def lift(self, value, row):
        return value, row

    def locate(self, lanes, at, columns, first, inner, pitch):
        places = lanes[1]
        if inner == 1:
            for j in range(columns):
                places[at + j] += (first + j) * pitch
        else:
            for j in range(columns):
                for c in range(inner):
                    places[at + j * inner + c] += (first + j) * pitch

    def combine(self, a, b):
        none_a = missing(self, a[0])
        none_b = missing(self, b[0])
        nan_a = a[0] != a[0]
        nan_b = b[0] != b[0]
        wins = (
            beats(self, b[0], a[0])
            | (nan_b & (not nan_a))
            | ((b[0] == a[0]) & (b[1] < a[1]))
            | (nan_a & nan_b & (b[1] > a[1]))
        )
        take = (none_a & (not none_b)) | ((none_a == none_b) & wins)
        return (b[0] if take else a[0]), (b[1] if take else a[1])


class First(NamedTuple):
    """The first element that counts, in row-major order, and its place."""

    start: Any
    """The result without elements; if some values are left out, one of these."""
    left_out: Any
    nowhere: Any
    """A place after all others."""

    locate = ArgExtreme.locate  # type: ignore[misc]

    def neutral(self):
        return self.start, self.nowhere

    def lift(self, value, row):
        return value, row

    def combine(self, a, b):
        none_a = missing(self, a[0])
        none_b = missing(self, b[0])
        take = (none_a & (not none_b)) | ((none_a == none_b) & (b[1] < a[1]))
        return (b[0] if take else a[0]), (b[1] if take else a[1])

    def finish(self, acc, scale):
        return self.start if missing(self, acc[0]) else acc[0]


class Range(NamedTuple):
    """The smallest and the largest element; values left out count as little as padding.

    NaN, if it counts, stays in both.
    """

    highest: Any
    """The start of the smallest element: without elements it stays above the largest."""
    lowest: Any
    left_out: Any
    of_nothing: Any

    def neutral(self):
        return self.highest, self.lowest

    def lift(self, value, row):
        skipped = missing(self, value)
        return self.highest if skipped else value, self.lowest if skipped else value

    def combine(self, a, b):
        least = b[0] if b[0] != b[0] else a[0]  # NaN first, as in `Extreme`
        most = b[1] if b[1] != b[1] else a[1]
        return b[0] if b[0] < least else least, b[1] if b[1] > most else most

    def finish(self, acc, scale):
        # Equal zeros may differ in sign, so a number is subtracted from itself: that gives 0.0.
        # A signed difference may wrap, but its bits are right as an unsigned number.
        part = acc[1] if acc[0] == acc[1] else acc[0]
        return self.of_nothing if acc[0] > acc[1] else acc[1] - part


def maximum(case: Case, return_indices: bool = False) -> Reduction:
    """Return the reduction of max pooling."""
    return extreme(case, Largest, return_indices)


def minimum(case: Case, return_indices: bool = False) -> Reduction:
    """Return the reduction of min pooling."""
    return extreme(case, Smallest, return_indices)


def extreme(case: Case, order: type, indices: bool) -> Reduction:
    """Return the reduction to the first element in an order, and with `indices` its place."""
    dtype, skip, kind = case.dtype, case.skip, lane(case.dtype)
    low, high = limits(kind)
    start = low if order is Largest else high
    if skip.value is not None:
        start = kind.type(skip.value)
    elif skip.nan:
        start = kind.type(np.nan)
    if not indices:
        op = variant(Extreme, order, skip.way)(start, start)
        return Reduction(op, (kind,), (dtype,))
    places = places_of(case)
    nowhere = places.type(-1 if start != start else np.iinfo(places).max)
    op = variant(ArgExtreme, order, skip.way)(start, start, nowhere)
    return Reduction(op, (kind, places), (dtype, np.dtype(np.int64)))


def places_of(case: Case) -> DType:
    """Return the dtype that holds the places of a plane's elements."""
    return np.dtype(np.int64 if case.plane >= 1 << 31 else np.int32)


def first(case: Case) -> Reduction:
    """Return the reduction to the first element that counts."""
    dtype, skip, kind, places = case.dtype, case.skip, lane(case.dtype), places_of(case)
    start = kind.type((np.nan if skip.nan else 0) if skip.value is None else skip.value)
    op = variant(First, skip.way)(start, start, places.type(np.iinfo(places).max))
    return Reduction(op, (kind, places), (dtype,))


def span(case: Case) -> Reduction:
    """Return the reduction of range pooling: unsigned for signed integers, else in the same dtype.

    Raises
    ------
    PoolValueError
        If a window whose elements are all left out would give a negative number as an unsigned one.
    """
    dtype, value, kind = case.dtype, case.skip.value, lane(case.dtype)
    out = np.dtype(f"u{dtype.itemsize}") if dtype.kind == "i" else dtype
    if out != dtype and value is not None and value < 0:
        raise PoolValueError(
            f"the range of {dtype} is {out}, which cannot hold nodata {value}: "
            "convert the array to floats, or choose a nodata from 0 on"
        )
    low, high = limits(kind)
    nothing = kind.type((np.nan if dtype.kind == "f" else 0) if value is None else value)
    op = variant(Range, case.skip.way)(high, low, nothing, nothing)
    return Reduction(op, (kind, kind), (out,))
