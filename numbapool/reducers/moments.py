"""Variances and standard deviations as reducers: no window is looked at twice.

Small whole numbers and their squares are summed exactly. All others keep the mean so far and the
sum of squared distances from it. Joining two such pairs loses no digits where they cancel, and
equal elements give exactly 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction, is_past_float64
from numbapool.reducers.dtypes import DType, in_floats, limits
from numbapool.reducers.methods import below, close_root, missing, root
from numbapool.reducers.ways import AsItStands, variant

EXACT = 1 << 52
"""Whole numbers below this are exact in float64, and so are sums of two."""

BYTE_ROWS = 8
"""The most rows of windows whose sums are kept in 32 bits. Deviations of uint8 by 3 of 1024 x 1024
took 0.42 ms so, and 0.64 ms in 64 bits; by 31 they took a tenth longer."""


def about_mean(total, squares, count, share):
    """Return `count` times the sum of squared distances from the mean, from two exact sums.

    The sums are about the whole number next to the mean, so they hardly cancel. `share` is 1 over
    the count.
    """
    near = below(total * share + 0.5)
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
        return value, np.int64(value) * value

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def prepare(self, weight):
        count = np.float64(weight)
        freedom = count * (count - self.correction)
        freedom = freedom if freedom > 0 else np.nan
        return count, 1.0 / count, freedom, 1.0 / freedom  # a product is faster than a quotient

    def finish(self, acc, scale):
        count, one, freedom, share = scale
        squares = about_mean(np.float64(acc[0]), np.float64(acc[1]), count, one)
        return root(squares * share) if self.root else squares / freedom


class ShortVariance(WholeVariance):
    """The same if a window's count times its sum of squares is exact in float64."""

    __slots__ = ()

    def finish(self, acc, scale):
        count, _, freedom, share = scale
        squares = count * np.float64(acc[1]) - np.float64(acc[0]) * np.float64(acc[0])
        return close_root(squares * share) if self.root else squares / freedom


class ByteVariance(ShortVariance):
    """The same if the sums fit 32 bits: vectors of 64 bits hold half as many."""

    __slots__ = ()

    def lift(self, value, row):
        return value, np.int32(value * value)

    def combine(self, a, b):
        return np.int32(a[0] + b[0]), np.int32(a[1] + b[1])


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
        return kept, np.int64(kept) * kept, self.start if skipped else self.start + 1

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1], a[2] + b[2]

    def finish(self, acc, scale):
        count = np.float64(acc[2])
        share = 1.0 / max(count, 1.0)
        squares = about_mean(np.float64(acc[0]), np.float64(acc[1]), count, share)
        freedom = count * (count - self.correction)
        result = spread(squares, freedom, self.root)
        return self.of_nothing if count == 0 else result


class Variance(NamedTuple):
    """The variance of numbers, from the mean, the sum of squares about it, and the count.

    Means are of distances from the shift: they have more digits than means of elements far from 0.
    """

    shift: Any
    correction: Any
    root: Any
    left_out: Any
    of_nothing: Any

    def neutral(self):
        return 0.0, 0.0, 0.0

    def lift(self, value, row):
        skipped = missing(self, value)
        kept = 0.0 if skipped else np.float64(value) - self.shift
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


def narrowest(most: int) -> DType:
    """Return the narrowest dtype of the lanes that holds whole numbers up to `most`."""
    return np.dtype(np.int32 if most < 1 << 31 else np.int64)


def moments(case: Case, correction: float, rooted: bool) -> Reduction:
    """Return the reduction to the variance or, if `rooted`, to its root."""
    dtype, skip = case.dtype, case.skip
    outs = (in_floats(dtype),)
    nothing = np.float64(np.nan if skip.value is None else skip.value)
    if dtype.kind != "f":
        most = max(abs(int(limit)) for limit in limits(dtype))
        taps = case.rows * case.columns
        if most * most * taps < EXACT:
            kind, wide = narrowest(most * taps), narrowest(most * most * taps)
            numbers = kind.type(0), correction, rooted
            if skip.value is None:
                base = ShortVariance if most * most * taps * taps < EXACT else WholeVariance
                if base is ShortVariance and wide == np.int32 and case.rows <= BYTE_ROWS:
                    base = ByteVariance
                return Reduction(base(*numbers), (kind, wide), outs, weighted=True)
            op = variant(CountedWholeVariance, skip.way)(*numbers, kind.type(skip.value), nothing)
            return Reduction(op, (kind, wide, kind), outs)
    ways: tuple[type, ...] = (skip.way,)
    left_out = np.float64(0 if skip.value is None else skip.value)
    if is_past_float64(case):
        ways, left_out = (skip.way, AsItStands), skip.value
    op = variant(Variance, *ways)(0.0, correction, rooted, left_out, nothing)
    return Reduction(op, (np.dtype(np.float64),) * 3, outs)
