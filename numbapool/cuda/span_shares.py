"""Kernels of sequences of many rows and few channels: several threads fold a channel.

- :func:`span_teams`: the threads are of one block, and join what they have in shared memory.
- :func:`span_shares` and :func:`span_results`: threads of many blocks; a second launch joins.

Arguments are those of :func:`numbapool.cuda.spans.spans`.
"""

from __future__ import annotations

import numpy as np

from numbapool.cuda.faces import held, joined, like, load, put, quotient
from numbapool.cuda.spans import deliver, facts_of, folded, place_of, set_empty
from numbapool.cuda.target import cuda, overload
from numbapool.reducers.methods import neutral


def span_teams(op, lanes, x, weights, out, sequences, runs, geometry, marks, parts):
    """Reduce each channel by several threads of a block, which take as many rows each.

    Threads side by side take neighbouring channels. The threads of a channel are joined by halves.
    """
    total, kind, nothing, count = geometry[0], marks[0], marks[1], marks[2]
    me = like(total, cuda.threadIdx.x)
    beside = quotient(like(total, cuda.blockDim.x), count)
    p = quotient(me, beside)
    own = like(total, cuda.blockIdx.x * beside + me - p * beside)
    t = min(own, like(total, total - 1))  # threads without a channel wait for the others
    bounds, rows, to = place_of(t, sequences, geometry)
    acc = held(lanes[0], neutral(op))
    if rows > 0:
        facts = facts_of(op, lanes[2], x, weights, runs, bounds, rows, geometry)
        begin, end = np.int64(rows) * p // count, np.int64(rows) * (p + 1) // count
        acc = folded(op, lanes, x, weights, runs, bounds, facts, (begin, end), geometry)
    put(parts, me, acc)
    half = like(total, count >> 1)
    while half > 0:
        cuda.syncthreads()
        if p < half:
            acc = joined(op, lanes[0], acc, load(parts, like(total, me + half * beside)))
            put(parts, me, acc)
        half = like(total, half >> 1)
    if (p == 0) & (own < total):
        if rows == 0:
            set_empty(out, to, geometry, nothing)
        else:
            deliver(op, lanes, acc, x, weights, runs, bounds, facts, out, to, geometry, kind)


overload(span_teams)(
    lambda op, lanes, x, weights, out, sequences, runs, geometry, marks, parts: span_teams
)


@cuda.jit
def span_shares(op, lanes, x, weights, parts, sequences, runs, geometry, count):
    """Fold each channel by `count` threads, which take as many rows each."""
    total, channels = geometry[0], geometry[1]
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total * count:
        rest = quotient(t, channels)
        s = quotient(rest, count)
        p = np.int64(rest - s * count)
        channel = like(total, s * channels + t - rest * channels)
        bounds, rows, _ = place_of(channel, sequences, geometry)
        if rows > 0:
            facts = facts_of(op, lanes[2], x, weights, runs, bounds, rows, geometry)
            span = (rows * p // count, rows * (p + 1) // count)
            put(parts, t, folded(op, lanes, x, weights, runs, bounds, facts, span, geometry))


@cuda.jit
def span_results(op, lanes, x, weights, parts, out, sequences, runs, geometry, marks):
    """Join the accumulators that `span_shares` left for each channel."""
    total, channels = geometry[0], geometry[1]
    kind, nothing, count = marks
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        bounds, rows, to = place_of(t, sequences, geometry)
        if rows == 0:
            set_empty(out, to, geometry, nothing)
        else:
            c = like(total, t - quotient(t, channels) * channels)
            begin = (t - c) * count + c
            acc = load(parts, begin)
            for p in range(1, count):
                acc = joined(op, lanes[0], acc, load(parts, begin + p * channels))
            facts = facts_of(op, lanes[2], x, weights, runs, bounds, rows, geometry)
            deliver(op, lanes, acc, x, weights, runs, bounds, facts, out, to, geometry, kind)
