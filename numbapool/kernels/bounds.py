"""Where a window lies, from the plan's geometry."""

from __future__ import annotations

from numba import njit

from numbapool.kernels.geometry import BEFORE, HI, LO, STEP, TABLE, TAPS, WEIGHT
from numbapool.kernels.lanes import JIT


@njit(**JIT)
def window(geometry, axis, i):
    """The first tap of window i, how many taps it has, and its share of a mean's divisor."""
    lo = geometry[axis + LO]
    hi = geometry[axis + HI]
    if (i >= lo) & (i < hi):
        return (
            i * geometry[axis + STEP] - geometry[axis + BEFORE],
            geometry[axis + TAPS],
            geometry[axis + WEIGHT],
        )
    row = i if i < lo else i - (hi - lo)
    at = geometry[axis + TABLE] + 3 * row
    return geometry[at], geometry[at + 1], geometry[at + 2]


@njit(**JIT)
def nth_row(bounds, t):
    """The t-th row of a window: its first, its rows a plane, and the steps between both."""
    row, heights, d_step, h_step = bounds
    if t < heights:
        return row + t * h_step
    return row + t // heights * d_step + t % heights * h_step
