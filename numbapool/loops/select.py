"""Selections: reductions that need all elements of a window at once, sorted or not.

The elements of a group of windows are gathered tap by tap: a row of the scratch holds one tap of
every window. So sorting them is a network of minima and maxima between whole rows. It vectorises
across the windows, and the results of all windows are picked at once. A window with a size of its
own, at a border or because elements are skipped, forms a group of its own.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.lanes import can_be_nan, read, write
from numbapool.loops.options import JIT
from numbapool.reducers.methods import missing
from numbapool.reducers.selectors import empty, select, sorts


@njit(**JIT)
def sort_rows(values, at, taps, width):
    """Sort each column of `taps` rows of `width` elements.

    This is Batcher's odd-even merging network as in Knuth (5.2.2, algorithm M), which serves any
    number of taps.
    """
    top = 1
    while 2 * top < taps:
        top *= 2
    p = top
    while p > 0:
        q = top
        r = 0
        d = p
        while d > 0:
            for i in range(taps - d):
                if i & p == r:
                    a = at + i * width
                    b = a + d * width
                    for j in range(width):
                        low = values[a + j]
                        high = values[b + j]
                        values[a + j] = low if low <= high else high
                        values[b + j] = high if low <= high else low
            d = q - p
            q //= 2
            r = p
        p //= 2


@njit(**JIT)
def mark_nan(values, at, taps, width):
    """Write NaN below each column of `taps` elements that holds a NaN, else a number."""
    spoiled = at + taps * width
    for j in range(width):
        values[spoiled + j] = values[at + j]
    for t in range(1, taps):
        row = at + t * width
        for j in range(width):
            value = values[row + j]
            known = values[spoiled + j]
            values[spoiled + j] = value if value != value else known


@njit(forceinline=True, **JIT)
def select_each(op, form, lanes, at, taps, width, outs, to):
    """Pick from each column of `taps` elements; a NaN among them is the result."""
    values = lanes[0]
    for j in range(width):
        if can_be_nan(values[at]):
            mark = values[at + taps * width + j]
            if mark != mark:
                write(form, outs, to + j, mark)
            else:
                write(form, outs, to + j, select(op, values, at + j, width, taps, to + j))
        else:
            write(form, outs, to + j, select(op, values, at + j, width, taps, to + j))


@njit(**JIT)
def pick_group(op, form, lanes, at, taps, width, outs, to):
    """Sort if the reducer needs it, and pick."""
    if can_be_nan(lanes[0][at]):
        mark_nan(lanes[0], at, taps, width)
    if sorts(op, taps):
        sort_rows(lanes[0], at, taps, width)
    if taps == 4:  # a constant to LLVM: no branch is left in the loop
        select_each(op, form, lanes, at, np.int64(4), width, outs, to)
    else:
        select_each(op, form, lanes, at, taps, width, outs, to)


@njit(**JIT)
def gather_one(op, form, x, base, pitch, geometry, bounds, lanes, at, w, count):
    """Gather one window's elements that are not missing; return their number."""
    row, depths, d_step, heights, h_step = bounds
    values = lanes[0]
    step = geometry.width.dilation * geometry.inner
    kept = 0
    for t in range(depths):
        for u in range(heights):
            source = base + (row + t * d_step + u * h_step) * pitch + w
            for v in range(count):
                value = read(form, lanes, x[source + v * step])
                if not missing(op, value):
                    values[at + kept] = value
                    kept += 1
    return kept


@njit(**JIT)
def gather_row(form, x, source, stride, spread, taps, inner, lanes, at, width):
    """Gather the taps that neighbouring windows have in one row; each tap fills a row."""
    values = lanes[0]
    if (inner == 1) & (stride == 2) & (spread == 1) & (taps % 2 == 0):
        # Two taps at a time: a loop that reads every second element alone becomes gathers.
        for v in range(taps // 2):
            to = at + 2 * v * width
            for i in range(width):
                values[to + i] = read(form, lanes, x[source + 2 * v + 2 * i])
                values[to + width + i] = read(form, lanes, x[source + 2 * v + 2 * i + 1])
    elif inner == 1:
        for v in range(taps):
            for i in range(width):
                values[at + v * width + i] = read(form, lanes, x[source + v * spread + i * stride])
    else:
        for v in range(taps):
            for i in range(width // inner):
                to = at + v * width + i * inner
                first = source + (v * spread + i * stride) * inner
                for c in range(inner):
                    values[to + c] = read(form, lanes, x[first + c])


@njit(**JIT)
def gather_group(form, x, base, pitch, geometry, bounds, lanes, at, start, width):
    """Gather all taps of neighbouring windows; the first window starts at column `start`."""
    row, depths, d_step, heights, h_step = bounds
    inner = geometry.inner
    stride = geometry.width.step
    spread = geometry.width.dilation
    taps = geometry.width.taps
    for t in range(depths):
        for u in range(heights):
            source = base + (row + t * d_step + u * h_step) * pitch + start * inner
            gather_row(form, x, source, stride, spread, taps, inner, lanes, at, width)
            at += taps * width


@njit(**JIT)
def pool_select(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the output rows [begin, end); `scratch` holds a group's taps and one more row."""
    inner = geometry.inner
    height = geometry.height.size
    pitch = geometry.width.size * inner
    out_d = geometry.depth.out
    out_h = geometry.height.out
    out_w = geometry.width.out
    lo = geometry.width.lo
    hi = geometry.width.hi
    d_step = geometry.depth.dilation * height
    h_step = geometry.height.dilation
    for out_row in range(begin, end):
        d, depths, _ = window(geometry.depth, out_row // out_h % out_d)
        h, heights, _ = window(geometry.height, out_row % out_h)
        volume = out_row // (out_d * out_h) * geometry.depth.size
        base = volume * height * pitch
        bounds = (d * height + h, depths, d_step, heights, h_step)
        i = 0
        while i < out_w:
            to = (out_row * out_w + i) * inner
            if (i >= lo) & (i < hi) & (geometry.group > 0):
                group = min(geometry.group, hi - i)
                width = group * inner
                start = i * geometry.width.step - geometry.width.before
                gather_group(form, x, base, pitch, geometry, bounds, lanes, scratch, start, width)
                taps = depths * heights * geometry.width.taps
                pick_group(op, form, lanes, scratch, taps, width, outs, to)
                i += group
            else:
                w, count, _ = window(geometry.width, i)
                for c in range(inner):
                    kept = gather_one(
                        op, form, x, base, pitch, geometry, bounds, lanes, scratch,
                        w * inner + c, count,
                    )  # fmt: skip
                    if kept == 0:
                        write(form, outs, to + c, empty(op))
                    else:
                        pick_group(op, form, lanes, scratch, kept, 1, outs, to + c)
                i += 1
