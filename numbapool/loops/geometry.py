"""A plan as the kernels read it: one array of int64.

A head of `HEAD` numbers, then for each of the axes D, H and W a block of `BLOCK` numbers, then
the border windows, three numbers each.
"""

from __future__ import annotations

import numpy as np

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
    ASKED,
) = range(15)
HEAD = 15

SIZE, OUT, LO, HI, STEP, BEFORE, TAPS, DILATION, WEIGHT, TABLE = range(10)
BLOCK = 10

DEPTH, HEIGHT, WIDTH = (np.int64(HEAD + n * BLOCK) for n in range(3))
