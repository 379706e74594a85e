"""Windows whose taps have weights: the rows of a window are blended, then the row's columns.

A piece of work is one row of results. The table of each axis holds a window's first tap, its
number of taps, and the slot where its weights begin. Inner windows have the same weights and are
blended in whole vectors.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

from numbapool.loops.lanes import held, load, put, take, times, write
from numbapool.loops.options import JIT
from numbapool.loops.pointers import border, number_at
from numbapool.reducers.methods import combine, finish, neutral


def weight_at(lanes, axis, slot):
    """Return the weight in a slot: a whole number, or a float from its bits, as the lanes are."""
    number = axis.numbers[slot : slot + 1]
    kind = lanes[0].dtype
    return kind.type((number.view(np.float64) if kind.kind == "f" else number)[0])


@intrinsic
def _as_float(typingctx, bits):
    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), codegen


@overload(weight_at)
def _weight_at(lanes, axis, slot):
    kind = lanes[0].dtype
    if isinstance(kind, types.Float):
        return lambda lanes, axis, slot: kind(_as_float(number_at(axis, slot)))
    return lambda lanes, axis, slot: kind(number_at(axis, slot))


def short_weight_at(lanes, axis, slot):
    """Return a weight that is below 2**15 if it is whole.

    LLVM is told so: a product with a byte then takes one instruction, not two.
    """
    weight = weight_at(lanes, axis, slot)
    return weight if lanes[0].dtype.kind == "f" else weight & lanes[0].dtype.type(0x7FFF)


@overload(short_weight_at)
def _short_weight_at(lanes, axis, slot):
    kind = lanes[0].dtype
    if isinstance(kind, types.Float):
        return lambda lanes, axis, slot: weight_at(lanes, axis, slot)
    return lambda lanes, axis, slot: kind(weight_at(lanes, axis, slot) & 0x7FFF)


@njit(forceinline=True, **JIT)
def part(op, form, lanes, x, j, weight):
    """Return a weighted element."""
    return times(lanes, held(lanes, take(op, form, lanes, x, j, 0)), weight)


@njit(forceinline=True, **JIT)
def kept(op, lanes, j, weight):
    """Return a weighted accumulator."""
    return times(lanes, load(lanes, j), weight)


@njit(forceinline=True, **JIT)
def plus(op, lanes, a, b):
    """Return two accumulators joined."""
    return held(lanes, combine(op, a, b))


@njit(**JIT)
def blend_rows(op, form, x, base, pitch, axis, i, lanes, at, n):
    """Blend the rows of window i, `n` elements of each, into the lanes from `at` on."""
    first, count, slot = border(axis, i)
    row = base + first * pitch
    done = min(count, 3)
    if count == 0:
        for j in range(n):
            put(lanes, at + j, neutral(op))
        return
    a = weight_at(lanes, axis, slot)
    b = weight_at(lanes, axis, slot + done - 1)
    if count == 1:
        for j in range(n):
            put(lanes, at + j, part(op, form, lanes, x, row + j, a))
    elif count == 2:
        for j in range(n):
            one = part(op, form, lanes, x, row + j, a)
            two = part(op, form, lanes, x, row + pitch + j, b)
            put(lanes, at + j, plus(op, lanes, one, two))
    else:
        middle = weight_at(lanes, axis, slot + 1)
        for j in range(n):
            one = part(op, form, lanes, x, row + j, a)
            two = part(op, form, lanes, x, row + pitch + j, middle)
            three = part(op, form, lanes, x, row + 2 * pitch + j, b)
            put(lanes, at + j, plus(op, lanes, plus(op, lanes, one, three), two))
    for t in range(3, count):
        weight = weight_at(lanes, axis, slot + t)
        for j in range(n):
            more = part(op, form, lanes, x, row + t * pitch + j, weight)
            put(lanes, at + j, plus(op, lanes, load(lanes, at + j), more))


@njit(forceinline=True, **JIT)
def blended(op, lanes, at, inner, weights):
    """Return three accumulators, `inner` apart, blended."""
    a, b, c = weights
    ends = plus(op, lanes, kept(op, lanes, at, a), kept(op, lanes, at + 2 * inner, c))
    return plus(op, lanes, ends, kept(op, lanes, at + inner, b))


@njit(forceinline=True, **JIT)
def blend_run(op, form, lanes, at, step, weights, outs, to, n):
    """Blend three neighbours at every step; if the step is a constant, in whole vectors."""
    one = np.int64(1)
    for i in range(n):
        acc = blended(op, lanes, at + i * step, one, weights)
        write(form, outs, to + i, finish(op, acc, 0))


@njit(**JIT)
def blend_one(op, form, lanes, at, inner, axis, slot, count, outs, to):
    """Blend the columns of one window, tap by tap."""
    for c in range(inner):
        acc = held(lanes, neutral(op))
        for t in range(count):
            more = kept(op, lanes, at + t * inner + c, weight_at(lanes, axis, slot + t))
            acc = plus(op, lanes, acc, more)
        write(form, outs, to + c, finish(op, acc, 0))


@njit(forceinline=True, **JIT)
def add_run(op, lanes, at, step, inner, weight, target, n):
    """Add the weighted accumulators at every step to those at `target`."""
    for i in range(n):
        for c in range(inner):
            j = target + i * inner + c
            more = kept(op, lanes, at + i * step * inner + c, weight)
            put(lanes, j, plus(op, lanes, load(lanes, j), more))


@njit(**JIT)
def blend_inner(op, form, lanes, at, geometry, outs, to, room):
    """Blend the columns of the inner windows, which have the same weights."""
    axis = geometry.width
    inner = geometry.inner
    one, two = np.int64(1), np.int64(2)
    slot, step, taps = axis.weight, axis.step, axis.taps
    n = axis.hi - axis.lo
    at += (axis.lo * step - axis.before) * inner
    if (taps == 3) & (inner == 1) & (step <= 2):
        a, b = weight_at(lanes, axis, slot), weight_at(lanes, axis, slot + 1)
        weights = (a, b, weight_at(lanes, axis, slot + 2))
        if step == 2:
            blend_run(op, form, lanes, at, two, weights, outs, to, n)
        else:
            blend_run(op, form, lanes, at, one, weights, outs, to, n)
        return
    for j in range(n * inner):
        put(lanes, room + j, neutral(op))
    for t in range(taps):
        weight = weight_at(lanes, axis, slot + t)
        tap = at + t * inner
        if (inner == 1) & (step == 1):
            add_run(op, lanes, tap, one, one, weight, room, n)
        elif (inner == 1) & (step == 2):
            add_run(op, lanes, tap, two, one, weight, room, n)
        else:
            add_run(op, lanes, tap, step, inner, weight, room, n)
    for j in range(n * inner):
        write(form, outs, to + j, finish(op, load(lanes, room + j), 0))


@njit(**JIT)
def pool_weighted(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the output rows [begin, end); `scratch` holds a row of input and a row of results."""
    inner = geometry.inner
    pitch = geometry.width.size * inner
    out_h = geometry.height.out
    out_w = geometry.width.out
    lo, hi = geometry.width.lo, geometry.width.hi
    for out_row in range(begin, end):
        base = out_row // out_h * geometry.height.size * pitch
        i = out_row % out_h
        blend_rows(op, form, x, base, pitch, geometry.height, i, lanes, scratch, pitch)
        to = out_row * out_w * inner
        for j in range(out_w - (hi - lo)):
            j += 0 if j < lo else hi - lo
            first, count, slot = border(geometry.width, j)
            at = scratch + first * inner
            blend_one(op, form, lanes, at, inner, geometry.width, slot, count, outs, to + j * inner)
        blend_inner(op, form, lanes, scratch, geometry, outs, to + lo * inner, scratch + pitch)
