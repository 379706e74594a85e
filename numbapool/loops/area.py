"""Windows that share an input: whole elements, and parts of elements at both ends.

A piece of work is a tile of a row of results. The rows of a window are blended into a row of
accumulators, then the row's columns. Along each axis a window's first and last element have weights
of their own, and those between have the same weight in all windows: so they are added up first. The
table of an axis holds the place of a window's first element, how far the last one lies behind it,
and the slot of both weights. The weight of the depth, which has no windows, is that of a window.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.geometry import SIDE_BY_SIDE
from numbapool.loops.lanes import held, load, put, take, times, write
from numbapool.loops.options import JIT
from numbapool.loops.pointers import border
from numbapool.loops.weighted import kept, part, plus, short_weight_at, weight_at
from numbapool.reducers.methods import finish, neutral, prepare


@njit(forceinline=True, **JIT)
def plain(op, form, lanes, x, j):
    """Return an element's accumulator without a weight."""
    return held(lanes, take(op, form, lanes, x, j, 0))


@njit(forceinline=True, **JIT)
def blend_ends(op, form, lanes, x, row, pitch, last, middle, weights, at, n):
    """Blend a window's first row, its last row, and up to four between, into `n` accumulators.

    If their number, `middle`, is a constant, no branch is left in the loop.
    """
    a, full, b = weights
    for j in range(n):
        acc = part(op, form, lanes, x, row + j, a)
        acc = plus(op, lanes, acc, part(op, form, lanes, x, last + j, b))
        if middle > 0:
            more = plain(op, form, lanes, x, row + pitch + j)
            if middle > 1:
                more = plus(op, lanes, more, plain(op, form, lanes, x, row + 2 * pitch + j))
            if middle > 2:
                more = plus(op, lanes, more, plain(op, form, lanes, x, row + 3 * pitch + j))
            if middle > 3:
                more = plus(op, lanes, more, plain(op, form, lanes, x, row + 4 * pitch + j))
            acc = plus(op, lanes, acc, times(lanes, more, full))
        put(lanes, at + j, acc)


@njit(forceinline=True, **JIT)
def blend_more(op, form, lanes, x, row, pitch, rows, full, at, n):
    """Add up to four more rows between to `n` accumulators."""
    for j in range(n):
        more = plain(op, form, lanes, x, row + j)
        if rows > 1:
            more = plus(op, lanes, more, plain(op, form, lanes, x, row + pitch + j))
            more = plus(op, lanes, more, plain(op, form, lanes, x, row + 2 * pitch + j))
            more = plus(op, lanes, more, plain(op, form, lanes, x, row + 3 * pitch + j))
        put(lanes, at + j, plus(op, lanes, load(lanes, at + j), times(lanes, more, full)))


@njit(**JIT)
def blend_rows(op, form, x, row, pitch, axis, i, lanes, at, n):
    """Blend the rows of window i, `n` elements of each, into the accumulators from `at` on."""
    _, reach, slot = border(axis, i)
    none, one, two, three, four = np.int64(0), np.int64(1), np.int64(2), np.int64(3), np.int64(4)
    a = short_weight_at(lanes, axis, slot)
    if reach == 0:
        for j in range(n):
            put(lanes, at + j, part(op, form, lanes, x, row + j, a))
        return
    full = short_weight_at(lanes, axis, axis.weight)
    weights = (a, full, short_weight_at(lanes, axis, slot + 1))
    last = row + reach
    if reach == pitch:
        blend_ends(op, form, lanes, x, row, pitch, last, none, weights, at, n)
    elif reach == 2 * pitch:
        blend_ends(op, form, lanes, x, row, pitch, last, one, weights, at, n)
    elif reach == 3 * pitch:
        blend_ends(op, form, lanes, x, row, pitch, last, two, weights, at, n)
    elif reach == 4 * pitch:
        blend_ends(op, form, lanes, x, row, pitch, last, three, weights, at, n)
    else:
        blend_ends(op, form, lanes, x, row, pitch, last, four, weights, at, n)
        row += 5 * pitch
        while row + 3 * pitch < last:
            blend_more(op, form, lanes, x, row, pitch, four, full, at, n)
            row += 4 * pitch
        while row < last:
            blend_more(op, form, lanes, x, row, pitch, one, full, at, n)
            row += pitch


@njit(**JIT)
def blend_pixels(op, lanes, at, inner, axis, left, right, to):
    """Blend the columns of the windows [left, right), four channels of each; column 0 is at `at`.

    The next window overwrites the channels that are none. They are written out one by one, so that
    LLVM makes vectors of them.
    """
    full = weight_at(lanes, axis, axis.weight)
    for i in range(left, right):
        first, reach, slot = border(axis, i)
        j = at + first
        last = j + reach
        a = weight_at(lanes, axis, slot)
        one = kept(op, lanes, j, a)
        two = kept(op, lanes, j + 1, a)
        three = kept(op, lanes, j + 2, a)
        four = kept(op, lanes, j + 3, a)
        if reach > 0:
            b = weight_at(lanes, axis, slot + 1)
            one = plus(op, lanes, one, kept(op, lanes, last, b))
            two = plus(op, lanes, two, kept(op, lanes, last + 1, b))
            three = plus(op, lanes, three, kept(op, lanes, last + 2, b))
            four = plus(op, lanes, four, kept(op, lanes, last + 3, b))
            if reach > inner:
                j += inner
                more_one = load(lanes, j)
                more_two = load(lanes, j + 1)
                more_three = load(lanes, j + 2)
                more_four = load(lanes, j + 3)
                j += inner
                while j < last:
                    more_one = plus(op, lanes, more_one, load(lanes, j))
                    more_two = plus(op, lanes, more_two, load(lanes, j + 1))
                    more_three = plus(op, lanes, more_three, load(lanes, j + 2))
                    more_four = plus(op, lanes, more_four, load(lanes, j + 3))
                    j += inner
                one = plus(op, lanes, one, times(lanes, more_one, full))
                two = plus(op, lanes, two, times(lanes, more_two, full))
                three = plus(op, lanes, three, times(lanes, more_three, full))
                four = plus(op, lanes, four, times(lanes, more_four, full))
        put(lanes, to, one)
        put(lanes, to + 1, two)
        put(lanes, to + 2, three)
        put(lanes, to + 3, four)
        to += inner


@njit(**JIT)
def blend_channels(op, lanes, at, inner, axis, left, right, to):
    """Blend the columns of the windows [left, right), all channels of each; column 0 is at `at`."""
    full = weight_at(lanes, axis, axis.weight)
    for i in range(left, right):
        first, reach, slot = border(axis, i)
        weight = weight_at(lanes, axis, slot)
        for c in range(inner):
            put(lanes, to + c, kept(op, lanes, at + first + c, weight))
        for t in range(inner, reach + inner, inner):
            weight = full if t < reach else weight_at(lanes, axis, slot + 1)
            for c in range(inner):
                more = kept(op, lanes, at + first + t + c, weight)
                put(lanes, to + c, plus(op, lanes, load(lanes, to + c), more))
        to += inner


@njit(**JIT)
def pool_area(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end); `scratch` holds a tile's columns, then its results."""
    inner = geometry.inner
    tile, tiles = geometry.tile, geometry.tiles
    pitch = geometry.width.size * inner
    high, wide = geometry.height.out, geometry.width.out
    scale = prepare(op, geometry.depth.weight)
    to = scratch + geometry.stretch
    for piece in range(begin, end):
        out_row, t = piece // tiles, piece % tiles
        left = t * tile
        right = min(left + tile, wide)
        start, _, _ = border(geometry.width, left)
        stop, more, _ = border(geometry.width, right - 1)
        n = stop + more + inner - start
        first, _, _ = border(geometry.height, out_row % high)
        row = out_row // high * geometry.height.size * pitch + first + start
        blend_rows(op, form, x, row, pitch, geometry.height, out_row % high, lanes, scratch, n)
        for j in range(SIDE_BY_SIDE):
            put(lanes, scratch + n + j, neutral(op))
        if inner <= SIDE_BY_SIDE:
            blend_pixels(op, lanes, scratch - start, inner, geometry.width, left, right, to)
        else:
            blend_channels(op, lanes, scratch - start, inner, geometry.width, left, right, to)
        result = (out_row * wide + left) * inner
        for j in range((right - left) * inner):
            write(form, outs, result + j, finish(op, load(lanes, to + j), scale))
