"""Windows of a few elements: from the input straight to the results.

A run here is the groups of columns of a row, or the channels of a pixel. It takes one vectorised
loop, whose accumulators stay in registers.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.bounds import next_row, nth_row, window
from numbapool.loops.lanes import held, is_grouped, prefetch, take, write
from numbapool.loops.options import JIT
from numbapool.reducers.methods import combine, finish, neutral, prepare


@njit(forceinline=True, **JIT)
def across(op, form, lanes, x, at, columns, step):
    """Join up to three elements, `step` apart."""
    acc = take(op, form, lanes, x, at, 0)
    if columns > 1:
        acc = held(lanes, combine(op, acc, take(op, form, lanes, x, at + step, 0)))
    if columns > 2:
        acc = held(lanes, combine(op, acc, take(op, form, lanes, x, at + 2 * step, 0)))
    return acc


@njit(forceinline=True, **JIT)
def pool_run(op, form, lanes, x, starts, rows, columns, step, outs, to, n, scale):
    """Pool a run of `n`, its windows `rows` high and `columns` wide.

    If both are constants, no branch is left in the loop.
    """
    row0, row1, row2, row3 = starts
    for j in range(n):
        acc = across(op, form, lanes, x, row0 + j, columns, step)
        if rows > 1:
            more = across(op, form, lanes, x, row1 + j, columns, step)
            acc = held(lanes, combine(op, acc, more))
        if rows > 2:
            more = across(op, form, lanes, x, row2 + j, columns, step)
            acc = held(lanes, combine(op, acc, more))
        if rows > 3:
            more = across(op, form, lanes, x, row3 + j, columns, step)
            acc = held(lanes, combine(op, acc, more))
        write(form, outs, to + j, finish(op, acc, scale))


@njit(forceinline=True, **JIT)
def pool_run_high(op, form, lanes, x, starts, rows, columns, step, outs, to, n, scale):
    """Do `pool_run` with the number of rows as a constant to LLVM; Numba compiles it once."""
    one, two, three, four = np.int64(1), np.int64(2), np.int64(3), np.int64(4)
    if rows == 1:
        pool_run(op, form, lanes, x, starts, one, columns, step, outs, to, n, scale)
    elif rows == 2:
        pool_run(op, form, lanes, x, starts, two, columns, step, outs, to, n, scale)
    elif rows == 3:
        pool_run(op, form, lanes, x, starts, three, columns, step, outs, to, n, scale)
    else:
        pool_run(op, form, lanes, x, starts, four, columns, step, outs, to, n, scale)


@njit(**JIT)
def pool_any_run(op, form, lanes, x, starts, rows, columns, step, outs, to, n, scale):
    """Do `pool_run` with rows and columns as constants, or fill a run of empty windows."""
    one, two, three = np.int64(1), np.int64(2), np.int64(3)
    if rows * columns == 0:
        for j in range(n):
            write(form, outs, to + j, finish(op, neutral(op), scale))
    elif columns == 1:
        pool_run_high(op, form, lanes, x, starts, rows, one, step, outs, to, n, scale)
    elif is_grouped(form):
        return  # never reached: groups are one column each
    elif columns == 2:
        pool_run_high(op, form, lanes, x, starts, rows, two, step, outs, to, n, scale)
    else:
        pool_run_high(op, form, lanes, x, starts, rows, three, step, outs, to, n, scale)


@njit(**JIT)
def starts_of(geometry, plane, planes, rows):
    """Return where up to four rows of a window begin, their number, and where the last begins.

    `plane` is the row that the window's outermost index begins with; `planes` and `rows` are the
    first plane and row of the window, each with their number.
    """
    height = geometry.height.size
    pitch = geometry.width.size * geometry.inner
    d, depths = planes
    h, heights = rows
    count = depths * heights
    d_step = geometry.depth.dilation * height
    bounds = (plane + d * height + h, max(heights, 1), d_step, geometry.height.dilation)
    row0 = bounds[0] * pitch
    row1, row2, row3 = row0, row0, row0
    if count > 1:
        row1 = nth_row(bounds, np.int64(1)) * pitch
    if count > 2:
        row2 = nth_row(bounds, np.int64(2)) * pitch
        row3 = nth_row(bounds, count - 1) * pitch
    return (row0, row1, row2, row3), count, max(row1, row3)


@njit(**JIT)
def moved(starts, n):
    """Return the same places, each `n` further on."""
    row0, row1, row2, row3 = starts
    return row0 + n, row1 + n, row2 + n, row3 + n


@njit(**JIT)
def ask_ahead(form, x, geometry, start, depths):
    """Ask for the memory of a later window: in each plane, as many stretches as the plan says."""
    pitch = geometry.width.size * geometry.inner
    between = geometry.depth.dilation * geometry.height.size * pitch
    for d in range(depths):
        for r in range(geometry.asked_rows):
            row = r * geometry.height.dilation * pitch
            at = start + d * between + row + geometry.ahead
            for j in range(0, geometry.asked, geometry.line):
                prefetch(form, x, at + j)


@njit(**JIT)
def pool_direct(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`: rows of runs, or tiles of the one run of a row."""
    inner = geometry.inner
    tile = geometry.run_tile
    tiles = geometry.tiles
    volume = geometry.depth.size * geometry.height.size
    out_d = geometry.depth.out
    out_h = geometry.height.out
    out_w = geometry.width.out
    step = geometry.width.dilation * inner
    vector = geometry.vector
    t = begin % tiles
    out_row = begin // tiles
    oh = out_row % out_h
    od = out_row // out_h % out_d
    plane = out_row // out_h // out_d * volume
    d, depths, d_weight = window(geometry.depth, od)
    for piece in range(begin, end):
        h, heights, h_weight = window(geometry.height, oh)
        starts, rows, last = starts_of(geometry, plane, (d, depths), (h, heights))
        left = t * tile
        n = min(tile, inner - left)
        to = out_row * out_w * inner + left
        # Past a run's end the vectors stay whole: the next run is as long and overwrites the rest.
        whole = (n + vector - 1) // vector * vector
        whole = whole if whole <= 2 * n else n
        ask_ahead(form, x, geometry, starts[0] + left, depths)
        for i in range(out_w):
            w, columns, w_weight = window(geometry.width, i)
            scale = prepare(op, d_weight * h_weight * w_weight)
            at = w * inner + left
            follows = (i + 1 < out_w) | (piece + 1 < end)
            fits = last + at + (columns - 1) * step + whole <= geometry.total
            length = whole if follows & fits else n
            here = moved(starts, at)
            pool_any_run(op, form, lanes, x, here, rows, columns, step, outs, to, length, scale)
            to += inner
        t += 1
        if t == tiles:
            t = 0
            out_row += 1
            oh, od, plane = next_row(geometry, oh, od, plane, volume)
            if oh == 0:
                d, depths, d_weight = window(geometry.depth, od)
