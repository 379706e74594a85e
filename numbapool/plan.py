"""A pooling decided, before any element is read: the result's shape, and what a kernel needs.

A plan is made once for a shape, a dtype and parameters, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np

from numbapool.dtypes import Reduction
from numbapool.kernels import geometry as g
from numbapool.layout import Layout
from numbapool.windows import Axis, sliding

ROW_BYTES = 8192
"""The accumulators of a strip of rows: three such stretches stay in a first-level cache of 32 kB.
Of strips of 2, 4 and 8 kB the longest were faster by some percent; at 1 kB the loops' starts
showed."""

TILE_BYTES = 5120
"""What a tile of a longer row reads that the tiles above it did not: so much of the next one can
be asked for while this one is worked on. Tiles of twice that took a tenth longer."""

LEAST_BYTES = 2048
"""The fewest bytes of accumulators in a tile: below that the loops' starts show."""

BLOCK_BYTES = 1 << 18
"""The accumulators of a block of suffixes, which are written and read once: they stay in a
second-level cache."""

VECTOR_BYTES = 128
"""What a vectorised loop takes at a time, four vectors of 32 bytes: rows are read up to a whole
number of those, since the rest of a loop goes element by element."""

RUNNING_OVERLAP = 8
"""Windows that step by less than this part of their height share enough rows for suffixes and
prefixes (three operations a row, and a block to keep) to beat folding each window's rows."""

RUN_TAPS = 64
"""Windows at least this wide are folded as runs of memory."""

GROUP_BYTES = 1 << 15
"""The elements of a group of windows that are sorted together: a first-level cache's share."""

RUN_BREADTH = 512
"""Accumulators side by side in a run: a loop long enough to make its start cheap."""


AHEAD_BYTES = 8192
"""How far ahead of a row the memory is asked for: without that it rests while a strip goes along
its columns. A 2x2 maximum took 6.8 ms without, 5.4 to 5.2 ms with 2 to 8 kB."""


PAIRED_BYTES = 4
"""Elements of up to so many bytes are read two at a time where windows allow it: a shift splits
a word of two, where every second element alone takes shuffles. A mean by 2 of 24 million uint8
took 0.49 ms for 0.88 so, of 2048 x 2048 float32 0.22 for 0.33; a maximum of float32 over planes
of a volume took longer, 3.4 ms for 2.9."""


MOST_ROWS, MOST_COLUMNS = 4, 3
"""The largest windows that the direct kernel has loops for."""

LEAST_RUN_BYTES = 128
"""The shortest pixels whose channels are worth a loop of their own."""

LEAST_ASKED_BYTES, SHORT_ROWS_BYTES = 1024, 4096
"""Rows that are short between one window's and the next one's are asked for whole, unless
a loop for that takes longer than they do: a mean by 4 of rows of 112 float32 took 2.5 ms for 3.5."""

START_BYTES = 448
"""How much of the next row's runs is asked for: the hardware finds the rest, but no new page. Of
bytes all is, of 24 million a mean by 2 took 0.50 ms for 0.60; of float32 that cost a tenth."""

THINNED_BYTES = 4096
"""Results of a tile of pixels before they are thinned."""

RUN_TILE = 4096
"""Elements of a long run that make a piece of work."""


@dataclass(frozen=True, eq=False)
class View:
    """An array and its windows as the kernels take them, axes of no work folded away."""

    outer: int
    axes: tuple[Axis, Axis, Axis]
    inner: int
    row_pitch: int
    column_pitch: int
    """An element's place in its plane is row * row_pitch + column * column_pitch."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How to pool: the kernel, its view of the geometry, and the result's shape."""

    shape: tuple[int, ...]
    kernel: str
    geometry: np.ndarray[Any, np.dtype[np.int64]]
    pieces: int
    room: int
    """Accumulators that a block of pieces needs."""
    work: int
    """About how much there is to do, in elements read."""
    group: int = 1
    """How many columns are taken at a time."""


def identity(size: int) -> Axis:
    """Return an axis left as it is."""
    return sliding(size, 1, 1)


SINGLE = identity(1)


def long_rows(outer: int, axes: Sequence[Axis], inner: int, places: bool) -> View:
    """Fold axes of no work, and whole ones, into their neighbours.

    With `places`, elements keep their row and column.
    """
    d, h, w = (*(SINGLE for _ in range(3 - len(axes))), *axes)
    if d.trivial and (d.size == 1 or not places):
        outer, d = outer * d.size, SINGLE
    if h.whole and w.whole and not places:
        h, w = SINGLE, sliding(h.size * w.size, h.size * w.size, 1)
        if d.whole:
            d, w = SINGLE, sliding(d.size * w.size, d.size * w.size, 1)
    return View(outer, (d, h, w), inner, w.size, 1)


def whole_rows(view: View, places: bool) -> View:
    """Make channels part of the rows where nothing is pooled along those."""
    d, h, w = view.axes
    if d is SINGLE and h is SINGLE and view.inner > 1:
        return View(view.outer, (SINGLE, w, identity(view.inner)), 1, 1, 0)
    if w.trivial and not places:
        return replace(view, axes=(d, h, identity(w.size * view.inner)), inner=1)
    return view


def make_plan(
    layout: Layout,
    axes: Sequence[Axis],
    reduction: Reduction,
    include_pad: bool = False,
    override: int | None = None,
    shape: tuple[int, ...] | None = None,
    dtype: np.dtype[Any] | None = None,
) -> Plan:
    """Return the plan for a reduction over the axes' windows; `shape` is the result's.

    With the input's `dtype` columns may be taken in pairs, where that dtype gains by it.
    """
    if shape is None:
        shape = layout.shape(tuple(axis.out for axis in axes))
    if not layout.outer * layout.inner:
        return Plan(shape, "rows", np.empty(0, np.int64), 0, 0, 0)
    places = len(reduction.outs) > 1
    view = long_rows(layout.outer, axes, layout.inner, places)
    w = view.axes[2]
    hardly_overlap = w.out * w.longest <= 2 * w.size
    if w.longest >= RUN_TAPS and w.dilation == 1 and hardly_overlap and not places:
        kernel = "runs"
    else:
        view = whole_rows(view, places)
        h = view.axes[1]
        overlaps = h.regular and h.taps >= RUNNING_OVERLAP * h.step and h.dilation == 1
        kernel = "running" if overlaps and h.out > 1 else "rows"
    shares = weights(view.axes, reduction, include_pad, override)
    if kernel == "runs":
        return runs_plan(shape, view, shares, reduction)
    if kernel == "running":
        return running_plan(shape, view, shares, reduction)
    unit = (dtype or reduction.lanes[0]).itemsize
    if dtype is not None and len(reduction.lanes) == 1 and dtype != np.float16:
        for count in (4, 2, 1):
            if not in_groups(view, count) or count > 1 and unit > PAIRED_BYTES:
                continue
            fewer = grouped(view, shares, count)
            direct = as_runs(fewer[0])
            if is_thinned(view, reduction):
                return thinned_plan(shape, view, shares, reduction, unit)
            if is_direct(direct, dtype):
                return direct_plan(shape, direct, fewer[1], reduction, count, count * unit)
            if count == 2 and unit <= (PAIRED_BYTES if view.axes[0].taps == 1 else 2):
                return rows_plan(shape, *fewer, reduction, 2 * unit, 2)
    return rows_plan(shape, view, shares, reduction, unit)


def in_groups(view: View, count: int) -> bool:
    """Say whether windows begin and end between groups of `count` columns."""
    w = view.axes[2]
    even = not any(number % count for number in (w.size, w.taps, w.step, w.before))
    return count == 1 or (even and view.inner == 1 and w.regular and w.dilation == 1)


def grouped(view: View, shares: Weights, count: int) -> tuple[View, Weights]:
    """Return the view and the weights in which a column is a group of them."""
    if count == 1:
        return view, shares
    d, h, w = view.axes
    size, taps, step, before = (n // count for n in (w.size, w.taps, w.step, w.before))
    fewer = replace(w, size=size, taps=taps, step=step, before=before)
    weight, table = shares[2]
    columns = (weight, table // np.array([count, count, 1]))
    return replace(view, axes=(d, h, fewer)), [*shares[:2], columns]


def as_runs(view: View) -> View:
    """Make whole rows one pixel each, and one row of them where nothing is pooled at all."""
    d, h, w = view.axes
    if not w.trivial:
        return view
    if d.trivial and h.trivial:
        return replace(
            view,
            outer=1,
            axes=(SINGLE, SINGLE, SINGLE),
            inner=view.outer * d.size * h.size * w.size * view.inner,
        )
    return replace(view, axes=(d, h, SINGLE), inner=w.size * view.inner)


def is_direct(view: View, dtype: np.dtype[Any]) -> bool:
    """Say whether windows are small enough, and runs long enough, for the direct kernel."""
    d, h, w = view.axes
    small = d.longest * h.longest <= MOST_ROWS and w.longest <= MOST_COLUMNS
    return small and (w is SINGLE or view.inner * dtype.itemsize >= LEAST_RUN_BYTES)


def is_thinned(view: View, reduction: Reduction) -> bool:
    """Say whether windows are as small, and channels so few that pixels are to be thinned."""
    d, h, w = view.axes
    fits = reduction.outs[0].itemsize <= reduction.lanes[0].itemsize
    pixels = view.inner in (3, 4) and w.step in (2, 3) and w.taps <= MOST_COLUMNS
    return fits and pixels and d.longest * h.longest <= MOST_ROWS


def thinned_plan(
    shape: tuple[int, ...], view: View, shares: Weights, reduction: Reduction, unit: int
) -> Plan:
    """Plan windows of a few pixels of few channels: tiles of rows."""
    d, h, w = view.axes
    width = w.step * view.inner
    tile = max(THINNED_BYTES // reduction.outs[0].itemsize // width, 1)
    tiles = -(-(w.hi - w.lo) // tile)
    vector = VECTOR_BYTES // reduction.lanes[0].itemsize
    head = {g.TILE: tile, g.TILES: tiles, g.VECTOR: vector, **asks(view, unit, tile * width)}
    numbers = geometry(view, head, shares, slides=False)
    pieces = view.outer * d.out * h.out * tiles
    room = tile * width + vector
    return Plan(shape, "thinned", numbers, pieces, room, int(numbers[g.TOTAL]))


def asks(view: View, unit: int, whole: int) -> dict[int, int]:
    """Return what memory to ask for beforehand: all of a later run of `whole`, or its start."""
    h, w = view.axes[1:]
    fresh = min(h.step, h.taps)
    row = w.size * view.inner
    head = {g.LINE: 64 // unit}
    if h.step * row * unit > SHORT_ROWS_BYTES:
        head[g.AHEAD], head[g.FRESH] = h.step * row, fresh
        head[g.ASKED] = whole or START_BYTES // unit
    elif h.step * row * unit >= LEAST_ASKED_BYTES:
        head[g.AHEAD], head[g.FRESH], head[g.ASKED] = AHEAD_BYTES // unit, 1, fresh * row
    return head


def direct_plan(
    shape: tuple[int, ...], view: View, shares: Weights, reduction: Reduction, group: int, unit: int
) -> Plan:
    """Plan windows of a few elements: rows of runs, a long run in tiles."""
    d, h, w = view.axes
    tile = min(RUN_TILE, view.inner) if w is SINGLE else view.inner
    tiles = -(-view.inner // tile)
    head = {g.TILE: tile, g.TILES: tiles, g.VECTOR: VECTOR_BYTES // reduction.lanes[0].itemsize}
    whole = tile if unit == group else 0
    head.update(asks(view, unit, whole))
    numbers = geometry(view, head, shares, slides=False)
    pieces = view.outer * d.out * h.out * tiles
    work = int(numbers[g.TOTAL]) * group
    return Plan(shape, "direct", numbers, pieces, 0, work, group)


def rows_plan(
    shape: tuple[int, ...],
    view: View,
    shares: Weights,
    reduction: Reduction,
    unit: int,
    group: int = 1,
) -> Plan:
    """Plan small windows: strips of rows, or tiles of a long one.

    A column has `unit` bytes and is a group of so many elements.
    """
    d, h, w = view.axes
    budget = max(ROW_BYTES // item_bytes(reduction) // view.inner, 1)
    least = LEAST_BYTES // item_bytes(reduction)
    tile, span = columns_in(w, budget)
    if tile < w.out:
        fresh = max(d.taps * min(h.step, h.taps), 1) * unit
        tile, span = columns_in(w, max(TILE_BYTES // fresh // view.inner, least // view.inner, 1))
    tiles = -(-w.out // tile)
    # Where rows step over as much as they span, a strip's results lie as one row's do. A whole
    # number of steps, so that rows begin at one's start.
    steps = -(-max(span, tile * w.step) // w.step) * w.step if w.step else span
    strip = max(budget // steps, 1) if tiles == 1 else 1
    pitch = (steps if strip > 1 else span) * view.inner
    vector = VECTOR_BYTES // reduction.lanes[0].itemsize
    room = strip * pitch + vector
    head = {g.TILE: tile, g.TILES: tiles, g.STRIP: strip, g.PITCH: pitch, g.ROOM: room}
    head[g.VECTOR] = vector
    head[g.AHEAD] = AHEAD_BYTES // unit
    head[g.FRESH] = min(h.step, h.taps)
    head[g.LINE] = 64 // unit
    numbers = geometry(view, head, shares)
    pieces = view.outer * d.out * h.out * tiles
    return Plan(shape, "rows", numbers, pieces, 3 * room, int(numbers[g.TOTAL]) * group, group)


def running_plan(shape: tuple[int, ...], view: View, shares: Weights, reduction: Reduction) -> Plan:
    """Plan large windows that overlap: blocks of rows, in tiles."""
    d, h, w = view.axes
    budget = max(BLOCK_BYTES // item_bytes(reduction) // view.inner // h.taps, 1)
    tile, span = columns_in(w, budget)
    tiles = -(-w.out // tile)
    blocks = (h.out - 1) * h.step // h.taps + 1
    pitch = span * view.inner
    room = pitch
    head = {g.TILE: tile, g.TILES: tiles, g.BLOCKS: blocks, g.PITCH: pitch, g.ROOM: room}
    head[g.VECTOR] = VECTOR_BYTES // reduction.lanes[0].itemsize
    numbers = geometry(view, head, shares)
    pieces = view.outer * d.out * blocks * tiles
    needed = 3 * room + (h.taps + 2) * pitch
    return Plan(shape, "running", numbers, pieces, needed, int(numbers[g.TOTAL]))


def runs_plan(shape: tuple[int, ...], view: View, shares: Weights, reduction: Reduction) -> Plan:
    """Plan wide windows: a row of results at a time."""
    d, h, w = view.axes
    breadth = min(max(RUN_BREADTH // view.inner, 1), w.longest) * view.inner
    head = {g.PITCH: breadth}
    numbers = geometry(view, head, shares, slides=False)
    pieces = view.outer * d.out * h.out
    return Plan(shape, "runs", numbers, pieces, breadth, int(numbers[g.TOTAL]))


def selection_plan(layout: Layout, axes: Sequence[Axis], reduction: Reduction) -> Plan:
    """Plan a selection: groups of windows of one size, or windows one by one."""
    shape = layout.shape(tuple(axis.out for axis in axes))
    if not layout.outer * layout.inner:
        return Plan(shape, "selection", np.empty(0, np.int64), 0, 0, 0)
    view = long_rows(layout.outer, axes, layout.inner, places=True)
    d, h, w = view.axes
    taps = d.longest * h.longest * w.longest
    group = 0
    if not reduction.skips and w.regular:
        budget = GROUP_BYTES // item_bytes(reduction) // (taps + 1) // view.inner
        group = min(max(budget, 1), w.out)
    shares = weights(view.axes, reduction, False, None)
    numbers = geometry(view, {g.TILE: group}, shares, slides=False)
    room = (taps + 1) * max(group, 1) * view.inner
    return Plan(
        shape, "selection", numbers, view.outer * d.out * h.out, room, int(numbers[g.TOTAL]) * 8
    )


def item_bytes(reduction: Reduction) -> int:
    """Return the bytes of the widest lane's accumulator."""
    return max(kind.itemsize for kind in reduction.lanes)


def columns_in(axis: Axis, budget: int) -> tuple[int, int]:
    """Return how many outputs make a tile of about `budget` columns, and how many it spans."""
    if not axis.regular:
        tile = min(max(budget * axis.out // axis.size, 1), axis.out)
        return tile, longest_reach(axis, tile)
    # A tile reads `reach` columns more than it steps over: that must not be most of them.
    reach = axis.dilation * (axis.taps - 1)
    tile = min(max((max(budget, 4 * reach) - reach) // axis.step, 1), axis.out)
    return tile, (tile - 1) * axis.step + reach + 1


def longest_reach(axis: Axis, tile: int) -> int:
    """Return the most columns that `tile` windows of a table look at together."""
    start, count = axis.borders[:, 0], axis.borders[:, 1]
    held = count > 0
    stop = np.where(held, start + (count - 1) * axis.dilation + 1, 0)
    at = np.arange(0, axis.out, tile)
    first = np.minimum.reduceat(np.where(held, start, axis.size), at)
    return max(int((np.maximum.reduceat(stop, at) - first).max()), 1)


Weights: TypeAlias = list[tuple[int, np.ndarray[Any, Any]]]


def weights(
    axes: tuple[Axis, ...], reduction: Reduction, include_pad: bool, override: int | None
) -> Weights:
    """Return each axis's share of a window's divisor: of inner windows, and of borders."""
    shares = []
    for number, axis in enumerate(axes):
        borders = axis.borders.copy()
        weight = axis.taps
        if not reduction.weighted or override is not None:
            weight = override if reduction.weighted and override and number == 0 else 1
            borders[:, 2] = weight
        elif not include_pad:
            borders[:, 2] = borders[:, 1]
        shares.append((weight, borders))
    return shares


def geometry(
    view: View, head: dict[int, int], shares: Weights, slides: bool = True
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the view as one array of numbers, as :mod:`numbapool.kernels.geometry` has them.

    Where windows slide along the columns, a border's place follows from its number, and only
    one with a weight of its own stands in the table.
    """
    d, h, w = view.axes
    numbers = [0] * g.HEAD
    numbers[g.TOTAL] = view.outer * d.size * h.size * w.size * view.inner
    numbers[g.INNER] = view.inner
    numbers[g.ROW_PITCH], numbers[g.COLUMN_PITCH] = view.row_pitch, view.column_pitch
    for slot, number in head.items():
        numbers[slot] = number
    table: list[np.ndarray[Any, Any]] = []
    at = g.HEAD + 3 * g.BLOCK
    for number, (axis, (weight, borders)) in enumerate(zip(view.axes, shares, strict=True)):
        lo, hi = axis.lo, axis.hi
        if slides and number == 2 and axis.regular and (borders[:, 2] == weight).all():
            lo, hi = 0, axis.out
        numbers += [axis.size, axis.out, lo, hi, axis.step, axis.before, axis.taps]
        numbers += [axis.dilation, weight, at]
        table.append(borders.reshape(-1))
        at += borders.size
    array = np.concatenate([np.array(numbers, np.int64), *table])
    array.flags.writeable = False
    return array


def longest(axes: Sequence[Axis]) -> tuple[int, int]:
    """Return the most rows a window has, and the most columns."""
    return prod(axis.longest for axis in axes[:-1]), axes[-1].longest
