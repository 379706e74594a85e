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
    tile = tile_of(channels, held.number, along)
    tiles = -(-channels // tile)
    numbers, total = tables(rows, x, weights)
    pieces = (total + held.number) * tiles
    stretch = -(-max(tile, BREADTH) // 16) * 16
    numbers[SLOT["total"]] = total * channels
    numbers[SLOT["pieces"]] = pieces
    numbers[SLOT["tile"]] = tile
    numbers[SLOT["tiles"]] = tiles
    numbers[SLOT["strip"]] = kept.strip
    numbers[SLOT["between"]] = pitch
    numbers[SLOT["stretch"]] = stretch
    numbers[HEIGHT + STEP] = x.steps[1]
    numbers[WIDTH + SIZE], numbers[WIDTH + STEP] = channels, x.steps[2]
    if x.steps[2] == 1:
        ahead, line = kept.asks
        numbers[SLOT["ahead"]] = ahead // x.base.itemsize
        numbers[SLOT["line"]] = line // x.base.itemsize
    kernel, room = "spans", 2 * stretch
    if weights is not None:
        numbers[SLOT["heads"]], numbers[SLOT["soft"]] = weights.base.shape[2], soft
        numbers[SLOT["weight_step"]], numbers[SLOT["head_step"]] = weights.steps[1:]
        kernel, room = "weighted_spans", max(room, -(-rows.longest // 16) * 16)
    kernel = f"{kernel}_along" if along else kernel
    return Plan((held.number, channels), kernel, numbers, pieces, room, total * channels)


def tile_of(channels: int, sequences: int, along: bool) -> int:
    """Return the channels of a unit of work: fewer if there are fewer sequences than threads.

    Results do not depend on it.
    """
    most, least = (channels, 1) if along else (MOST_CHANNELS, LEAST_CHANNELS)
    wanted = -(-UNITS * threads.thread_count() // max(sequences, 1))
    if wanted > 1:
        most = min(most, max(-(-channels // wanted), least))
    return max(min(channels, most), 1)


def tables(rows: Rows, x: Strided, weights: Strided | None) -> tuple[Numbers, int]:
    """Return the geometry with its tables of sequences and runs, and the number of all rows.

    It is one array of numbers, as :mod:`numbapool.loops.spans` reads it. The slots before the
    tables are still 0.
    """
    sequences, runs = len(rows.rows), len(rows.counts)
    at = TABLES + BORDER * (sequences + 1)
    numbers = np.zeros(at + BORDER * runs, np.int64)
    numbers[DEPTH + OUT], numbers[DEPTH + BORDERS] = sequences, TABLES
    numbers[HEIGHT + BORDERS] = at
    numbers[TABLES:at:BORDER] = rows.first
    # NumPy's cumsum does the same, and takes 40 us for 10 if the caches are cold.
    np.add.accumulate(rows.rows, out=numbers[TABLES + BORDER + 1 : at : BORDER])
    numbers[TABLES + 2 : at - BORDER : BORDER] = rows.rows
    x.places(rows.batch, rows.start, numbers[at::BORDER])
    if weights is not None:
        weights.places(rows.batch, rows.start, numbers[at + 1 :: BORDER])
    numbers[at + 2 :: BORDER] = rows.counts
    return numbers, int(numbers[at - BORDER + 1])


SLOT = {name: n for n, name in enumerate(HEAD)}
DEPTH, HEIGHT, WIDTH = (AT[name] for name in ("depth", "height", "width"))
SIZE, OUT, STEP, BORDERS = (AXIS.index(name) for name in ("size", "out", "step", "borders"))
TABLES = len(HEAD) + len(AT) * len(AXIS)
"""The slot where the tables begin; the slots before them that regular windows would use are 0."""
