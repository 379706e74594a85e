"""Along a row: from a row of accumulators, which the rows' kernels make, to a row of results.

Windows of one size slide in whole passes over the row. A pass joins a window of n taps with
its neighbour to one of 2n, or of 2n + 1 with a tap more; k taps take log2(k) passes, each
contiguous and vectorised, in a row that stays in the first-level cache. Windows of two and
three neighbours need no pass: they are joined where the stride picks them.
"""

from __future__ import annotations

from numba import njit

from numbapool.kernels.geometry import (
    BEFORE,
    DILATION,
    HI,
    INNER,
    LO,
    PITCH,
    ROOM,
    SIZE,
    STEP,
    TAPS,
    WEIGHT,
    WIDTH,
    window,
)
from numbapool.kernels.lanes import JIT, load, store, write
from numbapool.reducers import combine, finish, neutral, prepare


@njit(**JIT)
def tile_span(geometry, left, right):
    """The columns that the outputs [left, right) look at: first, and one past the last.

    Where windows slide, columns outside the input count too.
    """
    step = geometry[WIDTH + STEP]
    if step > 0:
        before = geometry[WIDTH + BEFORE]
        reach = geometry[WIDTH + DILATION] * (geometry[WIDTH + TAPS] - 1)
        return left * step - before, (right - 1) * step - before + reach + 1
    start, stop = geometry[WIDTH + SIZE], 0
    for i in range(left, right):
        first, count, _ = window(geometry, WIDTH, i)
        if count > 0:
            start = min(start, first)
            stop = max(stop, first + (count - 1) * geometry[WIDTH + DILATION] + 1)
    return min(start, stop), stop


@njit(**JIT)
def slide(op, lanes, row, spare, other, taps, pitch, n):
    """Reduce `taps` elements, `pitch` apart, from every place on; return where that stands.

    `row`, `spare` and `other` are the offsets of three stretches of the lanes.
    """
    top = 0
    while (taps >> top) > 1:
        top += 1
    source = row
    target = spare
    done = 1
    while top > 0:
        top -= 1
        second = source + done * pitch
        third = row + 2 * done * pitch
        done = taps >> top
        length = n - (done - 1) * pitch
        if done & 1:
            for j in range(length):
                pair = combine(op, load(lanes, source + j), load(lanes, second + j))
                store(lanes, target + j, combine(op, pair, load(lanes, third + j)))
        else:
            for j in range(length):
                pair = combine(op, load(lanes, source + j), load(lanes, second + j))
                store(lanes, target + j, pair)
        source, target = target, (other if target == spare else spare)
    return source


@njit(inline="always", **JIT)
def pick(op, form, lanes, at, parts, pitch, outs, to, n, stride, inner, scale):
    """Join `parts` elements at every stride-th place, `inner` of them each, and write that.

    Where all of `parts`, `pitch`, `stride` and `inner` are constants, no branch is left, and the
    stride becomes shuffles.
    """
    for i in range(n):
        for c in range(inner):
            j = at + i * stride * inner + c
            acc = load(lanes, j)
            if parts > 1:
                acc = combine(op, acc, load(lanes, j + pitch))
            if parts > 2:
                acc = combine(op, acc, load(lanes, j + 2 * pitch))
            write(form, outs, to + i * inner + c, finish(op, acc, scale))


@njit(**JIT)
def pick_all(op, form, lanes, at, parts, outs, to, n, stride, inner, scale):
    """`pick` for neighbours, the common cases as constants."""
    if (stride == 1) & (parts == 1):
        pick(op, form, lanes, at, 1, 0, outs, to, n * inner, 1, 1, scale)
    elif (stride == 1) & (parts == 2):
        pick(op, form, lanes, at, 2, inner, outs, to, n * inner, 1, 1, scale)
    elif stride == 1:
        pick(op, form, lanes, at, 3, inner, outs, to, n * inner, 1, 1, scale)
    elif (stride == 2) & (inner == 1) & (parts == 1):
        pick(op, form, lanes, at, 1, 1, outs, to, n, 2, 1, scale)
    elif (stride == 2) & (inner == 1) & (parts == 2):
        pick(op, form, lanes, at, 2, 1, outs, to, n, 2, 1, scale)
    elif (stride == 2) & (inner == 1):
        pick(op, form, lanes, at, 3, 1, outs, to, n, 2, 1, scale)
    elif (stride == 2) & (inner == 3) & (parts == 2):
        pick(op, form, lanes, at, 2, 3, outs, to, n, 2, 3, scale)
    elif (stride == 4) & (inner == 1) & (parts == 1):
        pick(op, form, lanes, at, 1, 1, outs, to, n, 4, 1, scale)
    elif (inner == 1) & (parts == 1):
        pick(op, form, lanes, at, 1, 1, outs, to, n, stride, 1, scale)
    elif (inner == 3) & (parts == 1):
        pick(op, form, lanes, at, 1, 3, outs, to, n, stride, 3, scale)
    elif inner < 8:
        for i in range(n):
            for c in range(inner):
                j = i * inner + c
                pick(
                    op,
                    form,
                    lanes,
                    at + i * stride * inner + c,
                    parts,
                    inner,
                    outs,
                    to + j,
                    1,
                    1,
                    1,
                    scale,
                )
    else:
        for i in range(n):
            j = i * inner
            pick(op, form, lanes, at + j * stride, parts, inner, outs, to + j, inner, 1, 1, scale)


@njit(**JIT)
def one_by_one(op, form, lanes, row, outs, to, geometry, left, right, start, weight):
    """Windows of a size each: from the table, tap by tap."""
    inner = geometry[INNER]
    pitch = geometry[WIDTH + DILATION] * inner
    for i in range(left, right):
        first, count, share = window(geometry, WIDTH, i)
        scale = prepare(op, weight * share)
        for c in range(inner):
            j = row + (first - start) * inner + c
            acc = load(lanes, j) if count > 0 else neutral(op)
            for t in range(1, count):
                acc = combine(op, acc, load(lanes, j + t * pitch))
            write(form, outs, to + (i - left) * inner + c, finish(op, acc, scale))


@njit(**JIT)
def pick_borders(op, form, lanes, at, parts, outs, to, geometry, left, begin, end, weight):
    """`pick` for the outputs [begin, end), each with a divisor of its own."""
    inner = geometry[INNER]
    for i in range(begin, end):
        _, _, share = window(geometry, WIDTH, i)
        scale = prepare(op, weight * share)
        j = (i - left) * inner
        at_i = at + j * geometry[WIDTH + STEP]
        pick(op, form, lanes, at_i, parts, inner, outs, to + j, 1, 1, inner, scale)


@njit(**JIT)
def along(op, form, lanes, row, rows, outs, to, geometry, left, right, weight):
    """Reduce the rows at `row`, a strip of them, to their outputs [left, right).

    Results are written from `to` on, a row of them after the other.
    """
    inner = geometry[INNER]
    between = geometry[PITCH]
    outputs = (right - left) * inner
    start, stop = tile_span(geometry, left, right)
    step = geometry[WIDTH + STEP]
    if step == 0:
        for _ in range(rows):
            one_by_one(op, form, lanes, row, outs, to, geometry, left, right, start, weight)
            row += between
            to += outputs
        return
    # The strip slides as one row: what comes out where two rows meet is never picked.
    n = (rows - 1) * between + (stop - start) * inner
    room = geometry[ROOM]
    pitch = geometry[WIDTH + DILATION] * inner
    taps = geometry[WIDTH + TAPS]
    if (taps <= 3) & (pitch == inner):
        at, parts = row, taps
    else:
        at, parts = slide(op, lanes, row, row + room, row + 2 * room, taps, pitch, n), 1
    lo = min(max(geometry[WIDTH + LO], left), right)
    hi = max(min(geometry[WIDTH + HI], right), lo)
    inside = hi - lo
    scale = prepare(op, weight * geometry[WIDTH + WEIGHT])
    if (inside == right - left) & (outputs * step == between):
        inside *= rows
        rows = 1
    for _ in range(rows):
        j = (lo - left) * inner
        pick_borders(op, form, lanes, at, parts, outs, to, geometry, left, left, lo, weight)
        pick_all(op, form, lanes, at + j * step, parts, outs, to + j, inside, step, inner, scale)
        pick_borders(op, form, lanes, at, parts, outs, to, geometry, left, hi, right, weight)
        at += between
        to += outputs
