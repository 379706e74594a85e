"""Large windows: three operations per element down the columns, whatever the window's height.

The method is van Herk's, and Gil and Werman's. The rows, padding included, are cut into blocks of
a window's height. A window that starts inside a block consists of two parts: that block's rows
from there on (a suffix), and the next block's rows up to the window's end (a prefix). The method
only joins, so it serves sums as well as extremes: it keeps no running total, from which an inf or
NaN would have to be subtracted again.

A piece of work is one tile of one block: its suffixes, then the next block's prefixes. Each pair
is joined to a row, which is reduced along its columns as in the small windows' kernel.

If the plan says so, four rows are joined at a time where four lie in the input: first to each
other, then to the rows before them. So a sum of n rows is at most n / 4 + 4 additions one after
another, and its roundings stay as few. Extremes by 31 and 101 took a tenth longer so.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.columns import along, tile_span
from numbapool.loops.geometry import PREFIXES
from numbapool.loops.lanes import element, held, load, put, shifted
from numbapool.loops.options import JIT
from numbapool.loops.rows import ask, fill
from numbapool.reducers.methods import combine, locate


@njit(**JIT)
def prefix_at(prefixes, rows, geometry):
    """Return where the prefix of so many rows begins; of rows joined one by one there is one."""
    return prefixes + rows % PREFIXES * geometry.between if geometry.strip == 4 else prefixes


@njit(**JIT)
def copy(lanes, source, target, n):
    for j in range(n):
        put(lanes, target + j, load(lanes, source + j))


@njit(forceinline=True, **JIT)
def extend(op, form, x, at, row, depths, d_rows, pitch, numbers, lanes, source, target, n):
    """Join a row of `depths` planes, `d_rows` rows apart, to the lanes at `source`."""
    for t in range(depths):
        number = (row + t * d_rows) * numbers
        more = at + t * d_rows * pitch
        for j in range(n):
            a = element(op, form, lanes, x[more + j], number)
            put(lanes, target + j, combine(op, load(lanes, source + j), a))
        source = target


@njit(**JIT)
def extend_four(op, form, x, at, pitch, row, step, numbers, lanes, source, targets, n):
    """Join four rows, the first of which begins at `at`, to the lanes at `source`, one by one.

    The rows go down or, if `step` is -1, up. `targets` are where the four joints begin.
    """
    to0, to1, to2, to3 = targets
    at1, at2, at3 = at + step * pitch, at + 2 * step * pitch, at + 3 * step * pitch
    first, second = row * numbers, (row + step) * numbers
    third, fourth = (row + 2 * step) * numbers, (row + 3 * step) * numbers
    for j in range(n):
        before = load(lanes, source + j)
        acc = element(op, form, lanes, x[at + j], first)
        put(lanes, to0 + j, combine(op, before, acc))
        acc = held(lanes, combine(op, acc, element(op, form, lanes, x[at1 + j], second)))
        put(lanes, to1 + j, combine(op, before, acc))
        acc = held(lanes, combine(op, acc, element(op, form, lanes, x[at2 + j], third)))
        put(lanes, to2 + j, combine(op, before, acc))
        acc = held(lanes, combine(op, acc, element(op, form, lanes, x[at3 + j], fourth)))
        put(lanes, to3 + j, combine(op, before, acc))


@njit(**JIT)
def make_suffixes(near, form, x, geometry, lanes, suffix, base, top, origin, depths, n):
    """Join a block's rows from the last one up: the lanes of its rows from each row on.

    Places count within the plane, whose first row is row 0; the block's first volume has `top`
    rows before it there.
    """
    between, pitch = geometry.between, geometry.width.size * geometry.inner
    height, numbers = geometry.height.size, geometry.row_place
    d_rows = geometry.depth.dilation * height
    t = geometry.height.taps
    while t > 0:
        row = origin + t - 1
        at = suffix + t * between
        source = base + row * pitch
        if (geometry.strip == 4) & (t >= 4) & (row >= 3) & (row < height):
            targets = at - between, at - 2 * between, at - 3 * between, at - 4 * between
            extend_four(near, form, x, source, pitch, top + row, -1, numbers, lanes, at, targets, n)
            t -= 4
            continue
        t -= 1
        if (row >= 0) & (row < height):
            extend(
                near, form, x, source, top + row, depths, d_rows, pitch, numbers, lanes,
                at, at - between, n,
            )  # fmt: skip
        else:
            copy(lanes, at, at - between, n)


@njit(**JIT)
def pool_running(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`; `scratch` holds three rows, prefixes and a block."""
    inner = geometry.inner
    tile = geometry.tile
    tiles = geometry.tiles
    blocks = geometry.blocks
    between = geometry.between
    height = geometry.height.size
    width = geometry.width.size
    pitch = width * inner
    out_d = geometry.depth.out
    out_h = geometry.height.out
    out_w = geometry.width.out
    taps = geometry.height.taps
    stride = geometry.height.step
    before = geometry.height.before
    numbers = geometry.row_place
    d_rows = geometry.depth.dilation * height
    prefix = scratch + 3 * geometry.stretch
    suffix = prefix + PREFIXES * between
    for piece in range(begin, end):
        left = piece % tiles * tile
        right = min(left + tile, out_w)
        block = piece // tiles % blocks
        volume = piece // tiles // blocks
        start, stop = tile_span(geometry, left, right)
        first = max(start, 0)
        columns = max(min(stop, width) - first, 0)
        lead = (first - start) * inner
        n = columns * inner
        span = (stop - start) * inner
        d, depths, d_weight = window(geometry.depth, volume % out_d)
        top = volume // out_d * geometry.depth.size * height + d * height
        base = top * pitch + first * inner
        origin = block * taps - before
        shared = min(max(origin + taps - 1, 0), height - 1)  # all windows hold this row
        near = shifted(op, form, lanes, x, base + shared * pitch, n)
        fill(op, lanes, suffix + taps * between, n)
        make_suffixes(near, form, x, geometry, lanes, suffix, base, d * height, origin, depths, n)
        fill(op, lanes, prefix, n)
        done = 0
        i = (block * taps + stride - 1) // stride
        while (i < out_h) & (i * stride < (block + 1) * taps):
            t = i * stride - block * taps
            while done < t:
                row = origin + taps + done
                number = d * height + row
                below = base + row * pitch
                made = prefix_at(prefix, done, geometry)
                more = prefix_at(prefix, done + 1, geometry)
                if (geometry.strip == 4) & (row >= 0) & (row + 3 < height):
                    for u in range(4):
                        ask(form, x, below + (4 + u) * pitch, 0, 1, n, geometry.line)
                    targets = (
                        more,
                        prefix_at(prefix, done + 2, geometry),
                        prefix_at(prefix, done + 3, geometry),
                        prefix_at(prefix, done + 4, geometry),
                    )
                    extend_four(
                        near, form, x, below, pitch, number, 1, numbers, lanes, made, targets, n
                    )
                    done += 4
                    continue
                if made != more:
                    copy(lanes, made, more, n)
                if (row >= 0) & (row < height):
                    extend(
                        near, form, x, below, number, depths, d_rows, pitch, numbers, lanes,
                        more, more, n,
                    )  # fmt: skip
                done += 1
            at = suffix + t * between
            target = scratch + lead
            last = prefix_at(prefix, t, geometry)
            if t == 0:
                copy(lanes, at, target, n)
            else:
                for j in range(n):
                    a = combine(op, load(lanes, at + j), load(lanes, last + j))
                    put(lanes, target + j, a)
            locate(op, lanes, target, columns, first, inner, geometry.column_place)
            fill(op, lanes, scratch, lead)
            fill(op, lanes, target + n, span - lead - n)
            _, _, h_weight = window(geometry.height, i)
            to = ((volume * out_h + i) * out_w + left) * inner
            weight = d_weight * h_weight
            along(op, form, lanes, scratch, 1, outs, to, geometry, left, right, weight)
            i += 1
