"""What kernels call: the reducers' methods by their owner's type, and numbers in given types.

Each function is plain Python, which the simulator runs. The target gets what stands for it below
it, chosen by the arguments' types when a kernel is compiled: so kernels serve all reducers.

An accumulator is a number, or a tuple of two or three; `lanes` is always a tuple of numbers, of
which the types alone are used: those of the accumulator's parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numbapool.cuda.target import SIMULATED, is_float, overload
from numbapool.reducers import exponentials as e
from numbapool.reducers import means as m
from numbapool.reducers import methods as r
from numbapool.reducers import mixtures as x
from numbapool.reducers import moments as o
from numbapool.reducers import selectors as s
from numbapool.reducers import sequences as q
from numbapool.reducers.methods import combine, lift


def like(number, value):
    """Return a value in the type of a number."""
    return type(number)(value)


@overload(like)
def _like(number, value):
    kind = number
    return lambda number, value: kind(value)


def quotient(a, b):
    """Return how often a positive whole number holds another of its type."""
    return a // b


@overload(quotient)
def _quotient(a, b):
    # A signed division of 32 bits is done in 64 bits, which takes far more instructions.
    kind = a
    if kind.bitwidth == 32:
        return lambda a, b: kind(np.uint32(a) // np.uint32(b))
    return lambda a, b: kind(np.uint64(a) // np.uint64(b))


def from_start(index):
    """Return an index that counts from an array's start: a signed one may count from its end."""
    return index


@overload(from_start)
def _from_start(index):
    if index.bitwidth == 32:
        return lambda index: np.uint32(index)
    return lambda index: np.uint64(index)


def held(lanes, acc):
    """Return an accumulator in the lanes' own types, so `combine` is compiled for these alone."""
    if len(lanes) == 1:
        return like(lanes[0], acc)
    return tuple(like(lane, part) for lane, part in zip(lanes, acc, strict=True))


@overload(held)
def _held(lanes, acc):
    kinds = tuple(lanes)
    if len(kinds) == 1:
        (only,) = kinds
        return lambda lanes, acc: only(acc)
    if len(kinds) == 2:
        first, second = kinds
        return lambda lanes, acc: (first(acc[0]), second(acc[1]))
    first, second, third = kinds
    return lambda lanes, acc: (first(acc[0]), second(acc[1]), third(acc[2]))


def element(op, lanes, value, place):
    """Return an element's accumulator, made from its value as read or as it stands in the input."""
    number = value if hasattr(op, "unconverted") else like(lanes[0], value)
    return held(lanes, lift(op, number, place))


@overload(element)
def _element(op, lanes, value, place):
    if hasattr(op.instance_class, "unconverted"):
        return lambda op, lanes, value, place: held(lanes, lift(op, value, place))
    return lambda op, lanes, value, place: held(lanes, lift(op, like(lanes[0], value), place))


def joined(op, lanes, a, b):
    """Return two accumulators joined."""
    return held(lanes, combine(op, a, b))


def times(lanes, acc, weight):
    """Return an accumulator, each of its parts multiplied by a weight."""
    if len(lanes) == 1:
        return like(lanes[0], acc * weight)
    return tuple(
        like(lane, part * like(lane, weight)) for lane, part in zip(lanes, acc, strict=True)
    )


@overload(times)
def _times(lanes, acc, weight):
    kinds = tuple(lanes)
    if len(kinds) == 1:
        (only,) = kinds
        return lambda lanes, acc, weight: only(acc * weight)
    if len(kinds) == 2:
        first, second = kinds
        return lambda lanes, acc, weight: (
            first(acc[0] * first(weight)),
            second(acc[1] * second(weight)),
        )
    first, second, third = kinds
    return lambda lanes, acc, weight: (
        first(acc[0] * first(weight)),
        second(acc[1] * second(weight)),
        third(acc[2] * third(weight)),
    )


def load(lanes, j):
    """Return accumulator j of arrays, one array per lane."""
    return lanes[0][j] if len(lanes) == 1 else tuple(lane[j] for lane in lanes)


@overload(load)
def _load(lanes, j):
    if len(lanes) == 1:
        return lambda lanes, j: lanes[0][from_start(j)]
    if len(lanes) == 2:
        return lambda lanes, j: (lanes[0][from_start(j)], lanes[1][from_start(j)])

    def three(lanes, j):
        at = from_start(j)
        return lanes[0][at], lanes[1][at], lanes[2][at]

    return three


def put(arrays, j, acc):
    """Set number j of each array to the parts of an accumulator or a result."""
    for array, part in zip(arrays, acc if len(arrays) > 1 else (acc,), strict=True):
        array[j] = rounded(array, part)


@overload(put)
def _put(arrays, j, acc):
    if len(arrays) == 1:

        def one(arrays, j, acc):
            arrays[0][from_start(j)] = rounded(arrays[0], acc)

        return one
    if len(arrays) == 2:

        def two(arrays, j, acc):
            at = from_start(j)
            arrays[0][at] = rounded(arrays[0], acc[0])
            arrays[1][at] = rounded(arrays[1], acc[1])

        return two

    def three(arrays, j, acc):
        at = from_start(j)
        arrays[0][at] = rounded(arrays[0], acc[0])
        arrays[1][at] = rounded(arrays[1], acc[1])
        arrays[2][at] = rounded(arrays[2], acc[2])

    return three


def rounded(array, value):
    """Return a value as an array holds it; float16 is rounded from float32, as on the CPU."""
    if array.dtype == np.float16:
        value = np.float32(value)
    return array.dtype.type(value)


@overload(rounded)
def _rounded(array, value):
    kind = array.dtype
    if is_float(kind) and kind.bitwidth == 16:
        return lambda array, value: kind(np.float32(value))
    return lambda array, value: kind(value)


def can_be_nan(value):
    """Say whether numbers of this kind may be NaN."""
    return isinstance(value, float | np.floating)


@overload(can_be_nan)
def _can_be_nan(value):
    answer = is_float(value)
    return lambda value: answer


# The reducers' and selectors' methods, and the plain functions that methods call.


def _method(of: Any, name: str, default: Callable[..., Any] | None = None) -> Any:
    return getattr(of.instance_class, name, default)


overload(r.missing)(lambda self, value: _method(self, "missing"))
overload(r.beats)(lambda self, b, a: _method(self, "beats"))
overload(r.neutral)(lambda self: _method(self, "neutral"))
overload(r.lift)(lambda self, value, row: r.lift_of(self.instance_class))
overload(r.lift_alone)(lambda self, value: _method(self, "lift"))
overload(r.combine)(lambda self, a, b: _method(self, "combine"))
overload(r.prepare)(lambda self, weight: _method(self, "prepare", r._prepare))
overload(r.finish)(lambda self, acc, scale: _method(self, "finish", r._finish))
overload(s.empty)(lambda self: _method(self, "empty"))
overload(s.sorts)(lambda self, taps: _method(self, "sorts"))
overload(s.select)(lambda self, values, at, step, taps, number: _method(self, "select"))

overload(joined)(lambda op, lanes, a, b: joined)
overload(e.exp)(lambda x: e.exp32 if x.bitwidth == 32 else e.exp64)
overload(e.sigmoid)(lambda v, one: e.sigmoid)
overload(e.tanh)(lambda v, one: e.tanh)
overload(e.log)(lambda x: e.log)
overload(e.cube_root)(lambda x: e.cube_root)
overload(e.power)(lambda x, p: e.power)
overload(e.faded)(lambda x, share: e.faded)
overload(o.about_mean)(lambda total, squares, count, share: o.about_mean)
overload(o.spread)(lambda squares, freedom, rooted: o.spread)
overload(m.tally)(lambda skipped: m.tally)
overload(m.wide_quotient)(lambda high, low, weight, rounding, limits: m.wide_quotient)
overload(m.short_quotient)(lambda n, factor, shift: m.short_quotient)
overload(x.scattered)(lambda bits: x.scattered)
overload(x.uniform)(lambda seed, number: x.uniform)
overload(s.mode_of_four)(lambda a, b, c, d: s.mode_of_four)
overload(s.between)(lambda low, high, weight: s.between)
overload(s.rank_at)(lambda share, taps: s.rank_at)
overload(q.spread_of)(lambda first, second, count, correction: q.spread_of)

if not SIMULATED:
    from numba.cuda import libdevice

    overload(r.root)(lambda number: lambda number: math.sqrt(number))
    overload(r.close_root)(lambda number: lambda number: math.sqrt(number))
    overload(r.below)(lambda number: lambda number: libdevice.floor(number))
