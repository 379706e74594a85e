"""Kernels to import: ``kernel[grid, block](…)``, for any reducer, on arrays in a device's memory.

A thread makes one result. The kernels are compiled for the types of their arguments:

- `op` is a reducer, whose fields are numbers of fixed types;
- `lanes` is a tuple of numbers of the accumulators' types;
- `x` and each of `outs` are contiguous arrays of one axis;
- `table` lists the windows of three axes, one after the other: a window's first tap, its number of
  taps and its part in a mean's divisor;
- `geometry` is a tuple of numbers, all of one type, int32 or int64, in which places are computed;
- `first` is a number of that type: the first row, or the first result, that the launch makes.

They compute in the order of :mod:`numbapool.loops.windowed`. Arguments are not checked.
"""

from __future__ import annotations

import numpy as np

from numbapool.cuda.faces import (
    can_be_nan,
    element,
    from_start,
    held,
    joined,
    like,
    put,
    quotient,
    times,
)
from numbapool.cuda.target import cuda, overload
from numbapool.reducers.methods import finish, missing, neutral, prepare
from numbapool.reducers.selectors import empty, select, sorts


def window_at(table, axis, i):
    """Return the first tap of window i of an axis, its taps, and its part in a divisor."""
    at = from_start(like(i, 3 * (axis + i)))
    return table[at], table[from_start(at + 1)], table[from_start(at + 2)]


overload(window_at)(lambda table, axis, i: window_at)


def spot(t, outs):
    """Return where result t lies: its plane, its window along each axis, and its channel."""
    out_d, out_h, out_w, inner = outs
    at = quotient(t, inner)
    row = quotient(at, out_w)
    volume = quotient(row, out_h)
    n = quotient(volume, out_d)
    d, h = like(t, volume - n * out_d), like(t, row - volume * out_h)
    return n, d, h, like(t, at - row * out_w), like(t, t - at * inner)


overload(spot)(lambda t, outs: spot)


def start(n, c, sizes, inner):
    """Return the place of the first element of channel c of plane n."""
    size_d, size_h, size_w = sizes
    rows = like(n, like(n, n * size_d) * size_h)
    return like(n, rows * like(n, size_w * inner) + c)


overload(start)(lambda n, c, sizes, inner: start)


def tap_at(op, lanes, x, base, place, inner):
    """Return the accumulator of the element at a place of a plane."""
    return element(op, lanes, x[from_start(like(place, base + place * inner))], place)


overload(tap_at)(lambda op, lanes, x, base, place, inner: tap_at)


def fold_row(op, lanes, x, base, line, inner):
    """Return the accumulator of a window's taps in one row, in their order.

    Four are read before any is joined, so the loads need not wait for each other.
    """
    place, count, dilation = line
    acc = held(lanes, neutral(op))
    k = 0
    while k + 3 < count:
        one = tap_at(op, lanes, x, base, like(place, place + k * dilation), inner)
        two = tap_at(op, lanes, x, base, like(place, place + (k + 1) * dilation), inner)
        three = tap_at(op, lanes, x, base, like(place, place + (k + 2) * dilation), inner)
        four = tap_at(op, lanes, x, base, like(place, place + (k + 3) * dilation), inner)
        acc = joined(op, lanes, acc, one) if k > 0 else one
        acc = joined(op, lanes, acc, two)
        acc = joined(op, lanes, joined(op, lanes, acc, three), four)
        k += 4
    while k < count:
        tap = tap_at(op, lanes, x, base, like(place, place + k * dilation), inner)
        acc = joined(op, lanes, acc, tap) if k > 0 else tap
        k += 1
    return acc


overload(fold_row)(lambda op, lanes, x, base, line, inner: fold_row)


def fold(op, lanes, x, base, boxes, geometry):
    """Return the accumulator of one window: each of its rows is folded, then all rows.

    `base` is the place of the plane's first element; `boxes` are the windows along the axes.
    """
    d, dn, h, hn, w, wn = boxes
    size_h, size_w, dil_d, dil_h, dil_w, inner = geometry
    acc = held(lanes, neutral(op))
    for a in range(dn):
        for b in range(hn):
            row = like(d, (d + a * dil_d) * size_h + h + b * dil_h)
            line = like(d, row * size_w + w), wn, dil_w
            part = fold_row(op, lanes, x, base, line, inner)
            acc = joined(op, lanes, acc, part) if a + b > 0 else part
    return acc


overload(fold)(lambda op, lanes, x, base, boxes, geometry: fold)


@cuda.jit
def windows(op, lanes, x, outs, table, geometry, first):
    """Reduce windows. Threads along x make a row of results, threads along y further rows."""
    rows, out_d, out_h, out_w, size_d, size_h, size_w, dil_d, dil_h, dil_w, inner = geometry
    t = like(first, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    row = like(first, first + cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y)
    if (t < like(first, out_w * inner)) & (row < rows):
        i = quotient(t, inner)
        c = like(first, t - i * inner)
        volume = quotient(row, out_h)
        n = quotient(volume, out_d)
        oh, od = like(first, row - volume * out_h), like(first, volume - n * out_d)
        d, dn, dw = window_at(table, 0, od)
        h, hn, hw = window_at(table, out_d, oh)
        w, wn, ww = window_at(table, like(first, out_d + out_h), i)
        base = start(n, c, (size_d, size_h, size_w), inner)
        shape = (size_h, size_w, dil_d, dil_h, dil_w, inner)
        acc = fold(op, lanes, x, base, (d, dn, h, hn, w, wn), shape)
        scale = prepare(op, np.int64(dw) * np.int64(hw) * np.int64(ww))
        put(outs, like(first, like(first, row * out_w) * inner + t), finish(op, acc, scale))


def sort_column(values, at, step, taps):
    """Sort `taps` numbers, `step` apart from `at` on, by Batcher's network as `select` does."""
    top = 1
    while 2 * top < taps:
        top *= 2
    p = top
    while p > 0:
        q = top
        r = 0
        d = p
        while d > 0:
            for i in range(taps - d):
                if i & p == r:
                    a = from_start(at + i * step)
                    b = from_start(at + (i + d) * step)
                    low, high = values[a], values[b]
                    values[a] = low if low <= high else high
                    values[b] = high if low <= high else low
            d = q - p
            q //= 2
            r = p
        p //= 2


overload(sort_column)(lambda values, at, step, taps: sort_column)


def sort_together(values, at, taps, me, threads):
    """Sort `taps` numbers from `at` on by the same network, by all threads of a block."""
    top = 1
    while 2 * top < taps:
        top *= 2
    p = top
    while p > 0:
        q = top
        r = 0
        d = p
        while d > 0:
            for i in range(me, taps - d, threads):
                if i & p == r:
                    a, b = from_start(at + i), from_start(at + i + d)
                    low, high = values[a], values[b]
                    values[a] = low if low <= high else high
                    values[b] = high if low <= high else low
            cuda.syncthreads()
            d = q - p
            q //= 2
            r = p
        p //= 2


overload(sort_together)(lambda values, at, taps, me, threads: sort_together)


@cuda.jit
def selections(op, lanes, x, outs, values, table, geometry, first):
    """Gather each window's elements, sort them if the selector needs it, and pick.

    The elements of neighbouring threads stand side by side in `values`, `step` apart.
    """
    total, step, out_d, out_h, out_w, size_d, size_h, size_w, dil_d, dil_h, dil_w, inner = geometry
    at = like(first, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    t = like(first, first + at)
    if (at < step) & (t < total):
        n, od, oh, i, c = spot(t, (out_d, out_h, out_w, inner))
        d, dn, _ = window_at(table, 0, od)
        h, hn, _ = window_at(table, out_d, oh)
        w, wn, _ = window_at(table, like(first, out_d + out_h), i)
        base = start(n, c, (size_d, size_h, size_w), inner)
        kept = 0
        spoiled = False
        odd = values[at]
        for a in range(dn):
            for b in range(hn):
                row = like(first, (d + a * dil_d) * size_h + h + b * dil_h)
                for k in range(wn):
                    place = like(first, row * size_w + w + k * dil_w)
                    value = like(lanes[0], x[from_start(like(first, base + place * inner))])
                    if not missing(op, value):
                        values[from_start(at + kept * step)] = value
                        kept += 1
                        if can_be_nan(value):
                            odd = value if value != value else odd
                            spoiled = spoiled | (value != value)
        if kept == 0:
            put(outs, t, empty(op))
        elif spoiled:
            put(outs, t, odd)
        else:
            if sorts(op, kept):
                sort_column(values, at, step, kept)
            put(outs, t, select(op, values, np.int64(at), np.int64(step), kept, np.int64(t)))


MOST_TOGETHER = 256
"""The most threads of a block that sort a window together."""


def share_of(number, threads, taps):
    """Return the first tap of a thread's share of a window's taps, and the end of its share."""
    share = (taps + threads - 1) // threads
    return min(number * share, taps), min((number + 1) * share, taps)


overload(share_of)(lambda number, threads, taps: share_of)


@cuda.jit
def selections_together(op, lanes, x, outs, values, table, geometry, first):
    """Do as `selections` does, with a block of threads for each window of many taps.

    Each thread gathers its share of the taps, behind those that the threads before it keep; so
    the elements stand in order. The exchanges of one step of Batcher's network are independent.
    """
    _total, room, out_d, out_h, out_w, size_d, size_h, size_w, dil_d, dil_h, dil_w, inner = geometry
    counts = cuda.shared.array(MOST_TOGETHER, np.int64)
    me, threads = np.int64(cuda.threadIdx.x), np.int64(cuda.blockDim.x)
    t = like(first, first + cuda.blockIdx.x)
    n, od, oh, i, c = spot(t, (out_d, out_h, out_w, inner))
    d, dn, _ = window_at(table, 0, od)
    h, hn, _ = window_at(table, out_d, oh)
    w, wn, _ = window_at(table, like(first, out_d + out_h), i)
    base = start(n, c, (size_d, size_h, size_w), inner)
    at = np.int64(cuda.blockIdx.x) * room
    begin, end = share_of(me, threads, np.int64(dn) * hn * wn)
    kept = np.int64(0)
    spoiled = np.int64(0)
    odd = like(lanes[0], 0)
    for stage in range(2):  # first the elements are counted, then they are put in their places
        target = at
        if stage == 1:
            counts[me] = kept + (spoiled << 48)
            cuda.syncthreads()
            kept = np.int64(0)
            spoiled = np.int64(0)
            for k in range(threads):
                if k == me:
                    target = at + kept
                kept += counts[k] & 0xFFFFFFFFFFFF
                spoiled += counts[k] >> 48
        for tap in range(begin, end):
            line = tap // wn
            row = (d + line // hn * dil_d) * size_h + h + line % hn * dil_h
            place = row * size_w + w + tap % wn * dil_w
            value = like(lanes[0], x[from_start(base + place * inner)])
            if not missing(op, value):
                if stage == 0:
                    kept += 1
                    if can_be_nan(value):
                        odd = value if value != value else odd
                        spoiled = np.int64(1) if value != value else spoiled
                else:
                    values[target] = value
                    target += 1
    cuda.syncthreads()
    if kept == 0:
        if me == 0:
            put(outs, t, empty(op))
    elif spoiled > 0:
        if odd != odd:
            put(outs, t, odd)
    else:
        if sorts(op, kept):
            sort_together(values, at, kept, me, threads)
        if me == 0:
            put(outs, t, select(op, values, at, np.int64(1), kept, np.int64(t)))


def blend(op, lanes, a, b, c):
    """Return three neighbours joined: first the outer ones, then the middle, as `weighted` does."""
    return joined(op, lanes, joined(op, lanes, a, c), b)


overload(blend)(lambda op, lanes, a, b, c: blend)


def tap_of(op, lanes, x, at, weight):
    """Return a weighted element."""
    return times(lanes, element(op, lanes, x[from_start(at)], 0), weight)


overload(tap_of)(lambda op, lanes, x, at, weight: tap_of)


def blend_column(op, lanes, x, at, pitch, weights, slot, count):
    """Return the elements of a column, `pitch` apart, blended by the weights from `slot` on."""
    acc = held(lanes, neutral(op))
    if count >= 3:
        a = tap_of(op, lanes, x, at, weights[slot])
        b = tap_of(op, lanes, x, at + pitch, weights[slot + 1])
        acc = blend(op, lanes, a, b, tap_of(op, lanes, x, at + 2 * pitch, weights[slot + 2]))
    for t in range(3 if count >= 3 else 0, count):
        acc = joined(op, lanes, acc, tap_of(op, lanes, x, at + t * pitch, weights[slot + t]))
    return acc


overload(blend_column)(lambda op, lanes, x, at, pitch, weights, slot, count: blend_column)


@cuda.jit
def blurred(op, lanes, x, outs, weights, table, geometry, first):
    """Blend a window's columns, then its row; a window's last number is its weights' slot."""
    total, out_h, out_w, size_h, size_w, inner, divisor = geometry
    t = like(first, first + cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        n, _, oh, i, c = spot(t, (like(first, 1), out_h, out_w, inner))
        h, hn, rows_at = window_at(table, 0, oh)
        w, wn, columns_at = window_at(table, out_h, i)
        pitch = like(first, size_w * inner)
        at = like(first, like(first, n * size_h + h) * pitch + like(first, w * inner + c))
        acc = held(lanes, neutral(op))
        for k in range(wn):
            column = blend_column(op, lanes, x, at + k * inner, pitch, weights, rows_at, hn)
            part = times(lanes, column, weights[columns_at + k])
            acc = joined(op, lanes, acc, part)
        put(outs, t, finish(op, acc, prepare(op, np.int64(divisor))))


@cuda.jit
def placed(op, lanes, x, outs, table, geometry, first):
    """Reduce windows of one size that begin at other places in each plane, as a table says."""
    total, planes, out_d, out_h, out_w, size_d, size_h, size_w, kd, kh, kw, inner = geometry
    t = like(first, first + cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        n, od, oh, i, c = spot(t, (out_d, out_h, out_w, inner))
        plane = like(first, n * inner + c)
        d = table[plane * out_d + od]
        h = table[planes * out_d + plane * out_h + oh]
        w = table[planes * (out_d + out_h) + plane * out_w + i]
        base = start(n, c, (size_d, size_h, size_w), inner)
        acc = held(lanes, neutral(op))
        for tap in range(kd * kh * kw):
            line = tap // kw
            down = (d + line // kh) * size_h + h + line % kh
            place = like(first, down * size_w + w + tap % kw)
            one = element(op, lanes, x[from_start(like(first, base + place * inner))], place)
            acc = joined(op, lanes, acc, one) if tap > 0 else one
        put(outs, t, finish(op, acc, 0))
