"""Variances of windows that slide: the mean and the sum of squares about it, joined row by row.

Accumulators of a row are of equally many elements, except at the row's ends. So what a joint
needs of these numbers is computed once per row, not once per element. The first lane holds means,
the second lane sums of squares about them.

The rows of a window are folded one by one or, if many overlap, as in `running`: a block's rows from
a window's start on, then the next block's rows up to the window's end. `moments_along` then joins
the columns.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.bounds import nth_row, window
from numbapool.loops.columns import tile_span
from numbapool.loops.lanes import read, shifted
from numbapool.loops.moments_along import along, join, parts_of, whole
from numbapool.loops.options import CONTRACT, JIT, LIFTED
from numbapool.loops.rows import ask


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


def near(form, lanes, value, shift):
    """Return an element's distance from the shift, or a float32: in float64 it keeps its digits."""
    number = read(form, lanes, value)
    return number if isinstance(value, np.float32) else number - shift


@overload(near, jit_options=LIFTED)
def _near(form, lanes, value, shift):
    if value == types.float32:
        return lambda form, lanes, value, shift: read(form, lanes, value)
    return lambda form, lanes, value, shift: read(form, lanes, value) - shift


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
        edge = scratch + -lead % geometry.vector  # so the elements' vectors are whole cache lines
        clear(lanes, edge, lead)
        if geometry.blocks > 0:
            planes = base, d_rows * pitch, depths
            pool_block(
                op, form, x, outs, geometry, lanes, (scratch, edge), planes, volume, line,
                (left, right), (start, stop), lead, n,
            )  # fmt: skip
        else:
            h, heights, _ = window(geometry.height, line)
            bounds = h, max(heights, 1), d_rows, geometry.height.dilation
            rows = depths * heights
            shift = shifted(op, form, lanes, x, base + h * pitch, n).shift
            last = base + (h + (heights - 1) * geometry.height.dilation) * pitch
            ask_below(form, x, geometry, last, d_rows * pitch, depths, n)
            at = edge + lead
            fold_rows(form, lanes, x, shift, geometry, base, pitch, bounds, rows, at, n)
            clear(lanes, at + n, span - lead - n)
            to = ((volume * out_h + line) * out_w + left) * inner
            high = np.float64(rows)
            along(op, form, lanes, edge, outs, to, geometry, left, right, (start, stop), high)


@njit(**JIT)
def ask_below(form, x, geometry, last, plane, depths, n):
    """Ask for the rows that the next piece reads and this one, whose last row is at `last`, not."""
    pitch = geometry.width.size * geometry.inner
    ahead = n if geometry.tiles > 1 else geometry.fresh * pitch
    for u in range(geometry.fresh):
        ask(form, x, last + ahead - u * pitch, plane, depths, n, geometry.line)


@njit(**JIT)
def pool_block(
    op, form, x, outs, geometry, lanes, rooms, planes, volume, block, columns, span, lead, n
):
    """Fill the rows of results whose windows start in a block, as `running` does.

    `rooms` is where the scratch begins, and where a row in it begins.
    """
    scratch, edge = rooms
    base, plane, depths = planes
    left, right = columns
    inner, between, vector = geometry.inner, geometry.between, geometry.vector
    height, pitch = geometry.height.size, geometry.width.size * geometry.inner
    out_h, out_w = geometry.height.out, geometry.width.out
    taps, stride = geometry.height.taps, geometry.height.step
    prefix = scratch + 3 * geometry.stretch
    suffix = prefix + between
    origin = block * taps - geometry.height.before
    shared = min(max(origin + taps - 1, 0), height - 1)  # all windows hold this row
    shift = shifted(op, form, lanes, x, base + shared * pitch, n).shift
    target = edge + lead
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
                ask(form, x, source + pitch, plane, depths, n, geometry.line)
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
        along(op, form, lanes, edge, outs, to, geometry, left, right, span, high)
        i += 1
