"""Spans of rows that have weights, or scores that a softmax turns into weights.

The input and its weights are a pair here. A row has one weight, or one per head.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from numbapool.loops.options import JIT
from numbapool.loops.pointers import border
from numbapool.loops.rows import fill
from numbapool.loops.spans import ask, bounds_of, next_unit, unit_from
from numbapool.loops.spreads import deliver, peak_lane, shift_to, weight_lane
from numbapool.loops.strips import add, add_each, moved, narrow, renew, settle, wide
from numbapool.reducers.exponentials import exp


@njit(**JIT)
def largest_score(weights, geometry, runs, head):
    """Return the largest of a head's scores, and where its row lies.

    The result is NaN only if all scores are NaN. The row of the largest weight is near the weighted
    mean, so deviations are measured from it.
    """
    first, last = runs
    stride = geometry.weight_step
    row, place, _ = border(geometry.height, first)
    best = weights[place + head * geometry.head_step]
    for run in range(first, last):
        at, place, count = border(geometry.height, run)
        place += head * geometry.head_step
        for t in range(count):
            score = weights[place + t * stride]
            if (score > best) | (best != best):
                best = score
                row = at + t * geometry.height.step
    return best, row


@njit(**JIT)
def set_weights(weights, geometry, lane, scratch, runs, head, peak):
    """Set the weights of a sequence's rows, one after the other; return their sum."""
    first, last = runs
    stride = geometry.weight_step
    to = scratch
    for run in range(first, last):
        _, place, count = border(geometry.height, run)
        place += head * geometry.head_step
        if geometry.soft == 0:
            for t in range(count):
                lane[to + t] = weights[place + t * stride]
        elif stride == 1:
            for t in range(count):
                lane[to + t] = exp(weights[place + t] - peak)
        else:
            for t in range(count):
                lane[to + t] = exp(weights[place + t * stride] - peak)
        to += count
    total = 0.0
    for t in range(scratch, to):
        total += np.float64(lane[t])
    return total


@njit(**JIT)
def fold_weighted_rows(op, form, x, geometry, lanes, scratch, runs, begin, n):
    """Fold rows of one weight each; the scratch holds the weights."""
    step = geometry.width.step
    pitch = geometry.height.step
    lane = weight_lane(op, lanes)
    first, last = runs
    here = moved(narrow(op, lanes), scratch)
    folded, row = 0, scratch
    for run in range(first, last):
        at, _, count = border(geometry.height, run)
        at += begin * step
        for _ in range(count):
            weight = lane[row]
            if weight != 0:
                if geometry.ahead > 0:
                    ask(form, x, at + geometry.ahead, n, geometry.line)
                if folded < geometry.strip:
                    add(op, form, lanes, here, x, at, step, scratch, n, weight)
                    folded += 1
                else:
                    renew(op, form, lanes, here, x, at, step, scratch, n, weight)
                    folded = 1
            at += pitch
            row += 1
    settle(op, lanes, here, scratch, n)


@njit(**JIT)
def set_peaks(op, form, x, weights, geometry, lanes, scratch, runs, begin, n):
    """Set the peak of each head of a tile, row by row, and its shifts to the peak's row."""
    peaks = peak_lane(op, lanes)
    step = geometry.width.step
    group = geometry.width.size // geometry.heads
    first_head = begin // group
    heads = (begin + n - 1) // group + 1 - first_head
    first, last = runs
    for run in range(first, last):
        at, place, count = border(geometry.height, run)
        place += first_head * geometry.head_step
        for t in range(count):
            anew = (t == 0) & (run == first)
            for h in range(heads):
                score = weights[place + h * geometry.head_step]
                best = peaks[scratch + h]
                if anew | (score > best) | (best != best):
                    peaks[scratch + h] = score
                    c = max((first_head + h) * group, begin)
                    stop = min((first_head + h + 1) * group, begin + n)
                    to = scratch + c - begin
                    shift_to(op, form, x, geometry, lanes, at + c * step, to, stop - c)
            at += geometry.height.step
            place += geometry.weight_step


@njit(**JIT)
def set_row_weights(op, weights, geometry, lanes, scratch, at, heads):
    """Set the weights of a row's heads."""
    lane, peaks = weight_lane(op, lanes), peak_lane(op, lanes)
    stride = geometry.head_step
    if geometry.soft == 0:
        for h in range(heads):
            lane[scratch + h] = weights[at + h * stride]
    elif stride == 1:
        for h in range(heads):
            lane[scratch + h] = exp(weights[at + h] - peaks[scratch + h])
    else:
        for h in range(heads):
            lane[scratch + h] = exp(weights[at + h * stride] - peaks[scratch + h])


@njit(**JIT)
def fold_headed_rows(op, form, x, weights, geometry, lanes, scratch, runs, begin, n):
    """Fold rows that have one weight per head."""
    step = geometry.width.step
    pitch = geometry.height.step
    lane = weight_lane(op, lanes)
    group = geometry.width.size // geometry.heads
    first_head = begin // group
    heads = (begin + n - 1) // group + 1 - first_head
    set_peaks(op, form, x, weights, geometry, lanes, scratch, runs, begin, n)
    first, last = runs
    here = moved(narrow(op, lanes), scratch)
    folded = 0
    for run in range(first, last):
        at, place, count = border(geometry.height, run)
        at += begin * step
        place += first_head * geometry.head_step
        for _ in range(count):
            set_row_weights(op, weights, geometry, lanes, scratch, place, heads)
            if group == 1:
                add_each(op, form, lanes, here, x, at, step, scratch, n, lane, scratch)
            else:
                c = 0
                for h in range(heads):
                    stop = min((first_head + h + 1) * group - begin, n)
                    weight = lane[scratch + h]
                    if weight != 0:
                        to = scratch + c
                        some = moved(here, c)
                        add(op, form, lanes, some, x, at + c * step, step, to, stop - c, weight)
                    c = stop
            at += pitch
            place += geometry.weight_step
            folded += 1
            if folded == geometry.strip:
                settle(op, lanes, here, scratch, n)
                folded = 0
    settle(op, lanes, here, scratch, n)


@njit(**JIT)
def pool_weighted_spans(op, form, pair, outs, geometry, lanes, scratch, begin, end):
    """Fill the results of the units that begin among the pieces [begin, end)."""
    x, weights = pair
    sequence, tile, piece = unit_from(geometry, begin)
    while piece < end:
        _, _, rows = border(geometry.depth, sequence)
        if rows > 0:
            runs, channel, n, to = bounds_of(geometry, sequence, tile)
            fill(op, wide(op, lanes), scratch, n)
            fill(op, narrow(op, lanes), scratch, n)
            total = 0.0
            if geometry.heads == 1:
                peak, row = largest_score(weights, geometry, runs, 0)
                row += channel * geometry.width.step
                shift_to(op, form, x, geometry, lanes, row, scratch, n)
                lane = weight_lane(op, lanes)
                total = set_weights(weights, geometry, lane, scratch, runs, 0, peak)
                fold_weighted_rows(op, form, x, geometry, lanes, scratch, runs, channel, n)
            else:
                fold_headed_rows(op, form, x, weights, geometry, lanes, scratch, runs, channel, n)
            deliver(op, form, pair, outs, geometry, lanes, scratch, runs, channel, n, to, total)
        sequence, tile, piece = next_unit(geometry, sequence, tile)
