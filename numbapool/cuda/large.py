"""Kernels for windows of many taps; their arguments are those of :mod:`numbapool.cuda.kernels`.

- :func:`shares` and :func:`gathered`: few windows that teams do not make, such as those of channels
  last. Many threads fold each, then one joins.
- :func:`across` and :func:`down`: many windows that overlap. First each row of the input is folded
  along its windows, then the rows of each window are joined.
"""

from __future__ import annotations

import numpy as np

from numbapool.cuda.faces import held, joined, like, load, put, quotient
from numbapool.cuda.kernels import fold_row, spot, start, tap_at, window_at
from numbapool.cuda.target import cuda, overload
from numbapool.reducers.methods import finish, neutral, prepare


def fold_line(op, lanes, x, base, taps, steps):
    """Return the accumulator of every `count`-th tap of a row, from tap `p` on.

    Four are read before any is joined: so the loads need not wait for each other.
    """
    row, p, wn, count = taps
    dil_w, inner = steps
    acc = held(lanes, neutral(op))
    begun = False
    far = like(p, count * dil_w)
    while like(p, p + 3 * count) < wn:
        i = like(p, row + p * dil_w)
        j, k, m = like(p, i + far), like(p, i + 2 * far), like(p, i + 3 * far)
        one = tap_at(op, lanes, x, base, i, inner)
        two = tap_at(op, lanes, x, base, j, inner)
        three = tap_at(op, lanes, x, base, k, inner)
        four = tap_at(op, lanes, x, base, m, inner)
        all_four = joined(op, lanes, joined(op, lanes, one, two), joined(op, lanes, three, four))
        acc = joined(op, lanes, acc, all_four) if begun else all_four
        begun = True
        p = like(p, p + 4 * count)
    while p < wn:
        tap = tap_at(op, lanes, x, base, like(p, row + p * dil_w), inner)
        acc = joined(op, lanes, acc, tap) if begun else tap
        begun = True
        p = like(p, p + count)
    return acc


overload(fold_line)(lambda op, lanes, x, base, taps, steps: fold_line)


def fold_box(op, lanes, x, base, box, taps, shape):
    """Return the accumulator of every `count`-th tap of a window of several rows, from `p` on."""
    d, hn, h, wn, w = box
    p, end, count = taps
    size_h, size_w, dil_d, dil_h, dil_w, inner = shape
    acc = held(lanes, neutral(op))
    begun = False
    while p < end:
        line = quotient(p, wn)
        a = quotient(line, hn)
        row = like(p, (d + a * dil_d) * size_h + h + like(p, line - a * hn) * dil_h)
        place = like(p, row * size_w + w + like(p, p - line * wn) * dil_w)
        tap = tap_at(op, lanes, x, base, place, inner)
        acc = joined(op, lanes, acc, tap) if begun else tap
        begun = True
        p = like(p, p + count)
    return acc


overload(fold_box)(lambda op, lanes, x, base, box, taps, shape: fold_box)


@cuda.jit
def shares(op, lanes, x, parts, table, geometry, first):
    """Fold windows of many taps by many threads each: thread p takes every P-th tap from p on.

    Neighbouring threads take neighbouring elements. `parts` are arrays, one per lane: the first
    accumulators of all results, then all second ones, up to the P-th.
    """
    total, count, out_d, out_h, out_w, size_d, size_h, size_w, dil_d, dil_h, dil_w, inner = geometry
    t = like(first, first + cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        rest = quotient(t, inner)
        at = quotient(rest, count)
        p = like(first, rest - at * count)
        c = like(first, t - rest * inner)
        result = like(first, at * inner + c)
        n, od, oh, i, c = spot(result, (out_d, out_h, out_w, inner))
        d, dn, _ = window_at(table, 0, od)
        h, hn, _ = window_at(table, out_d, oh)
        w, wn, _ = window_at(table, like(first, out_d + out_h), i)
        base = start(n, c, (size_d, size_h, size_w), inner)
        if dn * hn == 1:
            row = like(first, (d * size_h + h) * size_w + w)
            acc = fold_line(op, lanes, x, base, (row, p, wn, count), (dil_w, inner))
        else:
            box = d, hn, h, wn, w
            taps = p, like(first, dn * hn) * wn, count
            acc = fold_box(
                op, lanes, x, base, box, taps, (size_h, size_w, dil_d, dil_h, dil_w, inner)
            )
        put(parts, like(first, p * quotient(total, count) + result), acc)


@cuda.jit
def gathered(op, lanes, parts, outs, table, geometry, first):
    """Join the accumulators that `shares` left for each result."""
    total, count, out_d, out_h, out_w, inner = geometry
    t = like(first, first + cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        _, od, oh, i, _ = spot(t, (out_d, out_h, out_w, inner))
        _, dn, dw = window_at(table, 0, od)
        _, hn, hw = window_at(table, out_d, oh)
        _, wn, ww = window_at(table, like(first, out_d + out_h), i)
        held_parts = min(like(first, like(first, dn * hn) * wn), count)
        acc = load(parts, t) if held_parts > 0 else held(lanes, neutral(op))
        p = 1
        while p + 3 < held_parts:
            one, two = (
                load(parts, like(first, t + p * total)),
                load(parts, like(first, t + (p + 1) * total)),
            )
            three = load(parts, like(first, t + (p + 2) * total))
            four = load(parts, like(first, t + (p + 3) * total))
            two = joined(op, lanes, one, two)
            acc = joined(op, lanes, acc, joined(op, lanes, two, joined(op, lanes, three, four)))
            p += 4
        while p < held_parts:
            acc = joined(op, lanes, acc, load(parts, like(first, t + p * total)))
            p += 1
        scale = prepare(op, np.int64(dw) * np.int64(hw) * np.int64(ww))
        put(outs, t, finish(op, acc, scale))


@cuda.jit
def across(op, lanes, x, parts, table, geometry, first):
    """Fold each row of the input along its windows.

    `parts` are arrays, one per lane, of one accumulator per row of the input, window and channel;
    those of plane `first` stand at their beginning.
    """
    total, rows, out_w, size_w, dil_w, at_w, inner = geometry
    t = like(first, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        at = quotient(t, inner)
        c = like(first, t - at * inner)
        line = quotient(at, out_w)
        w, wn, _ = window_at(table, at_w, like(first, at - line * out_w))
        plane = quotient(line, rows)
        row = like(first, like(first, line - plane * rows) * size_w + w)
        base = like(first, like(first, (first + plane) * rows) * like(first, size_w * inner) + c)
        put(parts, t, fold_row(op, lanes, x, base, (row, wn, dil_w), inner))


@cuda.jit
def down(op, lanes, parts, outs, table, geometry, first):
    """Join the accumulators that `across` left of the rows of each window."""
    total, out_d, out_h, out_w, size_d, size_h, dil_d, dil_h, inner = geometry
    t = like(first, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        n, od, oh, i, c = spot(t, (out_d, out_h, out_w, inner))
        d, dn, dw = window_at(table, 0, od)
        h, hn, hw = window_at(table, out_d, oh)
        _, _, ww = window_at(table, like(first, out_d + out_h), i)
        pitch = like(first, out_w * inner)
        base = like(first, like(first, n * size_d) * like(first, size_h * pitch) + i * inner + c)
        acc = held(lanes, neutral(op))
        for a in range(dn):
            for b in range(hn):
                row = like(first, (d + a * dil_d) * size_h + h + b * dil_h)
                part = load(parts, like(first, base + row * pitch))
                acc = joined(op, lanes, acc, part) if a + b > 0 else part
        scale = prepare(op, np.int64(dw) * np.int64(hw) * np.int64(ww))
        results = like(first, first * like(first, out_d * out_h) * pitch)
        put(outs, like(first, results + t), finish(op, acc, scale))
