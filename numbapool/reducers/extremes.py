"""The largest and the smallest element, and its place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import DType, lane, limits
from numbapool.reducers.methods import beats, missing
from numbapool.reducers.ways import Largest, Smallest, variant


class Extreme(NamedTuple):
    """The first element in its order; NaN comes before all, unless it is skipped."""

    start: Any
    """What every element beats or equals; if some are left out, one of them."""
    left_out: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        # In this order the first choice is one instruction, and the others are often none.
        best = b if beats(self, b, a) else a
        best = b if b != b else best
        # If both are missing, the order decides: NaN, else the value that is left out.
        none_a, none_b = missing(self, a), missing(self, b)
        best = a if none_b & (not none_a) else best
        return b if none_a & (not none_b) else best


class ArgExtreme(NamedTuple):
    """An extreme and its place: the first of equals, the last NaN, as torch has them."""

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


def maximum(case: Case, return_indices: bool = False) -> Reduction:
    """Return the reduction of max pooling."""
    return extreme(case, Largest, return_indices)


def minimum(case: Case, return_indices: bool = False) -> Reduction:
    """Return the reduction of min pooling."""
    return extreme(case, Smallest, return_indices)


def extreme(case: Case, order: type, indices: bool) -> Reduction:
    """Return the reduction that keeps the first in an order, and with `indices` its place."""
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
    places: DType = np.dtype(np.int64 if case.plane >= 1 << 31 else np.int32)
    nowhere = places.type(-1 if start != start else np.iinfo(places).max)
    op = variant(ArgExtreme, order, skip.way)(start, start, nowhere)
    return Reduction(op, (kind, places), (dtype, np.dtype(np.int64)))
