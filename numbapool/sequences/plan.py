"""From sequences and an operator to the numbers that the loops read."""

from __future__ import annotations

import numpy as np

from numbapool.loops.geometry import AT, AXIS, BORDER, HEAD, Numbers
from numbapool.plan.choose import Plan
from numbapool.run import threads
from numbapool.sequences.layout import Sequences, Strided
from numbapool.sequences.rows import Rows
from numbapool.sequences.table import Kept

MOST_CHANNELS, LEAST_CHANNELS = 2048, 256
"""The most and the fewest channels of a tile. The accumulators of the most stay in a first-level
cache; the fewest still make stretches of a row that the prefetcher follows."""

AHEAD_BYTES = 16384
"""Bytes ahead of the current row that are asked for, if rows wait for arithmetic. So stats took
2.6 ms instead of 3.2, but a mean a tenth longer."""

UNITS = 4
"""The fewest units of work per thread, so that all threads have about equal work."""

BREADTH = 32
"""Accumulators side by side, if a channel's elements are side by side."""


def plan_of(
    held: Sequences, x: Strided, kept: Kept, weights: Strided | None, pitch: int, soft: bool
) -> Plan:
    """Return the plan; the results of two neighbouring sequences are `pitch` apart."""
    channels, rows = held.channels, held.rows
    along = x.steps[1] == 1 and (x.steps[2] != 1 or channels == 1)
    tile = tile_of(channels, held.count, along)
    tiles = -(-channels // tile)
    longest = int(rows.rows.max()) if weights is not None else 0
    heads = 1 if weights is None else weights_per_row(weights)
    total = int(rows.rows.sum())
    head = {
        "total": total * channels,
        "pieces": (total + held.count) * tiles,
        "tile": tile,
        "tiles": tiles,
        "strip": kept.strip,
        "between": pitch,
        "heads": heads,
        "soft": int(soft),
    }
    if kept.ahead and x.steps[2] == 1:
        head["ahead"], head["line"] = AHEAD_BYTES // x.base.itemsize, 64 // x.base.itemsize
    if weights is not None:
        head["weight_step"], head["head_step"] = weights.steps[1], weights.steps[2]
    numbers = geometry(head, rows, x, weights, channels)
    stretch = -(-max(tile, BREADTH) // 16) * 16
    head["stretch"] = stretch
    room = max(2 * stretch, longest)
    name = "weighted_spans" if weights is not None else "spans"
    kernel = f"{name}_along" if along else name
    room = -(-room // 16) * 16
    return Plan((held.count, channels), kernel, numbers, head["pieces"], room, total * channels)


def weights_per_row(weights: Strided) -> int:
    """Return the number of heads."""
    return int(weights.base.shape[2])


def tile_of(channels: int, sequences: int, along: bool) -> int:
    """Return the channels of a unit of work: fewer if there are fewer sequences than threads.

    Results do not depend on it.
    """
    most, least = (channels, 1) if along else (MOST_CHANNELS, LEAST_CHANNELS)
    wanted = -(-UNITS * threads.thread_count() // max(sequences, 1))
    if wanted > 1:
        most = min(most, max(-(-channels // wanted), least))
    return max(min(channels, most), 1)


def geometry(
    head: dict[str, int], rows: Rows, x: Strided, weights: Strided | None, channels: int
) -> Numbers:
    """Return the geometry as one array of numbers, as :mod:`numbapool.loops.spans` reads it."""
    sequences, runs = len(rows.rows), len(rows.count)
    at = TABLES + BORDER * (sequences + 1)
    numbers = np.zeros(at + BORDER * runs, np.int64)
    slots = [0] * TABLES
    for name, number in head.items():
        slots[SLOT[name]] = number
    slots[DEPTH + OUT], slots[DEPTH + BORDERS] = sequences, TABLES
    slots[HEIGHT + STEP], slots[HEIGHT + BORDERS] = x.steps[1], at
    slots[WIDTH + SIZE], slots[WIDTH + STEP] = channels, x.steps[2]
    numbers[:TABLES] = slots
    table = numbers[TABLES:at].reshape(-1, BORDER)
    table[:, 0] = rows.first
    rows.rows.cumsum(out=table[1:, 1])
    table[:-1, 2] = rows.rows
    table = numbers[at:].reshape(-1, BORDER)
    table[:, 0] = x.places(rows.batch, rows.start)
    if weights is not None:
        table[:, 1] = weights.places(rows.batch, rows.start)
    table[:, 2] = rows.count
    return numbers


SLOT = {name: n for n, name in enumerate(HEAD)}
DEPTH, HEIGHT, WIDTH = (AT[name] for name in ("depth", "height", "width"))
SIZE, OUT, STEP, BORDERS = (AXIS.index(name) for name in ("size", "out", "step", "borders"))
TABLES = len(HEAD) + len(AT) * len(AXIS)
"""The slot where the tables begin; the slots before them that regular windows would use are 0."""
