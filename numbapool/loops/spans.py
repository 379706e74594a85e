"""Sequences of any length: each channel of a span of rows is folded into one number.

The plan's axes are these:

- ``depth`` is the sequences. The border of a sequence is its first run, the number of rows of all
  sequences before it, and the number of its own rows. One more border stands at the end.
- ``height`` is the runs of rows, in the order of the sequences. The border of a run is where its
  first row lies in the input, where that row's weights lie, and its number of rows. The axis's
  step leads from one row to the next.
- ``width`` is the channels.

A unit of work is a tile of the channels of one sequence. It counts as one piece per row of the
sequence and one more: so threads with equal numbers of pieces have equal work. A unit belongs to
the thread that has its first piece.

Rows are read one at a time. Windows read two or four rows at once; here that was two to three
times slower, because it breaks the stream that the memory's prefetcher follows.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.lanes import prefetch
from numbapool.loops.options import JIT
from numbapool.loops.pointers import border
from numbapool.loops.rows import fill
from numbapool.loops.spreads import deliver, set_shifts
from numbapool.loops.strips import add_row, moved, narrow, renew, settle, wide


@njit(**JIT)
def unit_from(geometry, begin):
    """Return the first unit that begins at a piece or after it: its sequence, tile and piece."""
    tiles = geometry.tiles
    low, high = 0, geometry.depth.out
    while low < high:
        middle = (low + high) // 2
        _, before, rows = border(geometry.depth, middle)
        if (before + middle + rows + 1) * tiles <= begin:
            low = middle + 1
        else:
            high = middle
    _, before, rows = border(geometry.depth, low)
    first = (before + low) * tiles
    tile = -(-(begin - first) // (rows + 1))
    if tile >= tiles:
        return unit_at(geometry, low + 1, 0)
    return unit_at(geometry, low, tile)


@njit(**JIT)
def unit_at(geometry, sequence, tile):
    """Return the unit of a sequence and a tile: both, and the piece that it begins at."""
    _, before, rows = border(geometry.depth, sequence)
    return sequence, tile, (before + sequence) * geometry.tiles + tile * (rows + 1)


@njit(**JIT)
def next_unit(geometry, sequence, tile):
    """Return the unit after this one."""
    if tile + 1 < geometry.tiles:
        return unit_at(geometry, sequence, tile + 1)
    return unit_at(geometry, sequence + 1, 0)


@njit(**JIT)
def ask(form, x, at, n, line):
    """Ask for the memory of `n` elements of a later row, which may lie past the end."""
    for j in range(0, n, line):
        prefetch(form, x, at + j)


@njit(**JIT)
def fold_rows(op, form, x, geometry, lanes, scratch, runs, begin, n):
    """Fold a sequence's rows, `n` channels of each from `begin` on, into the wide accumulators."""
    step = geometry.width.step
    pitch = geometry.height.step
    strip = geometry.strip
    first, last = runs
    here = moved(narrow(op, lanes), scratch)
    there = moved(narrow(op, lanes), scratch + geometry.stretch)
    folded = 0
    for run in range(first, last):
        at, _, count = border(geometry.height, run)
        at += begin * step
        for _ in range(count):
            if geometry.ahead > 0:
                ask(form, x, at + geometry.ahead, n, geometry.line)
            if folded < strip:
                here, there = add_row(op, form, lanes, here, there, x, at, step, scratch, n)
                folded += 1
            else:
                renew(op, form, lanes, here, x, at, step, scratch, n, 0)
                folded = 1
            at += pitch
    settle(op, lanes, here, scratch, n)


@njit(**JIT)
def bounds_of(geometry, sequence, tile):
    """Return a unit's runs, its first channel, its channels, and where its results begin."""
    first, _, _ = border(geometry.depth, sequence)
    last, _, _ = border(geometry.depth, sequence + 1)
    begin = tile * geometry.tile
    n = min(geometry.tile, geometry.width.size - begin)
    return (first, last), begin, n, sequence * geometry.between + begin


@njit(**JIT)
def pool_spans(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Fill the results of the units that begin among the pieces [begin, end)."""
    sequence, tile, piece = unit_from(geometry, begin)
    while piece < end:
        _, _, rows = border(geometry.depth, sequence)
        if rows > 0:
            runs, channel, n, to = bounds_of(geometry, sequence, tile)
            fill(op, wide(op, lanes), scratch, n)
            fill(op, narrow(op, lanes), scratch, n)
            set_shifts(op, form, x, geometry, lanes, scratch, runs, channel, n)
            fold_rows(op, form, x, geometry, lanes, scratch, runs, channel, n)
            deliver(op, form, x, outs, geometry, lanes, scratch, runs, channel, n, to, rows)
        sequence, tile, piece = next_unit(geometry, sequence, tile)
