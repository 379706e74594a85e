"""Counters side by side, and vectors of sixteen of them that are moved at once.

A histogram here is cumulative: counter n says how many numbers are n or less. So a number arrives
by one addition of sixteen counters, and the counter of a rank is the first one above it.

Counters stand in the scratch, whatever the lanes' dtype is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from numbapool.loops.pointers import pointer_to

SIXTEEN = 16
"""Counters of a vector."""

ALL = 256
"""Counters of all numbers of one byte."""


def room_at(lanes, at, offset, kind):
    """Return the scratch from element `at` of the first lane and `offset` bytes on, as a dtype."""
    return lanes[0][at:].view(np.uint8)[offset:].view(kind)


@overload(room_at)
def _room_at(lanes, at, offset, kind):
    return lambda lanes, at, offset, kind: _retyped_bytes(lanes[0], at, offset, kind)


@intrinsic
def _retyped_bytes(typing, pointer, at, offset, kind):
    wanted = types.CPointer(kind.dtype)

    def codegen(context, builder, signature, args):
        place = builder.bitcast(builder.gep(args[0], [args[1]]), pointer_to(ir.IntType(8)))
        return builder.bitcast(builder.gep(place, [args[2]]), context.get_value_type(wanted))

    return wanted(pointer, types.int64, types.int64, kind), codegen


@intrinsic
def shifted(typing, counts, at):
    """Return the pointer to the counter at a place."""

    def codegen(context, builder, signature, args):
        return builder.gep(args[0], [args[1]])

    return counts(counts, types.int64), codegen


def vector_of(builder: Any, pointer: Any, kind: Any, at: Any, count: int = SIXTEEN) -> Any:
    """Return the pointer to the vector of counters that begins at a place, and its type."""
    vector = ir.VectorType(ir.IntType(kind.dtype.bitwidth), count)
    return builder.bitcast(builder.gep(pointer, [at]), pointer_to(vector)), vector


def loaded(builder: Any, pointer: Any, kind: Any, at: Any, count: int = SIXTEEN) -> Any:
    """Return the vector of counters at a place."""
    place, vector = vector_of(builder, pointer, kind, at, count)
    value = builder.load(place, align=kind.dtype.bitwidth // 8)
    value.type = vector
    return value


def widened(builder: Any, value: Any, vector: Any) -> Any:
    """Return counters as the wider counters of another vector."""
    return value if value.type == vector else builder.zext(value, vector)


def mover(plus: bool, minus: bool, count: int = SIXTEEN) -> Any:
    """Return the intrinsic that adds a vector of counters, or takes one away, or does both."""

    def write(builder: Any, sums: Any, counts: Any, args: Any) -> None:
        place, vector = vector_of(builder, args[0], sums, args[1], count)
        total = loaded(builder, args[0], sums, args[1], count)
        more = [loaded(builder, args[2], counts, at, count) for at in args[3:]]
        if plus:
            total = builder.add(total, widened(builder, more[0], vector))
        if minus:
            total = builder.sub(total, widened(builder, more[-1], vector))
        builder.store(total, place, align=sums.dtype.bitwidth // 8)

    def typed(sums: Any, counts: Any, places: int) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            write(builder, sums, counts, args)
            return context.get_dummy_value()

        return types.void(sums, types.int64, counts, *[types.int64] * places), codegen

    if plus and minus:
        return intrinsic(lambda typing, sums, to, counts, a, b: typed(sums, counts, 2))
    return intrinsic(lambda typing, sums, to, counts, a: typed(sums, counts, 1))


_gain, _lose, _slide = mover(True, False), mover(False, True), mover(True, True)
_gain_all, _slide_all = mover(True, False, ALL), mover(True, True, ALL)


@intrinsic
def _first_above(typing, sums, at, rank):
    def codegen(context, builder, signature, args):
        total = loaded(builder, args[0], sums, args[1])
        ranks = spread(builder, builder.trunc(args[2], total.type.element), SIXTEEN)
        above = builder.icmp_unsigned(">", total, ranks)
        mask = builder.bitcast(above, ir.IntType(SIXTEEN))
        return builder.zext(lowest_bit(builder, mask), ir.IntType(64))

    return types.int64(sums, types.int64, types.int64), codegen


@intrinsic
def _most_frequent(typing, sums, at):
    def codegen(context, builder, signature, args):
        total = loaded(builder, args[0], sums, args[1], ALL)
        top = spread(builder, reduced(builder, "umax", total), ALL)
        numbers = ir.Constant(total.type, list(range(ALL)))
        none = ir.Constant(total.type, [ALL] * ALL)
        found = builder.select(builder.icmp_unsigned("==", total, top), numbers, none)
        return builder.zext(reduced(builder, "umin", found), ir.IntType(64))

    return types.int64(sums, types.int64), codegen


def spread(builder: Any, number: Any, count: int) -> Any:
    """Return the vector of one number."""
    vector = ir.VectorType(number.type, count)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.IntType(32)(0))
    return builder.shuffle_vector(
        one, one, ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count)
    )


def reduced(builder: Any, name: str, value: Any) -> Any:
    """Return the number that a vector is reduced to."""
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(value.type.element, [value.type]),
        f"llvm.vector.reduce.{name}.v{value.type.count}i{value.type.element.width}",
    )
    return builder.call(function, [value])


def lowest_bit(builder: Any, mask: Any) -> Any:
    """Return the place of the lowest bit that is set; all bits, if none is."""
    flag = ir.IntType(1)
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(mask.type, [mask.type, flag]),
        f"llvm.cttz.i{mask.type.width}",
    )
    return builder.call(function, [mask, flag(0)])


def gain(sums, to, counts, at):
    """Add sixteen counters at `at` to those at `to`, which may be wider."""
    sums[to : to + SIXTEEN] += counts[at : at + SIXTEEN]


def lose(sums, to, counts, at):
    """Take sixteen counters at `at` away from those at `to`."""
    sums[to : to + SIXTEEN] -= counts[at : at + SIXTEEN]


def slide(sums, to, counts, plus, minus):
    """Add the counters at `plus` to those at `to`, and take away those at `minus`."""
    gain(sums, to, counts, plus)
    lose(sums, to, counts, minus)


def first_above(sums, at, rank):
    """Return the first of sixteen ascending counters that is above a rank."""
    return int(np.argmax(sums[at : at + SIXTEEN] > rank))


def gain_all(sums, counts, at):
    """Add all counters of a column to the first 256 sums."""
    sums[:ALL] += counts[at : at + ALL]


def slide_all(sums, counts, plus, minus):
    """Add all counters at `plus` to the first 256 sums, and take away those at `minus`."""
    sums[:ALL] += counts[plus : plus + ALL]
    sums[:ALL] -= counts[minus : minus + ALL]


def most_frequent(sums):
    """Return the first of the 256 sums that no other one is above."""
    return int(np.argmax(sums[:ALL]))


@overload(gain)
def _gain_of(sums, to, counts, at):
    return lambda sums, to, counts, at: _gain(sums, to, counts, at)


@overload(lose)
def _lose_of(sums, to, counts, at):
    return lambda sums, to, counts, at: _lose(sums, to, counts, at)


@overload(slide)
def _slide_of(sums, to, counts, plus, minus):
    return lambda sums, to, counts, plus, minus: _slide(sums, to, counts, plus, minus)


@overload(first_above)
def _first_above_of(sums, at, rank):
    return lambda sums, at, rank: _first_above(sums, at, rank)


@overload(gain_all)
def _gain_all_of(sums, counts, at):
    return lambda sums, counts, at: _gain_all(sums, 0, counts, at)


@overload(slide_all)
def _slide_all_of(sums, counts, plus, minus):
    return lambda sums, counts, plus, minus: _slide_all(sums, 0, counts, plus, minus)


@overload(most_frequent)
def _most_frequent_of(sums):
    return lambda sums: _most_frequent(sums, 0)
