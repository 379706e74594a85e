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
    zero = type(least)(0)
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
        j = 0 if begin > 0 else end
        while j < n:
            column = j // inner
            if mode == 0:
                values[to + j] = least if (parity + column) & 1 == 0 else greatest
            else:
                found = stand_in(left + column, width, mode) if inside else -1
                away = (found - left - column) * inner
                values[to + j] = x[source + j + away] if found >= 0 else zero
            j += 1
            if j == begin:
                j = end


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
def spread_nan(form, x, outs, shape, rows, reads, windows, results):
    """Write each NaN of a band's rows into the results of all windows that hold it.

    So a window gets its last NaN, row by row, as from the other loops. `rows` are where the first
    one begins in `x`, the planes, the step between them, their rows, the step between these, and
    the first one's number in the band. `reads` are the numbers of a row, and how many columns its
    first one is behind window 0. `windows` are the first one, the end, and the columns from one to
    the next; `results` where that of window 0 stands, the step to the next row, and the rows.
    """
    _, high, wide, _, stride, _, _, _ = shape
    source, planes, layer, many, pitch, top = rows
    n, behind, inner = reads
    first, last, step = windows
    to, across, valid = results
    for r in range(planes * many):
        at = source + r // many * layer + r % many * pitch
        if not holds_nan(x, at, n):
            continue
        row = top + r % many
        for i in range(n):
            value = x[at + i]
            if value == value:
                continue
            reach = behind + i // inner
            begin = max(-(-(reach - wide + 1) // step), first)
            end = min(reach // step + 1, last)
            for k in range(valid):
                if (row >= k * stride) & (row < k * stride + high):
                    for j in range(begin, end):
                        write(form, outs, to + k * across + j * inner + i % inner, value)


@njit(**JIT)
def spread_band(form, x, outs, geometry, shape, bounds, seen):
    """Look for NaN in the rows of a band, and write each into the results that it belongs to.

    `bounds` are the band's row of results, the number of rows, the plane of results, the columns
    that the windows begin in, and the first and the last planes of the input, counted through all
    volumes. `seen` is the end of the rows that were looked at before, and the last of them with a
    NaN; so is what is returned.
    """
    _, rows, columns, _, _, _, _, _ = shape
    oh, valid, plane, left, right, front, back = bounds
    checked, bad = seen
    inner, height, width = geometry.inner, geometry.height, geometry.width
    pitch = width.size * inner
    layer = height.size * pitch
    top = oh * height.step - height.before
    begin, end = max(top, 0), min(top + (valid - 1) * height.step + rows, height.size)
    reads = max(left - width.before, 0)
    n = (min(right - 1 - width.before + columns, width.size) - reads) * inner
    for row in range(max(checked, begin), end):
        for each in range(front, back):
            if holds_nan(x, each * layer + row * pitch + reads * inner, n):
                bad = row
        checked = row + 1
    if bad >= top:
        many = max(end - begin, 0)
        source = front * layer + begin * pitch + reads * inner
        first, last = windows_in(width, left, right)
        to = (plane * height.out + oh) * width.out * inner
        spread_nan(
            form, x, outs, shape, (source, back - front, layer, many, pitch, begin - top),
            (n, reads + width.before, inner), (first, last, width.step),
            (to, width.out * inner, valid),
        )  # fmt: skip
    return checked, bad


def nan_spread(form, x, outs, geometry, shape, bounds, seen):
    """Do what `spread_band` does, if the elements are floats."""
    return spread_band(form, x, outs, geometry, shape, bounds, seen) if can_be_nan(x[0]) else seen


@overload(nan_spread)
def _nan_spread(form, x, outs, geometry, shape, bounds, seen):
    if isinstance(x.dtype, types.Float):
        return lambda form, x, outs, geometry, shape, bounds, seen: spread_band(
            form, x, outs, geometry, shape, bounds, seen
        )
    return lambda form, x, outs, geometry, shape, bounds, seen: seen


def copied_nan_spread(form, x, outs, shape, rows, reads, windows, results):
    """Do what `spread_nan` does, if the elements are floats."""
    if can_be_nan(x[0]):
        spread_nan(form, x, outs, shape, rows, reads, windows, results)


@overload(copied_nan_spread)
def _copied_nan_spread(form, x, outs, shape, rows, reads, windows, results):
    if isinstance(x.dtype, types.Float):
        return lambda form, x, outs, shape, rows, reads, windows, results: spread_nan(
            form, x, outs, shape, rows, reads, windows, results
        )
    return lambda form, x, outs, shape, rows, reads, windows, results: None


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
                if not direct:
                    copied_nan_spread(
                        form, values, outs, shape,
                        (copy_at, planes, need * between, need, between, 0),
                        (side, left + width.before - first * width.step, inner),
                        (0, last - first, width.step), (to, results, valid),
                    )  # fmt: skip
            f += n
        near = volume * depth.size + max(front, 0)
        far = volume * depth.size + min(front + planes, depth.size)
        bounds = oh, valid, plane, part // inner, until // inner, near, far
        checked, bad = nan_spread(form, x, outs, geometry, shape, bounds, (checked, bad))
