"""Along a row of means and sums of squares: windows of one column are joined to whole windows.

Windows of n columns are joined to windows of 2n or 2n + 1, as in `columns`; the last joint writes
the results. Where a window reaches past the row's ends, its parts have fewer elements than others
of the same width, so each joint there has shares of its own.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.lanes import write
from numbapool.loops.options import CONTRACT, JIT
from numbapool.reducers.methods import below, root

EXPONENT = 1 << 52
"""The lowest bit of a float64's exponent."""

EXPONENTS = 0x7FF << 52
"""All bits of a float64's exponent."""


@njit(**JIT)
def whole(n, vector):
    """Return a number rounded up to whole vectors: the rest of a loop goes element by element."""
    return (n + vector - 1) // vector * vector


@njit(**JIT)
def parts_of(first, second):
    """Return by how much of their distance the first mean moves to the second, and a factor.

    The factor is of the squared distance in the joint sum of squares. `first` and `second` are
    numbers of elements.
    """
    share = second / max(first + second, 1.0)
    return share, first * share


@njit(**JIT, fastmath=CONTRACT)
def join(lanes, first, second, to, n, counts):
    """Join accumulators of two numbers of elements."""
    share, factor = parts_of(counts[0], counts[1])
    for j in range(n):
        mean = lanes[0][first + j]
        apart = lanes[0][second + j] - mean
        squares = lanes[1][first + j] + lanes[1][second + j]
        lanes[0][to + j] = mean + apart * share
        lanes[1][to + j] = squares + apart * factor * apart


@njit(**JIT, fastmath=CONTRACT)
def join_three(lanes, first, second, third, to, n, counts):
    """Join accumulators of twice the same number of elements, and of another number."""
    share, factor = parts_of(2.0 * counts[0], counts[1])
    half = counts[0] * 0.5
    for j in range(n):
        a = lanes[0][first + j]
        apart = lanes[0][second + j] - a
        mean = a + apart * 0.5
        more = lanes[0][third + j] - mean
        squares = (lanes[1][first + j] + lanes[1][second + j]) + lanes[1][third + j]
        lanes[0][to + j] = mean + more * share
        lanes[1][to + j] = (squares + apart * half * apart) + more * factor * more


@njit(forceinline=True, **JIT)
def inside(first, columns, row):
    """Return how many of `columns` from `first` on lie in a row: its begin and its end.

    All are floats, since vectors of these are divided.
    """
    begin = first if first > row[0] else row[0]
    end = first + columns if first + columns < row[1] else row[1]
    return end - begin if end > begin else 0.0


@njit(forceinline=True, **JIT, fastmath=CONTRACT)
def joined(lanes, acc, count, place, more):
    """Return an accumulator of `count` elements joined to one of `more`, which may be none."""
    share, factor = parts_of(count, more)
    apart = lanes[0][place] - acc[0]
    squares = lanes[1][place] if more > 0 else 0.0
    return (acc[0] + apart * share, acc[1] + squares + apart * factor * apart), count + more


@njit(forceinline=True, **JIT)
def at_end(lanes, places, widths, column, row, height):
    """Return the accumulator of three neighbours that may lie outside the row, and its count.

    They are `widths` columns wide, twice the first and once the second; each column has `height`
    elements.
    """
    first, second, third = places
    wide, rest = widths
    count = inside(column, wide, row) * height
    acc = lanes[0][first], lanes[1][first] if count > 0 else 0.0
    more = inside(column + wide, wide, row) * height
    acc, count = joined(lanes, acc, count, second, more)
    more = inside(column + 2 * wide, rest, row) * height
    return joined(lanes, acc, count, third, more)


@njit(**JIT)
def in_floats(places, widths, row, inner):
    """Return what a loop over the ends needs: places to read, widths and a row in floats.

    The last is 1 over the channels.
    """
    first, second, third = places
    wide, rest = widths
    places = first, second, third if rest > 0 else first
    widths, row = (np.float64(wide), np.float64(rest)), (np.float64(row[0]), np.float64(row[1]))
    return places, widths, row, 1.0 / inner


@njit(**JIT)
def join_ends(lanes, ends, to, begin, end, height):
    """Join the accumulators from `begin` to `end` of a row, of which some lie outside of it."""
    (first, second, third), widths, row, per = ends
    for j in range(begin, end):
        column = below((j + 0.5) * per)
        here = first + j, second + j, third + j
        acc, _ = at_end(lanes, here, widths, column, row, height)
        lanes[0][to + j], lanes[1][to + j] = acc


@njit(**JIT)
def widen(lanes, at, room, taps, n, row, height, inner, vector):
    """Join windows of one column to windows of half of `taps`; return where they begin.

    `row` is the begin and the end of the columns that lie in the input.
    """
    top = 0
    while (taps >> top) > 1:
        top += 1
    source, target = at, at + room
    width = 1
    while top > 1:
        top -= 1
        second, third = source + width * inner, at + 2 * width * inner
        rest = (taps >> top) & 1
        wide = 2 * width + rest
        length = n - (wide - 1) * inner
        lo = min(row[0] * inner, length)
        hi = max(min((row[1] - wide + 1) * inner, length), lo)
        counts = width * height, height
        many = whole(hi - lo, vector)  # the ends, which this may reach, are joined after it
        if rest == 1:
            join_three(lanes, source + lo, second + lo, third + lo, target + lo, many, counts)
        else:
            twice = width * height, width * height
            join(lanes, source + lo, second + lo, target + lo, many, twice)
        ends = in_floats((source, second, third), (width, rest), row, inner)
        join_ends(lanes, ends, target, 0, lo, height)
        join_ends(lanes, ends, target, hi, length, height)
        width = wide
        source, target = target, (at + 2 * room if target == at + room else at + room)
    return source


@njit(forceinline=True, **JIT)
def single_root(number):
    """Return the root of a float64 in float32, to one last place, by float32's faster root.

    The number is first brought next to 1 by a power of 4.
    """
    odd = (np.float64(number).view(np.int64) & EXPONENTS) | EXPONENT
    near = np.float32(number * np.int64(2046 * EXPONENT - odd).view(np.float64))
    scale = np.int64((odd >> 1) + (1023 * EXPONENT >> 1)).view(np.float64)
    return np.sqrt(near) * np.float32(scale)


def rooted(outs, number):
    """Return the root of a float64, as exact as the results' type needs."""
    return np.sqrt(number)


@overload(rooted, inline="always")
def _rooted(outs, number):
    if outs[0].dtype == types.float32:
        return lambda outs, number: single_root(number)
    return lambda outs, number: root(number)


@njit(forceinline=True, **JIT)
def result_of(op, outs, mean, squares, factor):
    """Return the variance or its root; NaN if an element was infinite or NaN.

    If so, then also the mean or its distance from another, which serves as well.
    """
    result = squares * factor + (mean - mean)
    return rooted(outs, result) if op.root else result


@njit(forceinline=True, **JIT, fastmath=CONTRACT)
def pick_pairs(op, form, lanes, first, second, outs, to, n, steps, height, factor):
    """Write the results of `n` windows, `step` apart, each of two halves."""
    half = height * 0.5
    step, apart_out = steps
    for i in range(n):
        j = i * step
        a = lanes[0][first + j]
        apart = lanes[0][second + j] - a
        squares = lanes[1][first + j] + lanes[1][second + j]
        squares += apart * half * apart
        write(form, outs, to + i * apart_out, result_of(op, outs, apart, squares, factor))


@njit(forceinline=True, **JIT, fastmath=CONTRACT)
def pick_threes(op, form, lanes, places, outs, to, n, steps, counts, factor):
    """Write the results of `n` windows, `step` apart, each of two halves and a last column."""
    first, second, third = places
    _, more_factor = parts_of(2.0 * counts[0], counts[1])
    half = counts[0] * 0.5
    step, apart_out = steps
    for i in range(n):
        j = i * step
        a = lanes[0][first + j]
        apart = lanes[0][second + j] - a
        mean = a + apart * 0.5
        more = lanes[0][third + j] - mean
        squares = (lanes[1][first + j] + lanes[1][second + j]) + lanes[1][third + j]
        squares = (squares + apart * half * apart) + more * more_factor * more
        write(form, outs, to + i * apart_out, result_of(op, outs, more, squares, factor))


@njit(forceinline=True, **JIT)
def pick_ones(op, form, lanes, first, outs, to, n, steps, factor):
    """Write the results of `n` windows of one column, `step` apart."""
    step, apart_out = steps
    for i in range(n):
        j = first + i * step
        result = result_of(op, outs, lanes[0][j], lanes[1][j], factor)
        write(form, outs, to + i * apart_out, result)


@njit(forceinline=True, **JIT)
def pick_step(op, form, lanes, places, widths, outs, to, n, steps, height, factor):
    """Write the results of `n` whole windows, `step` apart."""
    first, second, _ = places
    wide, rest = widths
    if wide == 0:
        pick_ones(op, form, lanes, first, outs, to, n, steps, factor)
    elif rest == 0:
        pick_pairs(op, form, lanes, first, second, outs, to, n, steps, wide * height, factor)
    else:
        counts = wide * height, height
        pick_threes(op, form, lanes, places, outs, to, n, steps, counts, factor)


@njit(forceinline=True, **JIT)
def freed(op, count):
    """Return 1 over the degrees of freedom of a window; NaN if none are left."""
    freedom = count - op.correction
    return 1.0 / freedom if freedom > 0 else np.nan


@njit(forceinline=True, **JIT)
def pick_ends(op, form, lanes, ends, outs, to, begin, n, steps, height):
    """Write the results of `n` windows of which some lie outside the row; the first at `begin`."""
    (first, second, third), widths, row, per = ends
    step, apart_out = steps
    for i in range(n):
        j = begin + i * step
        column = below((j + 0.5) * per)
        here = first + j, second + j, third + j
        acc, count = at_end(lanes, here, widths, column, row, height)
        result = result_of(op, outs, acc[0], acc[1], freed(op, count))
        write(form, outs, to + i * apart_out, result)


@njit(**JIT)
def pick_all_ends(op, form, lanes, ends, outs, to, begin, end, step, inner, height):
    """Write the results from `begin` to `end` of a row that begins at `to`, as `pick_ends` does."""
    one = np.int64(1)
    n = end - begin
    to += begin * inner
    begin *= step * inner
    if step == 1:
        pick_ends(op, form, lanes, ends, outs, to, begin, n * inner, (one, one), height)
        return
    for c in range(inner):
        steps = step * inner, inner
        pick_ends(op, form, lanes, ends, outs, to + c, begin + c, n, steps, height)


@njit(**JIT)
def along(op, form, lanes, at, outs, to, geometry, left, right, span, height):
    """Reduce a row of accumulators, of `height` elements each, to the outputs [left, right).

    `span` is the begin and the end of the columns that the outputs look at.
    """
    inner = geometry.inner
    start, stop = span
    step = geometry.width.step
    taps = geometry.width.taps
    row = max(-start, 0), min(geometry.width.size, stop) - start
    n = (stop - start) * inner
    source = widen(lanes, at, geometry.stretch, taps, n, row, height, inner, geometry.vector)
    wide, rest = taps >> 1, taps & 1
    second, third = source + wide * inner, at + 2 * wide * inner
    lo = min(max(geometry.width.lo, left), right)
    hi = max(min(geometry.width.hi, right), lo)
    one = np.int64(1)
    factor = freed(op, taps * height)
    j = (lo - left) * step * inner
    at_out = to + (lo - left) * inner
    places = source + j, second + j, third + j
    if step == 1:
        pick_step(
            op, form, lanes, places, (wide, rest), outs, at_out, (hi - lo) * inner, (one, one),
            height, factor,
        )  # fmt: skip
    else:
        for c in range(inner):
            here = places[0] + c, places[1] + c, places[2] + c
            pick_step(
                op, form, lanes, here, (wide, rest), outs, at_out + c, hi - lo,
                (step * inner, inner), height, factor,
            )  # fmt: skip
    ends = in_floats((source, second, third), (wide, rest), row, inner)
    pick_all_ends(op, form, lanes, ends, outs, to, 0, lo - left, step, inner, height)
    pick_all_ends(op, form, lanes, ends, outs, to, hi - left, right - left, step, inner, height)
