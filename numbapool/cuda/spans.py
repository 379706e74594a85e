"""Kernels of sequences: a thread folds one channel of one sequence, row by row.

As in :mod:`numbapool.loops.spans`, a strip of rows is folded in the `narrow` lanes, which are then
added to the `wide` lanes. `near` is a number of the type of distances and weights.
`sequences` has two numbers per sequence, its first run and its rows, and one more pair at the end;
`runs` has three per run: the places of its first row and of that row's weights, and its rows.
"""

from __future__ import annotations

import numpy as np

from numbapool.cuda.faces import (
    element,
    from_start,
    held,
    joined,
    like,
    quotient,
    rounded,
)
from numbapool.cuda.target import cuda, overload
from numbapool.loops.spreads import FAR, TINY
from numbapool.reducers.exponentials import exp
from numbapool.reducers.methods import finish, lift, neutral, prepare


def run_at(runs, run):
    """Return where a run's first row lies, where its weights lie, and its number of rows."""
    return runs[3 * run], runs[3 * run + 1], runs[3 * run + 2]


overload(run_at)(lambda runs, run: run_at)


def has(op, name):
    """Say whether a reducer's class has a method; in kernels the target gives its instance type."""
    return hasattr(getattr(op, "instance_class", op), name)


def peak_of(op, near, weights, runs, bounds, steps):
    """Return the largest score of a head, and the place of its row, if rows have weights.

    The peak is NaN only if all scores are NaN.
    """
    if not has(op, "weighs"):
        return near, runs[0]
    return peak_among(near, weights, runs, bounds, steps)


def peak_among(near, weights, runs, bounds, steps):
    """See `peak_of`."""
    first, last, head_at = bounds
    row_step, weight_step = steps
    row, place, _ = run_at(runs, first)
    best = like(near, weights[place + head_at])
    for run in range(first, last):
        at, place, count = run_at(runs, run)
        for t in range(count):
            score = like(near, weights[place + head_at + t * weight_step])
            if (score > best) | (best != best):
                best = score
                row = at + like(at, t * row_step)
    return best, row


@overload(peak_of)
def _peak_of(op, near, weights, runs, bounds, steps):
    if has(op, "weighs"):
        return lambda op, near, weights, runs, bounds, steps: peak_among(
            near, weights, runs, bounds, steps
        )
    return lambda op, near, weights, runs, bounds, steps: (near, runs[0])


overload(peak_among)(lambda near, weights, runs, bounds, steps: peak_among)


def weight_of(op, near, weights, place, peak, soft):
    """Return a row's weight, from its score if `soft`; 0 if rows have no weights."""
    if not has(op, "weighs"):
        return like(near, 0)
    return weight_at(near, weights, place, peak, soft)


def weight_at(near, weights, place, peak, soft):
    """See `weight_of`."""
    number = like(near, weights[from_start(place)])
    return like(near, exp(number - peak)) if soft > 0 else number


@overload(weight_of)
def _weight_of(op, near, weights, place, peak, soft):
    if has(op, "weighs"):
        return lambda op, near, weights, place, peak, soft: weight_at(
            near, weights, place, peak, soft
        )
    return lambda op, near, weights, place, peak, soft: like(near, 0)


overload(weight_at)(lambda near, weights, place, peak, soft: weight_at)


def counts(op, weight):
    """Say whether a row counts: one of weight 0 is left out, whatever its elements are."""
    return weight != 0 if has(op, "weighs") else True


@overload(counts)
def _counts(op, weight):
    if has(op, "weighs"):
        return lambda op, weight: weight != 0
    return lambda op, weight: True


def divisor_of(op, rows, total):
    """Return the weight of all rows: their number, if they have no weights."""
    return total if has(op, "weighs") else np.int64(rows)


@overload(divisor_of)
def _divisor_of(op, rows, total):
    if has(op, "weighs"):
        return lambda op, rows, total: total
    return lambda op, rows, total: np.int64(rows)


def shift_of(op, near, x, runs, bounds, row_step, peak_row):
    """Return the number that distances are measured from, if the reducer has shifts.

    It is an element of the heaviest row or, without weights, the first element, if that is a
    number. If NaN is left out it is the first number.
    """
    if not has(op, "shifts"):
        return near
    if has(op, "weighs"):
        return finite(like(near, x[peak_row + bounds[2]]))
    return first_number(near, x, runs, bounds, row_step, "left_out" in type(op)._fields)


def finite(number):
    """Return a number, or 0 if it is infinite or NaN."""
    return number if number - number == 0 else like(number, 0)


def first_number(near, x, runs, bounds, row_step, looks_on):
    """See `shift_of`."""
    first, last, channel_at = bounds
    found = like(near, x[run_at(runs, first)[0] + channel_at])
    if looks_on:
        for run in range(first, last):
            at, _, count = run_at(runs, run)
            for t in range(count):
                if found != found:
                    found = like(near, x[at + channel_at + t * row_step])
    return finite(found)


@overload(shift_of)
def _shift_of(op, near, x, runs, bounds, row_step, peak_row):
    if not has(op, "shifts"):
        return lambda op, near, x, runs, bounds, row_step, peak_row: near
    if has(op, "weighs"):
        return lambda op, near, x, runs, bounds, row_step, peak_row: finite(
            like(near, x[peak_row + bounds[2]])
        )
    looks_on = "left_out" in op.instance_class._fields
    return lambda op, near, x, runs, bounds, row_step, peak_row: first_number(
        near, x, runs, bounds, row_step, looks_on
    )


overload(finite)(lambda number: finite)
overload(first_number)(lambda near, x, runs, bounds, row_step, looks_on: first_number)


def near_tap(op, narrow, near, value, shift, weight):
    """Return an element's narrow accumulator, of its distance if the reducer has shifts."""
    if has(op, "shifts"):
        return held(narrow, lift(op, like(near, value) - shift, weight))
    return element(op, narrow, value, weight)


@overload(near_tap)
def _near_tap(op, narrow, near, value, shift, weight):
    if has(op, "shifts"):
        return lambda op, narrow, near, value, shift, weight: held(
            narrow, lift(op, like(near, value) - shift, weight)
        )
    return lambda op, narrow, near, value, shift, weight: element(op, narrow, value, weight)


def again(op, wide, near, x, weights, runs, bounds, steps, peak, centre):
    """Return a channel's accumulator of distances from a centre, folded in wide numbers."""
    first, last, channel_at, head_at = bounds
    row_step, weight_step, soft = steps
    acc = held(wide, neutral(op))
    for run in range(first, last):
        at, place, count = run_at(runs, run)
        for t in range(count):
            weight = weight_of(op, near, weights, place + head_at + t * weight_step, peak, soft)
            distance = like(wide[0], x[at + channel_at + t * row_step]) - centre
            acc = joined(op, wide, acc, held(wide, lift(op, distance, weight)))
    return acc


overload(again)(lambda op, wide, near, x, weights, runs, bounds, steps, peak, centre: again)


def first_of(acc):
    """Return the first number of an accumulator."""
    return acc[0] if isinstance(acc, tuple) else acc


@overload(first_of)
def _first_of(acc):
    if hasattr(acc, "types"):
        return lambda acc: acc[0]
    return lambda acc: acc


def results_of(op, lanes, acc, x, weights, runs, bounds, steps, extras):
    """Return a channel's results, one or two, from its accumulator.

    It is folded again in wide numbers where the narrow ones overflowed or lost too many bits.
    """
    of = spread_results if has(op, "shifts") else one_result
    if of is one_result and type(lanes[0][0]) is type(lanes[1][0]):
        of = exact_result
    return of(op, lanes, acc, x, weights, runs, bounds, steps, extras)


def exact_result(op, lanes, acc, x, weights, runs, bounds, steps, extras):
    """See `results_of`."""
    return finish(op, acc, prepare(op, extras[2])), 0


def one_result(op, lanes, acc, x, weights, runs, bounds, steps, extras):
    """See `results_of`."""
    wide, _, near = lanes
    _, peak, weight = extras
    total = first_of(acc)
    if total - total != 0:
        acc = again(op, wide, near, x, weights, runs, bounds, steps, peak, 0.0)
    return finish(op, acc, prepare(op, weight)), 0


def spread_results(op, lanes, acc, x, weights, runs, bounds, steps, extras):
    """See `results_of`: the deviation or, if both are results, the mean and the deviation."""
    wide, _, near = lanes
    shift, peak, weight = extras
    scale = prepare(op, weight)
    centre = np.float64(shift)
    mean, spread = finish(op, acc, scale)
    about = acc[1] - mean * acc[0]
    if (acc[0] != 0) & ((acc[1] > FAR * about) | (acc[1] < TINY) | (acc[1] - acc[1] != 0)):
        centre = centre + mean if mean - mean == 0 else centre
        more = again(op, wide, near, x, weights, runs, bounds, steps, peak, centre)
        mean, spread = finish(op, more, scale)
    return (centre + mean, spread) if op.both else (spread, spread)


overload(exact_result)(lambda op, lanes, acc, x, weights, runs, bounds, steps, extras: exact_result)
overload(one_result)(lambda op, lanes, acc, x, weights, runs, bounds, steps, extras: one_result)
overload(spread_results)(
    lambda op, lanes, acc, x, weights, runs, bounds, steps, extras: spread_results
)


@overload(results_of)
def _results_of(op, lanes, acc, x, weights, runs, bounds, steps, extras):
    of = spread_results if has(op, "shifts") else one_result
    if of is one_result and lanes[0][0] == lanes[1][0]:
        of = exact_result
    return lambda op, lanes, acc, x, weights, runs, bounds, steps, extras: of(
        op, lanes, acc, x, weights, runs, bounds, steps, extras
    )


def total_weight(op, near, weights, runs, bounds, steps, peak):
    """Return the sum of a head's weights; 0 if rows have no weights."""
    if not has(op, "weighs"):
        return 0.0
    return added_weights(near, weights, runs, bounds, steps, peak)


def added_weights(near, weights, runs, bounds, steps, peak):
    """See `total_weight`."""
    first, last, head_at = bounds
    weight_step, soft = steps
    total = 0.0
    for run in range(first, last):
        _, place, count = run_at(runs, run)
        for t in range(count):
            at = place + head_at + t * weight_step
            total += np.float64(weight_at(near, weights, at, peak, soft))
    return total


@overload(total_weight)
def _total_weight(op, near, weights, runs, bounds, steps, peak):
    if has(op, "weighs"):
        return lambda op, near, weights, runs, bounds, steps, peak: added_weights(
            near, weights, runs, bounds, steps, peak
        )
    return lambda op, near, weights, runs, bounds, steps, peak: 0.0


overload(added_weights)(lambda near, weights, runs, bounds, steps, peak: added_weights)


def place_of(t, sequences, geometry):
    """Return where a channel lies, its runs, its channel and its head; its rows; its result."""
    channels, step, head_step, heads = geometry[1], geometry[3], geometry[5], geometry[6]
    s = quotient(t, channels)
    c = like(t, t - s * channels)
    head = quotient(c, quotient(channels, heads))
    bounds = (sequences[2 * s], sequences[2 * s + 2], like(t, c * step), like(t, head * head_step))
    return bounds, sequences[2 * s + 1], s * geometry[9] + c


overload(place_of)(lambda t, sequences, geometry: place_of)


def facts_of(op, near, x, weights, runs, bounds, rows, geometry):
    """Return a channel's shift, its head's peak, and the weight of all rows."""
    first, last, channel_at, head_at = bounds
    row_step, weight_step, soft = geometry[2], geometry[4], geometry[7]
    ends = (first, last, head_at)
    peak, row = peak_of(op, near, weights, runs, ends, (row_step, weight_step))
    total = total_weight(op, near, weights, runs, ends, (weight_step, soft), peak)
    shift = shift_of(op, near, x, runs, (first, last, channel_at), row_step, row)
    return shift, peak, divisor_of(op, rows, total)


overload(facts_of)(lambda op, near, x, weights, runs, bounds, rows, geometry: facts_of)


def with_row(op, lanes, part, value, shift, weight):
    """Return a strip's accumulator and the rows in it, with one more row if that counts."""
    _, narrow, near = lanes
    acc, rows = part
    if not counts(op, weight):
        return acc, rows
    tap = near_tap(op, narrow, near, value, shift, weight)
    return joined(op, narrow, acc, tap), like(rows, rows + 1)


overload(with_row)(lambda op, lanes, part, value, shift, weight: with_row)


def with_four(op, lanes, part, values, shift, weights):
    """Return the same with four rows more."""
    part = with_row(op, lanes, part, values[0], shift, weights[0])
    part = with_row(op, lanes, part, values[1], shift, weights[1])
    part = with_row(op, lanes, part, values[2], shift, weights[2])
    return with_row(op, lanes, part, values[3], shift, weights[3])


overload(with_four)(lambda op, lanes, part, values, shift, weights: with_four)


def four_values(x, at, step):
    """Return the elements of four rows."""
    return (
        x[from_start(at)],
        x[from_start(at + step)],
        x[from_start(at + 2 * step)],
        x[from_start(at + 3 * step)],
    )


overload(four_values)(lambda x, at, step: four_values)


def four_weights(op, near, weights, at, step, peak, soft):
    """Return the weights of four rows."""
    return (
        weight_of(op, near, weights, at, peak, soft),
        weight_of(op, near, weights, at + step, peak, soft),
        weight_of(op, near, weights, at + 2 * step, peak, soft),
        weight_of(op, near, weights, at + 3 * step, peak, soft),
    )


overload(four_weights)(lambda op, near, weights, at, step, peak, soft: four_weights)


def settled(op, lanes, acc, part, more, strip):
    """Return the wide accumulator and a strip that has room for more rows."""
    if part[1] + more <= strip:
        return acc, part
    wide, narrow, _ = lanes
    return joined(op, wide, acc, held(wide, part[0])), (held(narrow, neutral(op)), like(part[1], 0))


overload(settled)(lambda op, lanes, acc, part, more, strip: settled)


def folded(op, lanes, x, weights, runs, bounds, facts, span, geometry):
    """Return the wide accumulator of some rows of a channel, from the first of `span` on.

    Sixteen rows are read before any is folded, so that no load waits for another.
    """
    wide, narrow, near = lanes
    row_step, weight_step, soft, strip = geometry[2], geometry[4], geometry[7], geometry[8]
    first, last, channel_at, head_at = bounds
    shift, peak, _ = facts
    begin, end = span
    acc, part = held(wide, neutral(op)), (held(narrow, neutral(op)), like(strip, 0))
    row = 0
    for run in range(first, last):
        at, place, count = run_at(runs, run)
        n, stop = max(begin - row, 0), min(end - row, count)
        spot, scored = at + channel_at, place + head_at
        while n + 15 < stop:
            acc, part = settled(op, lanes, acc, part, 16, strip)
            here, there = spot + n * row_step, scored + n * weight_step
            a = four_values(x, here, row_step)
            b = four_values(x, here + 4 * row_step, row_step)
            c = four_values(x, here + 8 * row_step, row_step)
            d = four_values(x, here + 12 * row_step, row_step)
            u = four_weights(op, near, weights, there, weight_step, peak, soft)
            v = four_weights(op, near, weights, there + 4 * weight_step, weight_step, peak, soft)
            w = four_weights(op, near, weights, there + 8 * weight_step, weight_step, peak, soft)
            z = four_weights(op, near, weights, there + 12 * weight_step, weight_step, peak, soft)
            part = with_four(op, lanes, part, a, shift, u)
            part = with_four(op, lanes, part, b, shift, v)
            part = with_four(op, lanes, part, c, shift, w)
            part = with_four(op, lanes, part, d, shift, z)
            n += 16
        while n < stop:
            acc, part = settled(op, lanes, acc, part, 1, strip)
            value = x[from_start(spot + n * row_step)]
            weight = weight_of(op, near, weights, scored + n * weight_step, peak, soft)
            part = with_row(op, lanes, part, value, shift, weight)
            n += 1
        row += count
    return joined(op, wide, acc, held(wide, part[0]))


overload(folded)(lambda op, lanes, x, weights, runs, bounds, facts, span, geometry: folded)


def deliver(op, lanes, acc, x, weights, runs, bounds, facts, out, to, geometry, kind):
    """Write a channel's results."""
    steps, second = (geometry[2], geometry[4], geometry[7]), geometry[10]
    one, two = results_of(op, lanes, acc, x, weights, runs, bounds, steps, facts)
    out[to] = rounded_to(kind, one)
    if second > 0:
        out[to + second] = rounded_to(kind, two)


overload(deliver)(
    lambda op, lanes, acc, x, weights, runs, bounds, facts, out, to, geometry, kind: deliver
)


def set_empty(out, to, geometry, nothing):
    """Write the results of a sequence without rows."""
    out[to] = nothing
    if geometry[10] > 0:
        out[to + geometry[10]] = nothing


overload(set_empty)(lambda out, to, geometry, nothing: set_empty)


@cuda.jit
def spans(op, lanes, x, weights, out, sequences, runs, geometry, marks):
    """Reduce each channel of each sequence; `marks` are the part's dtype and the empty result.

    The numbers of the geometry: channels of all sequences, channels, the steps to the next row and
    the next channel, the steps of weights to the next row and the next head, heads, whether
    weights are scores, the rows of a strip, the steps in the results to the next sequence and to
    the second result.
    """
    total, kind, nothing = geometry[0], marks[0], marks[1]
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        bounds, rows, to = place_of(t, sequences, geometry)
        if rows == 0:
            set_empty(out, to, geometry, nothing)
        else:
            facts = facts_of(op, lanes[2], x, weights, runs, bounds, rows, geometry)
            span = (0, rows)
            acc = folded(op, lanes, x, weights, runs, bounds, facts, span, geometry)
            deliver(op, lanes, acc, x, weights, runs, bounds, facts, out, to, geometry, kind)


def rounded_to(kind, value):
    """Return a value as a number's dtype holds it; float16 is rounded from float32."""
    return rounded(np.empty(0, kind.dtype), value)


@overload(rounded_to)
def _rounded_to(kind, value):
    if type(kind).__name__ == "Float" and kind.bitwidth == 16:
        return lambda kind, value: like(kind, np.float32(value))
    return lambda kind, value: like(kind, value)
