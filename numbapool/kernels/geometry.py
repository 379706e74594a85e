"""A plan as the kernels read it: one array of int64.

A head of `HEAD` numbers, then for each of the axes D, H and W a block of `BLOCK` numbers, then
the border windows, three numbers each.
"""

from __future__ import annotations

from numba import njit

from numbapool.kernels.lanes import JIT

(
    TOTAL,
    INNER,
    TILE,
    TILES,
    STRIP,
    PITCH,
    ROOM,
    BLOCKS,
    VECTOR,
    ROW_PITCH,
    COLUMN_PITCH,
    AHEAD,
    FRESH,
    LINE,
) = range(14)
HEAD = 14

SIZE, OUT, LO, HI, STEP, BEFORE, TAPS, DILATION, WEIGHT, TABLE = range(10)
BLOCK = 10

DEPTH, HEIGHT, WIDTH = HEAD, HEAD + BLOCK, HEAD + 2 * BLOCK


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
