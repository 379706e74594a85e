"""Means as reducers: of floats, and of integers rounded correctly from an exact sum.

Sums of integers are held in the narrowest dtype that fits, so that one instruction adds, or
divides, many more of them.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from numbapool.errors import PoolValueError
from numbapool.reducers.case import Case, Reduction, adds_fours, sum_lane
from numbapool.reducers.dtypes import limits
from numbapool.reducers.methods import below, missing
from numbapool.reducers.ways import variant

HALF_UP, HALF_EVEN, FLOOR = range(3)

Rounding: TypeAlias = Literal["half_up", "half_even", "floor"]

ROUNDINGS = {"half_up": HALF_UP, "half_even": HALF_EVEN, "floor": FLOOR}

MOST_TALLIED = 1 << 31
"""Counts of kept and of skipped elements share 64 bits: each lies below this."""

LONGEST_SHARED = (1 << 15) - 1
"""The largest weight that the loop of shared areas takes as a whole number."""

EXACT_SUM = 1 << 50
"""Sums below this are divided and rounded exactly in float64."""


class Mean(NamedTuple):
    """The mean of floats, or of other numbers as floats."""

    start: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        return weight

    def finish(self, acc, scale):
        return acc / scale


class SingleMean(Mean):
    """The mean of float32 by a divisor below 2**24, which float32 holds exactly.

    The quotient equals one divided in float64 and then rounded: 53 bits are more than twice 24
    plus 2.
    """

    __slots__ = ()

    def prepare(self, weight):
        return np.float32(weight)


def tally(skipped):
    """Return one element's part in a count: kept elements in the low half, skipped in the high."""
    return np.int64(1) << 32 if skipped else np.int64(1)


class CountedMean(NamedTuple):
    """The mean of the floats that are not skipped; `of_nothing` if all are.

    The second lane counts as `tally` does. The divisor is reduced by the number of skipped
    elements, unless it is `fixed`.
    """

    start: Any
    left_out: Any
    of_nothing: Any
    fixed: Any

    def neutral(self):
        return self.start, np.int64(0)

    def lift(self, value, row):
        skipped = missing(self, value)
        return self.start if skipped else value, tally(skipped)

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def prepare(self, weight):
        return weight

    def finish(self, acc, scale):
        skipped = acc[1] >> 32
        if (skipped > 0) & (acc[1] & 0xFFFFFFFF == 0):
            return self.of_nothing
        return acc[0] / (scale if self.fixed else scale - skipped)


def short_quotient(n, factor, shift):
    """Return ``n * factor >> 16 >> shift`` of uint16: a product's upper half, shifted."""
    return np.uint16(np.uint32(n) * np.uint32(factor) >> np.uint32(16)) >> shift


class ShortMean(NamedTuple):
    """The mean of uint8 by divisors up to 128, half up, in 16 bits.

    Let 2**s be the largest power of two below the divisor d, and m = ceil(2**(16 + s) / d). For
    d <= 128 and a sum n <= 255 d + d / 2, the product ``n * m`` is too large by less than
    ``255.5 d / 2**(16 + s) < 1 / d``. So the quotient's floor is exact.
    """

    start: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        return np.uint16(a + b)

    def prepare(self, weight):
        if weight == 1:  # 2**16 has one bit too many; (n + 1) * (2**16 - 1) gives the same
            return np.uint16(1), np.uint16(0xFFFF), np.uint16(0)
        shift = 0
        while (2 << shift) < weight:
            shift += 1
        factor = -(-(1 << (16 + shift)) // weight)
        return np.uint16(weight // 2), np.uint16(factor), np.uint16(shift)

    def finish(self, acc, scale):
        half, factor, shift = scale
        return short_quotient(np.uint16(acc + half), factor, shift)


class MiddleMean(NamedTuple):
    """The mean of uint16 by divisors up to 32, half up, by a product in float32.

    For a sum n < 2**21, ``n + half + 0.5`` is exact and lies at least 0.5 from a multiple of the
    divisor d. So its quotient, at most 2**16, lies at least 0.5 / d >= 2**-6 from a whole number.
    The rounding of factor and product is wrong by less than 2**-7 in total.
    """

    start: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        return np.int32(a + b)

    def prepare(self, weight):
        return np.float32(weight // 2 + 0.5), np.float32(1.0 / weight)

    def finish(self, acc, scale):
        half, factor = scale
        return np.int32((np.float32(acc) + half) * factor)


class RoundedMean(NamedTuple):
    """The mean of integers whose sums stay below 2**50, rounded from the exact sum.

    ``floor((n + half + 0.5) / d)`` is exact in float64: the quotient lies at least 0.5 / d from
    a whole number, and its error is below one part in 2**51.
    """

    start: Any
    rounding: Any
    lowest: Any
    highest: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        half = 0 if self.rounding == FLOOR else abs(weight) // 2
        return weight, half + 0.5, 1.0 / abs(weight)

    def finish(self, acc, scale):
        weight, half, factor = scale
        number = np.float64(acc)
        if weight < 0:
            number = -number
        mean = below((number + half) * factor)
        if self.rounding == HALF_EVEN:
            tie = mean * abs(weight) == number + (half - 0.5)
            if tie & (weight % 2 == 0) & (mean % 2 != 0):
                mean -= 1.0
        return np.int64(min(max(mean, self.lowest), self.highest))


class NarrowMean(NamedTuple):
    """The mean of integers of at most 32 bits by their number, half up.

    It is :class:`RoundedMean` with less to do: the quotient lies among the elements. As an integer
    of 32 bits it is converted in whole vectors, as one of 64 bits one by one.
    """

    start: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        return weight // 2 + 0.5, 1.0 / weight

    def finish(self, acc, scale):
        half, factor = scale
        return np.int32(below((np.float64(acc) + half) * factor))


def wide_quotient(high, low, weight, rounding, limits):
    """Return the int64 bits of ``(high * 2**32 + low) / weight``, rounded.

    The result is kept within the `limits`: the high and low halves of the lowest number, then of
    the highest. It needs 0 < abs(weight) < 2**31.
    """
    high += low >> 32
    low &= 0xFFFFFFFF
    if weight < 0:
        weight = -weight
        low = -low
        high = (low >> 32) - high
        low &= 0xFFFFFFFF
    low += 0 if rounding == FLOOR else weight // 2
    high += low >> 32
    low &= 0xFFFFFFFF
    upper = high // weight
    rest = ((high - upper * weight) << 32) + low
    lower = rest // weight
    tie = (rounding == HALF_EVEN) & (weight % 2 == 0) & (rest - lower * weight == 0)
    if tie & (lower % 2 != 0):
        lower -= 1
    upper += lower >> 32
    lower &= 0xFFFFFFFF
    least_high, least_low, most_high, most_low = limits
    if (upper < least_high) | ((upper == least_high) & (lower < least_low)):
        return (least_high << 32) | least_low
    if (upper > most_high) | ((upper == most_high) & (lower > most_low)):
        return (most_high << 32) | most_low
    return (upper << 32) | lower


class WideMean(NamedTuple):
    """The mean of integers of any width, from a sum kept exactly in two halves.

    The second lane sums the low 32 bits of the elements, the first lane the bits above them,
    signed or unsigned as the elements are. The last four fields are the result's limits, in halves.
    """

    start: Any
    rounding: Any
    least_high: Any
    least_low: Any
    most_high: Any
    most_low: Any

    def neutral(self):
        return self.start, 0

    def lift(self, value, row):
        return value >> 32, np.int64(value & 0xFFFFFFFF)

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def prepare(self, weight):
        return weight

    def finish(self, acc, scale):
        limits = (self.least_high, self.least_low, self.most_high, self.most_low)
        return wide_quotient(np.int64(acc[0]), acc[1], scale, self.rounding, limits)


class CountedWideMean(NamedTuple):
    """The mean of the integers that are not skipped; `of_nothing` if all are.

    The lanes hold the halves of the sum, as in WideMean, and a count, as in CountedMean.
    """

    rounding: Any
    least_high: Any
    least_low: Any
    most_high: Any
    most_low: Any
    left_out: Any
    of_nothing: Any
    fixed: Any

    def neutral(self):
        return self.left_out - self.left_out, np.int64(0), np.int64(0)

    def lift(self, value, row):
        skipped = missing(self, value)
        kept = value - value if skipped else value
        return kept >> 32, np.int64(kept & 0xFFFFFFFF), tally(skipped)

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1], a[2] + b[2]

    def prepare(self, weight):
        return weight

    def finish(self, acc, scale):
        skipped = acc[2] >> 32
        if (skipped > 0) & (acc[2] & 0xFFFFFFFF == 0):
            return np.int64(self.of_nothing)
        weight = scale if self.fixed else scale - skipped
        limits = (self.least_high, self.least_low, self.most_high, self.most_low)
        return wide_quotient(np.int64(acc[0]), acc[1], weight, self.rounding, limits)


def mean(
    case: Case, divisor_override: int | None = None, rounding: Rounding = "half_up"
) -> Reduction:
    """Return the reduction of mean pooling.

    Floats keep their dtype, integers are rounded in theirs, bool gives float32.
    """
    most = case.divisor if divisor_override is None else abs(divisor_override)
    skips = case.skip.nan or case.skip.value is not None
    if case.weighs and skips and most >= MOST_TALLIED:
        raise PoolValueError(
            f"windows of {case.rows} x {case.columns} parts of elements are too many to leave some "
            "out: use an output_size that has a factor in common with the array's sides"
        )
    if most >= 1 << 63:
        raise PoolValueError(f"the divisor is past 64 bits: {most}; use less padding")
    fixed = divisor_override is not None
    if case.dtype.kind in "fb":
        return mean_of_floats(case, most, fixed)
    return mean_of_integers(case, most, fixed, rounding)


def mean_of_floats(case: Case, most: int, fixed: bool) -> Reduction:
    """Return the mean of floats or bool, by divisors up to `most`."""
    dtype, skip, kind = case.dtype, case.skip, sum_lane(case)
    out = np.dtype(np.float32) if dtype.kind == "b" else dtype
    if not (skip.nan or skip.value is not None):
        short = kind == np.float32 and most < 1 << 24
        mean_of = SingleMean if short else Mean
        fours = adds_fours(case, kind)
        return Reduction(mean_of(kind.type(0)), (kind,), (out,), weighted=True, in_fours=fours)
    if dtype.kind == "b" and not case.weighs:
        kind = np.dtype(np.float32)
    of_nothing = kind.type(np.nan if skip.value is None else skip.value)
    op = variant(CountedMean, skip.way)(kind.type(0), of_nothing, of_nothing, fixed)
    fours = adds_fours(case, kind)
    return Reduction(op, (kind, np.dtype(np.int64)), (out,), weighted=True, in_fours=fours)


def mean_of_integers(case: Case, most: int, fixed: bool, rounding: Rounding) -> Reduction:
    """Return the rounded mean of integers, by divisors up to `most`."""
    dtype, skip, kind = case.dtype, case.skip, sum_lane(case)
    taps = case.rows * case.columns
    code = ROUNDINGS[rounding]
    low, high = (int(limit) for limit in limits(dtype))
    if not fixed and rounding == "half_up" and skip.value is None:
        if dtype == np.uint8 and most <= 128:
            return Reduction(ShortMean(np.uint16(0)), (np.dtype(np.uint16),), (dtype,), True)
        if dtype == np.uint16 and most <= 32:
            return Reduction(MiddleMean(np.int32(0)), (np.dtype(np.int32),), (dtype,), True)
    if max(-low, high) * taps + most < EXACT_SUM and skip.value is None:
        if kind == np.uint16:
            kind = np.dtype(np.uint32)
        long = max(case.rows, case.columns) > LONGEST_SHARED
        # A product of 64 bits takes several instructions.
        if case.weighs and (kind.itemsize == 8 or long):
            kind = np.dtype(np.float64)
        if not fixed and rounding == "half_up" and high < 1 << 31:
            return Reduction(NarrowMean(kind.type(0)), (kind,), (dtype,), True)
        op = RoundedMean(kind.type(0), code, float(low), float(high))
        return Reduction(op, (kind,), (dtype,), True)
    if max(taps, most) >= 1 << 31:
        raise PoolValueError(f"a divisor past 2**31 is too large for the mean of {dtype}")
    halved = (low >> 32, low & 0xFFFFFFFF, high >> 32, high & 0xFFFFFFFF)
    halves = np.dtype(np.uint64 if dtype == np.uint64 else np.int64)
    if skip.value is not None:
        value = halves.type(skip.value)
        op = variant(CountedWideMean, skip.way)(code, *halved, value, value, fixed)
        return Reduction(op, (halves, np.dtype(np.int64), np.dtype(np.int64)), (dtype,), True)
    wide = WideMean(halves.type(0), code, *halved)
    return Reduction(wide, (halves, np.dtype(np.int64)), (dtype,), True)
