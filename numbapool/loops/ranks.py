"""Ranks of small windows that overlap, by networks of minima and maxima between whole vectors.

A piece of work is a part of a band: of the rows of results below each other that a network makes
at once, stride 1 along the row. Only long rows have several parts. What neighbours share stands in
rows of the scratch, a strip of columns at a time (:mod:`numbapool.loops.networks`).

Windows that are whole are read from the input. The others are read from a copy of their rows in the
scratch, where what lies outside is a chequerboard of the least and the greatest number. So the
wanted rank stays in the middle, or moves by one: the network runs twice, with both boards, and each
window takes the result of the board that is right for it. NaN has no place in that order: it is
looked for in the rows, and written into the results of all windows that hold it.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.bounds import window
from numbapool.loops.lanes import can_be_nan, write
from numbapool.loops.networks import run_stages, shape_of
from numbapool.loops.options import JIT
from numbapool.reducers.selectors import ranked, settled


def ends_of(values):
    """Return the least and the greatest number of the elements' type."""
    kind = values.dtype
    if kind.kind == "f":
        return kind.type(-np.inf), kind.type(np.inf)
    return kind.type(np.iinfo(kind).min), kind.type(np.iinfo(kind).max)


@overload(ends_of)
def _ends_of(values):
    kind = values.dtype
    if isinstance(kind, types.Float):
        return lambda values: (kind(-np.inf), kind(np.inf))
    least, greatest = kind.minval, kind.maxval
    return lambda values: (kind(least), kind(greatest))


@njit(**JIT)
def copy_rows(x, plane, geometry, corner, size, values, at, pitch, board):
    """Copy `size` of the input, from a corner on that may lie outside, row by row to the values.

    Where nothing is, stands a chequerboard; `board` is the parity of the least number's places.
    """
    top, left = corner
    rows, n = size
    inner = geometry.inner
    height, width = geometry.height.size, geometry.width.size
    least, greatest = ends_of(values)
    for r in range(rows):
        to = at + r * pitch
        row = top + r
        inside = (row >= 0) & (row < height)
        begin = min(max(-left, 0) * inner, n) if inside else n
        end = max(min((width - left) * inner, n), begin) if inside else n
        for j in range(begin):
            even = (row + left + j // inner - board) % 2 == 0
            values[to + j] = least if even else greatest
        source = (plane * height + row) * width * inner + left * inner
        for j in range(begin, end):
            values[to + j] = x[source + j]
        for j in range(end, n):
            even = (row + left + j // inner - board) % 2 == 0
            values[to + j] = least if even else greatest


@njit(**JIT)
def least_in(first, second, rows, columns):
    """Return how many places of a rectangle of a chequerboard have the parity of its zero."""
    return (rows * columns + (first + second + 1) % 2) // 2


@njit(**JIT)
def deliver_whole(op, form, values, at, between, shape, outs, to, across, strided):
    """Write the results of whole windows from their ranks: `across` lies between two rows."""
    rows, columns, down, _, ranks, _, _ = shape
    first, count, step, inner = strided
    _, weight = ranked(op, rows * columns)
    for k in range(down):
        low = at + k * between
        high = low + (ranks - 1) * down * between
        if inner == 1:
            for j in range(count):
                i = first + j * step
                result = settled(op, values[low + i], values[high + i], weight)
                write(form, outs, to + k * across + j, result)
        else:
            for j in range(count):
                i = first + j * step * inner
                for c in range(inner):
                    result = settled(op, values[low + i + c], values[high + i + c], weight)
                    write(form, outs, to + k * across + j * inner + c, result)


@njit(**JIT)
def deliver_clipped(op, form, geometry, values, places, shape, outs, bounds):
    """Write the results of windows that may be clipped, each from the board that is right for it.

    `places` are where ranks stand, the steps to the next row and to the next board, and the number
    of boards. `bounds` are the row of results in its plane, the number of rows, the plane, and the
    columns: the first one, the end, and where the first one's windows begin in the input.
    """
    at, between, side, boards = places
    rows, columns, down, _, ranks, rank, _ = shape
    oh, valid, plane, first, end, start = bounds
    inner = geometry.inner
    area = rows * columns
    for k in range(valid):
        h, heights, _ = window(geometry.height, oh + k)
        y = (oh + k) * geometry.height.step - geometry.height.before
        row = (plane * geometry.height.out + oh + k) * geometry.width.out
        for j in range(first, end):
            w, widths, _ = window(geometry.width, j)
            x = j * geometry.width.step - geometry.width.before
            taps = heights * widths
            even = least_in(y, x, rows, columns) - least_in(h, w, heights, widths)
            odd = area - taps - even
            target, weight = ranked(op, taps)
            low = high = -1
            for board in range(boards):
                gone = even if board == 0 else odd
                for r in range(ranks):
                    place = at + board * side + (r * down + k) * between
                    if rank + r - gone == target:
                        low = place
                    if rank + r - gone == target + 1:
                        high = place
            high = high if weight > 0 else low
            i = (x - start) * inner
            for c in range(inner):
                result = settled(op, values[low + i + c], values[high + i + c], weight)
                write(form, outs, (row + j) * inner + c, result)


@njit(**JIT)
def holds_nan(x, at, n):
    """Say whether there is a NaN among `n` elements."""
    found = 0
    for j in range(n):
        found += x[at + j] != x[at + j]
    return found > 0


@njit(**JIT)
def windows_in(width, left, right):
    """Return the first of the windows that begin in the columns [left, right), and their end.

    Columns are counted from the one in which window 0 begins.
    """
    return -(-left // width.step), min((right - 1) // width.step + 1, width.out)


@njit(**JIT)
def spread_nan(form, x, geometry, outs, shape, bounds):
    """Write each NaN of a band's rows into the results of all windows that hold it.

    So a window gets its last NaN, row by row, as from the other loops. `bounds` are the band's
    first row, the number of rows, the plane, and the columns that the windows begin in.
    """
    rows, columns, _, _, _, _, _ = shape
    oh, valid, plane, left, right = bounds
    inner = geometry.inner
    height, width = geometry.height, geometry.width
    first, last = windows_in(width, left, right)
    reads, stop = max(left - width.before, 0), min(right - 1 - width.before + columns, width.size)
    for row in range(
        max(oh * height.step - height.before, 0),
        min((oh + valid - 1) * height.step - height.before + rows, height.size),
    ):
        source = (plane * height.size + row) * width.size * inner
        if not holds_nan(x, source + reads * inner, (stop - reads) * inner):
            continue
        for column in range(reads, stop):
            for c in range(inner):
                value = x[source + column * inner + c]
                if value == value:
                    continue
                reach = column + width.before
                begin = max(-(-(reach - columns + 1) // width.step), first)
                end = min(reach // width.step + 1, last)
                for k in range(valid):
                    top = (oh + k) * height.step - height.before
                    if (row >= top) & (row < top + rows):
                        to = (plane * height.out + oh + k) * width.out
                        for j in range(begin, end):
                            write(form, outs, (to + j) * inner + c, value)


def straight(op, values, outs, shape):
    """Return the memory that a network of one rank writes to, and whether it is the results'."""
    same = values.dtype == outs[0].dtype and shape[4] == 1
    return (outs[0], True) if same else (values, False)


@overload(straight)
def _straight(op, values, outs, shape):
    if values.dtype == outs[0].dtype:

        def either(op, values, outs, shape):
            return (outs[0], True) if shape[4] == 1 else (values, False)

        return either
    return lambda op, values, outs, shape: (values, False)


@njit(**JIT)
def pool_networks(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the bands [begin, end) of `outs`."""
    shape = shape_of(form)
    rows, columns, down, stride, ranks, _, stored = shape
    values = lanes[0]
    inner, strip, between, vector = (
        geometry.inner,
        geometry.strip,
        geometry.between,
        geometry.vector,
    )
    height, width = geometry.height, geometry.width
    bands = geometry.blocks
    need = (down - 1) * stride + rows
    pitch = width.size * inner
    results = width.out * inner
    total = ((width.out - 1) * width.step + 1) * inner
    lo = min(width.before * inner, total)
    hi = min((width.size + width.before - columns + 1) * inner, total)
    if hi - lo < vector:
        lo = hi = total
    boards = geometry.boards
    ranks_at = scratch + stored * between
    copy_at = ranks_at + ranks * down * between
    checked = bad = -1
    for piece in range(begin, end):
        plane = piece // bands // geometry.tiles
        part = piece // bands % geometry.tiles * geometry.run_tile
        until = min(part + geometry.run_tile, total)
        oh = piece % bands * down
        if (piece == begin) | (oh == 0):
            checked, bad = 0, -1
        valid = min(down, height.out - oh)
        top = oh * height.step - height.before
        whole = (top >= 0) & (top + need <= height.size) & (valid == down)
        base = (plane * height.size + top) * pitch
        f = part
        while f < until:
            direct = whole & (f >= lo) & (f < hi)
            stop = min(hi if direct else lo if whole & (f < lo) else total, until)
            n = min(strip if direct else geometry.tile, stop - f)
            if direct & (n < vector):
                f = (stop - vector) // inner * inner
                n = stop - f
            column = f // inner
            left = column - width.before
            first, last = windows_in(width, column, column + n // inner)
            out, simple = straight(op, values, outs, shape)
            simple = simple & direct & (width.step == 1)
            wide = n
            side = n + (columns - 1) * inner
            if not direct:
                wide = max(boards * side - (columns - 1) * inner, vector)
                for board in range(boards):
                    to = copy_at + board * side
                    copy_rows(
                        x, plane, geometry, (top, left), (need, side), values, to, between, board
                    )
            run_stages(
                form,
                x if direct else values,
                base + left * inner if direct else copy_at,
                pitch if direct else between,
                inner,
                values,
                scratch,
                between,
                out if simple else values,
                (plane * height.out + oh) * results + f if simple else ranks_at,
                results if simple else between,
                wide,
            )
            if not direct:
                bounds = oh, valid, plane, first, last, left
                places = ranks_at, between, side, boards
                deliver_clipped(op, form, geometry, values, places, shape, outs, bounds)
            elif not simple:
                strided = (first * width.step - column) * inner, last - first, width.step, inner
                to = ((plane * height.out + oh) * width.out + first) * inner
                deliver_whole(
                    op, form, values, ranks_at, between, shape, outs, to, results, strided
                )
            f += n
        if can_be_nan(values[scratch]):
            reads = max(part // inner - width.before, 0) * inner
            wide = min(until - width.before * inner + (columns - 1) * inner, pitch) - reads
            for row in range(max(checked, top), min(top + need, height.size)):
                if holds_nan(x, (plane * height.size + row) * pitch + reads, wide):
                    bad = row
                checked = row + 1
            if bad >= top:
                bounds = oh, valid, plane, part // inner, until // inner
                spread_nan(form, x, geometry, outs, shape, bounds)
