"""Kernels for windows of many taps, channels first: a team of threads makes each window.

A team is a block of threads, or a part of one; their number is a power of two. A window's row is
cut into units: chunks of 16 bytes, if the rows of all windows are whole chunks, else elements. The
threads stand side by side in `across` columns, and in rows below each other. A thread takes every
`across`-th unit of its rows, so neighbouring threads read neighbouring memory. Then the threads
join what they hold through shared memory, by halves: the order is the same in each run.

- :func:`together`: a team makes a window.
- :func:`in_pieces` and :func:`rejoined`: few windows. A team folds each piece of a window, then a
  block joins what its teams left.

Arguments are those of :mod:`numbapool.cuda.kernels`, without channels. The geometry's numbers: the
windows; the logarithms of a team's threads, of `across` and of the teams per window; the sizes of
the results and of the input; the dilations. `unit` is a tuple as long as a unit has elements.
"""

from __future__ import annotations

from functools import lru_cache
from inspect import signature
from typing import Any

import numpy as np

from numbapool.cuda.faces import element, from_start, held, joined, like, load, put, quotient
from numbapool.cuda.fast import written
from numbapool.cuda.kernels import spot, start, window_at
from numbapool.cuda.plan import THREADS
from numbapool.cuda.target import cuda, overload
from numbapool.cuda.vector import load16
from numbapool.reducers.methods import finish, neutral, prepare


def load_unit(x, at, unit):
    """Return the elements of a unit, as a tuple."""
    return load16(x, at) if len(unit) > 1 else (x[at],)


@overload(load_unit)
def _load_unit(x, at, unit):
    if len(unit) > 1:
        return lambda x, at, unit: load16(x, at)
    return lambda x, at, unit: (x[from_start(at)],)


def fold_unit(op, lanes, values, place):
    """Return the accumulator of neighbouring elements: their halves are folded, then joined."""
    half = len(values) // 2
    if half == 0:
        return element(op, lanes, values[0], place)
    one = fold_unit(op, lanes, values[:half], place)
    return joined(op, lanes, one, fold_unit(op, lanes, values[half:], like(place, place + half)))


@overload(fold_unit)
def _fold_unit(op, lanes, values, place):
    half = len(values) // 2
    if half == 0:
        return lambda op, lanes, values, place: element(op, lanes, values[0], place)

    def halves(op, lanes, values, place):
        one = fold_unit(op, lanes, values[:half], place)
        two = fold_unit(op, lanes, values[half:], like(place, place + half))
        return joined(op, lanes, one, two)

    return halves


def next_unit(r, c, walk):
    """Return the row and the column of a thread's next unit: in its row, or in its next row."""
    begin, across, units, down = walk
    beside = like(r, c + across)
    return (r, beside) if beside < units else (like(r, r + down), begin)


overload(next_unit)(lambda r, c, walk: next_unit)


def fold_share(op, lanes, x, base, box, walk, unit):
    """Return the accumulator of a thread's units in a window of two axes.

    Four are read before any is folded: so the loads need not wait for each other. In place of
    units past the last, the first of the four is read again, and left out.
    """
    corner, pitch, step, row, rows = box
    acc = held(lanes, neutral(op))
    begun = False
    r, c = row, walk[0]
    while r < rows:
        one = like(r, corner + r * pitch + c * step)
        r, c = next_unit(r, c, walk)
        has_two = r < rows
        two = like(r, corner + r * pitch + c * step) if has_two else one
        r, c = next_unit(r, c, walk)
        has_three = r < rows
        three = like(r, corner + r * pitch + c * step) if has_three else one
        r, c = next_unit(r, c, walk)
        has_four = r < rows
        four = like(r, corner + r * pitch + c * step) if has_four else one
        r, c = next_unit(r, c, walk)
        a, b = load_unit(x, like(r, base + one), unit), load_unit(x, like(r, base + two), unit)
        d, e = load_unit(x, like(r, base + three), unit), load_unit(x, like(r, base + four), unit)
        part = fold_unit(op, lanes, a, one)
        part = joined(op, lanes, part, fold_unit(op, lanes, b, two)) if has_two else part
        part = joined(op, lanes, part, fold_unit(op, lanes, d, three)) if has_three else part
        part = joined(op, lanes, part, fold_unit(op, lanes, e, four)) if has_four else part
        acc = joined(op, lanes, acc, part) if begun else part
        begun = True
    return acc


overload(fold_share)(lambda op, lanes, x, base, box, walk, unit: fold_share)


def spot_of(thread, bits):
    """Return the row and the column of a thread, in rows of a power of two."""
    row = like(thread, thread >> bits)
    return row, like(thread, thread - (row << bits))


overload(spot_of)(lambda thread, bits: spot_of)


def has_units(thread, bits, rows, units):
    """Say whether a thread of a window holds units.

    If it does, so does the thread whose number lacks one of its bits: so halves can be joined.
    """
    row, column = spot_of(thread, bits)
    return (row < rows) & (column < units)


overload(has_units)(lambda thread, bits, rows, units: has_units)


def joined_by_halves(op, lanes, acc, parts, place, held_by):
    """Return an accumulator joined with those of the threads after it in a team.

    All threads of a block call it; a team's first thread gets what all have. `place` is a thread's
    number in its team, and the team's threads. `held_by` is its number in the window, how far from
    it the next thread's is, and what `has_units` asks for.
    """
    k, team = place
    thread, apart, bits, rows, units = held_by
    me = like(k, cuda.threadIdx.x)
    put(parts, me, acc)
    half = like(k, team >> 1)
    while half > 0:
        cuda.syncthreads()
        if (k < half) & has_units(like(k, thread + half * apart), bits, rows, units):
            acc = joined(op, lanes, acc, load(parts, like(k, me + half)))
            put(parts, me, acc)
        half = like(k, half >> 1)
    return acc


overload(joined_by_halves)(lambda op, lanes, acc, parts, place, held_by: joined_by_halves)


def window_of(t, table, outs):
    """Return the plane of window t, and its first tap, its taps and its part along each axis."""
    out_d, out_h, out_w = outs
    n, d, h, w, _ = spot(t, (out_d, out_h, out_w, like(t, 1)))
    deep, high = window_at(table, 0, d), window_at(table, out_d, h)
    return n, deep, high, window_at(table, like(t, out_d + out_h), w)


overload(window_of)(lambda t, table, outs: window_of)


def finished(op, acc, t, table, outs):
    """Return the result of a window."""
    _, deep, high, wide = window_of(t, table, outs)
    return finish(op, acc, prepare(op, np.int64(deep[2]) * np.int64(high[2]) * np.int64(wide[2])))


overload(finished)(lambda op, acc, t, table, outs: finished)


def fold_piece(op, lanes, x, table, geometry, unit, parts):
    """Return a thread's number in its team, its team's, and what the team's threads have joined.

    A team without a piece repeats the last one, since it must wait for the others of its block.
    """
    windows, team_bits, bits, count_bits = geometry[:4]
    size_d, size_h, size_w, dil_d, dil_h, dil_w = geometry[7:]
    one = like(windows, 1)
    at = like(one, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    own, k = spot_of(at, team_bits)
    piece = min(own, like(one, (windows << count_bits) - 1))
    t, number = spot_of(piece, count_bits)
    thread = like(one, (number << team_bits) + k)
    n, (d, dn, _), (h, hn, _), (w, wn, _) = window_of(t, table, geometry[4:7])
    base = start(n, like(one, 0), (size_d, size_h, size_w), one)
    rows, units = (hn if dn > 0 else dn), quotient(wn, like(one, len(unit)))
    row, column = spot_of(thread, bits)
    walk = column, like(one, one << bits), units, like(one, one << (team_bits + count_bits - bits))
    row = row if column < units else rows
    steps = like(one, dil_h * size_w), like(one, len(unit) * dil_w)
    acc = held(lanes, neutral(op))
    for a in range(dn):
        corner = like(one, like(one, (d + a * dil_d) * size_h + h) * size_w + w)
        part = fold_share(op, lanes, x, base, (corner, *steps, row, rows), walk, unit)
        acc = joined(op, lanes, acc, part) if a > 0 else part
    place, held_by = (k, like(one, one << team_bits)), (thread, one, bits, rows, units)
    return k, own, joined_by_halves(op, lanes, acc, parts, place, held_by)


overload(fold_piece)(lambda op, lanes, x, table, geometry, unit, parts: fold_piece)


def together(op, lanes, x, outs, table, geometry, unit, parts):
    """Reduce windows: a team makes each."""
    k, t, acc = fold_piece(op, lanes, x, table, geometry, unit, parts)
    if (k == 0) & (t < geometry[0]):
        put(outs, t, finished(op, acc, t, table, geometry[4:7]))


def in_pieces(op, lanes, x, outs, table, geometry, unit, parts):
    """Fold windows: `outs` are arrays, one per lane, of what each window's teams have joined."""
    k, piece, acc = fold_piece(op, lanes, x, table, geometry, unit, parts)
    if (k == 0) & (piece < like(piece, geometry[0] << geometry[3])):
        put(outs, piece, acc)


def rejoined(op, lanes, x, outs, table, geometry, unit, parts):
    """Join what `in_pieces` left in the arrays `x`: a block makes a window."""
    windows, team_bits, bits, count_bits = geometry[:4]
    one = like(windows, 1)
    k, threads = like(one, cuda.threadIdx.x), like(one, cuda.blockDim.x)
    t, count = like(one, cuda.blockIdx.x), like(one, one << count_bits)
    _, (_, dn, _), (_, hn, _), (_, wn, _) = window_of(t, table, geometry[4:7])
    rows, units = (hn if dn > 0 else dn), quotient(wn, like(one, len(unit)))
    acc = held(lanes, neutral(op))
    piece = k
    while (piece < count) & has_units(like(one, piece << team_bits), bits, rows, units):
        part = load(x, like(one, t * count + piece))
        acc = joined(op, lanes, acc, part) if piece > k else part
        piece = like(one, piece + threads)
    held_by = like(one, k << team_bits), like(one, one << team_bits), bits, rows, units
    acc = joined_by_halves(op, lanes, acc, parts, (k, min(threads, count)), held_by)
    if k == 0:
        put(outs, t, finished(op, acc, t, table, geometry[4:7]))


overload(together)(lambda op, lanes, x, outs, table, geometry, unit, parts: together)
overload(in_pieces)(lambda op, lanes, x, outs, table, geometry, unit, parts: in_pieces)
overload(rejoined)(lambda op, lanes, x, outs, table, geometry, unit, parts: rejoined)


@lru_cache(maxsize=64)
def sharing(body: Any, kinds: tuple[str, ...]) -> Any:
    """Return the kernel of a function: its last argument are arrays that a block shares.

    There is an array per dtype, of a number per thread. No function returns such arrays, so they
    stand in the kernel itself.
    """
    name = "_".join([body.__name__, *kinds])
    given = ", ".join(list(signature(body).parameters)[:-1])
    names = [f"part{n}" for n in range(len(kinds))]
    lines = [  # one array per line: the simulator knows them by their lines
        f"    {part} = cuda.shared.array({THREADS}, np.{kind})\n"
        for part, kind in zip(names, kinds, strict=True)
    ]
    text = (
        f"def {name}({given}):\n{''.join(lines)}"
        f"    {body.__name__}({given}, ({', '.join(names)},))\n"
    )
    return written(name, text, body.__globals__)
