"""The exponential as a polynomial, of which a loop makes whole vectors."""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.options import JIT

LOWEST = np.float32(-87.0)
"""Below it the result is 0."""

HALF, ONE = np.float32(0.5), np.float32(1.0)
LOG2_OF_E = np.float32(1.4426950408889634)
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
"""The two add up to log(2); the product of the first with a whole number is exact."""

C6, C5, C4, C3, C2 = map(
    np.float32,
    (1.98756915e-4, 1.39819995e-3, 8.33345191e-3, 4.16657959e-2, 1.66666655e-1),
)


@njit(**JIT)
def exp_of_single(v):
    """Return the exponential of a float32 up to 88, wrong by at most 3e-7 of it; NaN stays NaN."""
    held = v if v > LOWEST else LOWEST
    whole = np.floor(held * LOG2_OF_E + HALF)
    r = held - whole * LN2_HIGH - whole * LN2_LOW
    p = ((((C6 * r + C5) * r + C4) * r + C3) * r + C2) * r + HALF
    p = p * r * r + r + ONE
    power = np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)
    below = v if v != v else np.float32(0.0)
    return p * power if v > LOWEST else below


def exponential(v):
    """Return the exponential of a float32 or a float64 up to 88."""
    return exp_of_single(v) if isinstance(v, np.float32) else np.exp(v)


@overload(exponential)
def _exponential(v):
    if v == types.float32:
        return lambda v: exp_of_single(v)
    return lambda v: np.exp(v)
