"""Along a row: from a row of accumulators, which the rows' kernels make, to a row of results.

Windows of one size slide in whole passes over the row. A pass joins a window of n taps with
its neighbour to a window of 2n taps, or of 2n + 1 with one more tap. So k taps take log2(k)
passes. Each is contiguous and vectorised, in a row that stays in the first-level cache. Windows
of two or three neighbours need no pass: they are joined only at the places that the stride picks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.lanes import is_simple, load, put, write
from numbapool.loops.options import JIT
from numbapool.loops.pointers import border
from numbapool.loops.shuffles import PIXELS, thin
from numbapool.reducers.methods import combine, finish, neutral, prepare


@njit(**JIT)
def tile_span(geometry, left, right):
    """Return the first column that the outputs [left, right) look at, and one past the last.

    If the windows slide, columns outside the input count too.
    """
    step = geometry.width.step
    if step > 0:
        before = geometry.width.before
        reach = geometry.width.dilation * (geometry.width.taps - 1)
        return left * step - before, (right - 1) * step - before + reach + 1
    start, stop = geometry.width.size, 0
    for i in range(left, right):
        first, count, _ = window(geometry.width, i)
        if count > 0:
            start = min(start, first)
            stop = max(stop, first + (count - 1) * geometry.width.dilation + 1)
    return min(start, stop), stop


@njit(**JIT)
def slide(op, lanes, row, spare, other, taps, pitch, n):
    """Reduce `taps` elements, `pitch` apart, from every place on; return where the results begin.

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
                put(lanes, target + j, combine(op, pair, load(lanes, third + j)))
        else:
            for j in range(length):
                pair = combine(op, load(lanes, source + j), load(lanes, second + j))
                put(lanes, target + j, pair)
        source, target = target, (other if target == spare else spare)
    return source


@njit(**JIT)
def halve(op, lanes, at, to, evens, n):
    """Join neighbours in `n` pairs, and keep the first of each pair.

    The loop reads both members of a pair at once and stores each result alone, so LLVM loads whole
    vectors and shuffles them. A loop that reads every second element alone becomes gathers, ten
    times as slow. A loop that does not keep the first members is not vectorised at all.
    """
    for i in range(n):
        first = load(lanes, at + 2 * i)
        put(lanes, evens + i, first)
        put(lanes, to + i, combine(op, first, load(lanes, at + 2 * i + 1)))


@njit(**JIT)
def thin_row(lanes, at, outs, to, channels, step, n):
    """Keep one of `step` pixels, `n` times; `outs` may be the lanes themselves."""
    between = channels * step
    whole = n // PIXELS * PIXELS
    for pixel in range(0, whole, PIXELS):
        thin(lanes, at + between * pixel, outs, to + channels * pixel, channels, step)
    for pixel in range(whole, n):
        for c in range(channels):
            put(outs, to + channels * pixel + c, load(lanes, at + between * pixel + c))


@njit(forceinline=True, **JIT)
def pick_of(op, form, lanes, at, parts, pitch, third, outs, to, scale):
    """Join `parts` elements and write the result: the second a pitch on, the third at `third`."""
    acc = load(lanes, at)
    if parts > 1:
        acc = combine(op, acc, load(lanes, at + pitch))
    if parts > 2:
        acc = combine(op, acc, load(lanes, at + third))
    write(form, outs, to, finish(op, acc, scale))


@njit(forceinline=True, **JIT)
def pick(op, form, lanes, at, parts, pitch, third, outs, to, strip, n, stride, inner, scale):
    """Do `pick_of` at every stride-th place of each row, `inner` elements each, `n` times.

    If `parts`, `stride` and `inner` are all constants, no branch is left, and the stride becomes
    shuffles. `strip` is the number of rows, the distance between their starts, and the distance
    between the starts of their results.
    """
    rows, between, outputs = strip
    for row in range(rows):
        for i in range(n):
            for c in range(inner):
                j = at + row * between + i * stride * inner + c
                k = to + row * outputs + i * inner + c
                pick_of(op, form, lanes, j, parts, pitch, third, outs, k, scale)


@njit(**JIT)
def pick_all(op, form, lanes, at, parts, pitch, third, outs, to, strip, n, stride, inner, scale):
    """Do `pick`, with constants in the common cases.

    Only LLVM sees constants. Numba sees variables: it would compile `pick` anew for each constant.
    """
    one, two, three = np.int64(1), np.int64(2), np.int64(3)
    simple = is_simple(form, lanes)
    near = (pitch == inner) & (third == 2 * inner) & simple
    wide = n * inner
    if (stride == 1) & (parts == 1):
        pick(op, form, lanes, at, one, one, two, outs, to, strip, wide, one, one, scale)
    elif (stride == 1) & (parts == 2):
        pick(op, form, lanes, at, two, pitch, two, outs, to, strip, wide, one, one, scale)
    elif (stride == 1) & (parts == 3):
        pick(op, form, lanes, at, three, pitch, third, outs, to, strip, wide, one, one, scale)
    elif (inner == 1) & (stride == 2) & (parts == 2) & (pitch == 1):
        pick(op, form, lanes, at, two, one, two, outs, to, strip, n, two, one, scale)
    elif (inner == 1) & (parts == 1):
        pick(op, form, lanes, at, one, one, two, outs, to, strip, n, stride, one, scale)
    elif (inner == 1) & (stride == 3) & (parts == 3) & near:
        pick(op, form, lanes, at, three, one, two, outs, to, strip, n, three, one, scale)
    else:
        pick(op, form, lanes, at, parts, pitch, third, outs, to, strip, n, stride, inner, scale)


@njit(**JIT)
def one_by_one(op, form, lanes, row, outs, to, geometry, left, right, start, weight):
    """Reduce windows that each have a size of their own, from the table, tap by tap."""
    inner = geometry.inner
    pitch = geometry.width.dilation * inner
    for i in range(left, right):
        first, count, share = window(geometry.width, i)
        scale = prepare(op, weight * share)
        for c in range(inner):
            j = row + (first - start) * inner + c
            acc = load(lanes, j) if count > 0 else neutral(op)
            for t in range(1, count):
                acc = combine(op, acc, load(lanes, j + t * pitch))
            write(form, outs, to + (i - left) * inner + c, finish(op, acc, scale))


@njit(**JIT)
def pick_borders(
    op, form, lanes, at, parts, pitch, third, outs, to, geometry, left, begin, end, step, weight
):
    """Do `pick` for the outputs [begin, end), each with a divisor of its own."""
    inner = geometry.inner
    one = np.int64(1)
    skipped = geometry.width.hi - geometry.width.lo if begin >= geometry.width.hi else 0
    if inner == 1:
        for i in range(begin, end):
            _, _, share = border(geometry.width, i - skipped)
            scale = prepare(op, weight * share)
            j = at + (i - left) * step
            pick_of(op, form, lanes, j, parts, pitch, third, outs, to + i - left, scale)
        return
    for i in range(begin, end):
        _, _, share = window(geometry.width, i)
        scale = prepare(op, weight * share)
        j = (i - left) * inner
        strip = (one, one, one)
        pick(
            op, form, lanes, at + j * step, parts, pitch, third, outs, to + j, strip, one, one,
            inner, scale,
        )  # fmt: skip


@njit(**JIT)
def along(op, form, lanes, row, rows, outs, to, geometry, left, right, weight):
    """Reduce the strip of rows at `row` to their outputs [left, right).

    The results are written from `to` on, row after row.
    """
    inner = geometry.inner
    between = geometry.between
    outputs = (right - left) * inner
    start, stop = tile_span(geometry, left, right)
    step = geometry.width.step
    if step == 0:
        for _ in range(rows):
            one_by_one(op, form, lanes, row, outs, to, geometry, left, right, start, weight)
            row += between
            to += outputs
        return
    # The strip is worked on as one row: the results where two rows meet are never picked.
    n = (rows - 1) * between + (stop - start) * inner
    room = geometry.stretch
    pitch = geometry.width.dilation * inner
    taps = geometry.width.taps
    third = 2 * pitch
    at, spare, other = row, row + room, row + 2 * room
    if (pitch == 1) & (inner == 1):
        while (step % 2 == 0) & (taps % 2 == 0) & (taps > 2):
            n = (n + 1) // 2
            halve(op, lanes, at, spare, other, n)
            at, spare = spare, at
            step //= 2
            taps //= 2
            between //= 2
    if ((inner == 3) | (inner == 4)) & (pitch == inner) & is_simple(form, lanes):
        for part in (np.int64(2), np.int64(3)):
            while (step % part == 0) & (taps % part == 0):
                joined = slide(op, lanes, at, spare, other, part, pitch, n)
                pixels = -(-n // (inner * part))
                thin_row(lanes, joined, lanes, at, inner, part, pixels)
                n = inner * pixels
                step //= part
                taps //= part
                between //= part
    if (step == 2) & (taps == 3) & (pitch == 1) & (inner == 1):
        n = (n + 1) // 2
        halve(op, lanes, at, spare, other, n)
        # Three neighbours are a joined pair and the next pair's first, which lie in two rows.
        at, parts, pitch = spare, np.int64(2), other + 1 - spare
        step //= 2
        between //= 2
    elif (taps <= (3 if is_simple(form, lanes) | (step == 1) else 2)) & (pitch == inner):
        parts = taps
    else:
        # If every window counts, two halves and the column after them are joined when picked.
        parts = 2 + taps % 2 if (step == 1) & is_simple(form, lanes) else np.int64(1)
        half = taps // 2 if parts > 1 else taps
        joined = slide(op, lanes, at, spare, other, half, pitch, n)
        third = at + 2 * half * pitch - joined
        at = joined
        pitch *= half
    lo = min(max(geometry.width.lo, left), right)
    hi = max(min(geometry.width.hi, right), lo)
    scale = prepare(op, weight * geometry.width.weight)
    inside = (hi - lo) * inner
    if (inside == outputs) & (outputs * step == between):
        inside *= rows
        outputs *= rows
        rows = 1
    # Results picked past a row's end keep the vectors whole; the next row overwrites them. The
    # borders are written last, or they would be overwritten too.
    vector = geometry.vector
    whole = (inside + vector - 1) // vector * vector
    first = to + (lo - left) * inner
    source = at + (lo - left) * inner * step
    exact = rows
    if (inner == 1) & (whole - inside <= outputs):
        strip = (rows - 1, between, outputs)
        pick_all(
            op, form, lanes, source, parts, pitch, third, outs, first, strip, whole, step, inner,
            scale,
        )  # fmt: skip
        exact = 1
    source += (rows - exact) * between
    first += (rows - exact) * outputs
    strip = (exact, between, outputs)
    n = inside // inner
    pick_all(
        op, form, lanes, source, parts, pitch, third, outs, first, strip, n, step, inner, scale
    )
    if (lo == left) & (hi == right):
        return
    for _ in range(rows):
        pick_borders(
            op, form, lanes, at, parts, pitch, third, outs, to, geometry, left, left, lo, step,
            weight,
        )  # fmt: skip
        pick_borders(
            op, form, lanes, at, parts, pitch, third, outs, to, geometry, left, hi, right, step,
            weight,
        )  # fmt: skip
        at += between
        to += outputs
