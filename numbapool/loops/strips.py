"""A sequence's accumulators: wide ones, narrow ones for a strip of rows, and what goes with them.

Sums are folded in narrow accumulators for a strip of rows, and those are added to wide ones: so
float32 is added up as fast as it is read, and nearly as exactly as in float64.
"""

from __future__ import annotations

from numba import njit
from numba.extending import overload

from numbapool.loops.lanes import _retyped, element, held, load, put, read
from numbapool.loops.options import JIT
from numbapool.reducers.methods import combine, lift, neutral


def lanes_of(kind, count):
    """Return how many numbers an accumulator has, by the reducer's class and how many lanes it has.

    They are wide ones, as many narrow ones, a shift, and two for the weights.
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
    """Return the lanes that hold a strip's."""
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
    """Return the narrow accumulator of element j of `x`, of a row of this weight."""
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
    """Return lanes from a place on."""
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
    """Add `n` elements, `step` apart, of one weight, to the accumulators `others`.

    Their shifts stand from `to` on in the lanes.
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
    """The same of rows without weights, from the accumulators `others` to those called `outs`."""
    if step == 1:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c, to + c, 0)
            put(outs, c, combine(op, load(others, c), one))
    else:
        for c in range(n):
            one = accumulator(op, form, lanes, x, at + c * step, to + c, 0)
            put(outs, c, combine(op, load(others, c), one))


def add_row(op, form, lanes, here, there, x, at, step, to, n):
    """Add a row to the accumulators `here`; return them and those to use next, in this order.

    They change places: where a largest is kept in place, LLVM makes stores of it that write some
    elements only, and those took five times as long with AVX2. Of moments there are no such, and
    more arrays than LLVM tells apart.
    """
    if hasattr(op, "shifts"):
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

    return in_place if hasattr(op.instance_class, "shifts") else over


@njit(**JIT)
def add_each(op, form, lanes, others, x, at, step, to, n, weights, first):
    """Add elements that have a weight each, from the first weight on."""
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
    """Add the narrow accumulators `others` to the wide ones from `to` on, and begin them anew."""
    long = wide(op, lanes)
    nothing = neutral(op)
    for c in range(n):
        put(long, to + c, combine(op, load(long, to + c), held(long, load(others, c))))
        put(others, c, nothing)


@njit(**JIT)
def renew(op, form, lanes, others, x, at, step, to, n, weight):
    """Settle a strip and begin the next, in one pass over a row: memory is read meanwhile."""
    long = wide(op, lanes)
    if step == 1:
        for c in range(n):
            put(long, to + c, combine(op, load(long, to + c), held(long, load(others, c))))
            put(others, c, accumulator(op, form, lanes, x, at + c, to + c, weight))
    else:
        for c in range(n):
            put(long, to + c, combine(op, load(long, to + c), held(long, load(others, c))))
            put(others, c, accumulator(op, form, lanes, x, at + c * step, to + c, weight))
