"""Modes of large windows, of any numbers.

A tile's elements are sorted (:mod:`numbapool.loops.tiling`), and each gets the number of its value
among the tile's distinct ones. If these are few, as of labels, the numbers are counted like bytes
(:mod:`numbapool.loops.frequencies`): then the cost does not grow with the window. If they are many,
a window's counters move along the columns: then the cost grows with the window's height.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

from numbapool.loops import frequencies
from numbapool.loops.bounds import window
from numbapool.loops.counters import loaded, most_frequent, room_at, spread
from numbapool.loops.forms import Native
from numbapool.loops.frequencies import BETWEEN, FAR, clear_columns, move_sums
from numbapool.loops.histograms import rows_by
from numbapool.loops.keys import HALF, number_of
from numbapool.loops.lanes import write
from numbapool.loops.options import JIT
from numbapool.loops.room import COLUMNS, COUNTS, SUMS
from numbapool.loops.sorting import ABREAST, lowest, sort_tile
from numbapool.loops.tiling import UNSORTED, gather, nan_spread, number_at, place_tile, places_of
from numbapool.reducers.selectors import Mode, empty
from numbapool.reducers.ways import SkipValue, variant

MOST_BYTES = UNSORTED
"""The most distinct values of a tile that are numbered in bytes."""

Number = variant(Mode, SkipValue)
"""The selector that few numbers are counted for: it leaves out the elements not sorted."""

move_rows = rows_by(frequencies)


@njit(**JIT)
def number_values(lanes, words, keys, shape, n, numbers):
    """Number the elements by their values; let words be the distinct values', and return how many.

    Numbers stand column by column; elements that are not sorted have -1. Zeros of both signs are
    one value.
    """
    depths, rows, columns = shape
    high = depths * rows
    for j in range(high * columns):
        numbers[j] = -1
    distinct = np.int64(0)
    last = number_of(np.int64(0), lanes)
    for r in range(n):
        word = words[r]
        value = number_at(lanes, words, keys, columns, r)
        if (r == 0) | (value != last):
            distinct += 1
        last = value
        words[distinct - 1] = word
        place = word & HALF
        numbers[(place & 65535) * high + (place >> 16)] = distinct - 1
    return distinct


@njit(**JIT)
def numbers_as_bytes(numbers, shape, shares):
    """Write the numbers row by row, each as a byte."""
    depths, rows, columns = shape
    high = depths * rows
    for column in range(columns):
        for row in range(high):
            number = numbers[column * high + row]
            shares[row * columns + column] = number if number >= 0 else UNSORTED


@njit(**JIT)
def pick_few(op, form, lanes, outs, to, inner, counts, sums, sorted_tile, axis, span):
    """Write the modes of a row of windows whose numbers are bytes.

    `span` are the first window, the one after the last, and where the columns begin.
    """
    words, keys, columns = sorted_tile
    left, right, start = span
    step, taps = axis.step, axis.taps
    first, before = -step, FAR
    for i in range(left, right):
        first += step
        if step == 0:
            w, taps, _ = window(axis, i)
            first, before = w - start, FAR
        before = move_sums(sums, counts, before, first, taps)
        number = most_frequent(sums)
        if sums[number] == 0:
            write(form, outs, to, empty(op))
        else:
            write(form, outs, to, number_at(lanes, words, keys, columns, number))
        to += inner


@intrinsic
def _equal(typing, counts, at, count):
    def codegen(context, builder, signature, args):
        values = loaded(builder, args[0], counts, args[1], ABREAST)
        wanted = spread(builder, builder.trunc(args[2], values.type.element), ABREAST)
        mask = builder.bitcast(builder.icmp_unsigned("==", values, wanted), ir.IntType(ABREAST))
        return builder.zext(mask, ir.IntType(64))

    return types.int64(counts, types.int64, types.int64), codegen


def equal(counts, at, count):
    """Return which counters from `at` on have a count, one bit for each."""
    near = counts[at : at + ABREAST] == count
    return int(np.packbits(near, bitorder="little").view(np.uint32)[0])


@overload(equal)
def _equal_of(counts, at, count):
    return lambda counts, at, count: _equal(counts, at, count)


@njit(**JIT)
def first_with(counts, at, count):
    """Return the first number from `at` on that has a count."""
    mask = equal(counts, at, count)
    while mask == 0:
        at += ABREAST
        mask = equal(counts, at, count)
    return at + lowest(mask)


@njit(**JIT)
def enter(numbers, part, counts, holders, state):
    """Count the elements of columns; return the state.

    `part` are where the columns begin, their number, the step between them, the planes, the step
    between these, and the rows. `holders` is how many numbers have each count. The state is the
    greatest count, and a number that no smaller one has it.
    """
    most, least = state
    begin, columns, high, depths, rows, heights = part
    for v in range(columns):
        for t in range(depths):
            at = begin + v * high + t * rows
            for j in range(at, at + heights):
                number = np.int64(numbers[j])
                if number >= 0:
                    count = np.int64(counts[number])
                    counts[number] = count + 1
                    holders[count] -= 1
                    holders[count + 1] += 1
                    if count == most:
                        most, least = count + 1, number
                    elif (count + 1 == most) & (number < least):
                        least = number
    return most, least


@njit(**JIT)
def leave(numbers, part, counts, holders, state):
    """Take the elements of columns away; see `enter`."""
    most, least = state
    begin, columns, high, depths, rows, heights = part
    for v in range(columns):
        for t in range(depths):
            at = begin + v * high + t * rows
            for j in range(at, at + heights):
                number = np.int64(numbers[j])
                if number >= 0:
                    count = np.int64(counts[number])
                    counts[number] = count - 1
                    holders[count] -= 1
                    holders[count - 1] += 1
                    if (count == most) & (holders[count] == 0):
                        most, least = count - 1, np.int64(0)
    return most, least


@njit(**JIT)
def pick_many(op, form, lanes, outs, to, inner, tables, sorted_tile, axis, span, bounds):
    """Write the modes of a row of windows, of any numbers.

    `span` are the first window, the one after the last, and the tile's first column; `bounds` are
    how many values are distinct, the planes, the rows of the tile, and a window's first row and
    how many it has.
    """
    numbers, counts, holders = tables
    words, keys, columns = sorted_tile
    left, right, first = span
    distinct, depths, rows, top, heights = bounds
    high = depths * rows
    for j in range(distinct):
        counts[j] = 0
    for j in range(depths * heights * columns + 2):
        holders[j] = 0
    most = least = np.int64(0)
    begin = end = np.int64(0)
    for i in range(left, right):
        w, taps, _ = window(axis, i)
        w -= first
        if taps == 0:
            w = begin
        # The columns that are new, then those that are gone.
        new = max(end, w)
        part = new * high + top, max(w + taps - new, 0), high, depths, rows, heights
        most, least = enter(numbers, part, counts, holders, (most, least))
        part = begin * high + top, min(w, end) - begin, high, depths, rows, heights
        most, least = leave(numbers, part, counts, holders, (most, least))
        begin, end = w, max(end, w + taps)
        if (most == 0) | (taps == 0):
            write(form, outs, to, empty(op))
        else:
            least = first_with(counts, least, most)
            write(form, outs, to, number_at(lanes, words, keys, columns, least))
        to += inner


def kernel_of(counter: Any, total: Any) -> Any:
    """Return the kernel whose counters of few values, and their sums, are of such dtypes."""
    counter_bytes = np.dtype(counter).itemsize

    @njit(**JIT)
    def pool(op, form, x, outs, geometry, lanes, scratch, begin, end):
        """Fill the pieces [begin, end) of `outs`."""
        sums = room_at(lanes, scratch, SUMS, total)
        counts = room_at(lanes, scratch, COUNTS, counter)
        at = places_of(geometry.between, geometry.stretch, counter_bytes)
        shares = room_at(lanes, scratch, at[0], np.uint8)
        keys = room_at(lanes, scratch, at[3], np.int64)
        holders = room_at(lanes, scratch, at[4], np.int32)
        digits = room_at(lanes, scratch, at[7], np.int64)
        inner, height, width = geometry.inner, geometry.height, geometry.width
        number_op = Number(np.uint8(UNSORTED), np.uint8(0))
        for piece in range(begin, end):
            words = room_at(lanes, scratch, at[1], np.int64)
            others = room_at(lanes, scratch, at[2], np.int64)
            results, corner, source, shape, to = place_tile(geometry, piece)
            up, down, left, right = results
            start, stop, first, above = corner
            depths, rows, columns = shape
            n, holds_nan = gather(op, form, lanes, x, source, shape, words, keys, shares)
            words, others = sort_tile(lanes, words, others, digits, keys, columns, n)
            numbers = room_at((others,), 0, 0, np.int32)
            table = room_at((others,), 0, 4 * (-(-geometry.stretch // 64) * 64), np.int32)
            distinct = number_values(lanes, words, keys, shape, n, numbers)
            few = distinct <= MOST_BYTES
            if few:
                numbers_as_bytes(numbers, shape, shares)
                clear_columns(number_op, counts, 0, stop - start)
            top = bottom = np.int64(0)
            places = np.int64(0), columns, depths, rows * columns, np.int64(1)
            column = COLUMNS + BETWEEN * (first - start)
            sorted_tile = words, keys, columns
            for oh in range(up, down):
                h, heights, _ = window(height, oh)
                h -= above
                row_to = to + (oh - up) * width.out * inner
                if few:
                    top, bottom = move_rows(
                        number_op, Native(), (shares,), shares, places, counts, column, 0,
                        (top, bottom, h, h + heights), columns,
                    )  # fmt: skip
                    pick_few(
                        op, form, lanes, outs, row_to, inner, counts, sums, sorted_tile, width,
                        (left, right, start),
                    )  # fmt: skip
                else:
                    bounds = distinct, depths, rows, h, heights
                    pick_many(
                        op, form, lanes, outs, row_to, inner, (numbers, table, holders),
                        sorted_tile, width, (left, right, first), bounds,
                    )  # fmt: skip
            if holds_nan:
                nan_spread(
                    form, lanes, x, source, shape, outs, to, geometry, results, corner, others
                )

    return pool


KERNELS = {
    "mode tiles": kernel_of(np.uint8, np.uint16),
    "large mode tiles": kernel_of(np.uint16, np.uint32),
}
"""The kernels by their names. :mod:`numbapool.plan.tiles` says how much they can count."""
