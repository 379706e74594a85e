"""Loops over the bins of boxes: windows that lie elsewhere for each box.

A piece is a plane of a box; there are ``depth.out`` planes in an image. A box's row in the table of
`depth` is its image, the first column that the box needs, and one past the last. The tables of
`height` and `width` have a row per bin; the bins of one box follow one another.

The row of a bin of elements is its first element and their number. The row of a bin of samples is
its first sample's place among all samples, their number, and whether some lie outside the image.
The samples' rows follow the rows of all bins; each is an element and the bits of a weight.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.lanes import held, load, put, take, write
from numbapool.loops.options import CONTRACT, JIT
from numbapool.loops.pointers import border
from numbapool.reducers.methods import combine, finish, neutral, prepare


@njit(**JIT)
def pool_boxes(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Reduce bins of elements: first the bin's rows over the box's width, then its columns."""
    height, width = geometry.height, geometry.width
    planes, inner = geometry.depth.out, geometry.inner
    nothing = held(lanes, neutral(op))
    for piece in range(begin, end):
        box, plane = piece // planes, piece % planes
        image, left, right = border(geometry.depth, box)
        first_row = (image * planes + plane) * height.size
        for p in range(height.out):
            h, rows, _ = border(height, box * height.out + p)
            for j in range(left * inner, right * inner):
                put(lanes, scratch + j, nothing)
            for row in range(h, h + rows):
                start = (first_row + row) * width.size * inner
                for j in range(left * inner, right * inner):
                    tap = take(op, form, lanes, x, start + j, row * width.size + j // inner)
                    acc = combine(op, load(lanes, scratch + j), tap)
                    put(lanes, scratch + j, acc)
            for q in range(width.out):
                w, columns, _ = border(width, box * width.out + q)
                scale = prepare(op, rows * columns)
                for c in range(inner):
                    acc = nothing
                    for n in range(columns):
                        part = load(lanes, scratch + (w + n) * inner + c)
                        acc = held(lanes, combine(op, acc, part))
                    to = ((piece * height.out + p) * width.out + q) * inner + c
                    write(form, outs, to, finish(op, acc, scale))


@njit(**JIT)
def weight_of(lanes, bits):
    """Return a weight, in the lanes' dtype, from its bits in a table."""
    return held((lanes[0],), np.int64(bits).view(np.float64))


@njit(**JIT)
def keep_columns(geometry, lanes, scratch, box):
    """Put the elements and the weights of a box's columns at `scratch`; return their first row."""
    width, inner = geometry.width, geometry.inner
    first, _, _ = border(width, box * width.out)
    last, count, _ = border(width, (box + 1) * width.out - 1)
    rows = geometry.pieces // geometry.depth.out * width.out + first
    for n in range(last + count - first):
        column, _, bits = border(width, rows + n)
        lanes[1][scratch + n] = weight_of(lanes, bits)
        lanes[2][scratch + n] = column * inner
    return first


@njit(**JIT, fastmath=CONTRACT)
def add_rows(x, geometry, lanes, scratch, box, bin_of_rows, first_row):
    """Set the row at `scratch`, from a box's first column on, to the weighted sum of a bin's rows.

    It adds two rows at a time, so the sum is read and written half as often.
    """
    height, inner = geometry.height, geometry.inner
    row = lanes[0]
    _, begin, end = border(geometry.depth, box)
    begin, length = begin * inner, (end - begin) * inner
    pitch, at = geometry.width.size * inner, scratch + begin
    first, count, _ = border(height, bin_of_rows)
    first += geometry.pieces // geometry.depth.out * height.out
    start = first_row * pitch + begin
    if count == 1:
        place, _, bits = border(height, first)
        a, v = start + place * pitch, weight_of(lanes, bits)
        for j in range(length):
            row[at + j] = v * x[a + j]
    for n in range(1, count, 2):
        place, _, bits = border(height, first + n - 1)
        a, v = start + place * pitch, weight_of(lanes, bits)
        place, _, bits = border(height, first + n)
        b, w = start + place * pitch, weight_of(lanes, bits)
        if n == 1:
            for j in range(length):
                row[at + j] = v * x[a + j] + w * x[b + j]
        else:
            for j in range(length):
                row[at + j] += v * x[a + j] + w * x[b + j]
    if (count > 1) & (count % 2 == 1):
        place, _, bits = border(height, first + count - 1)
        a, v = start + place * pitch, weight_of(lanes, bits)
        for j in range(length):
            row[at + j] += v * x[a + j]
    return count


@njit(**JIT, fastmath=CONTRACT)
def mean_boxes(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Add up bins of samples, whose weights add up to 1. The lanes are a row, weights, places."""
    height, width, planes, inner = (
        geometry.height,
        geometry.width,
        geometry.depth.out,
        geometry.inner,
    )
    row, weights, places, out = lanes[0], lanes[1], lanes[2], outs[0]
    zero = held((row,), 0)
    kept, first = -1, 0
    for piece in range(begin, end):
        box, plane = piece // planes, piece % planes
        if box != kept:
            kept, first = box, keep_columns(geometry, lanes, scratch, box)
        image, _, _ = border(geometry.depth, box)
        first_row = (image * planes + plane) * height.size
        for p in range(height.out):
            rows = add_rows(x, geometry, lanes, scratch, box, box * height.out + p, first_row)
            for q in range(width.out):
                start, count, _ = border(width, box * width.out + q)
                start, count = scratch + start - first, count if rows > 0 else 0
                to = ((piece * height.out + p) * width.out + q) * inner
                if inner == 1:
                    total = zero
                    for n in range(start, start + count):
                        total += weights[n] * row[scratch + places[n]]
                    out[to] = total
                else:
                    for c in range(inner):
                        out[to + c] = zero
                    for n in range(start, start + count):
                        weight, source = weights[n], scratch + places[n]
                        for c in range(inner):
                            out[to + c] += weight * row[source + c]


@njit(**JIT, fastmath=CONTRACT)
def max_boxes(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Keep the largest of a bin's samples.

    A sample's weight is the share of the element after it, or 0 if there is none. A sample outside
    the image counts as 0.
    """
    height, width, planes, inner = (
        geometry.height,
        geometry.width,
        geometry.depth.out,
        geometry.inner,
    )
    row, weights, places, out = lanes[0], lanes[1], lanes[2], outs[0]
    boxes = geometry.pieces // planes
    pitch = width.size * inner
    kept, first = -1, 0
    zero, one = held((row,), 0), held((row,), 1)
    for piece in range(begin, end):
        box, plane = piece // planes, piece % planes
        if box != kept:
            kept, first = box, keep_columns(geometry, lanes, scratch, box)
        image, left, right = border(geometry.depth, box)
        first_row = (image * planes + plane) * height.size
        for p in range(height.out):
            sample, rows, some_out = border(height, box * height.out + p)
            for q in range(width.out):
                _, count, others_out = border(width, box * width.out + q)
                is_zero = (rows == 0) | (count == 0) | (some_out > 0) | (others_out > 0)
                to = ((piece * height.out + p) * width.out + q) * inner
                for c in range(inner):
                    out[to + c] = zero if is_zero else held((row,), -np.inf)
            for n in range(sample, sample + rows):
                place, _, bits = border(height, boxes * height.out + n)
                w = weight_of(lanes, bits)
                a = (first_row + place) * pitch
                b = a + pitch if w > zero else a
                for j in range(left * inner, right * inner):
                    upper, lower = x[a + j], x[b + j]
                    row[scratch + j] = (one - w) * upper + w * lower if w > zero else upper
                for q in range(width.out):
                    start, count, _ = border(width, box * width.out + q)
                    to = ((piece * height.out + p) * width.out + q) * inner
                    for m in range(scratch + start - first, scratch + start - first + count):
                        w, source = weights[m], scratch + places[m]
                        step = inner if w > zero else 0
                        for c in range(inner):
                            a_value, b_value = row[source + c], row[source + step + c]
                            value = (one - w) * a_value + w * b_value if w > zero else a_value
                            best = out[to + c]
                            out[to + c] = value if (value > best) | (value != value) else best
