"""Wide windows that hardly overlap: each row of a window is one run of memory.

A piece of work is one output row. Each of its windows is folded, run by run, into a few hundred
accumulators side by side. That vectorises with any reducer. The accumulators are then joined in
halves until one is left. Global pooling is one such window, all of it one run.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.lanes import element, held, is_simple, load, put, shifted, write
from numbapool.loops.options import JIT
from numbapool.loops.rows import fill
from numbapool.reducers.methods import combine, finish, prepare


@njit(**JIT)
def fold_run(op, form, x, at, n, lanes, to, breadth, strip):
    """Fold `n` elements into `breadth` accumulators.

    Of a strip of four stretches, four elements are joined before they meet their accumulator, which
    so is loaded and stored less often.
    """
    fours = n // (4 * breadth) * (4 * breadth) if is_simple(form, lanes) & (strip == 4) else 0
    for begin in range(at, at + fours, 4 * breadth):
        second, third, fourth = begin + breadth, begin + 2 * breadth, begin + 3 * breadth
        for j in range(breadth):
            a = element(op, form, lanes, x[begin + j], 0)
            b = element(op, form, lanes, x[second + j], 0)
            c = element(op, form, lanes, x[third + j], 0)
            d = element(op, form, lanes, x[fourth + j], 0)
            new = held(lanes, combine(op, held(lanes, combine(op, a, b)), combine(op, c, d)))
            put(lanes, to + j, combine(op, load(lanes, to + j), new))
    for begin in range(at + fours, at + n - breadth + 1, breadth):
        for j in range(breadth):
            a = element(op, form, lanes, x[begin + j], 0)
            put(lanes, to + j, combine(op, load(lanes, to + j), a))
    rest = at + n // breadth * breadth
    for j in range(n % breadth):
        a = element(op, form, lanes, x[rest + j], 0)
        put(lanes, to + j, combine(op, load(lanes, to + j), a))


@njit(**JIT)
def pool_runs(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the output rows [begin, end) of `outs`, with PITCH accumulators at `scratch`."""
    inner = geometry.inner
    breadth = geometry.breadth
    strip = geometry.strip
    height = geometry.height.size
    pitch = geometry.width.size * inner
    out_d = geometry.depth.out
    out_h = geometry.height.out
    out_w = geometry.width.out
    for out_row in range(begin, end):
        plane = out_row // (out_d * out_h) * geometry.depth.size
        d, depths, d_weight = window(geometry.depth, out_row // out_h % out_d)
        h, heights, h_weight = window(geometry.height, out_row % out_h)
        for i in range(out_w):
            w, count, w_weight = window(geometry.width, i)
            fill(op, lanes, scratch, breadth)
            first = ((plane + d) * height + h) * pitch + w * inner
            near = shifted(op, form, lanes, x, first, count * inner)
            for t in range(depths):
                deep = plane + d + t * geometry.depth.dilation
                for u in range(heights):
                    row = deep * height + h + u * geometry.height.dilation
                    at = row * pitch + w * inner
                    fold_run(near, form, x, at, count * inner, lanes, scratch, breadth, strip)
            width = breadth // inner
            while width > 1:
                half = (width + 1) // 2
                for j in range((width - half) * inner):
                    other = load(lanes, scratch + half * inner + j)
                    put(lanes, scratch + j, combine(op, load(lanes, scratch + j), other))
                width = half
            scale = prepare(op, d_weight * h_weight * w_weight)
            to = (out_row * out_w + i) * inner
            for c in range(inner):
                write(form, outs, to + c, finish(op, load(lanes, scratch + c), scale))
