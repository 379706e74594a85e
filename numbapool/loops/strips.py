"""A sequence's accumulators: wide ones, narrow ones for a strip of rows, shifts and weights.

Sums are folded in narrow accumulators for a strip of rows, which are then added to the wide
accumulators. So float32 is added up as fast as it is read, and nearly as exactly as in float64.
"""

from __future__ import annotations

from numba import njit
from numba.extending import overload

from numbapool.loops.lanes import _retyped, element, held, load, put, read
from numbapool.loops.options import JIT
from numbapool.reducers.means import CountedMean, Mean
from numbapool.reducers.methods import combine, lift, neutral
from numbapool.reducers.sums import Sum


def lanes_of(kind, count):
    """Return the numbers per accumulator, from the reducer's class and its count of lanes.

    The lanes are the wide ones, as many narrow ones, one of shifts if the class has shifts, and two
    for the weights if it weighs.
    """
    return (count - hasattr(kind, "shifts") - 2 * hasattr(kind, "weighs")) // 2


def wide(op, lanes):
    """Return the lanes that hold a sequence's accumulators."""
    return lanes[: lanes_of(type(op), len(lanes))]


@overload(wide)
def _wide(op, lanes):
    count = lanes_of(op.instance_class, lanes.count)
    return lambda op, lanes: lanes[:count]


def narrow(op, lanes):
    """Return the lanes that hold a strip's accumulators."""
    count = lanes_of(type(op), len(lanes))
    return lanes[count : 2 * count]


@overload(narrow)
def _narrow(op, lanes):
    count = lanes_of(op.instance_class, lanes.count)
    end = 2 * count
    return lambda op, lanes: lanes[count:end]


def shift_lane(op, lanes):
    """Return the lane of shifts."""
    return lanes[2 * lanes_of(type(op), len(lanes))]


@overload(shift_lane)
def _shift_lane(op, lanes):
    at = 2 * lanes_of(op.instance_class, lanes.count)
    return lambda op, lanes: lanes[at]


def accumulator(op, form, lanes, x, j, c, weight):
    """Return the narrow accumulator of element j of `x`, in a row of weight `weight`."""
    if not hasattr(op, "shifts"):
        return element(op, form, narrow(op, lanes), x[j], weight)
    near = read(form, narrow(op, lanes), x[j]) - shift_lane(op, lanes)[c]
    return held(narrow(op, lanes), lift(op, near, weight))


@overload(accumulator)
def _accumulator(op, form, lanes, x, j, c, weight):
    def of_value(op, form, lanes, x, j, c, weight):
        return element(op, form, narrow(op, lanes), x[j], weight)

    def of_distance(op, form, lanes, x, j, c, weight):
        near = read(form, narrow(op, lanes), x[j]) - shift_lane(op, lanes)[c]
        return held(narrow(op, lanes), lift(op, near, weight))

    return of_distance if hasattr(op.instance_class, "shifts") else of_value


def moved(lanes, at):
    """Return the lanes from `at` on."""
    return tuple(lane[at:] for lane in lanes)


@overload(moved)
def _moved(lanes, at):
    if lanes.count == 1:
        return lambda lanes, at: (_retyped(lanes[0], at, lanes[0]),)
    if lanes.count == 2:
        return lambda lanes, at: (
            _retyped(lanes[0], at, lanes[0]),
            _retyped(lanes[1], at, lanes[1]),
        )
    return lambda lanes, at: (
        _retyped(lanes[0], at, lanes[0]),
        _retyped(lanes[1], at, lanes[1]),
        _retyped(lanes[2], at, lanes[2]),
    )


@njit(**JIT)
def add(op, form, lanes, others, x, at, step, to, n, weight):
    """Add `n` elements, `step` apart and of one weight, to the accumulators `others`.

    The elements' shifts stand from `to` on in the lanes.
    """
    if step == 1:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c, to + c, weight)
            put(others, c, combine(op, load(others, c), one))
    else:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c * step, to + c, weight)
            put(others, c, combine(op, load(others, c), one))


@njit(**JIT)
def add_over(op, form, lanes, others, outs, x, at, step, to, n):
    """Add `n` elements without weights to the accumulators `others`; put the sums in `outs`."""
    if step == 1:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c, to + c, 0)
            put(outs, c, combine(op, load(others, c), one))
    else:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c * step, to + c, 0)
            put(outs, c, combine(op, load(others, c), one))


def adds_up(kind):
    """Say whether a reducer's class only adds; its accumulators are then folded in place."""
    return hasattr(kind, "shifts") or issubclass(kind, Mean | CountedMean | Sum)


def add_row(op, form, lanes, here, there, x, at, step, to, n):
    """Add a row to the accumulators `here`; return the updated accumulators, then the spare ones.

    The two change places unless the reducer only adds. For a maximum that is kept in place, LLVM
    makes masked stores, which took five times as long with AVX2.
    """
    if adds_up(type(op)):
        add(op, form, lanes, here, x, at, step, to, n, 0)
        return here, there
    add_over(op, form, lanes, here, there, x, at, step, to, n)
    return there, here


@overload(add_row)
def _add_row(op, form, lanes, here, there, x, at, step, to, n):
    def in_place(op, form, lanes, here, there, x, at, step, to, n):
        add(op, form, lanes, here, x, at, step, to, n, 0)
        return here, there

    def over(op, form, lanes, here, there, x, at, step, to, n):
        add_over(op, form, lanes, here, there, x, at, step, to, n)
        return there, here

    return in_place if adds_up(op.instance_class) else over


@njit(**JIT)
def add_each(op, form, lanes, others, x, at, step, to, n, weights, first):
    """Add elements that each have a weight of their own; the weights begin at `first`."""
    if step == 1:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c, to + c, weights[first + c])
            put(others, c, combine(op, load(others, c), one))
    else:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c * step, to + c, weights[first + c])
            put(others, c, combine(op, load(others, c), one))


@njit(**JIT)
def settle(op, lanes, others, to, n):
    """Add the narrow accumulators `others` to the wide ones from `to` on, and reset them."""
    long = wide(op, lanes)
    nothing = neutral(op)
    for c in range(n):
        put(long, to + c, combine(op, load(long, to + c), held(long, load(others, c))))
        put(others, c, nothing)


@njit(**JIT)
def renew(op, form, lanes, others, x, at, step, to, n, weight):
    """Settle a strip and begin the next in one pass over a row, so memory is read meanwhile."""
    long = wide(op, lanes)
    if step == 1:
        for c in range(n):
            put(long, to + c, combine(op, load(long, to + c), held(long, load(others, c))))
            put(others, c, accumulator(op, form, lanes, x, at + c, to + c, weight))
    else:
        for c in range(n):
            put(long, to + c, combine(op, load(long, to + c), held(long, load(others, c))))
            put(others, c, accumulator(op, form, lanes, x, at + c * step, to + c, weight))
