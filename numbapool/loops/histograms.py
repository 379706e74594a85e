"""Ranks and modes of large windows of one byte, whose cost does not grow with the window.

A strip of columns goes down the rows. Each column has counters of its elements in the rows of the
windows, and a window's counters are the sums of its columns'. Elements that are left out are not
counted, and neither is what lies outside. Ranks are found in cumulative counters
(:mod:`numbapool.loops.cumulative`), modes in plain ones (:mod:`numbapool.loops.frequencies`).

A piece of work is a row of results in a strip. A block goes on from piece to piece, so only its
first one has to count all rows of a window.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from numbapool.loops import cumulative, frequencies
from numbapool.loops.bounds import window
from numbapool.loops.counters import room_at
from numbapool.loops.options import JIT
from numbapool.loops.room import COLUMNS, COUNTS, HELD, SUMS


@njit(**JIT)
def span_of(axis, left, right):
    """Return the first column that the windows [left, right) have, and the end of the last one."""
    if axis.step > 0:
        first = left * axis.step - axis.before
        return first, (right - 1) * axis.step - axis.before + axis.taps
    first, stop = axis.size, np.int64(0)
    for i in range(left, right):
        w, columns, _ = window(axis, i)
        if columns > 0:
            first, stop = min(first, w), max(stop, w + columns)
    return first, max(stop, first)


def rows_by(way: Any) -> Any:
    """Return the function that lets a module's counters count other rows."""
    count, discount, exchange = way.count_row, way.discount_row, way.exchange_rows

    @njit(**JIT)
    def move_rows(op, form, lanes, x, places, counts, at, plane, rows, n):
        """Let the columns count the rows of a window; return the rows that they count.

        `places` are where row 0 begins, the step between rows, the number of planes, the step
        between them, and between columns. `rows` are the first one and the end of those that the
        columns count, and of those that they are to count.
        """
        base, pitch, depths, between, step = places
        top, bottom, first, end = rows
        if end <= first:
            first = end = bottom
        kept = min(first, bottom)
        for t in range(depths):
            source = base + t * between
            old, new = top, max(bottom, first)
            while (old < kept) & (new < end):
                to, gone = source + new * pitch, source + old * pitch
                exchange(op, form, lanes, x, to, gone, step, counts, at, plane, n)
                old += 1
                new += 1
            while new < end:
                count(op, form, lanes, x, source + new * pitch, step, counts, at, plane, n)
                new += 1
            while old < kept:
                discount(op, form, lanes, x, source + old * pitch, step, counts, at, plane, n)
                old += 1
        return first, end

    return move_rows


def kernel_of(way: Any, counter: Any, total: Any) -> Any:
    """Return the kernel of a module's counters: these, and their sums, are of such dtypes."""
    prepare, clear, pick = way.prepare_counters, way.clear_columns, way.pick_row
    move_rows, between = rows_by(way), way.BETWEEN

    @njit(**JIT)
    def pool(op, form, x, outs, geometry, lanes, scratch, begin, end):
        """Fill the pieces [begin, end) of `outs`."""
        held = room_at(lanes, scratch, HELD, np.int64)
        sums = room_at(lanes, scratch, SUMS, total)
        counts = room_at(lanes, scratch, COUNTS, counter)
        inner, tile, tiles = geometry.inner, geometry.tile, geometry.tiles
        depth, height, width = geometry.depth, geometry.height, geometry.width
        plane = 16 * geometry.between
        pitch = width.size * inner
        prepare(op, counts, sums)
        top = bottom = start = first = n = np.int64(0)
        for piece in range(begin, end):
            oh = piece % height.out
            strip = piece // height.out
            left = strip % tiles * tile
            right = min(left + tile, width.out)
            c = strip // tiles % inner
            volume = strip // tiles // inner
            d, depths, _ = window(depth, volume % depth.out)
            h, heights, _ = window(height, oh)
            if (piece == begin) | (oh == 0):
                start, stop = span_of(width, left, right)
                first = max(start, 0)
                n = max(min(stop, width.size) - first, 0)
                clear(op, counts, plane, stop - start)
                top = bottom = np.int64(0)
            to = ((volume * height.out + oh) * width.out + left) * inner + c
            row = (volume // depth.out * depth.size + d) * height.size
            base = (row * width.size + first) * inner + c
            places = base, pitch, depths, depth.dilation * height.size * pitch, inner
            rows = top, bottom, h, h + heights
            at = COLUMNS + between * (first - start)
            top, bottom = move_rows(op, form, lanes, x, places, counts, at, plane, rows, n)
            span = left, right, start
            pick(op, form, lanes, outs, to, inner, counts, sums, held, plane, width, span)

    return pool


KERNELS = {
    "histograms": kernel_of(cumulative, np.uint8, np.uint16),
    "large histograms": kernel_of(cumulative, np.uint16, np.uint32),
    "modes": kernel_of(frequencies, np.uint8, np.uint16),
    "large modes": kernel_of(frequencies, np.uint16, np.uint32),
}
"""The kernels by their names. :mod:`numbapool.plan.histograms` says how much they can count."""
