"""Windows of one size that begin at other places in each plane, as a table says.

A piece of work is one row of results, with all channels that follow the pooled axes. The table of
an axis begins at the slot `borders`. It has one row per plane, which says where windows begin.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.lanes import held, take, write
from numbapool.loops.options import JIT
from numbapool.loops.pointers import number_at
from numbapool.reducers.methods import combine, finish, neutral


@njit(**JIT)
def start(axis, plane, i):
    """Return the first tap of window i of a plane."""
    return number_at(axis, axis.borders + plane * axis.out + i)


@njit(**JIT)
def pool_placed(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the output rows [begin, end) of `outs`; only the types of `lanes` are used."""
    inner = geometry.inner
    depth, height, width = geometry.depth, geometry.height, geometry.width
    taps = depth.taps * height.taps * width.taps
    for out_row in range(begin, end):
        oh = out_row % height.out
        od = out_row // height.out % depth.out
        volume = out_row // height.out // depth.out
        base = volume * depth.size * height.size * width.size
        for i in range(width.out):
            for c in range(inner):
                plane = volume * inner + c
                d, h, w = start(depth, plane, od), start(height, plane, oh), start(width, plane, i)
                acc = held(lanes, neutral(op))
                for t in range(taps):
                    row = (d + t // (height.taps * width.taps)) * height.size
                    row += h + t // width.taps % height.taps
                    place = row * width.size + w + t % width.taps
                    tap = take(op, form, lanes, x, (base + place) * inner + c, place)
                    acc = held(lanes, combine(op, acc, tap)) if t > 0 else tap
                write(form, outs, (out_row * width.out + i) * inner + c, finish(op, acc, 0))
