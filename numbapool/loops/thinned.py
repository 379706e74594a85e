"""Windows that step over pixels of few channels: pooled at every pixel of a row, then thinned.

A pixel's three channels are too few for a loop of their own. Side by side, with the pixels between
them, they make long loops; one shuffle of whole vectors keeps the wanted pixels.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.columns import thin_row
from numbapool.loops.direct import ask_ahead, moved, pool_any_run, starts_of
from numbapool.loops.lanes import results_at
from numbapool.loops.options import JIT
from numbapool.reducers.methods import prepare


@njit(**JIT)
def pool_thinned(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`, tiles of rows, with room for a tile at `scratch`."""
    inner = geometry.inner
    tile = geometry.tile
    tiles = geometry.tiles
    out_d = geometry.depth.out
    out_h = geometry.height.out
    out_w = geometry.width.out
    stride = geometry.width.step
    taps = geometry.width.taps
    step = geometry.width.dilation * inner
    lo = geometry.width.lo
    hi = geometry.width.hi
    vector = geometry.vector
    results = results_at(lanes, outs, scratch)
    for piece in range(begin, end):
        out_row = piece // tiles
        t = piece % tiles
        plane = out_row // out_h // out_d * geometry.depth.size * geometry.height.size
        d, depths, d_weight = window(geometry.depth, out_row // out_h % out_d)
        h, heights, h_weight = window(geometry.height, out_row % out_h)
        weight = d_weight * h_weight
        starts, rows, last = starts_of(geometry, plane, (d, depths), (h, heights))
        first = lo + t * tile
        count = min(tile, hi - first)
        at = (first * stride - geometry.width.before) * inner
        n = (count * stride - (stride - 1)) * inner
        whole = (n + vector - 1) // vector * vector
        n = whole if last + at + (taps - 1) * step + whole <= geometry.total else n
        ask_ahead(form, x, geometry, starts[0] + at, depths)
        scale = prepare(op, weight * geometry.width.weight)
        here = moved(starts, at)
        pool_any_run(op, form, lanes, x, here, rows, taps, step, results, 0, n, scale)
        to = out_row * out_w * inner
        thin_row(results, 0, outs, to + first * inner, inner, stride, count)
        if t == 0:
            for i in range(out_w - (hi - lo)):
                i += 0 if i < lo else hi - lo
                w, columns, w_weight = window(geometry.width, i)
                scale = prepare(op, weight * w_weight)
                here = moved(starts, w * inner)
                at = to + i * inner
                pool_any_run(op, form, lanes, x, here, rows, columns, step, outs, at, inner, scale)
