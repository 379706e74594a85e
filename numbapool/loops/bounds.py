"""Where a window lies, from the plan's geometry."""

from __future__ import annotations

from numba import njit

from numbapool.loops.geometry import BEFORE, DEPTH, HEIGHT, HI, LO, OUT, STEP, TABLE, TAPS, WEIGHT
from numbapool.loops.lanes import JIT


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


@njit(**JIT)
def next_row(geometry, oh, od, plane, volume):
    """The row of results after the one at `oh` and `od`, and where its input begins.

    That is at `plane`, or a `volume` further on.
    """
    oh += 1
    if oh == geometry[HEIGHT + OUT]:
        oh = 0
        od += 1
        if od == geometry[DEPTH + OUT]:
            od = 0
            plane += volume
    return oh, od, plane
