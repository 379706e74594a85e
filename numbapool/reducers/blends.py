"""Sums of weighted elements: of floats, and of whole numbers exactly.

The loops multiply accumulators by the weights of taps. The weights of floats add up to 1. The
weights of whole numbers are whole and add up to a power of two. At the end the exact sum is divided
by it, rounded half up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction

SMALL = 4
"""Binomials that add up to at most this are powers of two, so products are exact in any float."""


class Blend(NamedTuple):
    """The weighted sum of floats."""

    start: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        return a + b


class RoundedBlend(NamedTuple):
    """The weighted mean of integers whose sums fit their lane; `half` is half of ``2 ** shift``."""

    start: Any
    half: Any
    shift: Any

    def neutral(self):
        return self.start

    def combine(self, a, b):
        return a + b

    def finish(self, acc, scale):
        return (acc + self.half) >> self.shift


class WideBlend(NamedTuple):
    """The weighted mean of 64-bit integers, from two sums: of the upper bits and the lower 32."""

    start: Any
    half: Any
    shift: Any

    def neutral(self):
        return self.start, 0

    def lift(self, value, row):
        return value >> 32, np.int64(value & 0xFFFFFFFF)

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def finish(self, acc, scale):
        low = acc[1] + self.half
        high = np.int64(acc[0]) + (low >> 32)
        return (high << (32 - self.shift)) + ((low & 0xFFFFFFFF) >> self.shift)


def blend(case: Case) -> Reduction:
    """Return the reduction by whole weights that add up to the case's divisor, a power of two.

    Floats and integers keep their dtype, bool gives float32. Floats are added in float32 only if
    a constant then stays exact.
    """
    dtype, shift = case.dtype, case.divisor.bit_length() - 1
    if dtype.kind in "fb":
        out = dtype if dtype.kind == "f" else np.dtype(np.float32)
        wide = dtype == np.float64 or max(case.rows, case.columns) > SMALL
        kind = np.dtype(np.float64 if wide else np.float32)
        return Reduction(Blend(kind.type(0)), (kind,), (out,))
    half = (1 << shift) >> 1
    if dtype.itemsize == 8:
        halves = np.dtype(np.uint64 if dtype.kind == "u" else np.int64)
        op: Any = WideBlend(halves.type(0), half, shift)
        return Reduction(op, (halves, np.dtype(np.int64)), (dtype,))
    kind = np.dtype(np.int32 if 8 * dtype.itemsize + shift < 31 else np.int64)
    op = RoundedBlend(kind.type(0), kind.type(half), kind.type(shift))
    return Reduction(op, (kind,), (dtype,))
