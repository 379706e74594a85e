"""Variances of windows that slide: the mean and the sum of squares about it, joined row by row.

Accumulators of a row are of equally many elements, except at the row's ends. So what a joint
needs of these numbers is computed once per row, not once per element. The first lane holds means,
the second lane sums of squares about them.

The rows of a window are folded one by one or, if many overlap, as in `running`: a block's rows from
a window's start on, then the next block's rows up to the window's end. Along the row, windows of n
columns are joined to windows of 2n or 2n + 1, as in `columns`; the last joint writes the results.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.bounds import nth_row, window
from numbapool.loops.columns import tile_span
from numbapool.loops.lanes import read, shifted, write
from numbapool.loops.options import CONTRACT, JIT
from numbapool.reducers.methods import root


@njit(**JIT)
def whole(n, vector):
    """Return a number rounded up to whole vectors: the rest of a loop goes element by element."""
    return (n + vector - 1) // vector * vector


@njit(**JIT)
def readable(geometry, at, n):
    """Return how many elements to read from `at` on: whole vectors, but not past the input."""
    more = whole(n, geometry.vector)
    return more if at + more <= geometry.total else n


@njit(**JIT)
def clear(lanes, at, n):
    """Make accumulators of no elements."""
    for j in range(at, at + n):
        lanes[0][j] = 0.0
        lanes[1][j] = 0.0


@njit(**JIT)
def parts_of(first, second):
    """Return by how much of their distance the first mean moves to the second, and a factor.

    The factor is of the squared distance in the joint sum of squares. `first` and `second` are
    numbers of elements.
    """
    share = second / max(first + second, 1.0)
    return share, first * share


@njit(forceinline=True, **JIT)
def near(form, lanes, value, shift):
    """Return an element's distance from the shift."""
    return read(form, lanes, value) - shift


@njit(**JIT, fastmath=CONTRACT)
def add_row(form, lanes, x, shift, at, source, to, n, count):
    """Add a row of elements to accumulators of `count` elements each."""
    share, factor = parts_of(count, 1.0)
    for j in range(n):
        mean = lanes[0][source + j]
        apart = near(form, lanes, x[at + j], shift) - mean
        lanes[0][to + j] = mean + apart * share
        lanes[1][to + j] = lanes[1][source + j] + apart * factor * apart


@njit(**JIT, fastmath=CONTRACT)
def first_rows(form, lanes, x, shift, starts, rows, to, n):
    """Make accumulators of up to four rows, which begin at `starts`."""
    row0, row1, row2, row3 = starts
    third = 1.0 / 3.0
    if rows == 1:
        for j in range(n):
            lanes[0][to + j] = near(form, lanes, x[row0 + j], shift)
            lanes[1][to + j] = 0.0
    elif rows == 2:
        for j in range(n):
            a = near(form, lanes, x[row0 + j], shift)
            apart = near(form, lanes, x[row1 + j], shift) - a
            lanes[0][to + j] = a + apart * 0.5
            lanes[1][to + j] = apart * 0.5 * apart
    elif rows == 3:
        for j in range(n):
            a = near(form, lanes, x[row0 + j], shift)
            apart = near(form, lanes, x[row1 + j], shift) - a
            mean = a + apart * 0.5
            more = near(form, lanes, x[row2 + j], shift) - mean
            lanes[0][to + j] = mean + more * third
            lanes[1][to + j] = apart * 0.5 * apart + more * (2.0 * third) * more
    else:
        for j in range(n):
            a = near(form, lanes, x[row0 + j], shift)
            c = near(form, lanes, x[row2 + j], shift)
            left = near(form, lanes, x[row1 + j], shift) - a
            right = near(form, lanes, x[row3 + j], shift) - c
            mean = a + left * 0.5
            apart = (c + right * 0.5) - mean
            lanes[0][to + j] = mean + apart * 0.5
            lanes[1][to + j] = (left * 0.5 * left + right * 0.5 * right) + apart * apart


@njit(**JIT)
def fold_rows(form, lanes, x, shift, geometry, base, pitch, bounds, rows, to, n):
    """Make accumulators of the rows of a window."""
    n = readable(geometry, base + nth_row(bounds, max(rows - 1, 0)) * pitch, n)
    at = base + bounds[0] * pitch
    row1, row2, row3 = at, at, at
    if rows > 1:
        row1 = base + nth_row(bounds, np.int64(1)) * pitch
    if rows > 2:
        row2 = base + nth_row(bounds, np.int64(2)) * pitch
    if rows > 3:
        row3 = base + nth_row(bounds, np.int64(3)) * pitch
    first_rows(form, lanes, x, shift, (at, row1, row2, row3), rows, to, n)
    for t in range(4, rows):
        at = base + nth_row(bounds, t) * pitch
        add_row(form, lanes, x, shift, at, to, to, n, np.float64(t))


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


@njit(**JIT)
def inside(first, columns, row):
    """Return how many of `columns` from `first` on lie in a row: its begin and its end."""
    return np.float64(max(min(first + columns, row[1]) - max(first, row[0]), 0))


@njit(**JIT, fastmath=CONTRACT)
def joined(lanes, a, b, counts):
    """Return two accumulators joined, and the number of their elements."""
    share, factor = parts_of(counts[0], counts[1])
    apart = b[0] - a[0]
    mean = a[0] + apart * share
    return (mean, a[1] + b[1] + apart * factor * apart), counts[0] + counts[1]


@njit(**JIT)
def at_end(lanes, places, widths, column, row, height):
    """Return the accumulator of up to three neighbours that may lie outside the row, and its count.

    They are `widths` columns wide; each column has `height` elements.
    """
    first, second, third = places
    a, b = (lanes[0][first], lanes[1][first]), (lanes[0][second], lanes[1][second])
    wide, rest = widths
    count = inside(column, wide, row) * height
    more = inside(column + wide, wide, row) * height
    acc, count = joined(lanes, a, b, (count, more))
    if rest > 0:
        c = lanes[0][third], lanes[1][third]
        more = inside(column + 2 * wide, rest, row) * height
        acc, count = joined(lanes, acc, c, (count, more))
    return acc, count


@njit(**JIT)
def join_ends(lanes, places, widths, to, begin, end, row, height, inner):
    """Join the accumulators from `begin` to `end` of a row one by one: some lie outside of it."""
    first, second, third = places
    for j in range(begin, end):
        here = first + j, second + j, third + j
        acc, _ = at_end(lanes, here, widths, j // inner, row, height)
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
        places, widths = (source, second, third), (width, rest)
        join_ends(lanes, places, widths, target, 0, lo, row, height, inner)
        join_ends(lanes, places, widths, target, hi, length, row, height, inner)
        width = wide
        source, target = target, (at + 2 * room if target == at + room else at + room)
    return source


@njit(forceinline=True, **JIT)
def result_of(op, acc, factor):
    """Return the variance or its root; NaN if an element was infinite or NaN."""
    result = acc[1] * factor + (acc[0] - acc[0])
    return root(result) if op.root else result


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
        acc = a + apart * 0.5, squares + apart * half * apart
        write(form, outs, to + i * apart_out, result_of(op, acc, factor))


@njit(forceinline=True, **JIT, fastmath=CONTRACT)
def pick_threes(op, form, lanes, places, outs, to, n, steps, counts, factor):
    """Write the results of `n` windows, `step` apart, each of two halves and a last column."""
    first, second, third = places
    share, more_factor = parts_of(2.0 * counts[0], counts[1])
    half = counts[0] * 0.5
    step, apart_out = steps
    for i in range(n):
        j = i * step
        a = lanes[0][first + j]
        apart = lanes[0][second + j] - a
        mean = a + apart * 0.5
        more = lanes[0][third + j] - mean
        squares = (lanes[1][first + j] + lanes[1][second + j]) + lanes[1][third + j]
        acc = mean + more * share, (squares + apart * half * apart) + more * more_factor * more
        write(form, outs, to + i * apart_out, result_of(op, acc, factor))


@njit(forceinline=True, **JIT)
def pick_ones(op, form, lanes, first, outs, to, n, steps, factor):
    """Write the results of `n` windows of one column, `step` apart."""
    step, apart_out = steps
    for i in range(n):
        j = first + i * step
        write(form, outs, to + i * apart_out, result_of(op, (lanes[0][j], lanes[1][j]), factor))


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


@njit(**JIT)
def freed(op, count):
    """Return 1 over the degrees of freedom of a window; NaN if none are left."""
    freedom = count - op.correction
    return 1.0 / freedom if freedom > 0 else np.nan


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
    for k in range(lo - left + right - hi):  # the borders
        i = left + k if k < lo - left else hi + k - (lo - left)
        column = (i - left) * step
        for c in range(inner):
            j = column * inner + c
            places = source + j, second + j, third + j
            acc, count = (lanes[0][source + j], lanes[1][source + j]), height
            if wide > 0:
                acc, count = at_end(lanes, places, (wide, rest), column, row, height)
            write(form, outs, to + (i - left) * inner + c, result_of(op, acc, freed(op, count)))


@njit(**JIT)
def add_plane_rows(form, lanes, x, shift, at, plane, depths, source, to, n, count):
    """Add a row of each of `depths` planes, `plane` apart; return the new number of elements."""
    for t in range(depths):
        add_row(form, lanes, x, shift, at + t * plane, source, to, n, count)
        count += 1.0
        source = to
    return count


@njit(**JIT)
def pool_moments(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end): tiles of rows of results or, with blocks, of blocks of them.

    `scratch` holds three rows and, with blocks, a prefix and a block.
    """
    inner = geometry.inner
    tile = geometry.tile
    tiles = geometry.tiles
    height, width = geometry.height.size, geometry.width.size
    pitch = width * inner
    out_d, out_h, out_w = geometry.depth.out, geometry.height.out, geometry.width.out
    d_rows = geometry.depth.dilation * height
    lines = geometry.blocks if geometry.blocks > 0 else out_h
    for piece in range(begin, end):
        left = piece % tiles * tile
        right = min(left + tile, out_w)
        line = piece // tiles % lines
        volume = piece // tiles // lines
        start, stop = tile_span(geometry, left, right)
        first = max(start, 0)
        n = max(min(stop, width) - first, 0) * inner
        lead = (first - start) * inner
        span = (stop - start) * inner
        d, depths, _ = window(geometry.depth, volume % out_d)
        base = (volume // out_d * geometry.depth.size * height + d * height) * pitch
        base += first * inner
        clear(lanes, scratch, lead)
        if geometry.blocks > 0:
            planes = base, d_rows * pitch, depths
            pool_block(
                op, form, x, outs, geometry, lanes, scratch, planes, volume, line,
                (left, right), (start, stop), lead, n,
            )  # fmt: skip
        else:
            h, heights, _ = window(geometry.height, line)
            bounds = h, max(heights, 1), d_rows, geometry.height.dilation
            rows = depths * heights
            shift = shifted(op, form, lanes, x, base + h * pitch + n // 2).shift
            at = scratch + lead
            fold_rows(form, lanes, x, shift, geometry, base, pitch, bounds, rows, at, n)
            clear(lanes, scratch + lead + n, span - lead - n)
            to = ((volume * out_h + line) * out_w + left) * inner
            high = np.float64(rows)
            along(op, form, lanes, scratch, outs, to, geometry, left, right, (start, stop), high)


@njit(**JIT)
def pool_block(
    op, form, x, outs, geometry, lanes, scratch, planes, volume, block, columns, span, lead, n
):
    """Fill the rows of results whose windows start in a block, as `running` does."""
    base, plane, depths = planes
    left, right = columns
    inner, between, vector = geometry.inner, geometry.between, geometry.vector
    height, pitch = geometry.height.size, geometry.width.size * geometry.inner
    out_h, out_w = geometry.height.out, geometry.width.out
    taps, stride = geometry.height.taps, geometry.height.step
    prefix = scratch + 3 * geometry.stretch
    suffix = prefix + between
    origin = block * taps - geometry.height.before
    middle = min(max(origin + taps // 2, 0), height - 1)
    shift = shifted(op, form, lanes, x, base + middle * pitch + n // 2).shift
    target = scratch + lead
    last = suffix + taps * between
    clear(lanes, last, whole(n, vector))
    for t in range(taps - 1, -1, -1):
        at = suffix + t * between
        row = origin + t
        # A row outside the input leaves the accumulators below it as they are.
        low = max(min(row + 1, height), 0)
        count = np.float64(max(min(origin + taps, height) - low, 0) * depths)
        if (row >= 0) & (row < height):
            source = base + row * pitch
            more = readable(geometry, source + (depths - 1) * plane, n)
            add_plane_rows(
                form, lanes, x, shift, source, plane, depths, at + between, at, more, count
            )
        else:
            for j in range(n):
                lanes[0][at + j] = lanes[0][at + between + j]
                lanes[1][at + j] = lanes[1][at + between + j]
    clear(lanes, prefix, whole(n, vector))
    done = 0
    below = 0.0
    i = (block * taps + stride - 1) // stride
    while (i < out_h) & (i * stride < (block + 1) * taps):
        t = i * stride - block * taps
        while done < t:
            row = origin + taps + done
            if (row >= 0) & (row < height):
                source = base + row * pitch
                more = readable(geometry, source + (depths - 1) * plane, n)
                below = add_plane_rows(
                    form, lanes, x, shift, source, plane, depths, prefix, prefix, more, below
                )
            done += 1
        above = max(min(origin + taps, height) - max(origin + t, 0), 0) * depths
        counts = np.float64(above), below
        join(lanes, suffix + t * between, prefix, target, whole(n, vector), counts)
        clear(lanes, target + n, (span[1] - span[0]) * inner - lead - n)
        to = ((volume * out_h + i) * out_w + left) * inner
        high = counts[0] + counts[1]
        along(op, form, lanes, scratch, outs, to, geometry, left, right, span, high)
        i += 1
