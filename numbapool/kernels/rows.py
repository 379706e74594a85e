"""Small windows: fold a window's input rows into one row, then reduce that along its columns.

A piece of work is one tile of one output row. Its input rows are contiguous, so folding them is
a vectorised pass over a buffer that stays in the first-level cache; kh + kw operations an
output, not kh * kw. Depth folds like height.
"""

from __future__ import annotations

from numba import njit

from numbapool.kernels.columns import along, tile_span
from numbapool.kernels.geometry import (
    COLUMN_PITCH,
    DEPTH,
    DILATION,
    HEIGHT,
    INNER,
    OUT,
    PITCH,
    ROW_PITCH,
    SIZE,
    STRIP,
    TILE,
    TILES,
    TOTAL,
    WIDTH,
    window,
)
from numbapool.kernels.lanes import JIT, load, read, store
from numbapool.reducers import combine, lift, locate, neutral


@njit(**JIT)
def fill(op, lanes, at, n):
    """Put what changes nothing where a window reaches past the input."""
    nothing = neutral(op)
    for j in range(n):
        store(lanes, at + j, nothing)


@njit(**JIT)
def fold(op, form, x, base, pitch, row, depths, d_step, heights, h_step, numbers, lanes, at, n):
    """Fold the rows of a window, `n` elements of each, into the lanes from `at` on.

    Row r begins at ``base + r * pitch``; the first is `row`. Two rows go in one pass.
    """
    rows = depths * heights
    if rows == 0:
        fill(op, lanes, at, n)
    h = 0
    for t in range(0, rows, 2):
        x0 = base + row * pitch
        row0 = row * numbers
        h += 1
        row += h_step
        if h == heights:
            h = 0
            row += d_step - heights * h_step
        if t + 1 == rows:
            if t == 0:
                for j in range(n):
                    store(lanes, at + j, lift(op, read(form, lanes, x[x0 + j]), row0))
            else:
                for j in range(n):
                    a = lift(op, read(form, lanes, x[x0 + j]), row0)
                    store(lanes, at + j, combine(op, load(lanes, at + j), a))
            break
        x1 = base + row * pitch
        row1 = row * numbers
        h += 1
        row += h_step
        if h == heights:
            h = 0
            row += d_step - heights * h_step
        if t == 0:
            for j in range(n):
                a = lift(op, read(form, lanes, x[x0 + j]), row0)
                a = combine(op, a, lift(op, read(form, lanes, x[x1 + j]), row1))
                store(lanes, at + j, a)
        else:
            for j in range(n):
                a = lift(op, read(form, lanes, x[x0 + j]), row0)
                a = combine(op, a, lift(op, read(form, lanes, x[x1 + j]), row1))
                store(lanes, at + j, combine(op, load(lanes, at + j), a))


@njit(**JIT)
def pool_rows(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`, with room for three strips at `scratch`.

    A strip is several rows whose work along the columns is done at once: a loop over one short
    row costs more for its start and its rest than for its elements.
    """
    inner = geometry[INNER]
    tile = geometry[TILE]
    tiles = geometry[TILES]
    height = geometry[HEIGHT + SIZE]
    width = geometry[WIDTH + SIZE]
    pitch = width * inner
    out_d = geometry[DEPTH + OUT]
    out_h = geometry[HEIGHT + OUT]
    out_w = geometry[WIDTH + OUT]
    d_step = geometry[DEPTH + DILATION] * height
    h_step = geometry[HEIGHT + DILATION]
    numbers = geometry[ROW_PITCH]
    out_row = begin // tiles
    t = begin % tiles
    oh = out_row % out_h
    od = out_row // out_h % out_d
    plane = out_row // out_h // out_d * geometry[DEPTH + SIZE] * height * pitch
    while begin < end:
        left = t * tile
        right = min(left + tile, out_w)
        start, stop = tile_span(geometry, left, right)
        first = max(start, 0)
        columns = max(min(stop, width) - first, 0)
        lead = (first - start) * inner
        span = (stop - start) * inner
        to = (out_row * out_w + left) * inner
        weight = 0
        rows = 0
        while (rows < geometry[STRIP]) & (begin < end):
            d, depths, d_weight = window(geometry, DEPTH, od)
            h, heights, h_weight = window(geometry, HEIGHT, oh)
            if (rows > 0) & (d_weight * h_weight != weight):
                break
            weight = d_weight * h_weight
            base = plane + first * inner
            row = d * height + h
            n = columns * inner
            # Past the row's end the vectors stay whole: reading on is harmless, up to the
            # array's end, and what it leaves behind is overwritten or never picked.
            whole = (n + 31) // 32 * 32
            final = row + (depths - 1) * d_step + (heights - 1) * h_step
            if base + final * pitch + whole <= geometry[TOTAL]:
                n = whole
            at = scratch + rows * geometry[PITCH]
            fold(
                op,
                form,
                x,
                base,
                pitch,
                row,
                depths,
                d_step,
                heights,
                h_step,
                numbers,
                lanes,
                at + lead,
                n,
            )
            locate(op, lanes, at + lead, columns, first, inner, geometry[COLUMN_PITCH])
            fill(op, lanes, at, lead)
            n = lead + columns * inner
            fill(op, lanes, at + n, span - n)
            rows += 1
            begin += 1
            t += 1
            if t == tiles:
                t = 0
                out_row += 1
                oh += 1
                if oh == out_h:
                    oh = 0
                    od += 1
                    if od == out_d:
                        od = 0
                        plane += geometry[DEPTH + SIZE] * height * pitch
        along(op, form, lanes, scratch, rows, outs, to, geometry, left, right, weight)
