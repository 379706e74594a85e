"""Sorting a tile's elements, and finding those of a window in sorted order.

An element is sorted as one number of 64 bits: 32 bits of its key, then its row and its column in
the tile, 16 bits each.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from numbapool.loops.counters import loaded, lowest_bit, spread
from numbapool.loops.keys import HALF, is_wide, key_bytes
from numbapool.loops.options import JIT

ABREAST = 32
"""Elements that are looked at together."""


@njit(**JIT)
def sort_by(words, others, digits, n, count):
    """Sort words by the first `count` bytes of their keys; return where they stand, and the rest.

    Each pass puts them in the order of one byte, and keeps the order of equal ones.
    """
    for number in range(4, 4 + count):
        shift = 8 * number
        for v in range(256):
            digits[v] = 0
        for i in range(n):
            digits[(words[i] >> shift) & 255] += 1
        if n == 0 or digits[(words[0] >> shift) & 255] == n:
            continue
        total = np.int64(0)
        for v in range(256):
            held = digits[v]
            digits[v] = total
            total += held
        for i in range(n):
            word = words[i]
            v = (word >> shift) & 255
            others[digits[v]] = word
            digits[v] += 1
        words, others = others, words
    return words, others


@njit(**JIT)
def sort_tile(lanes, words, others, digits, keys, columns, n):
    """Sort `n` words, of a tile of so many columns; return where they stand, and the rest.

    Wider keys are sorted by their lower halves, then by their upper halves.
    """
    words, others = sort_by(words, others, digits, n, key_bytes(lanes))
    if is_wide(lanes):
        for i in range(n):
            place = words[i] & HALF
            key = keys[(place >> 16) * columns + (place & 65535)]
            words[i] = (key & ~HALF) | place
        words, others = sort_by(words, others, digits, n, 4)
    return words, others


@intrinsic
def _inside(typing, xs, ys, at, left, columns, top, rows):
    def codegen(context, builder, signature, args):
        xs_at, ys_at, place, *bounds = args
        x = loaded(builder, xs_at, xs, place, ABREAST)
        y = loaded(builder, ys_at, ys, place, ABREAST)
        short = x.type.element
        first, width, above, height = (
            spread(builder, builder.trunc(each, short), ABREAST) for each in bounds
        )
        mask = builder.and_(
            builder.icmp_unsigned("<", builder.sub(x, first), width),
            builder.icmp_unsigned("<", builder.sub(y, above), height),
        )
        bits = builder.bitcast(mask, ir.IntType(ABREAST))
        return builder.zext(bits, ir.IntType(64))

    return types.int64(xs, ys, *[types.int64] * 5), codegen


def inside(xs, ys, at, left, columns, top, rows):
    """Return which of the elements from `at` on lie in a window, one bit for each."""
    x, y = (each[at : at + ABREAST].astype(np.int64) for each in (xs, ys))
    near = (x >= left) & (x < left + columns) & (y >= top) & (y < top + rows)
    return int(np.packbits(near, bitorder="little").view(np.uint32)[0])


@overload(inside)
def _inside_of(xs, ys, at, left, columns, top, rows):
    return lambda xs, ys, at, left, columns, top, rows: _inside(
        xs, ys, at, left, columns, top, rows
    )


@intrinsic
def _ones(typing, mask):
    def codegen(context, builder, signature, args):
        kind = args[0].type
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind]), f"llvm.ctpop.i{kind.width}"
        )
        return builder.call(function, args)

    return types.int64(types.int64), codegen


@intrinsic
def _lowest(typing, mask):
    def codegen(context, builder, signature, args):
        return lowest_bit(builder, args[0])

    return types.int64(types.int64), codegen


def ones(mask):
    """Return how many bits are set."""
    return int(mask).bit_count()


def lowest(mask):
    """Return the place of the lowest bit that is set."""
    return (mask & -mask).bit_length() - 1


overload(ones)(lambda mask: lambda mask: _ones(mask))
overload(lowest)(lambda mask: lambda mask: _lowest(mask))


@njit(forceinline=True, **JIT)
def nth_inside(xs, ys, at, number, left, columns, top, rows):
    """Return the place of the window's element number `number` from a place on."""
    mask = inside(xs, ys, at, left, columns, top, rows)
    here = ones(mask)
    while number >= here:
        number -= here
        at += ABREAST
        mask = inside(xs, ys, at, left, columns, top, rows)
        here = ones(mask)
    while number > 0:
        mask &= mask - 1
        number -= 1
    return at + lowest(mask)


@njit(**JIT)
def next_inside(xs, ys, at, left, columns, top, rows):
    """Return the place of the window's first element from a place on."""
    mask = inside(xs, ys, at, left, columns, top, rows)
    while mask == 0:
        at += ABREAST
        mask = inside(xs, ys, at, left, columns, top, rows)
    return at + lowest(mask)
