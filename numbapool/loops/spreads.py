"""The results of a unit and, for moments, the shift that each channel's distances are taken from.

Distances in float32 are exact enough for most data, and twice as fast. If a channel's first element
lies far from the others, or if float32 cannot hold its squares, its moments are taken again in
float64, about the mean that the first pass gave.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.lanes import held, load, read, write
from numbapool.loops.options import JIT
from numbapool.loops.pointers import border
from numbapool.loops.strips import lanes_of, narrow, shift_lane, wide
from numbapool.reducers.exponentials import exp
from numbapool.reducers.methods import combine, finish, lift, neutral, prepare

FAR = 32.0
"""Squares about the shift over squares about the mean: above this ratio too many bits are lost.
A first element five and a half deviations from the mean gives this ratio."""

TINY = 1e-30
"""A sum of squares below this may hold squares that float32 rounds to zero."""


def peak_lane(op, lanes):
    """Return the lane of the heads' peaks."""
    return lanes[-1]


@overload(peak_lane)
def _peak_lane(op, lanes):
    last = lanes.count - 1
    return lambda op, lanes: lanes[last]


def weight_lane(op, lanes):
    """Return the lane of weights."""
    return lanes[-2]


@overload(weight_lane)
def _weight_lane(op, lanes):
    last = lanes.count - 2
    return lambda op, lanes: lanes[last]


def elements(x):
    """Return the input itself, without the weights that may go with it."""
    return x[0] if isinstance(x, tuple) else x


@overload(elements)
def _elements(x):
    if isinstance(x, types.BaseTuple):
        return lambda x: x[0]
    return lambda x: x


def row_weight(op, x, geometry, lanes, scratch, row, place, head):
    """Return a row's weight, which stands at `place`, or 0 if rows have no weights."""
    if not isinstance(x, tuple):
        return 0
    return weight_again(op, x, geometry, lanes, scratch, row, place, head)


@overload(row_weight)
def _row_weight(op, x, geometry, lanes, scratch, row, place, head):
    if isinstance(x, types.BaseTuple):
        return lambda op, x, geometry, lanes, scratch, row, place, head: weight_again(
            op, x, geometry, lanes, scratch, row, place, head
        )
    return lambda op, x, geometry, lanes, scratch, row, place, head: 0


@njit(**JIT)
def weight_again(op, x, geometry, lanes, scratch, row, place, head):
    """Return a row's weight: with one head from the scratch, with several heads computed anew."""
    if geometry.heads == 1:
        return weight_lane(op, lanes)[scratch + row]
    weight = x[1][place]
    if geometry.soft:
        return exp(weight - peak_lane(op, lanes)[scratch + head])
    return weight


def looks_on(op):
    """Say whether a shift is looked for in later rows if it is NaN in the first."""
    return hasattr(op, "left_out")


@overload(looks_on)
def _looks_on(op):
    answer = "left_out" in op.instance_class._fields
    return lambda op: answer


def set_shifts(op, form, x, geometry, lanes, scratch, runs, begin, n):
    """Set the shifts of `n` channels from `begin` on, if the reducer has shifts."""
    if hasattr(op, "shifts"):
        set_all_shifts(op, form, x, geometry, lanes, scratch, runs, begin, n)


@overload(set_shifts)
def _set_shifts(op, form, x, geometry, lanes, scratch, runs, begin, n):
    if hasattr(op.instance_class, "shifts"):
        return lambda op, form, x, geometry, lanes, scratch, runs, begin, n: set_all_shifts(
            op, form, x, geometry, lanes, scratch, runs, begin, n
        )
    return lambda op, form, x, geometry, lanes, scratch, runs, begin, n: None


@njit(**JIT)
def set_all_shifts(op, form, x, geometry, lanes, scratch, runs, begin, n):
    """Set each shift to the channel's first element or, if NaN is left out, its first number.

    A shift that is infinite or NaN becomes 0.
    """
    shifts = shift_lane(op, lanes)
    step = geometry.width.step
    pitch = geometry.height.step
    first, last = runs
    lacking = n
    for run in range(first, last):
        at, _, count = border(geometry.height, run)
        at += begin * step
        for t in range(count):
            anew = (t == 0) & (run == first)
            lacking = 0
            for c in range(n):
                known = shifts[scratch + c]
                if anew | (known != known):
                    fresh = read(form, narrow(op, lanes), x[at + t * pitch + c * step])
                    shifts[scratch + c] = fresh
                    lacking += fresh != fresh
            if (lacking == 0) | (not looks_on(op)):
                break
        if (lacking == 0) | (not looks_on(op)):
            break
    for c in range(n):
        known = shifts[scratch + c]
        if known - known != 0:
            shifts[scratch + c] = 0


def shift_to(op, form, x, geometry, lanes, at, to, n):
    """Set `n` shifts from `to` on to the elements of a row, if the reducer has shifts."""
    if hasattr(op, "shifts"):
        shift_to_row(op, form, x, geometry, lanes, at, to, n)


@overload(shift_to)
def _shift_to(op, form, x, geometry, lanes, at, to, n):
    if hasattr(op.instance_class, "shifts"):
        return lambda op, form, x, geometry, lanes, at, to, n: shift_to_row(
            op, form, x, geometry, lanes, at, to, n
        )
    return lambda op, form, x, geometry, lanes, at, to, n: None


@njit(**JIT)
def shift_to_row(op, form, x, geometry, lanes, at, to, n):
    """See `shift_to`: a shift must be finite, so infinity and NaN become 0."""
    shifts = shift_lane(op, lanes)
    for c in range(n):
        near = read(form, narrow(op, lanes), x[at + c * geometry.width.step])
        shifts[to + c] = near if near - near == 0 else 0


def deliver(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight):
    """Write the results of `n` channels from `begin` on; `weight` is the weight of all rows."""
    spreads = hasattr(op, "shifts")
    deliver_one_way = deliver_spreads if spreads else deliver_each
    deliver_one_way(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight)


@overload(deliver)
def _deliver(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight):
    def each(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight):
        deliver_each(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight)

    def spreads(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight):
        deliver_spreads(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight)

    return spreads if hasattr(op.instance_class, "shifts") else each


def is_narrow(op, lanes):
    """Say whether the strips of a sum are added in a narrower dtype than the sum."""
    return lanes[0].dtype != narrow(op, lanes)[0].dtype


def mended(op, form, x, geometry, lanes, scratch, runs, channel, head, acc):
    """Return a channel's accumulator, added up again if its narrow sums overflowed or are NaN."""
    if not is_narrow(op, lanes):
        return acc
    return again_if_past(op, form, x, geometry, lanes, scratch, runs, channel, head, acc)


@overload(mended)
def _mended(op, form, x, geometry, lanes, scratch, runs, channel, head, acc):
    if lanes[0].dtype == lanes[lanes_of(op.instance_class, lanes.count)].dtype:
        return lambda op, form, x, geometry, lanes, scratch, runs, channel, head, acc: acc
    return lambda op, form, x, geometry, lanes, scratch, runs, channel, head, acc: again_if_past(
        op, form, x, geometry, lanes, scratch, runs, channel, head, acc
    )


def first_of(acc):
    """Return the first number of an accumulator."""
    return acc[0] if isinstance(acc, tuple) else acc


@overload(first_of)
def _first_of(acc):
    if isinstance(acc, types.BaseTuple):
        return lambda acc: acc[0]
    return lambda acc: acc


@njit(**JIT)
def again_if_past(op, form, x, geometry, lanes, scratch, runs, channel, head, acc):
    """See `mended`."""
    total = first_of(acc)
    if total - total == 0:
        return acc
    return fold_again(op, form, x, geometry, lanes, scratch, runs, channel, head, 0.0)


@njit(**JIT)
def deliver_each(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight):
    """Write the reducer's result of each accumulator.

    A sum that overflows float32 may fit float64, so such a channel is added up again.
    """
    scale = prepare(op, weight)
    group = geometry.width.size // geometry.heads
    for c in range(n):
        acc = load(wide(op, lanes), scratch + c)
        head = (begin + c) // group - begin // group
        acc = mended(op, form, x, geometry, lanes, scratch, runs, begin + c, head, acc)
        write(form, outs, to + c, finish(op, acc, scale))


@njit(**JIT)
def deliver_spreads(op, form, x, outs, geometry, lanes, scratch, runs, begin, n, to, weight):
    """Write the deviations and, if both are results, the means before them."""
    scale = prepare(op, weight)
    group = geometry.width.size // geometry.heads
    for c in range(n):
        acc = load(wide(op, lanes), scratch + c)
        near = np.float64(shift_lane(op, lanes)[scratch + c])
        mean, spread = finish(op, acc, scale)
        about = acc[1] - mean * acc[0]
        if (acc[0] != 0) & ((acc[1] > FAR * about) | (acc[1] < TINY) | (acc[1] - acc[1] != 0)):
            head = (begin + c) // group - begin // group
            centre = near + mean if mean - mean == 0 else near
            again = fold_again(op, form, x, geometry, lanes, scratch, runs, begin + c, head, centre)
            near = centre
            mean, spread = finish(op, again, scale)
        if op.both:
            write(form, outs, to + c, near + mean)
            write(form, outs, to + geometry.width.size + c, spread)
        else:
            write(form, outs, to + c, spread)


@njit(**JIT)
def fold_again(op, form, x, geometry, lanes, scratch, runs, channel, head, centre):
    """Return a channel's accumulator of distances from a centre, folded in wide numbers."""
    long = wide(op, lanes)
    pitch = geometry.height.step
    acc = held(long, neutral(op))
    first, last = runs
    row = 0
    for run in range(first, last):
        at, place, count = border(geometry.height, run)
        at += channel * geometry.width.step
        place += channel // (geometry.width.size // geometry.heads) * geometry.head_step
        for _ in range(count):
            weight = row_weight(op, x, geometry, lanes, scratch, row, place, head)
            distance = read(form, long, elements(x)[at]) - centre
            acc = held(long, combine(op, acc, held(long, lift(op, distance, weight))))
            at += pitch
            place += geometry.weight_step
            row += 1
    return acc
