"""Sequences whose elements of one channel follow one another in memory, as in (B, C, T).

A channel is folded, a stretch of elements at a time, into accumulators side by side, which
vectorises. The accumulators are then joined in halves until one is left.
"""

from __future__ import annotations

from numba import njit
from numba.extending import overload

from numbapool.loops.lanes import load, put
from numbapool.loops.options import JIT
from numbapool.loops.pointers import border
from numbapool.loops.rows import fill
from numbapool.loops.spans import bounds_of, next_unit, unit_from
from numbapool.loops.spans_weighted import largest_score, set_weights
from numbapool.loops.spreads import deliver, peak_lane, set_shifts, shift_to, weight_lane
from numbapool.loops.strips import add, add_each, add_row, moved, narrow, settle, shift_lane, wide
from numbapool.reducers.methods import combine

BREADTH = 32
"""Accumulators side by side: four vectors of float32."""


def spread_shift(op, lanes, scratch):
    """Set the shifts of all accumulators to the shift of the first."""
    if hasattr(op, "shifts"):
        shift_lane(op, lanes)[scratch : scratch + BREADTH] = shift_lane(op, lanes)[scratch]


@overload(spread_shift)
def _spread_shift(op, lanes, scratch):
    if not hasattr(op.instance_class, "shifts"):
        return lambda op, lanes, scratch: None

    def spread(op, lanes, scratch):
        shifts = shift_lane(op, lanes)
        for j in range(1, BREADTH):
            shifts[scratch + j] = shifts[scratch]

    return spread


@njit(**JIT)
def begin_channel(op, lanes, scratch):
    """Begin the accumulators of a channel; its shift stands at the first."""
    fill(op, wide(op, lanes), scratch, BREADTH)
    fill(op, narrow(op, lanes), scratch, BREADTH)
    spread_shift(op, lanes, scratch)


@njit(**JIT)
def end_channel(op, lanes, here, scratch):
    """Join a channel's accumulators into the first."""
    settle(op, lanes, here, scratch, BREADTH)
    long = wide(op, lanes)
    width = BREADTH
    while width > 1:
        width //= 2
        for j in range(width):
            other = load(long, scratch + width + j)
            put(long, scratch + j, combine(op, load(long, scratch + j), other))


@njit(**JIT)
def pool_spans_along(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the results of the units that begin among the pieces [begin, end)."""
    sequence, tile, piece = unit_from(geometry, begin)
    while piece < end:
        _, _, rows = border(geometry.depth, sequence)
        if rows > 0:
            runs, first_channel, n, to = bounds_of(geometry, sequence, tile)
            for c in range(n):
                channel = first_channel + c
                set_shifts(op, form, x, geometry, lanes, scratch, runs, channel, 1)
                begin_channel(op, lanes, scratch)
                here = moved(narrow(op, lanes), scratch)
                there = moved(narrow(op, lanes), scratch + geometry.stretch)
                folded = 0
                for run in range(runs[0], runs[1]):
                    at, _, count = border(geometry.height, run)
                    at += channel * geometry.width.step
                    for t in range(0, count - BREADTH + 1, BREADTH):
                        here, there = add_row(
                            op, form, lanes, here, there, x, at + t, 1, scratch, BREADTH
                        )
                        folded += 1
                        if folded == geometry.strip:
                            settle(op, lanes, here, scratch, BREADTH)
                            folded = 0
                    rest = count % BREADTH
                    add(op, form, lanes, here, x, at + count - rest, 1, scratch, rest, 0)
                end_channel(op, lanes, here, scratch)
                deliver(op, form, x, outs, geometry, lanes, scratch, runs, channel, 1, to + c, rows)
        sequence, tile, piece = next_unit(geometry, sequence, tile)


@njit(**JIT)
def pool_weighted_spans_along(op, form, pair, outs, geometry, lanes, scratch, begin, end):
    """Fill the results of units whose rows have weights, set once for all channels of a head."""
    x, weights = pair
    lane = weight_lane(op, lanes)
    here = moved(narrow(op, lanes), scratch)
    group = geometry.width.size // geometry.heads
    sequence, tile, piece = unit_from(geometry, begin)
    while piece < end:
        _, _, rows = border(geometry.depth, sequence)
        if rows > 0:
            runs, first_channel, n, to = bounds_of(geometry, sequence, tile)
            total, peak_row = 0.0, 0
            for c in range(n):
                channel = first_channel + c
                if (c == 0) | (channel % group == 0):
                    head = channel // group
                    peak, peak_row = largest_score(weights, geometry, runs, head)
                    peak_lane(op, lanes)[scratch] = peak
                    total = set_weights(weights, geometry, lane, scratch, runs, head, peak)
                here_row = peak_row + channel * geometry.width.step
                shift_to(op, form, x, geometry, lanes, here_row, scratch, 1)
                begin_channel(op, lanes, scratch)
                folded, row = 0, scratch
                for run in range(runs[0], runs[1]):
                    at, _, count = border(geometry.height, run)
                    at += channel * geometry.width.step
                    for t in range(0, count - BREADTH + 1, BREADTH):
                        add_each(
                            op, form, lanes, here, x, at + t, 1, scratch, BREADTH, lane, row + t
                        )
                        folded += 1
                        if folded == geometry.strip:
                            settle(op, lanes, here, scratch, BREADTH)
                            folded = 0
                    rest = count % BREADTH
                    begun = count - rest
                    add_each(
                        op, form, lanes, here, x, at + begun, 1, scratch, rest, lane, row + begun
                    )
                    row += count
                end_channel(op, lanes, here, scratch)
                deliver(
                    op, form, pair, outs, geometry, lanes, scratch, runs, channel, 1, to + c, total
                )
        sequence, tile, piece = next_unit(geometry, sequence, tile)
