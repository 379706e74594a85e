"""The plan of windows that take some elements of a rectangle."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from numbapool.loops.geometry import AT, AXES, AXIS, BORDER, Numbers, filled
from numbapool.plan.choose import ROW_BYTES, Plan, item_bytes
from numbapool.plan.selections import GROUP_BYTES
from numbapool.reducers.case import Reduction
from numbapool.windows.axes import LONGEST_AXIS
from numbapool.windows.footprints import Taken
from numbapool.windows.layout import Layout

TABLES = max(AT.values()) + len(AXIS)
"""The slot where the tables begin."""

LINE = 64
"""Bytes of a cache line, at which each row of the scratch begins."""

SINGLE = {"size": 1, "out": 1, "lo": 0, "hi": 1, "step": 1, "before": 0, "taps": 1, "dilation": 1}
"""An axis that the array lacks."""


ROW_OF_TAPS = 512
"""Bytes of a row of taps in a network, so that a loop's start is cheap. Medians of disks of 3, 11
and 31 in uint8 took 0.10, 5.3 and 141 ms, with 128 bytes 0.17, 6.8 and 249, with 1024 as long."""

MOST_TAPS = 10_000
"""The most taps whose number two decimal digits hold, of a hundred each."""


@lru_cache(maxsize=64)
def exchanges(taps: int, low: int, high: int) -> tuple[tuple[int, int, int], ...]:
    """Return the exchanges that put the elements of ranks `low` to `high` where they belong.

    They are those of Batcher's network (Knuth, 5.2.2, algorithm M) that the ranks need. The last
    number says whether both rows are needed (0), or the smaller (1) or the larger (2) elements.
    """
    found = []
    top = 1 << max((taps - 1).bit_length() - 1, 0)
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while d > 0:
            found += [(i, i + d) for i in range(taps - d) if i & p == r]
            d, q, r = q - p, q // 2, p
        p //= 2
    needed, kept = set(range(low, high + 1)), []
    for a, b in reversed(found):
        if a in needed or b in needed:
            kept.append((a, b, 0 if a in needed and b in needed else 1 if a in needed else 2))
            needed |= {a, b}
    return tuple(reversed(kept))


def footprint_plan(
    shape: tuple[int, ...], layout: Layout, taken: Taken, reduction: Reduction, divisors: Numbers
) -> Plan:
    """Return the plan; `divisors` is a table as :meth:`Taken.counts` makes them."""
    kernel = kernel_for(reduction, sum(taken.marks))
    if not layout.outer * layout.inner:
        return Plan(shape, kernel, np.empty(0, np.int64), 0, 0, 0)
    taps = taken.taps()
    lacking = len(AXES) - len(taken.axes)
    offsets = np.zeros((len(taps), BORDER), np.int64)
    offsets[:, lacking:] = taps
    blocks: list[dict[str, Any]] = [{**SINGLE, "weight": 0} for _ in range(lacking)]
    for axis, stride in zip(taken.axes, taken.strides, strict=True):
        step = min(stride, LONGEST_AXIS)
        own = {name: getattr(axis, name) for name in ("size", "out", "lo", "hi", "before", "taps")}
        blocks.append({**own, "step": step, "dilation": axis.dilation, "weight": 0})
    width, unit, inner = taken.axes[-1], item_bytes(reduction), layout.inner
    rows, budget = 1, ROW_BYTES
    network = np.empty((0, 3), np.int64)
    if kernel == "ranked footprints":
        rows, budget = len(taps) + 3, ROW_OF_TAPS
        low = int(reduction.op.rank(len(taps))[0])
        network = np.array(exchanges(len(taps), max(low - 1, 0), min(low + 1, len(taps) - 1)))
    elif reduction.gathers:
        rows, budget = len(taps) + 1, GROUP_BYTES // (len(taps) + 1)
    tile = min(max(budget // unit // inner, 1), width.out)
    pitch = -(-tile * inner * unit // LINE) * LINE // unit
    tiles = -(-width.out // tile)
    pieces = layout.outer * prod(axis.out for axis in taken.axes[:-1]) * tiles
    total = layout.outer * prod(layout.spatial) * inner
    head = {"total": total, "inner": inner, "tile": tile, "tiles": tiles, "pieces": pieces}
    head |= {"between": pitch, "group": 0 if reduction.skips else tile}
    tables = {"marks_at": offsets, "exchanges_at": network, "divisors": divisors}
    head |= {"marks": len(taps), "exchanges": len(network)}
    slot = TABLES
    for name, table in tables.items():
        head[name] = slot
        slot += table.size
    empty = np.empty((0, BORDER), np.int64)
    weights = [np.ascontiguousarray(table, np.int64) for table in tables.values()]
    numbers = filled(head, blocks, [empty] * len(AXES), weights)
    work = total * max(len(taps) // 4, 1)
    return Plan(shape, kernel, numbers, pieces, rows * pitch, work)


def kernel_for(reduction: Reduction, taps: int) -> str:
    """Return the name of the loop."""
    if not reduction.gathers:
        return "footprints"
    ranks = hasattr(type(reduction.op), "rank") and 1 < taps < MOST_TAPS
    return "ranked footprints" if ranks else "selected footprints"
