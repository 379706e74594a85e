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
from numbapool.windows.borders import CIRCULAR, REFLECT, REPLICATE, SYMMETRIC


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
def stand_in(place, size, mode):
    """Return the element of an axis that a padding mode reads at a place; -1 for none."""
    if (place >= 0) & (place < size):
        return place
    if mode == CIRCULAR:
        return place % size
    if (mode == REFLECT) | (mode == SYMMETRIC):
        again = int(mode == SYMMETRIC)
        place = -place - again if place < 0 else place
        place = min(place, 2 * (size - 1) + again - place)
    elif mode != REPLICATE:
        return -1
    return min(max(place, 0), size - 1)


@njit(**JIT)
def copy_rows(x, volume, geometry, corner, size, values, at, pitch, board):
    """Copy `size` of the input, from a corner on that may lie outside, row by row to the values.

    Where nothing is, stands what the padding mode puts there; without one a chequerboard, and
    `board` is the parity of the least number's places.
    """
    front, top, left = corner
    planes, rows, n = size
    inner = geometry.inner
    depth, height, width = geometry.depth.size, geometry.height.size, geometry.width.size
    mode = geometry.outside
    least, greatest = ends_of(values)
    for r in range(planes * rows):
        to = at + r * pitch
        row = top + r if planes == 1 else top + r % rows
        plane = front if planes == 1 else front + r // rows
        parity = plane + row + left - board
        if mode > 0:
            plane, row = stand_in(plane, depth, mode), stand_in(row, height, mode)
        inside = (plane >= 0) & (plane < depth) & (row >= 0) & (row < height)
        begin = min(max(-left, 0) * inner, n) if inside else n
        end = max(min((width - left) * inner, n), begin) if inside else n
        source = (((volume * depth + plane) * height + row) * width + left) * inner
        for j in range(begin, end):
            values[to + j] = x[source + j]
        if mode > 0:
            stand_ins(x, (source, inside), left, geometry, values, to, (0, begin))
            stand_ins(x, (source, inside), left, geometry, values, to, (end, n))
            continue
        for j in range(begin):
            values[to + j] = least if (parity + j // inner) % 2 == 0 else greatest
        for j in range(end, n):
            values[to + j] = least if (parity + j // inner) % 2 == 0 else greatest


@njit(**JIT)
def stand_ins(x, row, left, geometry, values, to, numbers):
    """Set numbers of a row, which lie outside, to what a padding mode puts there.

    Number 0 is column `left`. A row's first number would be ``x[source]``, if the row is an
    element's; else all is 0.
    """
    source, has_elements = row
    begin, end = numbers
    inner, width, mode = geometry.inner, geometry.width.size, geometry.outside
    for j in range(begin, end):
        column = left + j // inner
        found = stand_in(column, width, mode)
        if has_elements & (found >= 0):
            values[to + j] = x[source + j + (found - column) * inner]
        else:
            values[to + j] = type(values[to + j])(0)


@njit(**JIT)
def least_in(corner, places):
    """Return how many of a box's places on a chequerboard are even; `corner` is its first place."""
    return (places + (corner + 1) % 2) // 2


@njit(**JIT)
def deliver_whole(op, form, values, at, between, shape, outs, to, across, strided):
    """Write the results of whole windows from their ranks: `across` lies between two rows."""
    planes, rows, columns, down, _, ranks, _, _ = shape
    valid, first, count, step, inner = strided
    _, weight = ranked(op, planes * rows * columns)
    for k in range(valid):
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
    of boards. `bounds` are the row of results in its plane, the number of rows, the plane of
    results, and the columns: the first one, the end, and where the first one's windows begin in the
    input.
    """
    at, between, side, boards = places
    planes, rows, columns, down, _, ranks, rank, _ = shape
    oh, valid, plane, first, end, start = bounds
    inner = geometry.inner
    area = planes * rows * columns
    od = plane % geometry.depth.out
    d, depths, _ = window(geometry.depth, od)
    z = od * geometry.depth.step - geometry.depth.before
    for k in range(valid):
        h, heights, _ = window(geometry.height, oh + k)
        y = (oh + k) * geometry.height.step - geometry.height.before
        row = (plane * geometry.height.out + oh + k) * geometry.width.out
        for j in range(first, end):
            w, widths, _ = window(geometry.width, j)
            x = j * geometry.width.step - geometry.width.before
            taps = depths * heights * widths
            even = least_in(z + y + x, area) - least_in(d + h + w, taps)
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
    first row, the number of rows, the plane of results, the columns that the windows begin in, and
    the first and the last planes of the input, counted through all volumes.
    """
    _, rows, columns, _, _, _, _, _ = shape
    oh, valid, plane, left, right, front, back = bounds
    inner = geometry.inner
    height, width = geometry.height, geometry.width
    first, last = windows_in(width, left, right)
    reads, stop = max(left - width.before, 0), min(right - 1 - width.before + columns, width.size)
    begin_row = max(oh * height.step - height.before, 0)
    end_row = min((oh + valid - 1) * height.step - height.before + rows, height.size)
    many = max(end_row - begin_row, 0)
    for r in range((back - front) * many):
        row = begin_row + r % many
        source = ((front + r // many) * height.size + row) * width.size * inner
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


@njit(**JIT)
def spread_copied(form, values, at, between, shape, size, outs, to, across, strided):
    """Write each NaN of the copied rows into the results of all windows that hold it.

    `size` is that of the copy: rows per plane, and numbers per row.
    """
    planes, rows, columns, _, stride, _, _, _ = shape
    valid, first, count, step, inner = strided
    need, n = size
    for r in range(planes * need):
        source, row = at + r * between, r % need
        if not holds_nan(values, source, n):
            continue
        for i in range(n):
            value = values[source + i]
            if value == value:
                continue
            # Window j begins at column `first + j * step`.
            reach = i // inner - first // inner
            begin = max(-(-(reach - columns + 1) // step), 0)
            end = min(reach // step + 1, count)
            for k in range(valid):
                if (row >= k * stride) & (row < k * stride + rows):
                    for j in range(begin, end):
                        write(form, outs, to + k * across + j * inner + i % inner, value)


def straight(op, values, outs, shape):
    """Return the memory that a network of one rank writes to, and whether it is the results'."""
    same = values.dtype == outs[0].dtype and shape[5] == 1
    return (outs[0], True) if same else (values, False)


@overload(straight)
def _straight(op, values, outs, shape):
    if values.dtype == outs[0].dtype:

        def either(op, values, outs, shape):
            return (outs[0], True) if shape[5] == 1 else (values, False)

        return either
    return lambda op, values, outs, shape: (values, False)


@njit(**JIT)
def pool_networks(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the bands [begin, end) of `outs`."""
    shape = shape_of(form)
    planes, rows, columns, down, stride, ranks, _, stored = shape
    values = lanes[0]
    inner, strip, between, vector = (
        geometry.inner,
        geometry.strip,
        geometry.between,
        geometry.vector,
    )
    depth, height, width = geometry.depth, geometry.height, geometry.width
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
        volume = plane // depth.out
        front = plane % depth.out * depth.step - depth.before
        top = oh * height.step - height.before
        whole = (front >= 0) & (front + planes <= depth.size) & (valid == down)
        whole = whole & (top >= 0) & (top + need <= height.size)
        base = ((volume * depth.size + front) * height.size + top) * pitch
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
                    corner, size = (front, top, left), (planes, need, side)
                    copy_rows(x, volume, geometry, corner, size, values, to, between, board)
            run_stages(
                form,
                x if direct else values,
                base + left * inner if direct else copy_at,
                (pitch, height.size * pitch) if direct else (between, need * between),
                inner,
                values,
                scratch,
                between,
                out if simple else values,
                (plane * height.out + oh) * results + f if simple else ranks_at,
                results if simple else between,
                wide,
            )
            strided = valid, (first * width.step - column) * inner, last - first, width.step, inner
            to = ((plane * height.out + oh) * width.out + first) * inner
            if (not direct) & (geometry.outside == 0):
                bounds = oh, valid, plane, first, last, left
                places = ranks_at, between, side, boards
                deliver_clipped(op, form, geometry, values, places, shape, outs, bounds)
            elif not simple:
                deliver_whole(
                    op, form, values, ranks_at, between, shape, outs, to, results, strided
                )
                if can_be_nan(values[scratch]) and not direct:
                    size = need, side
                    spread_copied(
                        form, values, copy_at, between, shape, size, outs, to, results, strided
                    )
            f += n
        if can_be_nan(values[scratch]):
            reads = max(part // inner - width.before, 0) * inner
            wide = min(until - width.before * inner + (columns - 1) * inner, pitch) - reads
            near = volume * depth.size + max(front, 0)
            far = volume * depth.size + min(front + planes, depth.size)
            for row in range(max(checked, top), min(top + need, height.size)):
                for each in range(near, far):
                    if holds_nan(x, (each * height.size + row) * pitch + reads, wide):
                        bad = row
                checked = row + 1
            if bad >= top:
                bounds = oh, valid, plane, part // inner, until // inner, near, far
                spread_nan(form, x, geometry, outs, shape, bounds)
