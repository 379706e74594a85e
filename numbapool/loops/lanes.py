"""Rows of accumulators: one array per lane, one to three lanes, walked together.

This file also says how elements are read and results written.

In compiled code the arrays are bare pointers. An index is an offset, never counted from the end,
so the compiler sees that neighbours are neighbours. Passing a pointer costs nothing.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload, register_jitable

import numbapool.loops.faces  # noqa: F401 - Numba learns the reducers' methods there
from numbapool.loops.forms import Fours, Half, Pairs
from numbapool.loops.halves import half_to_single, single_to_half
from numbapool.loops.options import JIT, LIFTED
from numbapool.loops.pointers import pointer_to
from numbapool.reducers.methods import combine, lift, missing
from numbapool.reducers.moments import Variance


@intrinsic
def _prefetch(typingctx, pointer, index):
    def codegen(context, builder, signature, args):
        byte = pointer_to(ir.IntType(8))
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        at = builder.bitcast(builder.gep(args[0], [args[1]]), byte)
        # Prefetch data, for reading, into the second-level cache.
        builder.call(function, [at, number(0), number(2), number(1)])
        return context.get_dummy_value()

    return types.void(pointer, index), codegen


def prefetch(form, x, j):
    """Ask for the memory of element or pair j, which may lie past the end."""


@overload(prefetch)
def _ask(form, x, j):
    group = group_of(form.instance_class)
    return lambda form, x, j: _prefetch(x, group * j)


def group_of(form):
    """Return how many elements a form of reading takes at a time.

    The elements are read one by one. LLVM loads neighbours that are all used as whole vectors, and
    takes them apart by shuffles.
    """
    return {Pairs: 2, Fours: 4}.get(form, 1)


@intrinsic
def _retyped(typingctx, pointer, at, other):
    def codegen(context, builder, signature, args):
        place = builder.gep(args[0], [args[1]])
        return builder.bitcast(place, context.get_value_type(other))

    return other(pointer, at, other), codegen


def results_at(lanes, outs, at):
    """Return the lane from `at` on as room for results, which are no larger than accumulators."""
    return (lanes[0][at:].view(outs[0].dtype),)


@overload(results_at)
def _results_at(lanes, outs, at):
    return lambda lanes, outs, at: (_retyped(lanes[0], at, outs[0]),)


def load(lanes, j):
    """Return accumulator j: a number, or a tuple if there are several lanes."""
    return lanes[0][j] if len(lanes) == 1 else tuple(lane[j] for lane in lanes)


@overload(load)
def _load(lanes, j):
    if lanes.count == 1:
        return lambda lanes, j: lanes[0][j]
    if lanes.count == 2:
        return lambda lanes, j: (lanes[0][j], lanes[1][j])
    return lambda lanes, j: (lanes[0][j], lanes[1][j], lanes[2][j])


def put(lanes, j, acc):
    """Set accumulator j."""
    for lane, part in zip(lanes, acc if len(lanes) > 1 else (acc,), strict=True):
        lane[j] = part


@overload(put)
def _put(lanes, j, acc):
    if lanes.count == 1:

        def one(lanes, j, acc):
            lanes[0][j] = held(lanes, acc)

        return one
    if lanes.count == 2:

        def two(lanes, j, acc):
            lanes[0][j], lanes[1][j] = held(lanes, acc)

        return two

    def three(lanes, j, acc):
        lanes[0][j], lanes[1][j], lanes[2][j] = held(lanes, acc)

    return three


def held(lanes, acc):
    """Return an accumulator in the lanes' own types, so `combine` is compiled for these alone."""
    if len(lanes) == 1:
        return lanes[0].dtype.type(acc)
    return tuple(lane.dtype.type(part) for lane, part in zip(lanes, acc, strict=True))


@overload(held)
def _held(lanes, acc):
    kinds = [lane.dtype for lane in lanes]
    if lanes.count == 1:
        (only,) = kinds
        return lambda lanes, acc: only(acc)
    if lanes.count == 2:
        first, second = kinds
        return lambda lanes, acc: (first(acc[0]), second(acc[1]))
    first, second, third = kinds
    return lambda lanes, acc: (first(acc[0]), second(acc[1]), third(acc[2]))


@intrinsic
def _product(typingctx, a, b):
    """Multiply in the numbers' own type: in Numba's 64 bits a vector would hold half as many."""

    def codegen(context, builder, signature, args):
        return (builder.fmul if isinstance(a, types.Float) else builder.mul)(*args)

    return a(a, a), codegen


def times(lanes, acc, weight):
    """Return an accumulator, each of its parts multiplied by a weight, in the lanes' types."""
    kinds = [lane.dtype.type for lane in lanes]
    if len(kinds) == 1:
        return kinds[0](kinds[0](acc) * kinds[0](weight))
    pairs = zip(kinds, acc, strict=True)
    return tuple([kind(kind(part) * kind(weight)) for kind, part in pairs])


@overload(times)
def _times(lanes, acc, weight):
    kinds = [lane.dtype for lane in lanes]
    if lanes.count == 1:
        (only,) = kinds
        return lambda lanes, acc, weight: _product(only(acc), only(weight))
    if lanes.count == 2:
        first, second = kinds
        return lambda lanes, acc, weight: (
            _product(first(acc[0]), first(weight)),
            _product(second(acc[1]), second(weight)),
        )
    first, second, third = kinds
    return lambda lanes, acc, weight: (
        _product(first(acc[0]), first(weight)),
        _product(second(acc[1]), second(weight)),
        _product(third(acc[2]), third(weight)),
    )


def read(form, lanes, value):
    """Return an element as a number of the first lane's type."""
    if isinstance(form, Half):
        value = np.uint16(value).view(np.float16)
    return lanes[0].dtype.type(value)


@overload(read)
def _read(form, lanes, value):
    kind = lanes[0].dtype
    if form.instance_class is Half:
        return lambda form, lanes, value: kind(half_to_single(value))
    return lambda form, lanes, value: kind(value)


def element(op, form, lanes, value, row):
    """Return an element's accumulator, made from its value as read or as it stands in the input."""
    number = value if hasattr(op, "unconverted") else read(form, lanes, value)
    return held(lanes, lift(op, number, row))


@overload(element, jit_options=LIFTED)
def _element(op, form, lanes, value, row):
    if hasattr(op.instance_class, "unconverted"):
        return lambda op, form, lanes, value, row: held(lanes, lift(op, value, row))
    return lambda op, form, lanes, value, row: held(lanes, lift(op, read(form, lanes, value), row))


LOOKED_AT = 4
"""How many elements a shift is chosen from."""


@register_jitable
def nearest(op, form, lanes, x, j, n):
    """Return the number next to 0 among a few of the elements [j, j + n), or 0.

    What is left out is passed over, and what is infinite or NaN. A number far larger than the
    others would take all digits of distances from it.
    """
    found = np.inf
    for k in range(LOOKED_AT):
        at = j + k * n // LOOKED_AT
        value = np.float64(read(form, lanes, x[at]))
        if not missing(op, told(op, form, lanes, x[at])) and abs(value) < abs(found):
            found = value
    return found if found < np.inf else 0.0


def told(op, form, lanes, value):
    """Return an element as a reducer is told of it."""
    return value if hasattr(op, "unconverted") else read(form, lanes, value)


@overload(told)
def _told(op, form, lanes, value):
    if hasattr(op.instance_class, "unconverted"):
        return lambda op, form, lanes, value: value
    return lambda op, form, lanes, value: read(form, lanes, value)


def shifted(op, form, lanes, x, j, n):
    """Return the reducer or, if it has a shift, the reducer that measures from one of n elements.

    They begin at element j.
    """
    if not isinstance(op, Variance):
        return op
    return op._replace(shift=np.float64(nearest(op, form, lanes, x, j, n)))


@overload(shifted)
def _shifted(op, form, lanes, x, j, n):
    made = op.instance_class
    if not issubclass(made, Variance):
        return lambda op, form, lanes, x, j, n: op

    def near(op, form, lanes, x, j, n):
        shift = nearest(op, form, lanes, x, j, n)
        return made(shift, op.correction, op.root, op.left_out, op.of_nothing)

    return near


def take(op, form, lanes, x, j, row):
    """Return the accumulator of element j of `x`, which lies in row `row`, or of group j."""
    count = group_of(type(form))
    parts = x[count * j : count * (j + 1)]
    accs = [element(op, form, lanes, part, row) for part in parts]
    return reduce(lambda a, b: held(lanes, combine(op, a, b)), accs)


@overload(take, jit_options=LIFTED)
def _take(op, form, lanes, x, j, row):
    def one(op, form, lanes, x, j, row):
        return element(op, form, lanes, x[j], row)

    def pair(op, form, lanes, x, j, row):
        return joined(op, form, lanes, x[2 * j], x[2 * j + 1], row)

    def four(op, form, lanes, x, j, row):
        first = joined(op, form, lanes, x[4 * j], x[4 * j + 1], row)
        second = joined(op, form, lanes, x[4 * j + 2], x[4 * j + 3], row)
        return held(lanes, combine(op, first, second))

    return {1: one, 2: pair, 4: four}[group_of(form.instance_class)]


@njit(**JIT)
def joined(op, form, lanes, a, b, row):
    """Return the accumulator of two elements."""
    first = element(op, form, lanes, a, row)
    return held(lanes, combine(op, first, element(op, form, lanes, b, row)))


def is_simple(form, lanes):
    """Say whether reading and writing take few instructions: loops may then be repeated often."""
    return not isinstance(form, Half) and len(lanes) == 1


@overload(is_simple)
def _is_simple(form, lanes):
    answer = form.instance_class is not Half and lanes.count == 1
    return lambda form, lanes: answer


def is_grouped(form):
    """Say whether several elements are read at a time."""
    return group_of(type(form)) > 1


@overload(is_grouped)
def _is_grouped(form):
    answer = group_of(form.instance_class) > 1
    return lambda form: answer


def can_be_nan(value):
    """Say whether numbers of this kind may be NaN."""
    return isinstance(value, float | np.floating)


@overload(can_be_nan)
def _can_be_nan(value):
    answer = isinstance(value, types.Float)
    return lambda value: answer


def write(form, outs, j, result):
    """Set result j: of float16 by its bits, which are the only results held as uint16 there."""
    if isinstance(form, Half) and outs[0].dtype == np.uint16:
        first = np.float16(result[0] if len(outs) > 1 else result).view(np.uint16)
        result = (first, *result[1:]) if len(outs) > 1 else first
    put(outs, j, result)


@overload(write)
def _write(form, outs, j, result):
    if form.instance_class is not Half or outs[0].dtype != types.uint16:
        return lambda form, outs, j, result: put(outs, j, result)
    if outs.count == 1:
        return lambda form, outs, j, result: put(outs, j, single_to_half(result))
    return lambda form, outs, j, result: put(outs, j, (single_to_half(result[0]), result[1]))
