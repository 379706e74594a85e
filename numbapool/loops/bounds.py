"""Where a window lies, from the plan's geometry."""

from __future__ import annotations

from numba import njit

from numbapool.loops.options import JIT
from numbapool.loops.pointers import border


@njit(**JIT)
def window(axis, i):
    """Return the first tap of window i, its number of taps, and its part in a mean's divisor."""
    lo = axis.lo
    hi = axis.hi
    if (i >= lo) & (i < hi):
        return i * axis.step - axis.before, axis.taps, axis.weight
    first, count, weight = border(axis, i if i < lo else i - (hi - lo))
    return first, count, weight


@njit(**JIT)
def nth_row(bounds, t):
    """Return where the t-th row of a window begins.

    `bounds` is the start of the first row, the rows per plane, the step from one row to the next,
    and the step from one plane to the next.
    """
    row, heights, d_step, h_step = bounds
    if t < heights:
        return row + t * h_step
    return row + t // heights * d_step + t % heights * h_step


@njit(**JIT)
def next_row(geometry, oh, od, plane, volume):
    """Return the row of results after the row at `oh` and `od`, and where its input begins.

    Its input begins at `plane`, or a `volume` further on.
    """
    oh += 1
    if oh == geometry.height.out:
        oh = 0
        od += 1
        if od == geometry.depth.out:
            od = 0
            plane += volume
    return oh, od, plane
