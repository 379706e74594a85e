"""Small windows: fold a window's input rows into one row, then reduce that along its columns.

A piece of work is one tile of one output row. Its input rows are contiguous, so folding them is
a vectorised pass over a buffer that stays in the first-level cache. It takes kh + kw operations
per output, not kh * kw. Depth folds like height.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.bounds import next_row, nth_row, window
from numbapool.loops.columns import along, tile_span
from numbapool.loops.lanes import load, prefetch, put, shifted, take
from numbapool.loops.options import JIT
from numbapool.reducers.methods import combine, locate, neutral


@njit(**JIT)
def fill(op, lanes, at, n):
    """Put the neutral number where a window reaches past the input."""
    nothing = neutral(op)
    for j in range(n):
        put(lanes, at + j, nothing)


@njit(**JIT)
def fold(op, form, x, base, pitch, bounds, rows, numbers, lanes, at, n):
    """Fold the rows of a window, `n` elements of each, into the lanes from `at` on.

    Row r begins at ``base + r * pitch``. Up to four rows go in the first pass, then two in each.
    """
    row0 = bounds[0]
    x0 = base + row0 * pitch
    if rows == 0:
        fill(op, lanes, at, n)
    elif rows == 1:
        for j in range(n):
            put(lanes, at + j, take(op, form, lanes, x, x0 + j, row0 * numbers))
    elif rows == 2:
        row1 = nth_row(bounds, np.int64(1))
        x1 = base + row1 * pitch
        for j in range(n):
            a = take(op, form, lanes, x, x0 + j, row0 * numbers)
            b = take(op, form, lanes, x, x1 + j, row1 * numbers)
            put(lanes, at + j, combine(op, a, b))
    elif rows == 3:
        row1 = nth_row(bounds, np.int64(1))
        row2 = nth_row(bounds, np.int64(2))
        x1 = base + row1 * pitch
        x2 = base + row2 * pitch
        for j in range(n):
            a = take(op, form, lanes, x, x0 + j, row0 * numbers)
            b = take(op, form, lanes, x, x1 + j, row1 * numbers)
            c = take(op, form, lanes, x, x2 + j, row2 * numbers)
            put(lanes, at + j, combine(op, combine(op, a, b), c))
    else:
        row1 = nth_row(bounds, np.int64(1))
        row2 = nth_row(bounds, np.int64(2))
        row3 = nth_row(bounds, np.int64(3))
        x1 = base + row1 * pitch
        x2 = base + row2 * pitch
        x3 = base + row3 * pitch
        for j in range(n):
            a = take(op, form, lanes, x, x0 + j, row0 * numbers)
            b = take(op, form, lanes, x, x1 + j, row1 * numbers)
            c = take(op, form, lanes, x, x2 + j, row2 * numbers)
            d = take(op, form, lanes, x, x3 + j, row3 * numbers)
            put(lanes, at + j, combine(op, combine(op, a, b), combine(op, c, d)))
    for t in range(4, rows - 1, 2):
        row0 = nth_row(bounds, t)
        row1 = nth_row(bounds, t + 1)
        x0 = base + row0 * pitch
        x1 = base + row1 * pitch
        for j in range(n):
            a = take(op, form, lanes, x, x0 + j, row0 * numbers)
            b = take(op, form, lanes, x, x1 + j, row1 * numbers)
            put(lanes, at + j, combine(op, load(lanes, at + j), combine(op, a, b)))
    if (rows > 4) & (rows % 2 == 1):
        row0 = nth_row(bounds, rows - 1)
        x0 = base + row0 * pitch
        for j in range(n):
            a = take(op, form, lanes, x, x0 + j, row0 * numbers)
            put(lanes, at + j, combine(op, load(lanes, at + j), a))


@njit(**JIT)
def ask(form, x, at, plane, depths, n, line):
    """Ask for the memory of about `n` elements in each of a window's planes.

    The memory must not be idle while a strip is reduced along its columns.
    """
    for t in range(depths):
        ahead = at + t * plane
        asked = ahead + n
        while ahead < asked:  # four lines at a time: if all is cached, the loop costs half as much
            prefetch(form, x, ahead)
            prefetch(form, x, ahead + line)
            prefetch(form, x, ahead + 2 * line)
            prefetch(form, x, ahead + 3 * line)
            ahead += 4 * line


@njit(**JIT)
def pool_rows(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`, with room for three strips at `scratch`.

    The rows of a strip are reduced along the columns at once: a loop over one short row costs
    more for its start and its rest than for its elements.
    """
    inner = geometry.inner
    tile = geometry.tile
    tiles = geometry.tiles
    height = geometry.height.size
    width = geometry.width.size
    pitch = width * inner
    out_d = geometry.depth.out
    out_h = geometry.height.out
    out_w = geometry.width.out
    d_step = geometry.depth.dilation * height
    h_step = geometry.height.dilation
    numbers = geometry.row_place
    vector = geometry.vector
    strip = geometry.strip
    total = geometry.total
    between = geometry.between
    reach = geometry.ahead
    fresh = geometry.fresh
    line = geometry.line
    out_row = begin // tiles
    t = begin % tiles
    oh = out_row % out_h
    od = out_row // out_h % out_d
    volume = geometry.depth.size * height * pitch
    plane = out_row // out_h // out_d * volume
    d, depths, d_weight = window(geometry.depth, od)
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
        while (rows < strip) & (begin < end):
            h, heights, h_weight = window(geometry.height, oh)
            if (rows > 0) & (d_weight * h_weight != weight):
                break
            weight = d_weight * h_weight
            base = plane + first * inner
            bounds = (d * height + h, max(heights, 1), d_step, h_step)
            final = nth_row(bounds, max(depths * heights - 1, 0))
            n = columns * inner
            # Past the row's end the vectors stay whole. Up to the array's end, reading on is
            # harmless: its results are overwritten or never picked.
            whole = (n + vector - 1) // vector * vector  # from here on n may reach past the row
            if base + final * pitch + whole <= total:
                n = whole
            at = scratch + rows * between
            if tiles == 1:
                ahead = base + (d * height + h + (heights - 1) * h_step) * pitch + reach
                ask(form, x, ahead, d_step * pitch, depths, fresh * n, line)
            else:
                for u in range(max(heights - fresh, 0), heights):
                    ahead = base + (d * height + h + u * h_step) * pitch + n
                    ask(form, x, ahead, d_step * pitch, depths, n, line)
            taps = depths * heights
            near = shifted(op, form, lanes, x, base + bounds[0] * pitch, columns * inner)
            fold(near, form, x, base, pitch, bounds, taps, numbers, lanes, at + lead, n)
            locate(op, lanes, at + lead, columns, first, inner, geometry.column_place)
            fill(op, lanes, at, lead)
            n = lead + columns * inner
            fill(op, lanes, at + n, span - n)
            rows += 1
            begin += 1
            t += 1
            if t == tiles:
                t = 0
                out_row += 1
                oh, od, plane = next_row(geometry, oh, od, plane, volume)
                if oh == 0:
                    d, depths, d_weight = window(geometry.depth, od)
        along(op, form, lanes, scratch, rows, outs, to, geometry, left, right, weight)
