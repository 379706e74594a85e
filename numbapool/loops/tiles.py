"""Ranks of large windows, of any numbers, near flat in the window's size.

A piece of work is a tile: a rectangle of results, and all elements of their windows. The tile's
elements are sorted once. Their places in sorted order make 255 shares of about equal length, and
histograms of these (:mod:`numbapool.loops.cumulative`) tell in which share a window's rank lies.
Of that share's few elements, those of the window are counted in sorted order.

NaN, and what is left out, is not sorted. NaN that counts is looked for afterwards: each window that
holds one gets its last one, row by row, as from the other loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from numbapool.loops import cumulative
from numbapool.loops.bounds import window
from numbapool.loops.counters import room_at
from numbapool.loops.cumulative import (
    BETWEEN,
    clear_columns,
    find,
    forget,
    move_first,
    prepare_counters,
)
from numbapool.loops.forms import Native
from numbapool.loops.histograms import rows_by, span_of
from numbapool.loops.keys import HALF, is_wide, key_of, number_of
from numbapool.loops.lanes import can_be_nan, read, write
from numbapool.loops.options import JIT
from numbapool.loops.room import COLUMNS, COUNTS, HELD, SUMS, tile_places
from numbapool.loops.sorting import ABREAST, next_inside, nth_inside, sort_tile
from numbapool.reducers.methods import missing
from numbapool.reducers.selectors import LowerMedian, empty, ranked, settled
from numbapool.reducers.ways import SkipValue, variant

SHARES = 255
"""How many shares there are; the number of one more stands for elements that are not sorted."""

Share = variant(LowerMedian, SkipValue)
"""The selector that histograms of shares are made for: it leaves out the elements not sorted."""

move_rows = rows_by(cumulative)
places_of = njit(**JIT)(tile_places)


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
                    shares[place] = SHARES
                elif value != value:
                    shares[place] = SHARES
                    holds_nan = True
                else:
                    key = key_of(value)
                    if is_wide(lanes):
                        keys[place] = key
                    words[count] = ((key & HALF) << 32) | (row << 16) | i
                    count += 1
    return count, holds_nan


@njit(**JIT)
def share_out(words, n, shape, shares, xs, ys, starts):
    """Give each element its share; list rows and columns in sorted order, and where shares begin.

    A row is counted within its plane. Behind the last element stand some that lie in no window.
    """
    _, rows, columns = shape
    r = np.int64(0)
    for share in range(SHARES):
        starts[share] = r
        end = (share + 1) * n // SHARES
        while r < end:
            place = words[r] & HALF
            row, column = place >> 16, place & 65535
            shares[row * columns + column] = share
            while row >= rows:
                row -= rows
            xs[r] = column
            ys[r] = row
            r += 1
    for j in range(n, n + ABREAST):
        xs[j] = ys[j] = 65535


@njit(**JIT)
def number_at(lanes, words, keys, columns, at):
    """Return the number at a place in sorted order."""
    word = words[at]
    if is_wide(lanes):
        return number_of(keys[((word >> 16) & 65535) * columns + (word & 65535)], lanes)
    return number_of((word >> 32) & HALF, lanes)


@njit(**JIT)
def pick_row(op, form, lanes, outs, to, inner, counted, sorted_tile, axis, span, rows):
    """Write the ranks of a row of windows.

    `span` are the first window, the one after the last, where the histograms' columns begin, and
    where the tile's do; `rows` are a window's first row in the tile, and how many it has.
    """
    counts, sums, held, plane = counted
    words, keys, xs, ys, starts, pitch = sorted_tile
    left, right, start, first = span
    top, heights = rows
    step, columns = axis.step, axis.taps
    place = 16 * -step
    breadth = 16 * columns
    known = rank = np.int64(-1)
    weight = 0.0
    forget(held)
    for i in range(left, right):
        place += 16 * step
        if step == 0:
            w, columns, _ = window(axis, i)
            place, breadth = 16 * (w - start), 16 * columns
            forget(held)
        move_first(sums, counts, held, place, breadth)
        total = np.int64(sums[31])
        if total == 0:
            write(form, outs, to, empty(op))
            to += inner
            continue
        if total != known:
            known = total
            rank, weight = ranked(op, total)
        share, rest = find(counts, sums, held, plane, place, breadth, rank)
        w = place // BETWEEN + start - first
        at = nth_inside(xs, ys, starts[share], rest, w, columns, top, heights)
        low = high = number_at(lanes, words, keys, pitch, at)
        if weight > 0:
            at = next_inside(xs, ys, at + 1, w, columns, top, heights)
            high = number_at(lanes, words, keys, pitch, at)
        write(form, outs, to, settled(op, low, high, weight))
        to += inner


@njit(**JIT)
def spread_nan(form, lanes, x, source, shape, outs, to, geometry, span, marks):
    """Write its last NaN into the result of each window of a tile that holds one.

    `marks` are where each column's last NaN stands: its row, times the planes, and its plane, then
    16 bits of its column.
    """
    base, plane_step, row_step, step = source
    depths, _, columns = shape
    up, down, left, right, above, first = span
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


def kernel_of(counter: Any, total: Any) -> Any:
    """Return the kernel whose counters, and their sums, are of such dtypes."""
    bytes_each = np.dtype(counter).itemsize

    @njit(**JIT)
    def pool(op, form, x, outs, geometry, lanes, scratch, begin, end):
        """Fill the pieces [begin, end) of `outs`."""
        held = room_at(lanes, scratch, HELD, np.int64)
        sums = room_at(lanes, scratch, SUMS, total)
        counts = room_at(lanes, scratch, COUNTS, counter)
        at = places_of(geometry.between, geometry.stretch, bytes_each)
        shares = room_at(lanes, scratch, at[0], np.uint8)
        keys = room_at(lanes, scratch, at[3], np.int64)
        ys, xs = (
            room_at(lanes, scratch, at[4], np.uint16),
            room_at(lanes, scratch, at[5], np.uint16),
        )
        starts = room_at(lanes, scratch, at[6], np.int64)
        digits = room_at(lanes, scratch, at[7], np.int64)
        inner, tile, tiles = geometry.inner, geometry.tile, geometry.tiles
        depth, height, width = geometry.depth, geometry.height, geometry.width
        plane = BETWEEN * geometry.between
        share_op = Share(np.uint8(SHARES), np.uint8(0))
        prepare_counters(share_op, counts, sums)
        for piece in range(begin, end):
            words = room_at(lanes, scratch, at[1], np.int64)
            others = room_at(lanes, scratch, at[2], np.int64)
            left = piece % tiles * tile
            right = min(left + tile, width.out)
            block = piece // tiles
            up = block % geometry.blocks * geometry.strip
            down = min(up + geometry.strip, height.out)
            c = block // geometry.blocks % inner
            volume = block // geometry.blocks // inner
            d, depths, _ = window(depth, volume % depth.out)
            start, stop = span_of(width, left, right)
            first = max(start, 0)
            columns = max(min(stop, width.size) - first, 0)
            above, below = span_of(height, up, down)
            above = max(above, 0)
            rows = max(min(below, height.size) - above, 0)
            # The first element of the tile, and the steps between planes, rows and columns.
            pitch = width.size * inner
            row = (volume // depth.out * depth.size + d) * height.size + above
            base = row * pitch + first * inner + c
            source = base, depth.dilation * height.size * pitch, pitch, inner
            shape = depths, rows, columns
            n, holds_nan = gather(op, form, lanes, x, source, shape, words, keys, shares)
            if n > 0:
                words, others = sort_tile(lanes, words, others, digits, keys, columns, n)
            share_out(words, n, shape, shares, xs, ys, starts)
            clear_columns(share_op, counts, plane, stop - start)
            top = bottom = np.int64(0)
            places = np.int64(0), columns, depths, rows * columns, np.int64(1)
            column = COLUMNS + BETWEEN * (first - start)
            counted = counts, sums, held, plane
            sorted_tile = words, keys, xs, ys, starts, columns
            to = ((volume * height.out + up) * width.out + left) * inner + c
            for oh in range(up, down):
                h, heights, _ = window(height, oh)
                window_rows = top, bottom, h - above, h - above + heights
                top, bottom = move_rows(
                    share_op, Native(), (shares,), shares, places, counts, column, plane,
                    window_rows, columns,
                )  # fmt: skip
                pick_row(
                    op, form, lanes, outs, to + (oh - up) * width.out * inner, inner, counted,
                    sorted_tile, width, (left, right, start, first), (h - above, heights),
                )  # fmt: skip
            if can_be_nan(lanes[0][scratch]) & holds_nan:
                span = up, down, left, right, above, first
                spread_nan(form, lanes, x, source, shape, outs, to, geometry, span, others)

    return pool


KERNELS = {
    "tiles": kernel_of(np.uint8, np.uint16),
    "large tiles": kernel_of(np.uint16, np.uint32),
}
"""The kernels by their names. :mod:`numbapool.plan.tiles` says how much they can count."""
