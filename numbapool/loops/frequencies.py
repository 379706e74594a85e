"""Modes from plain counters: 256 of them per column, and one sum, which moves along the columns."""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.counters import gain_all, most_frequent, slide_all
from numbapool.loops.lanes import read, write
from numbapool.loops.options import JIT
from numbapool.loops.ranks import ends_of
from numbapool.loops.room import COLUMNS
from numbapool.reducers.methods import missing
from numbapool.reducers.selectors import empty

BETWEEN = 256
"""Counters from one column to the next."""

FAR = np.int64(-(1 << 40))
"""A column that is too far away to move sums from."""


@njit(**JIT)
def prepare_counters(op, counts, sums):
    """Do nothing: the counters of columns stand alone."""


@njit(**JIT)
def clear_columns(op, counts, plane, n):
    """Let `n` columns count nothing."""
    for j in range(256 * n):
        counts[COLUMNS + j] = 0


@njit(forceinline=True, **JIT)
def key_of(op, form, lanes, value):
    """Return the number of an element's counter; -1 if it is left out."""
    number = read(form, lanes, value)
    if missing(op, number):
        return np.int64(-1)
    return np.int64(number) - np.int64(ends_of(lanes[0])[0])


@njit(**JIT)
def count_row(op, form, lanes, x, source, step, counts, at, plane, n):
    """Count `n` elements, `step` apart, in the columns, which begin at `at`."""
    for i in range(n):
        key = key_of(op, form, lanes, x[source + i * step])
        if key >= 0:
            counts[at + 256 * i + key] += 1


@njit(**JIT)
def discount_row(op, form, lanes, x, source, step, counts, at, plane, n):
    """Take elements away from the columns."""
    for i in range(n):
        key = key_of(op, form, lanes, x[source + i * step])
        if key >= 0:
            counts[at + 256 * i + key] -= 1


@njit(**JIT)
def exchange_rows(op, form, lanes, x, source, old, step, counts, at, plane, n):
    """Count the row at `source`, and take the row at `old` away."""
    count_row(op, form, lanes, x, source, step, counts, at, plane, n)
    discount_row(op, form, lanes, x, old, step, counts, at, plane, n)


@njit(**JIT)
def move_sums(sums, counts, before, first, taps):
    """Let sums hold the columns from `first` on, instead of from `before` on; return the first."""
    if 2 * (first - before) > taps:
        for n in range(256):
            sums[n] = 0
        for column in range(first, first + taps):
            gain_all(sums, counts, COLUMNS + 256 * column)
    else:
        for column in range(before, first):
            slide_all(sums, counts, COLUMNS + 256 * (column + taps), COLUMNS + 256 * column)
    return first


@njit(**JIT)
def pick_row(op, form, lanes, outs, to, inner, counts, sums, held, plane, axis, span):
    """Write the modes of a row of windows.

    `span` are the first window, the one after the last, and where the columns begin.
    """
    left, right, start = span
    step, taps = axis.step, axis.taps
    least = np.int64(ends_of(lanes[0])[0])
    first, before = -step, FAR
    for i in range(left, right):
        first += step
        if step == 0:
            w, taps, _ = window(axis, i)
            first, before = w - start, FAR
        before = move_sums(sums, counts, before, first, taps)
        key = most_frequent(sums)
        if sums[key] == 0:
            write(form, outs, to, empty(op))
        else:
            write(form, outs, to, read(form, lanes, key + least))
        to += inner
