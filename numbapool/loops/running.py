"""Large windows: three operations per element down the columns, whatever the window's height.

The method is van Herk's, and Gil and Werman's. The rows, padding included, are cut into blocks of
a window's height. A window that starts inside a block consists of two parts: that block's rows
from there on (a suffix), and the next block's rows up to the window's end (a prefix). The method
only joins, so it serves sums as well as extremes: it keeps no running total, from which an inf or
NaN would have to be subtracted again.

A piece of work is one tile of one block: its suffixes, then the next block's prefixes. Each pair
is joined to a row, which is reduced along its columns as in the small windows' kernel.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.columns import along, tile_span
from numbapool.loops.lanes import element, load, put, shifted
from numbapool.loops.options import JIT
from numbapool.loops.rows import fill
from numbapool.reducers.methods import combine, locate


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
def pool_running(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`; `scratch` holds three rows, a prefix and a block."""
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
    suffix = prefix + between
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
        near = shifted(op, form, lanes, x, base + max(origin, 0) * pitch)
        # The suffixes, from the last row up.
        fill(op, lanes, suffix + taps * between, n)
        for t in range(taps - 1, -1, -1):
            at = suffix + t * between
            row = origin + t
            if (row >= 0) & (row < height):
                # Places count within the plane, whose first row is row 0.
                number = d * height + row
                source = base + row * pitch
                extend(
                    near, form, x, source, number, depths, d_rows, pitch, numbers, lanes,
                    at + between, at, n,
                )  # fmt: skip
            else:
                copy(lanes, at + between, at, n)
        fill(op, lanes, prefix, n)
        done = 0
        i = (block * taps + stride - 1) // stride
        while (i < out_h) & (i * stride < (block + 1) * taps):
            t = i * stride - block * taps
            while done < t:
                row = origin + taps + done
                if (row >= 0) & (row < height):
                    number = d * height + row
                    source = base + row * pitch
                    extend(
                        near, form, x, source, number, depths, d_rows, pitch, numbers, lanes,
                        prefix, prefix, n,
                    )  # fmt: skip
                done += 1
            at = suffix + t * between
            target = scratch + lead
            if t == 0:
                copy(lanes, at, target, n)
            else:
                for j in range(n):
                    a = combine(op, load(lanes, at + j), load(lanes, prefix + j))
                    put(lanes, target + j, a)
            locate(op, lanes, target, columns, first, inner, geometry.column_place)
            fill(op, lanes, scratch, lead)
            fill(op, lanes, target + n, span - lead - n)
            _, _, h_weight = window(geometry.height, i)
            to = ((volume * out_h + i) * out_w + left) * inner
            weight = d_weight * h_weight
            along(op, form, lanes, scratch, 1, outs, to, geometry, left, right, weight)
            i += 1
