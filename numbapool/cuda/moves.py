"""Kernels that move elements: to the places of maxima, into other orders of axes, row by row."""

from __future__ import annotations

import numpy as np

from numbapool.cuda.faces import like, quotient, rounded
from numbapool.cuda.target import cuda
from numbapool.reducers.methods import root


@cuda.jit
def filled(array, number, total):
    """Set the first elements of an array to a number."""
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        array[t] = number


@cuda.jit
def claimed(places, owners, ends, geometry):
    """Note at each place which value goes there: the last of several.

    `ends` gets the least and the largest place that lie outside the planes.
    """
    total, values, size, inner = geometry
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        row = quotient(t, inner)
        n = quotient(row, values)
        place = np.int64(places[t])
        if (place >= 0) & (place < size):
            at = (n * np.int64(size) + place) * inner + (t - row * inner)
            cuda.atomic.max(owners, at, np.int64(row - n * values))
        else:
            cuda.atomic.min(ends, 0, place)
            cuda.atomic.max(ends, 1, place)


@cuda.jit
def delivered(x, owners, out, geometry):
    """Set each place to the value that goes there, or to 0."""
    total, values, size, inner = geometry
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        row = quotient(t, inner)
        n = quotient(row, size)
        owner = owners[t]
        if owner < 0:
            out[t] = like(x[0], 0)
        else:
            out[t] = x[(n * np.int64(values) + owner) * inner + (t - row * inner)]


@cuda.jit
def arranged(x, out, axes, begins, total):
    """Copy elements into another order of axes, with zeros past an axis's end.

    `axes` has four numbers per axis, the last axis first: its elements in the walk, those that
    `x` has, and the steps in `x` and in `out`. `begins` are the first places in both.
    """
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        source, target = begins
        inside = True
        for n in range(axes.size // 4):
            count = axes[4 * n]
            rest = quotient(t, count)
            i = like(total, t - rest * count)
            inside = inside & (i < axes[4 * n + 1])
            source += i * axes[4 * n + 2]
            target += i * axes[4 * n + 3]
            t = rest
        out[target] = x[source] if inside else like(x[0], 0)


@cuda.jit
def copied(x, out, places, geometry, nothing):
    """Copy one row of each sequence; a sequence whose place is below 0 has none."""
    total, channels, step, pitch = geometry
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        s = quotient(t, channels)
        c = like(total, t - s * channels)
        at = places[s]
        out[s * pitch + c] = x[at + c * step] if at >= 0 else nothing


@cuda.jit
def normalized(out, sequences, geometry):
    """Divide the results of each sequence that has rows by their length, unless that is 0."""
    total, columns = geometry
    s = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if s < total:
        if sequences[2 * s + 1] > 0:
            squares = 0.0
            for c in range(columns):
                value = np.float64(out[s * columns + c])
                squares += value * value
            length = root(squares)
            for c in range(columns):
                value = np.float64(out[s * columns + c])
                out[s * columns + c] = rounded(out, value / length if length > 0 else value)
