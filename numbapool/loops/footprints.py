"""Windows that take some elements of a rectangle: a table of taps says which.

A piece of work is a tile of a row of results. Its accumulators take one tap after the other, each
in a pass over all windows of the tile that have this tap inside the input. Selections gather the
taps in the same way, a row per tap, and pick from them as `select` does; ranks, as medians, are
picked by a network that the plan lists.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.lanes import can_be_nan, held, load, put, read, take, write
from numbapool.loops.options import JIT
from numbapool.loops.pointers import number_at
from numbapool.loops.select import pick_group
from numbapool.reducers.methods import combine, finish, missing, neutral, prepare
from numbapool.reducers.selectors import empty, ranked, settled


@njit(**JIT)
def offset(geometry, t, n):
    """Return how far tap t lies from a window's first place, along axis n."""
    return number_at(geometry.width, geometry.marks_at + 3 * t + n)


@njit(**JIT)
def line_of(axis, i):
    """Return the line in the tables of divisors that window i of an axis has."""
    if i < axis.lo:
        return 1 + i
    return 0 if i < axis.hi else 1 + i - (axis.hi - axis.lo)


@njit(**JIT)
def lines(axis):
    """Return how many lines an axis has in the table of divisors."""
    return 1 + axis.out - (axis.hi - axis.lo)


@njit(**JIT)
def reached(axis, off, first, stop):
    """Return which of the windows [first, stop) have the tap at an offset inside the input."""
    step, lack = axis.step, axis.before - off
    begin = (lack + step - 1) // step if lack > 0 else np.int64(0)
    last = axis.size - 1 + lack
    end = last // step + 1 if last >= 0 else np.int64(0)
    return max(first, begin), min(stop, end)


@njit(**JIT)
def row_of(geometry, od, oh, t):
    """Return the row of tap t in its plane for windows at od and oh; -1 if it lies outside."""
    depth, height = geometry.depth, geometry.height
    d = od * depth.step - depth.before + offset(geometry, t, 0)
    h = oh * height.step - height.before + offset(geometry, t, 1)
    if (d < 0) | (d >= depth.size) | (h < 0) | (h >= height.size):
        return np.int64(-1)
    return d * height.size + h


@njit(forceinline=True, **JIT)
def fold_run(op, form, lanes, at, x, source, place, inner, n):
    """Join `n` neighbours to as many accumulators; their places grow by 1 per `inner`."""
    for j in range(n):
        tap = take(op, form, lanes, x, source + j, place + j // inner)
        put(lanes, at + j, combine(op, load(lanes, at + j), tap))


@njit(forceinline=True, **JIT)
def fold_steps(op, form, lanes, at, x, source, place, step, n):
    """Join every `step`-th element to an accumulator; a constant step makes whole vectors."""
    for j in range(n):
        tap = take(op, form, lanes, x, source + j * step, place + j * step)
        put(lanes, at + j, combine(op, load(lanes, at + j), tap))


@njit(**JIT)
def fold_tap(op, form, lanes, at, x, source, place, step, inner, n):
    """Join a tap of `n` windows to their accumulators."""
    if step == 1:
        if inner == 1:
            fold_steps(op, form, lanes, at, x, source, place, np.int64(1), n)
        else:
            fold_run(op, form, lanes, at, x, source, place, inner, n * inner)
    elif inner == 1:
        if step == 2:
            fold_steps(op, form, lanes, at, x, source, place, np.int64(2), n)
        else:
            fold_steps(op, form, lanes, at, x, source, place, step, n)
    else:
        for j in range(n):
            one = source + j * step * inner
            fold_run(op, form, lanes, at + j * inner, x, one, place + j * step, inner, inner)


@njit(forceinline=True, **JIT)
def settle_run(op, form, lanes, at, outs, to, n, scale):
    """Write the results of `n` accumulators of one divisor."""
    for j in range(n):
        write(form, outs, to + j, finish(op, load(lanes, at + j), scale))


@njit(**JIT)
def settle(op, form, lanes, at, geometry, outs, to, line, first, stop):
    """Write the results of the windows [first, stop); `line` is their line of divisors."""
    width, inner = geometry.width, geometry.inner
    i = first
    while i < stop:
        end = min(width.hi, stop) if (i >= width.lo) & (i < width.hi) else i + 1
        divisor = number_at(width, geometry.divisors + line * lines(width) + line_of(width, i))
        n = (end - i) * inner
        settle_run(op, form, lanes, at, outs, to, n, prepare(op, divisor))
        at += n
        to += n
        i = end


@njit(**JIT)
def pool_footprints(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`."""
    depth, height, width = geometry.depth, geometry.height, geometry.width
    inner = geometry.inner
    for piece in range(begin, end):
        out_row = piece // geometry.tiles
        first = piece % geometry.tiles * geometry.tile
        stop = min(first + geometry.tile, width.out)
        oh = out_row % height.out
        od = out_row // height.out % depth.out
        plane = out_row // height.out // depth.out * depth.size * height.size
        for j in range((stop - first) * inner):
            put(lanes, scratch + j, held(lanes, neutral(op)))
        for t in range(geometry.marks):
            row = row_of(geometry, od, oh, t)
            off = offset(geometry, t, 2)
            i, last = reached(width, off, first, stop)
            if (row >= 0) & (i < last):
                column = i * width.step - width.before + off
                source = ((plane + row) * width.size + column) * inner
                at = scratch + (i - first) * inner
                place = row * width.size + column
                fold_tap(op, form, lanes, at, x, source, place, width.step, inner, last - i)
        line = line_of(depth, od) * lines(height) + line_of(height, oh)
        to = (out_row * width.out + first) * inner
        settle(op, form, lanes, scratch, geometry, outs, to, line, first, stop)


@njit(forceinline=True, **JIT)
def copy_run(form, lanes, at, x, source, n):
    """Copy neighbours."""
    values = lanes[0]
    for j in range(n):
        values[at + j] = read(form, lanes, x[source + j])


@njit(forceinline=True, **JIT)
def copy_steps(form, lanes, at, x, source, step, n):
    """Copy every `step`-th element."""
    values = lanes[0]
    for j in range(n):
        values[at + j] = read(form, lanes, x[source + j * step])


@njit(**JIT)
def copy_tap(form, lanes, at, x, source, step, inner, n):
    """Copy a tap of `n` windows."""
    if step == 1:
        copy_run(form, lanes, at, x, source, n * inner)
    elif inner == 1:
        copy_steps(form, lanes, at, x, source, step, n)
    else:
        for j in range(n):
            copy_run(form, lanes, at + j * inner, x, source + j * step * inner, inner)


@njit(**JIT)
def gather_taps(form, x, plane, geometry, od, oh, lanes, at, pitch, i, n):
    """Gather the taps of `n` inner windows from window i on, a row each; return their number."""
    inner, axis = geometry.inner, geometry.width
    kept = 0
    for t in range(geometry.marks):
        row = row_of(geometry, od, oh, t)
        if row >= 0:
            column = i * axis.step - axis.before + offset(geometry, t, 2)
            source = ((plane + row) * axis.size + column) * inner
            copy_tap(form, lanes, at + kept * pitch, x, source, axis.step, inner, n)
            kept += 1
    return kept


@njit(**JIT)
def gather_window(op, form, x, plane, geometry, od, oh, lanes, at, pitch, i, c):
    """Gather one window's elements of channel c that are not missing; return their number."""
    axis = geometry.width
    kept = 0
    for t in range(geometry.marks):
        row = row_of(geometry, od, oh, t)
        column = i * axis.step - axis.before + offset(geometry, t, 2)
        if (row >= 0) & (column >= 0) & (column < axis.size):
            source = ((plane + row) * axis.size + column) * geometry.inner + c
            value = read(form, lanes, x[source])
            if not missing(op, value):
                lanes[0][at + kept * pitch] = value
                kept += 1
    return kept


@njit(**JIT)
def select_footprints(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of a selection."""
    depth, height, width = geometry.depth, geometry.height, geometry.width
    inner = geometry.inner
    for piece in range(begin, end):
        out_row = piece // geometry.tiles
        i = piece % geometry.tiles * geometry.tile
        stop = min(i + geometry.tile, width.out)
        oh = out_row % height.out
        od = out_row // height.out % depth.out
        plane = out_row // height.out // depth.out * depth.size * height.size
        while i < stop:
            to = (out_row * width.out + i) * inner
            grouped = (i >= width.lo) & (i < width.hi) & (geometry.group > 0)
            n = min(stop, width.hi) - i if grouped else np.int64(1)
            for c in range(1 if grouped else inner):
                span = n * inner if grouped else np.int64(1)
                if grouped:
                    kept = gather_taps(form, x, plane, geometry, od, oh, lanes, scratch, span, i, n)
                else:
                    kept = gather_window(
                        op, form, x, plane, geometry, od, oh, lanes, scratch, span, i, c
                    )
                if kept > 0:
                    pick_group(op, form, lanes, scratch, kept, span, outs, to + c)
                else:
                    for j in range(span):
                        write(form, outs, to + c + j, empty(op))
            i += n


# Ranks alone are picked by a network of exchanges between whole rows, which the plan lists.


def limit(lanes, highest):
    """Return the lowest or the highest number of a lane."""
    kind = lanes[0].dtype
    if kind.kind == "f":
        return kind.type(np.inf if highest else -np.inf)
    return kind.type(np.iinfo(kind).max if highest else np.iinfo(kind).min)


@overload(limit)
def _limit(lanes, highest):
    kind = lanes[0].dtype
    if isinstance(kind, types.Float):
        return lambda lanes, highest: kind(np.inf) if highest else kind(-np.inf)
    low, high = kind.minval, kind.maxval
    return lambda lanes, highest: kind(high) if highest else kind(low)


@njit(forceinline=True, **JIT)
def exchange(values, a, b, width):
    """Put the smaller of two rows' elements into the first row, the larger into the second."""
    for j in range(width):
        low = values[a + j]
        high = values[b + j]
        values[a + j] = low if low <= high else high
        values[b + j] = high if low <= high else low


@njit(forceinline=True, **JIT)
def keep_one(values, a, b, width, smaller):
    """Put the smaller of two rows' elements, or the larger, into the first row."""
    for j in range(width):
        one = values[a + j]
        other = values[b + j]
        values[a + j] = one if (one <= other) == smaller else other


@njit(**JIT)
def run_network(geometry, values, at, pitch, width):
    """Exchange rows as the plan lists them: pairs of rows, and which of both are needed."""
    for e in range(geometry.exchanges):
        slot = geometry.exchanges_at + 3 * e
        a = at + number_at(geometry.width, slot) * pitch
        b = at + number_at(geometry.width, slot + 1) * pitch
        needed = number_at(geometry.width, slot + 2)
        if needed == 0:
            exchange(values, a, b, width)
        elif needed == 1:
            keep_one(values, a, b, width, True)
        else:
            keep_one(values, b, a, width, False)


@njit(**JIT)
def fill_up(op, geometry, lanes, at, pitch, kept, width):
    """Fill up columns of `kept` elements, so that their ranks stand where those of all taps do."""
    values = lanes[0]
    taps = geometry.marks
    first = at + kept * pitch
    below = lows(op, taps, kept)
    for t in range(taps - kept):
        number = limit(lanes, t >= below)
        for j in range(width):
            values[first + t * pitch + j] = number


@njit(**JIT)
def lows(op, taps, kept):
    """Return how many lowest numbers fill up `kept` elements to all taps."""
    if kept == 0:
        return np.int64(0)
    more = ranked(op, taps)[0] - ranked(op, kept)[0]
    return min(max(more, 0), taps - kept)


@njit(**JIT)
def write_ranks(op, form, lanes, at, pitch, taps, kept, width, outs, to):
    """Write the results of columns in which `kept` of all taps were elements."""
    values = lanes[0]
    rank, share = ranked(op, kept)
    low = at + (rank + lows(op, taps, kept)) * pitch
    high = low + (pitch if rank + 1 < kept else 0)
    mark = at + taps * pitch
    for j in range(width):
        result = settled(op, values[low + j], values[high + j], share)
        if can_be_nan(values[at]):
            spoiled = values[mark + j]
            if spoiled != spoiled:
                result = settled(op, spoiled, spoiled, 0.0)
        write(form, outs, to + j, result)


@njit(**JIT)
def spoil(lanes, at, pitch, taps, width):
    """Write NaN below each column that holds a NaN, else a number."""
    values = lanes[0]
    mark = at + taps * pitch
    for j in range(width):
        values[mark + j] = values[at + j]
    for t in range(1, taps):
        row = at + t * pitch
        for j in range(width):
            value = values[row + j]
            known = values[mark + j]
            values[mark + j] = value if value != value else known


DIGIT = 100
"""Numbers of elements are kept in two digits, since a lane may hold no larger number than 127."""


@njit(**JIT)
def rank_footprints(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of a selection of ranks.

    `scratch` holds a row per tap, one that marks NaN, and two that hold each column's number of
    elements if these differ.
    """
    depth, height, width = geometry.depth, geometry.height, geometry.width
    inner, taps, pitch, values = geometry.inner, geometry.marks, geometry.between, lanes[0]
    count = scratch + (taps + 1) * pitch
    for piece in range(begin, end):
        out_row = piece // geometry.tiles
        i = piece % geometry.tiles * geometry.tile
        stop = min(i + geometry.tile, width.out)
        oh = out_row % height.out
        od = out_row // height.out % depth.out
        plane = out_row // height.out // depth.out * depth.size * height.size
        while i < stop:
            to = (out_row * width.out + i) * inner
            alike = (i >= width.lo) & (i < width.hi) & (geometry.group > 0)
            kept = np.int64(0)
            if alike:
                last = min(stop, width.hi)
                kept = gather_taps(
                    form, x, plane, geometry, od, oh, lanes, scratch, pitch, i, last - i
                )
                fill_up(op, geometry, lanes, scratch, pitch, kept, (last - i) * inner)
            else:
                last = min(stop, width.lo) if (i < width.lo) & (geometry.group > 0) else stop
                for j in range((last - i) * inner):
                    kept = gather_window(
                        op, form, x, plane, geometry, od, oh, lanes, scratch + j, pitch,
                        i + j // inner, j % inner,
                    )  # fmt: skip
                    fill_up(op, geometry, lanes, scratch + j, pitch, kept, 1)
                    values[count + j] = kept % DIGIT
                    values[count + pitch + j] = kept // DIGIT
            span = (last - i) * inner
            if can_be_nan(values[scratch]):
                spoil(lanes, scratch, pitch, taps, span)
            run_network(geometry, values, scratch, pitch, span)
            if alike and kept > 0:
                write_ranks(op, form, lanes, scratch, pitch, taps, kept, span, outs, to)
            else:
                for j in range(span):
                    if not alike:
                        kept = np.int64(values[count + j])
                        kept += np.int64(values[count + pitch + j]) * DIGIT
                    if kept == 0:
                        write(form, outs, to + j, empty(op))
                    else:
                        at = scratch + j
                        write_ranks(op, form, lanes, at, pitch, taps, kept, 1, outs, to + j)
            i = last
