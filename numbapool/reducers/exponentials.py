"""Exponentials, logarithms and powers that vectorised loops can use, and the means made of them.

The system's functions take one number at a time. These are sums and products without a branch,
right to the last places; NaN gives NaN.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction, is_past_float64, sum_lane
from numbapool.reducers.dtypes import DType, in_floats
from numbapool.reducers.methods import missing
from numbapool.reducers.ways import AsItStands, Keep, variant

SHIFT64, SHIFT32 = np.float64(1.5 * 2.0**52), np.float32(1.5 * 2.0**23)
"""Adding this to a number rounds it to a whole number, which then stands in the sum's last bits."""

PER64, PER32 = np.float64(1.4426950408889634), np.float32(1.4426950408889634)
"""1 over the logarithm of 2."""

HIGH64, LOW64 = np.float64(0.6931471803691238), np.float64(1.9082149292705877e-10)
HIGH32, LOW32 = np.float32(0.693145751953125), np.float32(1.4286068203094173e-06)
"""The logarithm of 2 in two parts: a whole number times the first is exact."""

LEAST64, LEAST32 = np.float64(-708.0), np.float32(-87.0)
"""The exponential of a smaller number is taken for 0: it is negligible beside any other."""

ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)
"""The bits of the root of 1/2, the start of the range of a number's fraction."""

MOST_POWER = 6
"""Sums of powers up to this neither overflow float64 nor lose digits below its normal numbers,
except of float64 itself."""

TINY, SCALE = np.float64(2.0**-1022), np.float64(2.0**54)
"""The smallest normal number, and the factor that makes smaller numbers normal."""

ROOT_START = np.float64(1 << 20) * (1023 - 0.0450466) * 4 / 3
"""This, less a third of the upper half of a number's bits, is that half of 1 over its cube root."""


def exp64(x):
    """Return the exponential of a float64 up to 700: a power of 2 times the rest's Taylor series.

    The rest is at most ``log(2) / 2``, so the series' next term is below the last place.
    """
    shifted = x * PER64 + SHIFT64
    whole = shifted - SHIFT64
    r = (x - whole * HIGH64) - whole * LOW64
    p = r * (1 / 6227020800) + 1 / 479001600
    p = p * r + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    bits = (np.float64(shifted).view(np.int64) << 52) + 0x3FF0000000000000
    twos = np.int64(bits).view(np.float64)
    return np.float64(0.0) if x < LEAST64 else p * twos


def exp32(x):
    """Return the exponential of a float32, in the same way."""
    shifted = x * PER32 + SHIFT32
    whole = shifted - SHIFT32
    r = (x - whole * HIGH32) - whole * LOW32
    p = r * np.float32(1 / 5040) + np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(0.5)
    p = p * r + np.float32(1.0)
    p = p * r + np.float32(1.0)
    bits = (np.int64(np.float32(shifted).view(np.int32)) << 23) + 0x3F800000
    twos = np.uint32(bits & 0xFFFFFFFF).view(np.float32)
    return np.float32(0.0) if x < LEAST32 else p * twos


def exp(x):
    """Return the exponential, in its own dtype, of a float64 up to 700 or a float32 up to 80."""
    return exp32(x) if isinstance(x, np.float32) else exp64(x)


def sigmoid(v, one):
    """Return 1 / (1 + e^-v); `one` is 1 in the dtype of `v`, so the result keeps that dtype."""
    faded = exp(-abs(v))
    share = one / (one + faded)
    return share if v > one - one else share * faded


def tanh(v, one):
    """Return the hyperbolic tangent; `one` is as in `sigmoid`."""
    faded = exp(-abs(v + v))
    size = (one - faded) / (one + faded)
    return -size if v < one - one else size


def log(x):
    """Return the logarithm of a float64 from 0 on, by the inverse hyperbolic tangent's series."""
    scaled = x * SCALE if x < TINY else x
    bits = np.float64(scaled).view(np.int64)
    exponent = (bits - ROOT_HALF) >> 52
    m = np.int64(bits - (exponent << 52)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = z * (1 / 21) + 1 / 19
    p = p * z + 1 / 17
    p = p * z + 1 / 15
    p = p * z + 1 / 13
    p = p * z + 1 / 11
    p = p * z + 1 / 9
    p = p * z + 1 / 7
    p = p * z + 1 / 5
    p = p * z + 1 / 3
    twos = np.float64(exponent) - (54.0 if x < TINY else 0.0)
    found = twos * HIGH64 + (2.0 * s + (2.0 * s * (z * p) + twos * LOW64))
    found = -np.inf if x == 0.0 else found
    return found if x < np.inf else x  # inf, or NaN


def cube_root(x):
    """Return the cube root of a float64 from 0 on.

    Newton's method finds 1 over the root, without a division. Its start, from a third of the
    exponent, is off by 4 %.
    """
    high = np.float64(np.int64(np.float64(x).view(np.int64) >> 32))
    y = np.int64(np.int64(ROOT_START - high * (1 / 3)) << 32).view(np.float64)
    t = 1.0 - x * y * (y * y)
    y += y * (t * (t * (t * (14 / 81) + 2 / 9) + 1 / 3))
    t = 1.0 - x * y * (y * y)
    y += y * (t * (t * (t * (14 / 81) + 2 / 9) + 1 / 3))
    return x * y * y if x < np.inf else x


def power(x, p):
    """Return a float64 from 0 on to a power above 0: infinity, if that is what it rounds to."""
    half = log(x) * (0.5 * p)
    part = exp(700.0 if half > 700.0 else half)
    return part * part


def faded(x, share):
    """Return a share of a number; a share of 0 gives 0 even of infinity."""
    return share if share == 0.0 else x * share


class SoftMean(NamedTuple):
    """The mean by weights ``exp(beta * x)``.

    An accumulator holds the element of the largest weight, the sum of the weights relative to
    that weight, and the weighted sum of the elements' distances from that element.
    """

    lowest: Any
    zero: Any
    left_out: Any
    of_nothing: Any
    beta: Any

    def neutral(self):
        return self.lowest, self.zero, self.zero

    def lift(self, value, row):
        skipped = missing(self, value)
        return self.lowest if skipped else value, 0.0 if skipped else 1.0, self.zero

    def combine(self, a, b):
        far = self.zero if a[0] == b[0] else a[0] - b[0]
        first = far * self.beta >= 0
        share = exp(-abs(far * self.beta))
        few = b[1] if first else a[1]
        apart = (b[2] if first else a[2]) + (-far if first else far) * few
        weights = (a[1] if first else b[1]) + few * share
        return (a[0] if first else b[0]), weights, (a[2] if first else b[2]) + faded(apart, share)

    def finish(self, acc, scale):
        return self.of_nothing if acc[1] == 0 else acc[0] + acc[2] / acc[1]


class CubeMean(NamedTuple):
    """The power mean for a power of 3, of numbers whose cubes do not overflow float64."""

    zero: Any
    least: Any

    def neutral(self):
        return self.zero

    def lift(self, value, row):
        kept = self.least if value < self.least else value
        return kept * kept * kept

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        return 1.0 / weight

    def finish(self, acc, scale):
        return cube_root(acc * scale)


class SumOfPowers(NamedTuple):
    """The power mean of numbers whose powers do not overflow float64: each is taken once."""

    zero: Any
    least: Any
    power: Any

    def neutral(self):
        return self.zero

    def lift(self, value, row):
        return power(self.least if value < self.least else value, self.power)

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        return 1.0 / weight

    def finish(self, acc, scale):
        return power(acc * scale, 1.0 / self.power)


class PowerMean(NamedTuple):
    """The root of the mean of powers.

    An accumulator holds the logarithm of the largest element, the sum of powers relative to its
    power, and the number of elements. So no power overflows.
    """

    lowest: Any
    zero: Any
    left_out: Any
    of_nothing: Any
    power: Any
    least: Any

    def neutral(self):
        return self.lowest, self.zero, self.zero

    def lift(self, value, row):
        skipped = missing(self, value)
        kept = log(self.least if value < self.least else np.float64(value))
        one = 0.0 if skipped else 1.0
        return self.lowest if skipped else kept, one, one

    def combine(self, a, b):
        far = (self.zero if a[0] == b[0] else a[0] - b[0]) * self.power
        first = far >= 0
        share = exp(-abs(far))
        parts = (a[1] if first else b[1]) + (b[1] if first else a[1]) * share
        return (a[0] if first else b[0]), parts, a[2] + b[2]

    def finish(self, acc, scale):
        mean = acc[0] + log(acc[1] / acc[2]) / self.power
        root = exp(0.5 * mean)
        result = root * root if mean < np.inf else mean  # inf, or NaN
        return self.of_nothing if acc[2] == 0 else result


class LogMeanExp(PowerMean):
    """The logarithm of the mean of ``exp(r * x)``, divided by r, which is the field `power`.

    That is the logarithm of a power mean of exponentials, whose logarithms are the elements.
    """

    __slots__ = ()

    def lift(self, value, row):
        skipped = missing(self, value)
        one = 0.0 if skipped else 1.0
        return self.lowest if skipped else value, one, one

    def finish(self, acc, scale):
        mean = log(np.float64(acc[1]) / np.float64(acc[2])) / self.power
        return self.of_nothing if acc[2] == 0 else acc[0] + mean


def floats_of(case: Case) -> DType:
    """Return the dtype of sums: float64 for many elements and for whole numbers."""
    case = replace(case, in_fours=False)
    return sum_lane(case) if case.dtype.kind == "f" else np.dtype(np.float64)


def led(case: Case, base: type, kind: DType, sharpness: float, *more: float) -> Reduction:
    """Return a mean whose accumulators hold three numbers, with the leading element first."""
    ways: tuple[type, ...] = (case.skip.way,)
    value = left_out = np.nan if case.skip.value is None else case.skip.value
    if is_past_float64(case):
        ways = (case.skip.way, AsItStands)
    else:
        left_out = kind.type(value)
    numbers = (-np.inf if sharpness > 0 else np.inf, 0, value, sharpness, *more)
    lowest, zero, nothing, *own = map(kind.type, numbers)
    op = variant(base, *ways)(lowest, zero, left_out, nothing, *own)
    return Reduction(op, (kind,) * 3, (in_floats(case.dtype),))


def soft(case: Case, beta: float = 1.0) -> Reduction:
    """Return the reduction of soft pooling: floats in their own dtype, all else in float64."""
    return led(case, SoftMean, floats_of(case), beta)


def gem(case: Case, p: float = 3.0, eps: float = 1e-6) -> Reduction:
    """Return the reduction of generalised-mean pooling, computed in float64."""
    wide, outs = np.dtype(np.float64), (in_floats(case.dtype),)
    if p <= MOST_POWER and case.skip.way is Keep and case.dtype != np.float64:
        numbers = np.float64(0), np.float64(eps)
        if p == 3:
            return Reduction(CubeMean(*numbers), (wide,), outs, weighted=True)
        op = SumOfPowers(*numbers, np.float64(p))
        return Reduction(op, (wide,), outs, weighted=True, costly=True)
    return led(case, PowerMean, wide, p, eps)


def logavgexp(case: Case, r: float = 1.0) -> Reduction:
    """Return the reduction of log-mean-exp pooling: floats in their own dtype, else in float64."""
    return led(case, LogMeanExp, floats_of(case), r, 0.0)
