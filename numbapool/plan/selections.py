"""Choose how to pick from the elements of windows: sorted, counted, or compared by a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numbapool.loops.room import LINE
from numbapool.plan.choose import Plan, columns_in, item_bytes
from numbapool.plan.histograms import STRIP_COLUMNS, Histograms, histograms_for
from numbapool.plan.networks import is_clipped, network_for
from numbapool.plan.tiles import Tiles, tiles_for
from numbapool.plan.view import View, geometry, long_rows, weights
from numbapool.reducers.case import Reduction
from numbapool.reducers.networks import network
from numbapool.windows.axes import Axis
from numbapool.windows.layout import Layout

GROUP_BYTES = 1 << 15
"""Bytes of elements in a group of windows that are sorted together: part of a first-level cache."""

STRIP_BYTES = 1024
"""Bytes of a strip of columns that a network works on: its stored rows stay in a cache."""

HALOS = 4
"""How many times as many columns a strip has at least as a window has neighbours along the row: a
strip makes what it shares for these too. For a million windows of 101 float64, strips of 128
columns took 34 ms, of 256 30, of 512 28."""

PART_STRIPS, LEAST_BANDS = 16, 64
"""Strips of a part of a band, where there are fewer bands: threads need work to share."""


def selection_plan(
    shape: tuple[int, ...],
    layout: Layout,
    axes: Sequence[Axis],
    dtype: np.dtype[Any],
    reduction: Reduction,
) -> Plan:
    """Plan a selection: a network, groups of windows of one size, or windows one by one."""
    if not layout.outer * layout.inner:
        return Plan(shape, "selection", np.empty(0, np.int64), 0, 0, 0)
    view = long_rows(layout.outer, axes, layout.inner, places=True)
    key = network_for(view, dtype, reduction)
    if key:
        return networks_plan(shape, view, reduction, key)
    counted = histograms_for(view, reduction)
    if counted:
        return histograms_plan(shape, view, reduction, counted)
    tiles = tiles_for(view, reduction)
    if tiles:
        return tiles_plan(shape, view, reduction, tiles)
    d, h, w = view.axes
    taps = d.longest * h.longest * w.longest
    group = 0
    if not reduction.skips and w.regular:
        budget = GROUP_BYTES // item_bytes(reduction) // (taps + 1) // view.inner
        group = min(max(budget, 1), w.out)
    shares = weights(view.axes, reduction, False, None)
    pieces = view.outer * d.out * h.out
    head = {"group": group, "pieces": pieces}
    numbers = geometry(view, head, shares, slides=False)
    room = (taps + 1) * max(group, 1) * view.inner
    return Plan(shape, "selection", numbers, pieces, room, view.elements * 8)


def filled_plan(
    shape: tuple[int, ...],
    layout: Layout,
    axes: Sequence[Axis],
    dtype: np.dtype[Any],
    reduction: Reduction,
    outside: int,
) -> Plan | None:
    """Plan a selection by a loop that fills the padding by a mode; None if there is no such loop.

    `outside` is the number of the mode.
    """
    view = long_rows(layout.outer, axes, layout.inner, places=True)
    if not reduction.gathers or not view.elements:
        return None
    key = network_for(view, dtype, reduction, outside)
    return networks_plan(shape, view, reduction, key, outside) if key else None


def networks_plan(
    shape: tuple[int, ...],
    view: View,
    reduction: Reduction,
    key: tuple[Any, ...],
    outside: int = 0,
) -> Plan:
    """Plan a network: bands of the windows below each other that it takes at once."""
    rows, columns, ranks, down, stride, _, planes = key
    unit = reduction.lanes[0].itemsize
    line = 64 // unit
    strip = max(STRIP_BYTES // unit // view.inner, HALOS * (columns - 1), 1) * view.inner
    halo = (columns - 1) * view.inner
    boards = 2 if not outside and is_clipped(view) else 1
    tile = max(strip // boards // view.inner, 1) * view.inner
    pitch = -(-(max(strip, boards * tile) + boards * halo) // line) * line + 2 * line
    made = len(ranks) * down + network(*key).stored
    bands = -(-view.axes[1].out // down)
    d, _, w = view.axes
    total = ((w.out - 1) * w.step + 1) * view.inner
    pieces = view.outer * d.out * bands
    part = PART_STRIPS * strip if pieces < LEAST_BANDS else total
    parts = -(-total // part)
    pieces *= parts
    head = {"strip": strip, "between": pitch, "tile": tile, "vector": line, "blocks": bands}
    head |= {"pieces": pieces, "boards": boards, "outside": outside}
    head |= {"tiles": parts, "run_tile": part}
    numbers = geometry(view, head, weights(view.axes, reduction, False, None), slides=False)
    room = (made + planes * ((down - 1) * stride + rows)) * pitch
    return Plan(shape, "networks", numbers, pieces, room, 4 * view.elements, written=key)


def is_of_large_windows(plan: Plan) -> bool:
    """Say whether a plan is one of the next two."""
    return plan.kernel.endswith(("histograms", "modes", "tiles"))


def histograms_plan(
    shape: tuple[int, ...], view: View, reduction: Reduction, counted: Histograms
) -> Plan:
    """Plan histograms: strips of columns that go down the rows, a row of results at a time."""
    d, h, w = view.axes
    tile, reach = columns_in(w, STRIP_COLUMNS)
    tiles = -(-w.out // tile)
    pieces = view.outer * d.out * view.inner * tiles * h.out
    head = {"tile": tile, "tiles": tiles, "between": reach, "pieces": pieces}
    numbers = geometry(view, head, weights(view.axes, reduction, False, None), slides=False)
    taps = d.longest * h.longest * w.longest
    room = max(counted.room(reach), -(-(taps + 1) // LINE) * LINE)  # a plain loop gathers windows
    return Plan(shape, counted.kernel, numbers, pieces, room, view.elements * 8)


def tiles_plan(shape: tuple[int, ...], view: View, reduction: Reduction, tiles: Tiles) -> Plan:
    """Plan sorted tiles of results."""
    d, h, w = view.axes
    across, blocks = -(-w.out // tiles.columns), -(-h.out // tiles.rows)
    pieces = view.outer * d.out * view.inner * blocks * across
    head = {"tile": tiles.columns, "tiles": across, "strip": tiles.rows, "blocks": blocks}
    head |= {"between": tiles.between, "stretch": tiles.elements, "pieces": pieces}
    numbers = geometry(view, head, weights(view.axes, reduction, False, None), slides=False)
    room = tiles.room // reduction.lanes[0].itemsize
    return Plan(shape, tiles.kernel, numbers, pieces, room, view.elements * 16)
