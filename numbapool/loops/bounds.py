"""Where a window lies, from the plan's geometry."""

from __future__ import annotations

from numba import njit

from numbapool.loops.options import JIT
from numbapool.loops.pointers import border


@njit(**JIT)
def window(axis, i):
    """The first tap of window i, how many taps it has, and its part in a mean's divisor."""
    lo = axis.lo
    hi = axis.hi
    if (i >= lo) & (i < hi):
        return i * axis.step - axis.before, axis.taps, axis.weight
    first, count, weight = border(axis, i if i < lo else i - (hi - lo))
    return first, count, weight


@njit(**JIT)
def nth_row(bounds, t):
    """The t-th row of a window: its first, its rows a plane, and the steps between both."""
    row, heights, d_step, h_step = bounds
    if t < heights:
        return row + t * h_step
    return row + t // heights * d_step + t % heights * h_step


@njit(**JIT)
def next_row(geometry, oh, od, plane, volume):
    """The row of results after the one at `oh` and `od`, and where its input begins.

    That is at `plane`, or a `volume` further on.
    """
    oh += 1
    if oh == geometry.height.out:
        oh = 0
        od += 1
        if od == geometry.depth.out:
            od = 0
            plane += volume
    return oh, od, plane
