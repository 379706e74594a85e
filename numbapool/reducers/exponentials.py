"""Exponentials, logarithms and powers that loops of vectors can take.

The system's functions take one number at a time. These are sums and products without a branch,
right to the last places; NaN gives NaN.
"""

from __future__ import annotations

import numpy as np

SHIFT64, SHIFT32 = np.float64(1.5 * 2.0**52), np.float32(1.5 * 2.0**23)
"""Added to a number, it rounds it to a whole one, which is then the sum's last bits."""

PER64, PER32 = np.float64(1.4426950408889634), np.float32(1.4426950408889634)
"""How many times the logarithm of 2 goes into 1."""

HIGH64, LOW64 = np.float64(0.6931471803691238), np.float64(1.9082149292705877e-10)
HIGH32, LOW32 = np.float32(0.693145751953125), np.float32(1.4286068203094173e-06)
"""The logarithm of 2 in two parts: a whole number times the first is exact."""

LEAST64, LEAST32 = np.float64(-708.0), np.float32(-87.0)
"""The exponential of less is taken for 0: it is beside any number that is not."""

ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)
"""The bits of the root of 1/2, where a number's fraction begins."""

TINY, SCALE = np.float64(2.0**-1022), np.float64(2.0**54)
"""The least number of all its digits, and what makes such of any less."""


def decay64(x):
    """The exponential of a float64 up to 0, by Taylor's series of what is past whole powers of 2.

    That is up to ``log(2) / 2``, so the series' next part is below the last place.
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
    power = np.int64((np.float64(shifted).view(np.int64) << 52) + 0x3FF0000000000000).view(
        np.float64
    )
    return np.float64(0.0) if x < LEAST64 else p * power


def decay32(x):
    """The same of a float32."""
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


def decay(x):
    """The exponential of a float up to 0, in its own dtype."""
    return decay32(x) if isinstance(x, np.float32) else decay64(x)


def log(x):
    """The logarithm of a float64 from 0 on, by the series of the inverse hyperbolic tangent."""
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


def power(x, p):
    """A float64 from 0 to 1 to a power above 0."""
    return decay(np.float64(p) * log(x))


def faded(x, share):
    """A share of a number: none of infinity is 0."""
    return share if share == 0.0 else x * share
