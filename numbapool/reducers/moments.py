"""Variances and standard deviations as reducers: no window is looked at twice.

Small whole numbers and their squares are summed exactly. All others keep the mean so far and the
sum of squared distances from it. Joining two such pairs loses no digits where they cancel, and
equal elements give exactly 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction, is_past_float64
from numbapool.reducers.dtypes import in_floats, limits
from numbapool.reducers.methods import below, missing, root
from numbapool.reducers.ways import AsItStands, variant

EXACT_SQUARES = 1 << 52
"""Sums of squares below this are exact in float64, and so is what is computed from them."""

MOST_SUMMED = 2
"""The most bytes of whole numbers whose sums of squares fit in 64 bits for any window."""


def squares_about_mean(total, squares, count):
    """Return `count` times the sum of squared distances from the mean, from two exact sums.

    Distances from the whole number next to the mean are whole too, and small enough not to cancel.
    """
    near = below(total / count + 0.5)
    rest = total - near * count
    return count * (squares - near * (total + rest)) - rest * rest


def spread(squares, freedom, rooted):
    """Return squares divided by the degrees of freedom, or its root; NaN if none are left."""
    result = squares / freedom if freedom > 0 else np.nan
    return root(result) if rooted else result


class WholeVariance(NamedTuple):
    """The variance of whole numbers, from exact sums of them and of their squares."""

    start: Any
    correction: Any
    root: Any

    def neutral(self):
        return self.start, self.start

    def lift(self, value, row):
        return value, value * value

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def prepare(self, weight):
        count = np.float64(weight)
        freedom = count * (count - self.correction)
        return count, freedom if freedom > 0 else np.nan

    def finish(self, acc, scale):
        count, freedom = scale
        squares = squares_about_mean(np.float64(acc[0]), np.float64(acc[1]), count)
        return root(squares / freedom) if self.root else squares / freedom


class CountedWholeVariance(NamedTuple):
    """The same of the whole numbers that are not skipped, which the third lane counts."""

    start: Any
    correction: Any
    root: Any
    left_out: Any
    of_nothing: Any

    def neutral(self):
        return self.start, self.start, self.start

    def lift(self, value, row):
        skipped = missing(self, value)
        kept = self.start if skipped else value
        return kept, kept * kept, self.start if skipped else self.start + 1

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1], a[2] + b[2]

    def finish(self, acc, scale):
        count = np.float64(acc[2])
        squares = squares_about_mean(np.float64(acc[0]), np.float64(acc[1]), max(count, 1.0))
        freedom = count * (count - self.correction)
        result = spread(squares, freedom, self.root)
        return self.of_nothing if count == 0 else result


class Variance(NamedTuple):
    """The variance of numbers, from the mean, the sum of squares about it, and the count."""

    correction: Any
    root: Any
    left_out: Any
    of_nothing: Any

    def neutral(self):
        return 0.0, 0.0, 0.0

    def lift(self, value, row):
        skipped = missing(self, value)
        kept = 0.0 if skipped else np.float64(value)
        # Of infinity and NaN the distances are NaN, so the result is too.
        return kept, kept - kept, 0.0 if skipped else 1.0

    def combine(self, a, b):
        count = a[2] + b[2]
        share = b[2] / max(count, 1.0)
        apart = b[0] - a[0]
        moved = apart * share
        return a[0] + moved, (a[1] + b[1]) + moved * apart * a[2], count

    def finish(self, acc, scale):
        result = spread(acc[1], acc[2] - self.correction, self.root)
        return self.of_nothing if acc[2] == 0 else result


def variance(case: Case, correction: float = 0.0) -> Reduction:
    """Return the reduction to the variance: floats in their own dtype, all else in float64."""
    return moments(case, correction, False)


def deviation(case: Case, correction: float = 0.0) -> Reduction:
    """Return the reduction to the standard deviation: floats keep their dtype, as above."""
    return moments(case, correction, True)


def moments(case: Case, correction: float, rooted: bool) -> Reduction:
    """Return the reduction to the variance or, if `rooted`, to its root."""
    dtype, skip = case.dtype, case.skip
    outs = (in_floats(dtype),)
    nothing = np.float64(np.nan if skip.value is None else skip.value)
    most = max(abs(int(limit)) for limit in limits(dtype)) if dtype.kind != "f" else 0
    taps = case.rows * case.columns
    if dtype.kind != "f" and most * most * taps < EXACT_SQUARES:
        short = most * most * taps < 1 << 31
        kind = np.dtype(np.int32 if short else np.int64)
        numbers = kind.type(0), correction, rooted
        if skip.value is None:
            return Reduction(WholeVariance(*numbers), (kind, kind), outs, weighted=True)
        op = variant(CountedWholeVariance, skip.way)(*numbers, kind.type(skip.value), nothing)
        return Reduction(op, (kind, kind, kind), outs)
    ways: tuple[type, ...] = (skip.way,)
    left_out = np.float64(0 if skip.value is None else skip.value)
    if is_past_float64(case):
        ways, left_out = (skip.way, AsItStands), skip.value
    op = variant(Variance, *ways)(correction, rooted, left_out, nothing)
    return Reduction(op, (np.dtype(np.float64),) * 3, outs)
