"""The plain loops: one window after the other, tap by tap.

They define the results of all other loops, and serve any plan that the others take. They keep no
lanes: a window's accumulator is a local number.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.bounds import window
from numbapool.loops.lanes import held, take, write
from numbapool.loops.options import JIT
from numbapool.loops.select import gather_one, pick_group
from numbapool.reducers.methods import combine, finish, neutral, prepare
from numbapool.reducers.selectors import empty


@njit(**JIT)
def rows_of(geometry, begin, end):
    """Return the rows of results that the pieces [begin, end) make, whatever a piece is here."""
    d, h, w = geometry.depth, geometry.height, geometry.width
    outer = geometry.total // (d.size * h.size * w.size * geometry.inner)
    rows = outer * d.out * h.out
    return rows * begin // geometry.pieces, rows * end // geometry.pieces


@njit(**JIT)
def inside(axis, i):
    """Return `window` without the taps outside the input."""
    first, taps, weight = window(axis, i)
    while (taps > 0) & (first < 0):
        first += axis.dilation
        taps -= 1
    while (taps > 0) & (first + (taps - 1) * axis.dilation >= axis.size):
        taps -= 1
    return first, taps, weight


@njit(**JIT)
def pool_windows(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces [begin, end) of `outs`; only the types of `lanes` are used."""
    inner = geometry.inner
    height, width = geometry.height, geometry.width
    nothing = held(lanes, neutral(op))
    first_row, last_row = rows_of(geometry, begin, end)
    for out_row in range(first_row, last_row):
        od = out_row // height.out % geometry.depth.out
        plane = out_row // height.out // geometry.depth.out * geometry.depth.size
        d, depths, d_weight = inside(geometry.depth, od)
        h, heights, h_weight = inside(height, out_row % height.out)
        for i in range(width.out):
            w, columns, w_weight = inside(width, i)
            scale = prepare(op, d_weight * h_weight * w_weight)
            for c in range(inner):
                acc = part = nothing
                for t in range(depths * heights):
                    # A place counts within the plane, whose first row is row 0.
                    row = (d + t // heights * geometry.depth.dilation) * height.size
                    row += h + t % heights * height.dilation
                    start = (plane * height.size + row) * width.size
                    for v in range(columns):
                        column = w + v * width.dilation
                        place = row * geometry.row_place + column * geometry.column_place
                        j = (start + column) * inner + c
                        tap = take(op, form, lanes, x, j, place)
                        part = held(lanes, combine(op, part, tap)) if v > 0 else tap
                    acc = held(lanes, combine(op, acc, part)) if t > 0 else part
                to = (out_row * width.out + i) * inner + c
                write(form, outs, to, finish(op, acc, scale))


@njit(**JIT)
def select_windows(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the pieces of a selection: gather a window's elements at `scratch`, sort them, pick."""
    inner = geometry.inner
    height, width = geometry.height, geometry.width
    pitch = width.size * inner
    first_row, last_row = rows_of(geometry, begin, end)
    for out_row in range(first_row, last_row):
        plane = out_row // height.out // geometry.depth.out * geometry.depth.size
        d, depths, _ = window(geometry.depth, out_row // height.out % geometry.depth.out)
        h, heights, _ = window(height, out_row % height.out)
        base = plane * height.size * pitch
        d_step = geometry.depth.dilation * height.size
        bounds = (d * height.size + h, depths, d_step, heights, height.dilation)
        for i in range(width.out):
            w, columns, _ = window(width, i)
            for c in range(inner):
                first = w * inner + c
                kept = gather_one(
                    op, form, x, base, pitch, geometry, bounds, lanes, scratch, first, columns
                )
                to = (out_row * width.out + i) * inner + c
                if kept == 0:
                    write(form, outs, to, empty(op))
                else:
                    pick_group(op, form, lanes, scratch, kept, 1, outs, to)
