"""Ranks from cumulative counters: columns of them, and a window's sums.

Each column has a histogram in two parts: sixteen counters of its keys' upper halves, and sixteen
times sixteen of the lower halves. A window's histogram is the sum of its columns', moved along by
one column at a time. Of the lower halves only those are summed that a rank lies in: a sum stays
where it is until it is asked for. What is left out is not counted, so the last counter of the upper
halves is the number of a window's elements.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numba.extending import overload

from numbapool.loops.bounds import window
from numbapool.loops.counters import first_above, gain, lose, shifted, slide
from numbapool.loops.lanes import read, write
from numbapool.loops.options import JIT
from numbapool.loops.ranks import ends_of
from numbapool.loops.room import COLUMNS, NOTHING
from numbapool.loops.row_keys import KEYS, MOST, row_keys
from numbapool.reducers.methods import missing
from numbapool.reducers.selectors import empty, ranked, settled

BETWEEN = 16
"""Counters from one column to the next."""

FAR = -(1 << 40)
"""A place that is too far away to move a sum from."""


@njit(**JIT)
def prepare_counters(op, counts, sums):
    """Write what counters begin with."""
    for v in range(17):
        for n in range(16):
            counts[16 * v + n] = n >= v
    for n in range(17 * 32):
        sums[n] = 0


@njit(forceinline=True, **JIT)
def bins_of(op, form, lanes, value):
    """Return the rows that an element's arrival adds, and the number of its upper half."""
    number = read(form, lanes, value)
    key = np.int64(number) - np.int64(ends_of(lanes[0])[0])
    half = key >> 4
    if missing(op, number):
        return NOTHING, NOTHING, half
    return half << 4, (key & 15) << 4, half


@njit(**JIT)
def count_row(op, form, lanes, x, source, step, counts, at, plane, n):
    """Count `n` elements, `step` apart, in the columns, which begin at `at`."""
    for i in range(n):
        high, low, half = bins_of(op, form, lanes, x[source + i * step])
        to = at + 16 * i
        gain(counts, to, counts, high)
        gain(counts, to + (half + 1) * plane, counts, low)


@njit(**JIT)
def discount_row(op, form, lanes, x, source, step, counts, at, plane, n):
    """Take elements away from the columns."""
    for i in range(n):
        high, low, half = bins_of(op, form, lanes, x[source + i * step])
        to = at + 16 * i
        lose(counts, to, counts, high)
        lose(counts, to + (half + 1) * plane, counts, low)


@njit(**JIT)
def exchange_rows(op, form, lanes, x, source, old, step, counts, at, plane, n):
    """Count the row at `source`, and take the row at `old` away."""
    for i in range(n):
        high, low, half = bins_of(op, form, lanes, x[source + i * step])
        high_gone, low_gone, half_gone = bins_of(op, form, lanes, x[old + i * step])
        to = at + 16 * i
        slide(counts, to, counts, high, high_gone)
        gain(counts, to + (half + 1) * plane, counts, low)
        lose(counts, to + (half_gone + 1) * plane, counts, low_gone)


@njit(**JIT)
def clear_columns(op, counts, plane, n):
    """Let `n` columns count nothing."""
    for part in range(17):
        for j in range(16 * n):
            counts[COLUMNS + part * plane + j] = 0


@njit(forceinline=True, **JIT)
def move_sum(sums, to, counts, at, held, wanted, breadth):
    """Let a sum hold the columns from a place on, instead of those from the place that it holds.

    Places are counters from `at` on, sixteen per column, and so is the window's breadth.
    """
    if 2 * (wanted - held) > breadth:
        for n in range(16):
            sums[to + n] = 0
        for place in range(wanted, wanted + breadth, 16):
            gain(sums, to, counts, at + place)
    else:
        place = held
        while place < wanted:
            slide(sums, to, counts, at + place + breadth, at + place)
            place += 16


@njit(**JIT)
def forget(held):
    """Let all sums hold nothing that they could be moved on from."""
    for n in range(17):
        held[n] = FAR


@njit(forceinline=True, **JIT)
def move_first(sums, counts, held, wanted, breadth):
    """Let the sums of upper halves hold a window's columns."""
    at = np.int64(COLUMNS)
    move_sum(sums, np.int64(16), counts, at, held[16], wanted, breadth)
    held[16] = wanted


@njit(forceinline=True, **JIT)
def find(counts, sums, held, plane, wanted, breadth, rank):
    """Return the key of a rank among the elements of a window's columns, and the rank among those
    of the same key.
    """
    half = first_above(sums, 16, rank)
    left = rank - np.int64(sums[15 + half])
    to = 48 + 32 * half
    at = COLUMNS + (half + 1) * plane
    move_sum(sums, to, counts, at, held[half], wanted, breadth)
    held[half] = wanted
    low = first_above(sums, to, left)
    return 16 * half + low, left - np.int64(sums[to + low - 1])


def find_keys(counts, sums, held, plane, window, count, number):
    """Find the keys of a rank in up to `count` neighbouring windows; return how many are found.

    `window` are the first one's place and its breadth, and `number` the elements of each and the
    rank. The keys stand in `held`, from `KEYS` on.
    """
    held[KEYS], _ = find(counts, sums, held, plane, *window, number[1])
    return 1


@overload(find_keys)
def _find_keys(counts, sums, held, plane, window, count, number):
    def found(counts, sums, held, plane, window, count, number):
        place, breadth = window
        total, rank = number
        columns = shifted(counts, COLUMNS)
        return row_keys(columns, plane, sums, held, place, breadth, count, total, rank)

    return found


@njit(**JIT)
def pick_row(op, form, lanes, outs, to, inner, counts, sums, held, plane, axis, span):
    """Write the ranks of a row of windows.

    `span` are the first window, the one after the last, and where the columns begin.
    """
    left, right, start = span
    step = 16 * axis.step
    breadth = 16 * axis.taps
    least = np.int64(ends_of(lanes[0])[0])
    place = -step
    forget(held)
    known = rank = np.int64(-1)
    weight = 0.0
    i = left
    while i < right:
        place += step
        if step == 0:
            w, columns, _ = window(axis, i)
            place, breadth = 16 * (w - start), 16 * columns
            forget(held)
        move_first(sums, counts, held, place, breadth)
        total = np.int64(sums[31])
        if total == 0:
            write(form, outs, to, empty(op))
            to += inner
            i += 1
            continue
        if total != known:
            known = total
            rank, weight = ranked(op, total)
        if (step == 16) & (weight == 0):
            most = min(right - i, MOST)
            many = find_keys(counts, sums, held, plane, (place, breadth), most, (total, rank))
            for k in range(many):
                value = read(form, lanes, held[KEYS + k] + least)
                write(form, outs, to, settled(op, value, value, weight))
                to += inner
            i += many
            place += step * (many - 1)
            continue
        low, _ = find(counts, sums, held, plane, place, breadth, rank)
        high = low
        if weight > 0:
            high, _ = find(counts, sums, held, plane, place, breadth, rank + 1)
        low_value, high_value = read(form, lanes, low + least), read(form, lanes, high + least)
        write(form, outs, to, settled(op, low_value, high_value, weight))
        to += inner
        i += 1
