"""Ranks of large windows, of any numbers, near flat in the window's size.

A piece of work is a tile (:mod:`numbapool.loops.tiling`), whose elements are sorted once. Their
places in sorted order make 255 shares of about equal length, and histograms of these
(:mod:`numbapool.loops.cumulative`) tell in which share a window's rank lies. Of that share's few
elements, those of the window are counted in sorted order.
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
from numbapool.loops.histograms import rows_by
from numbapool.loops.keys import HALF
from numbapool.loops.lanes import write
from numbapool.loops.options import JIT
from numbapool.loops.room import COLUMNS, COUNTS, HELD, SUMS
from numbapool.loops.sorting import ABREAST, next_inside, nth_inside, sort_tile
from numbapool.loops.tiling import (
    UNSORTED,
    gather,
    nan_spread,
    number_at,
    place_tile,
    places_of,
)
from numbapool.reducers.selectors import LowerMedian, empty, ranked, settled
from numbapool.reducers.ways import SkipValue, variant

SHARES = 255
"""How many shares there are: the next number is that of elements not sorted."""

Share = variant(LowerMedian, SkipValue)
"""The selector that histograms of shares are made for: it leaves out the elements not sorted."""

move_rows = rows_by(cumulative)


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


def kernel_of(counter: Any, total: Any) -> Any:
    """Return the kernel whose counters, and their sums, are of such dtypes."""
    counter_bytes = np.dtype(counter).itemsize

    @njit(**JIT)
    def pool(op, form, x, outs, geometry, lanes, scratch, begin, end):
        """Fill the pieces [begin, end) of `outs`."""
        held = room_at(lanes, scratch, HELD, np.int64)
        sums = room_at(lanes, scratch, SUMS, total)
        counts = room_at(lanes, scratch, COUNTS, counter)
        at = places_of(geometry.between, geometry.stretch, counter_bytes)
        shares = room_at(lanes, scratch, at[0], np.uint8)
        keys = room_at(lanes, scratch, at[3], np.int64)
        ys = room_at(lanes, scratch, at[4], np.uint16)
        xs = room_at(lanes, scratch, at[5], np.uint16)
        starts = room_at(lanes, scratch, at[6], np.int64)
        digits = room_at(lanes, scratch, at[7], np.int64)
        inner, height, width = geometry.inner, geometry.height, geometry.width
        plane = BETWEEN * geometry.between
        share_op = Share(np.uint8(UNSORTED), np.uint8(0))
        prepare_counters(share_op, counts, sums)
        for piece in range(begin, end):
            words = room_at(lanes, scratch, at[1], np.int64)
            others = room_at(lanes, scratch, at[2], np.int64)
            results, corner, source, shape, to = place_tile(geometry, piece)
            up, down, left, right = results
            start, stop, first, above = corner
            depths, rows, columns = shape
            n, holds_nan = gather(op, form, lanes, x, source, shape, words, keys, shares)
            words, others = sort_tile(lanes, words, others, digits, keys, columns, n)
            share_out(words, n, shape, shares, xs, ys, starts)
            clear_columns(share_op, counts, plane, stop - start)
            top = bottom = np.int64(0)
            places = np.int64(0), columns, depths, rows * columns, np.int64(1)
            column = COLUMNS + BETWEEN * (first - start)
            counted = counts, sums, held, plane
            sorted_tile = words, keys, xs, ys, starts, columns
            span = left, right, start, first
            for oh in range(up, down):
                h, heights, _ = window(height, oh)
                h -= above
                span_rows = top, bottom, h, h + heights
                top, bottom = move_rows(
                    share_op, Native(), (shares,), shares, places, counts, column, plane,
                    span_rows, columns,
                )  # fmt: skip
                row_to = to + (oh - up) * width.out * inner
                pick_row(
                    op, form, lanes, outs, row_to, inner, counted, sorted_tile, width, span,
                    (h, heights),
                )  # fmt: skip
            if holds_nan:
                nan_spread(
                    form, lanes, x, source, shape, outs, to, geometry, results, corner, others
                )

    return pool


KERNELS = {
    "tiles": kernel_of(np.uint8, np.uint16),
    "large tiles": kernel_of(np.uint16, np.uint32),
}
"""The kernels by their names. :mod:`numbapool.plan.tiles` says how much they can count."""
