"""The rows of sequences, listed by compiled code, as `numbapool.sequences` does in Python.

Runs are three arrays (each run's sequence, its first row, its number of rows) and a table as the
loops read it: each sequence's first run, the rows of all sequences before it, its own rows.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from numbapool.errors import PoolValueError
from numbapool.loops.geometry import HEAD
from numbapool.sequences.plan import (
    BORDERS,
    BREADTH,
    DEPTH,
    HEIGHT,
    MOST_CHANNELS,
    OUT,
    SIZE,
    STEP,
    TABLES,
    WIDTH,
)
from numbapool.sequences.records import ROOM
from numbapool.sequences.table import LEAST_ROWS

TOTAL, PIECES, TILE, TILES, STRIP, BETWEEN, STRETCH, AHEAD, LINE = (
    HEAD.index(name) for name in "total pieces tile tiles strip between stretch ahead line".split()
)
HEADS, WEIGHT_STEP, HEAD_STEP, SOFT = (
    HEAD.index(name) for name in ("heads", "weight_step", "head_step", "soft")
)


@register_jitable
def flipped(x):
    """Return an array with its last two axes swapped."""
    if x.ndim == 2:
        return x.T
    return x.transpose((0, 2, 1))


@register_jitable
def one(x):
    """Return one long array as a batch of one."""
    return np.expand_dims(x, 0)


@register_jitable
def one_head(x):
    """Return weights with an added axis of one head."""
    return np.expand_dims(x, x.ndim)


@register_jitable
def squeezed(mask, steps):
    """Return a mask of three axes without its axis of size 1."""
    if mask.shape[1] == 1 and mask.shape[2] == steps:
        return mask[:, 0, :]
    if mask.shape[2] != 1:
        raise PoolValueError("mask must have shape (B, T), (B, T, 1) or (B, 1, T)")
    return mask[:, :, 0]


@register_jitable
def tabled(rows, runs):
    """Return the table of sequences from each sequence's number of rows and runs."""
    table = np.zeros((len(rows) + 1, 3), np.int64)
    for n in range(len(rows)):
        table[n, 2] = rows[n]
        table[n + 1, 0] = table[n, 0] + runs[n]
        table[n + 1, 1] = table[n, 1] + rows[n]
    return table


@register_jitable
def spanned(batch, start, rows):
    """Return sequences of one run each, or of no run if they have no row."""
    held = rows > 0
    return batch[held], start[held], rows[held], tabled(rows, held)


@register_jitable
def whole(batch, steps):
    """Return sequences whose rows all count."""
    return spanned(np.arange(batch), np.zeros(batch, np.int64), np.full(batch, steps, np.int64))


@register_jitable
def measured(lengths, batch, steps):
    """Return sequences of these lengths."""
    if lengths.ndim != 1 or lengths.size != batch:
        raise PoolValueError("lengths must have shape (B,): one for each sequence")
    rows = np.zeros(batch, np.int64)
    for n in range(batch):
        if lengths.flat[n] < 0 or lengths.flat[n] > steps:
            raise PoolValueError("lengths must lie between 0 and T")
        rows[n] = lengths.flat[n]
    return spanned(np.arange(batch), np.zeros(batch, np.int64), rows)


@register_jitable
def cut(offsets, steps):
    """Return the sequences into which offsets cut one long array."""
    if offsets.ndim != 1 or offsets.size == 0:
        raise PoolValueError("offsets must be n + 1 numbers for n sequences")
    count = offsets.size - 1
    start, rows = np.zeros(count, np.int64), np.zeros(count, np.int64)
    if offsets.flat[0] != 0 or offsets.flat[count] != steps:
        raise PoolValueError("offsets must begin at 0 and end at the number of rows")
    for n in range(count):
        if offsets.flat[n + 1] < offsets.flat[n]:
            raise PoolValueError("offsets must not decrease")
        start[n] = offsets.flat[n]
        rows[n] = np.int64(offsets.flat[n + 1]) - start[n]
    return spanned(np.zeros(count, np.int64), start, rows)


@register_jitable
def masked(mask, batch, steps):
    """Return the runs of a mask."""
    if mask.shape[0] != batch or mask.shape[1] != steps:
        raise PoolValueError("mask must have shape (B, T), (B, T, 1) or (B, 1, T)")
    rows, runs = np.zeros(batch, np.int64), np.zeros(batch, np.int64)
    for b in range(batch):
        for t in range(steps):
            kept = mask[b, t] == 1
            if not kept and mask[b, t] != 0:
                raise PoolValueError(
                    "mask must be bool or 0 and 1, True if a row counts: other numbers are weights"
                )
            rows[b] += kept
            runs[b] += kept and (t == 0 or mask[b, t - 1] != 1)
    table = tabled(rows, runs)
    total = table[batch, 0]
    which, start, counts = (
        np.zeros(total, np.int64),
        np.zeros(total, np.int64),
        np.zeros(total, np.int64),
    )
    at = -1
    for b in range(batch):
        for t in range(steps):
            if mask[b, t] == 1:
                if t == 0 or mask[b, t - 1] != 1:
                    at += 1
                    which[at], start[at] = b, t
                counts[at] += 1
    return which, start, counts, table


@register_jitable
def beside(weights, batch, steps, channels):
    """Return weights, checked to have one row per row of the array."""
    if weights.shape[0] != batch or weights.shape[1] != steps:
        raise PoolValueError("weights or scores must have a row for each row of the array")
    if weights.shape[2] == 0 or channels % weights.shape[2]:
        raise PoolValueError("heads must divide the channels")
    return weights


@register_jitable
def positions(runs, batch, steps, kind):
    """Return the weights 1, 2, … of each sequence's rows, holes counted."""
    which, start, counts, table = runs
    weights = np.zeros((batch, steps, 1), kind)
    for n in range(len(table) - 1):
        for run in range(table[n, 0], table[n + 1, 0]):
            first = start[table[n, 0]]
            for t in range(start[run], start[run] + counts[run]):
                weights[which[run], t, 0] = t - first + 1
    return weights


@register_jitable
def capacity(table):
    """Return how many rows a sum of integers must hold."""
    rows = LEAST_ROWS
    for n in range(len(table) - 1):
        while rows < table[n, 2]:
            rows *= 2
    return rows


@register_jitable
def is_along(x):
    """Say whether the elements of a channel are contiguous and those of a row are not."""
    steps, channels = x.strides[1], x.strides[2]
    beside_rows = x.shape[1] > 1 and steps == x.itemsize
    return beside_rows and (x.shape[2] == 1 or channels != x.itemsize)


@register_jitable
def geometry(x, weights, runs, along, how):
    """Return the geometry's numbers, the accumulators that they need, and the pieces of work."""
    which, start, counts, table = runs
    columns, weighed, strip, soft, asks = how
    size = x.itemsize
    channels = x.shape[2]
    tile = channels if along else min(channels, MOST_CHANNELS)
    tiles = -(-channels // tile)
    numbers = np.zeros(TABLES + table.size + 3 * len(which), np.int64)
    sequences = len(table) - 1
    rows = table[sequences, 1]
    stretch = -(-max(tile, BREADTH) // ROOM) * ROOM
    numbers[TOTAL], numbers[PIECES] = rows * channels, (rows + sequences) * tiles
    numbers[TILE], numbers[TILES], numbers[STRIP] = tile, tiles, strip
    numbers[BETWEEN], numbers[STRETCH] = columns * channels, stretch
    numbers[HEADS], numbers[SOFT] = weights.shape[2], soft
    if x.strides[2] == size:
        numbers[AHEAD], numbers[LINE] = asks[0] // size, asks[1] // size
    numbers[DEPTH + OUT], numbers[DEPTH + BORDERS] = sequences, TABLES
    numbers[HEIGHT + STEP], numbers[HEIGHT + BORDERS] = x.strides[1] // size, TABLES + table.size
    numbers[WIDTH + SIZE], numbers[WIDTH + STEP] = channels, x.strides[2] // size
    for n in range(len(table)):
        for part in range(3):
            numbers[TABLES + 3 * n + part] = table[n, part]
    wide = weights.itemsize
    numbers[WEIGHT_STEP], numbers[HEAD_STEP] = (
        weights.strides[1] // wide,
        weights.strides[2] // wide,
    )
    at = TABLES + table.size
    for run in range(len(which)):
        place = which[run] * x.strides[0] + start[run] * x.strides[1]
        numbers[at + 3 * run] = place // size
        place = which[run] * weights.strides[0] + start[run] * weights.strides[1]
        numbers[at + 3 * run + 1] = place // wide
        numbers[at + 3 * run + 2] = counts[run]
    longest = 0
    for n in range(sequences):
        longest = max(longest, table[n, 2])
    room = max(2 * stretch, longest if weighed else 0)
    return numbers, -(-room // ROOM) * ROOM, numbers[PIECES]


@register_jitable
def copy_edges(x, result, runs, last):
    """Copy the first or the last row of each sequence that has rows."""
    which, start, counts, table = runs
    for n in range(len(table) - 1):
        if table[n, 2] > 0:
            run = table[n + 1, 0] - 1 if last else table[n, 0]
            row = start[run] + (counts[run] - 1 if last else 0)
            for c in range(x.shape[2]):
                result[n, c] = x[which[run], row, c]


@register_jitable
def fill_empty(result, table, number):
    """Fill the results of sequences without rows."""
    for n in range(len(table) - 1):
        if table[n, 2] == 0:
            result[n, :] = number


@register_jitable
def normalize(result, table, wanted):
    """Divide results by their length; results of length 0 stay as they are."""
    for n in range(len(table) - 1):
        if wanted and table[n, 2] > 0:
            squares = 0.0
            for c in range(result.shape[1]):
                squares += np.float64(result[n, c]) * np.float64(result[n, c])
            length = np.sqrt(squares)
            if length != 0:
                for c in range(result.shape[1]):
                    result[n, c] = result[n, c] / length


@register_jitable
def checked(out, shape, x):
    """Return `out` if its shape is right and it shares no memory with the array."""
    if out.shape != shape:
        raise PoolValueError("out must have the shape of the result")
    low, high = x.ctypes.data, x.ctypes.data + x.itemsize
    for axis in range(3):
        reach = x.strides[axis] * (x.shape[axis] - 1)
        if reach < 0:
            low += reach
        else:
            high += reach
    start = out.ctypes.data
    if x.size > 0 and start < high and low < start + out.nbytes:
        raise PoolValueError("out overlaps the input")
    return out
