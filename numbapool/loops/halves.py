"""float16 as its bits in uint16: the CPU target of Numba compiles no float16."""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.options import JIT


@njit(**JIT)
def half_to_single(bits):
    """Return the float32 of a float16's bits."""
    magnitude = np.uint32((bits & 0x7FFF) << 13)
    # Moving the exponent's bias by a product is exact for subnormals too.
    number = magnitude.view(np.float32) * np.float32(2.0**112)
    if magnitude >= 0x7C00 << 13:
        number = np.uint32(magnitude | 0x7F800000).view(np.float32)
    return -number if bits & 0x8000 else number


@njit(**JIT)
def single_to_half(number):
    """Return the bits of the float16 nearest to a float32, ties to even."""
    bits = np.int64(np.float32(number).view(np.uint32))
    sign = (bits >> 16) & 0x8000
    bits &= 0x7FFFFFFF
    if bits > 0x7F800000:  # NaN
        return np.uint16(sign | 0x7E00)
    if bits >= 0x477FF000:  # rounds past the largest
        return np.uint16(sign | 0x7C00)
    if bits < 0x38800000:  # subnormal: adding 0.5 leaves the rounded bits at the end
        rounded = np.float32(np.uint32(bits).view(np.float32) + np.float32(0.5))
        return np.uint16(sign | (np.int64(rounded.view(np.uint32)) - 0x3F000000))
    odd = (bits >> 13) & 1
    return np.uint16(sign | ((bits - 0x38000000 + 0xFFF + odd) >> 13))
