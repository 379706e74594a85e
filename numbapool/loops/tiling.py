"""Tiles of large windows: a rectangle of results, and all elements of their windows.

A tile's elements are gathered to be sorted (:mod:`numbapool.loops.sorting`). NaN, and what is left
out, is not. NaN that counts is looked for afterwards: each window that holds one gets its last one,
row by row, as from the other loops.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.bounds import window
from numbapool.loops.histograms import span_of
from numbapool.loops.keys import HALF, is_wide, key_of, number_of
from numbapool.loops.lanes import can_be_nan, read, write
from numbapool.loops.options import JIT
from numbapool.loops.room import tile_places
from numbapool.reducers.methods import missing

UNSORTED = 255
"""The share of an element that is not sorted."""

places_of = njit(**JIT)(tile_places)


@njit(**JIT)
def place_tile(geometry, piece):
    """Return where a tile lies.

    - Its results: the first row and the end, the first one of a row and the end.
    - Its columns: where its windows begin and end, inside the input or not; the first one inside,
      and the first row.
    - Its elements: where they begin, and the steps between planes, rows and columns.
    - How many planes, rows and columns it has.
    - Where its results begin.
    """
    depth, height, width = geometry.depth, geometry.height, geometry.width
    inner = geometry.inner
    left = piece % geometry.tiles * geometry.tile
    right = min(left + geometry.tile, width.out)
    block = piece // geometry.tiles
    up = block % geometry.blocks * geometry.strip
    down = min(up + geometry.strip, height.out)
    channel = block // geometry.blocks % inner
    volume = block // geometry.blocks // inner
    d, depths, _ = window(depth, volume % depth.out)
    start, stop = span_of(width, left, right)
    first = max(start, 0)
    columns = max(min(stop, width.size) - first, 0)
    above, below = span_of(height, up, down)
    above = max(above, 0)
    rows = max(min(below, height.size) - above, 0)
    pitch = width.size * inner
    row = (volume // depth.out * depth.size + d) * height.size + above
    source = (
        row * pitch + first * inner + channel,
        depth.dilation * height.size * pitch,
        pitch,
        inner,
    )
    to = ((volume * height.out + up) * width.out + left) * inner + channel
    return (up, down, left, right), (start, stop, first, above), source, (depths, rows, columns), to


@njit(**JIT)
def gather(op, form, lanes, x, source, shape, words, keys, shares):
    """Put a tile's elements in words, to be sorted; return how many, and whether NaN was found.

    `source` are where the tile begins, and the steps between planes, rows and columns; `shape` are
    the planes, rows and columns.
    """
    base, plane_step, row_step, step = source
    depths, rows, columns = shape
    count = np.int64(0)
    holds_nan = False
    for t in range(depths):
        for r in range(rows):
            at = base + t * plane_step + r * row_step
            row = t * rows + r
            for i in range(columns):
                value = read(form, lanes, x[at + i * step])
                place = row * columns + i
                if missing(op, value):
                    shares[place] = UNSORTED
                elif value != value:
                    shares[place] = UNSORTED
                    holds_nan = True
                else:
                    key = key_of(value)
                    if is_wide(lanes):
                        keys[place] = key
                    words[count] = ((key & HALF) << 32) | (row << 16) | i
                    count += 1
    return count, holds_nan


@njit(**JIT)
def number_at(lanes, words, keys, columns, at):
    """Return the number at a place in sorted order."""
    word = words[at]
    if is_wide(lanes):
        return number_of(keys[((word >> 16) & 65535) * columns + (word & 65535)], lanes)
    return number_of((word >> 32) & HALF, lanes)


@njit(**JIT)
def spread_nan(form, lanes, x, source, shape, outs, to, geometry, results, corner, marks):
    """Write its last NaN into the result of each window of a tile that holds one.

    `marks` are where each column's last NaN stands: its row, times the planes, and its plane, then
    16 bits of its column.
    """
    base, plane_step, row_step, step = source
    depths, _, columns = shape
    up, down, left, right = results
    _, _, first, above = corner
    for i in range(columns):
        marks[i] = -1
    seen = above
    for oh in range(up, down):
        h, heights, _ = window(geometry.height, oh)
        while seen < h + heights:
            for t in range(depths):
                at = base + t * plane_step + (seen - above) * row_step
                for i in range(columns):
                    value = read(form, lanes, x[at + i * step])
                    if value != value:
                        marks[i] = ((seen * depths + t) << 16) | i
            seen += 1
        for j in range(left, right):
            w, taps, _ = window(geometry.width, j)
            last = np.int64(-1)
            for i in range(w - first, w - first + taps):
                if marks[i] > last:
                    last = marks[i]
            mark = last >> 16
            if (mark >= h * depths) & (mark >= 0):
                at = base + mark % depths * plane_step + (mark // depths - above) * row_step
                value = read(form, lanes, x[at + (last & 65535) * step])
                write(form, outs, to + (j - left) * geometry.inner, value)
        to += geometry.width.out * geometry.inner


def nan_spread(form, lanes, x, source, shape, outs, to, geometry, results, corner, marks):
    """Do what `spread_nan` does, if the elements are floats."""
    if can_be_nan(lanes[0][0]):
        spread_nan(form, lanes, x, source, shape, outs, to, geometry, results, corner, marks)


@overload(nan_spread)
def _nan_spread(form, lanes, x, source, shape, outs, to, geometry, results, corner, marks):
    if isinstance(lanes[0].dtype, types.Float):
        return lambda form, lanes, x, source, shape, outs, to, geometry, results, corner, marks: (
            spread_nan(form, lanes, x, source, shape, outs, to, geometry, results, corner, marks)
        )
    return lambda form, lanes, x, source, shape, outs, to, geometry, results, corner, marks: None
