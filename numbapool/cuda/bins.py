"""Kernels of boxes in images: a thread makes one result.

They compute in the order of :mod:`numbapool.loops.boxes`. The numbers of their geometry: results,
elements at one place, bins along a box's width and height, planes of an image, rows and columns of
an image, boxes. `table` lists the image of each box, then the bins of all boxes along their height,
then those along their width.
"""

from __future__ import annotations

import numpy as np

from numbapool.cuda.faces import element, from_start, held, joined, like, put, quotient, rounded
from numbapool.cuda.target import cuda, overload
from numbapool.reducers.methods import finish, neutral, prepare


def bins_of(t, table, geometry, size):
    """Return the base of a result's plane, and where its two bins, of `size` numbers, stand."""
    _, inner, out_w, out_h, planes, size_h, size_w, boxes = geometry
    at = quotient(t, inner)
    row = quotient(at, out_w)
    piece = quotient(row, out_h)
    box = quotient(piece, planes)
    q, p = at - row * out_w, row - piece * out_h
    plane = table[from_start(box)] * planes + (piece - box * planes)
    base = plane * size_h * size_w * inner + (t - at * inner)
    height = boxes + (box * out_h + p) * size
    width = boxes + (boxes * out_h + box * out_w + q) * size
    return like(t, base), like(t, height), like(t, width)


overload(bins_of)(lambda t, table, geometry, size: bins_of)


@cuda.jit
def largest_elements(op, lanes, x, outs, table, geometry, nothing):
    """Keep the largest element of each bin, whose numbers are its first element and their number.

    A bin without elements gives `nothing`.
    """
    total, inner, size_w = geometry[0], geometry[1], geometry[6]
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        base, height, width = bins_of(t, table, geometry, 2)
        h, rows = table[from_start(height)], table[from_start(like(t, height + 1))]
        w, columns = table[from_start(width)], table[from_start(like(t, width + 1))]
        if (rows == 0) | (columns == 0):
            put(outs, t, nothing)
        else:
            acc = held(lanes, neutral(op))
            for n in range(w, w + columns):
                part = held(lanes, neutral(op))
                for m in range(h, h + rows):
                    place = like(t, m * size_w + n)
                    value = x[from_start(like(t, base + place * inner))]
                    part = joined(op, lanes, part, element(op, lanes, value, place))
                acc = joined(op, lanes, acc, part)
            put(outs, t, finish(op, acc, prepare(op, rows * columns)))


def row_sum(near, x, at, step, first, count, places, weights):
    """Return the weighted sum of a bin's rows in one column: two rows at a time, as on the CPU."""
    total = like(near, 0)
    if count == 1:
        total = like(near, weights[first] * like(near, x[at + places[first] * step]))
    for n in range(first + 1, first + count, 2):
        a = weights[n - 1] * like(near, x[at + places[n - 1] * step])
        b = weights[n] * like(near, x[at + places[n] * step])
        total = like(near, total + (a + b)) if n > first + 1 else like(near, a + b)
    if (count > 1) & (count % 2 == 1):
        last = first + count - 1
        total = like(near, total + weights[last] * like(near, x[at + places[last] * step]))
    return total


overload(row_sum)(lambda near, x, at, step, first, count, places, weights: row_sum)


@cuda.jit
def mean_of_samples(near, x, out, table, places, weights, geometry):
    """Add up the elements of each bin by their weights, in the type of `near`.

    A bin's numbers are its first tap, its taps, and whether samples lie outside. A tap has a place
    along its axis and a weight.
    """
    total, inner, size_w = geometry[0], geometry[1], geometry[6]
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        base, height, width = bins_of(t, table, geometry, 3)
        h, rows = table[height], table[height + 1]
        w, columns = table[width], table[width + 1]
        acc = like(near, 0)
        if rows > 0:
            for n in range(w, w + columns):
                at = like(t, base + places[n] * inner)
                row = row_sum(near, x, at, size_w * inner, h, rows, places, weights)
                acc = like(near, acc + weights[n] * row)
        out[t] = rounded(out, acc)


def between(near, x, at, step, share):
    """Return what lies between an element and the next, whose part is `share`."""
    first = like(near, x[at])
    if share > 0:
        return like(near, (like(near, 1) - share) * first + share * like(near, x[at + step]))
    return first


overload(between)(lambda near, x, at, step, share: between)


def sample(near, x, at, steps, shares):
    """Return the sample between four elements: between two rows first, then between columns."""
    down, across = steps
    w, v = shares
    first = between(near, x, at, down, w)
    if v > 0:
        second = between(near, x, at + across, down, w)
        return like(near, (like(near, 1) - v) * first + v * second)
    return first


overload(sample)(lambda near, x, at, steps, shares: sample)


@cuda.jit
def largest_sample(near, x, out, table, places, weights, geometry):
    """Keep the largest sample of each bin; see `mean_of_samples`.

    A tap is a sample; its weight is the part of the element after it. A sample outside counts as 0.
    """
    total, inner, size_w = geometry[0], geometry[1], geometry[6]
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        base, height, width = bins_of(t, table, geometry, 3)
        h, rows, above = table[height], table[height + 1], table[height + 2]
        w, columns, beside = table[width], table[width + 1], table[width + 2]
        is_zero = (rows == 0) | (columns == 0) | (above > 0) | (beside > 0)
        best = like(near, 0) if is_zero else like(near, -np.inf)
        down = size_w * inner
        for m in range(h, h + rows):
            for n in range(w, w + columns):
                at = like(t, base + places[m] * down + places[n] * inner)
                value = sample(near, x, at, (down, inner), (weights[m], weights[n]))
                best = value if (value > best) | (value != value) else best
        out[t] = rounded(out, best)
