"""The plan of windows that share an input among themselves."""

from __future__ import annotations

import numpy as np

from numbapool.loops.geometry import BORDER, SIDE_BY_SIDE, Numbers, filled
from numbapool.plan.choose import Plan
from numbapool.plan.weighted import DEEP, TABLES, as_slots
from numbapool.reducers.case import Reduction
from numbapool.windows.layout import Layout
from numbapool.windows.weighted import WeightedAxis

ROW_BYTES = 1 << 17
"""Bytes of accumulators in a tile of a row. They stay in a second-level cache, and the rows of
photos stay whole, for the hardware to read ahead: 24 megapixels took 4.7 ms to a width of 1600, 6.4
in tiles that a first-level cache holds."""

ENDS = 2
"""Weights per window that stand in the table: of its first and its last element."""


def area_plan(
    shape: tuple[int, ...],
    layout: Layout,
    axes: tuple[WeightedAxis, ...],
    reduction: Reduction,
) -> Plan:
    """Return the plan of two axes: tiles of rows of results."""
    if not layout.outer * layout.inner:
        return Plan(shape, "area", np.empty(0, np.int64), 0, 0, 0)
    height, width = axes
    inner = layout.inner
    item = max(lane.itemsize for lane in reduction.lanes)
    tile = min(max(ROW_BYTES // item // inner * width.out // width.size, 1), width.out)
    tiles = -(-width.out // tile)
    firsts = np.arange(0, width.out, tile)
    lasts = np.minimum(firsts + tile, width.out) - 1
    columns = width.start[lasts] + width.count[lasts] - width.start[firsts]
    stretch = int(columns.max()) * inner + SIDE_BY_SIDE
    pieces = layout.outer * height.out * tiles
    total = layout.outer * height.size * width.size * inner
    head = {"total": total, "inner": inner, "pieces": pieces, "tile": tile, "tiles": tiles}
    head["stretch"] = stretch
    deep = {**DEEP, "weight": height.whole * width.whole}
    blocks, borders, weights = [deep], [np.empty((0, BORDER), np.int64)], []
    slot = TABLES + BORDER * (height.out + width.out)
    for axis, pitch in zip(axes, (width.size * inner, inner), strict=True):
        slots = slot + 1 + ENDS * np.arange(axis.out)
        borders.append(np.stack([axis.start * pitch, (axis.count - 1) * pitch, slots], axis=1))
        own = {"size": axis.size, "out": axis.out, "weight": slot}
        blocks.append({**DEEP, **own})
        weights.append(as_slots(ends_of(axis), reduction))
        slot += 1 + ENDS * axis.out
    numbers = filled(head, blocks, borders, weights)
    room = stretch + tile * inner + SIDE_BY_SIDE
    return Plan(shape, "area", numbers, pieces, room, 2 * total)


def ends_of(axis: WeightedAxis) -> Numbers:
    """Return a whole element's weight, then each window's first and last weight."""
    last = axis.weights[np.arange(axis.out), axis.count - 1]
    ends = np.stack([axis.weights[:, 0], last], axis=1)
    return np.concatenate([[axis.full], ends.reshape(-1)])
