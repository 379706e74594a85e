"""Choose how to pool before any element is read: the result's shape, the kernel and its numbers.

A plan is made once per shape, dtype and parameters, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, prod
from typing import Any

import numpy as np

from numbapool.compile.target import vector_bytes
from numbapool.loops.geometry import PREFIXES, Numbers
from numbapool.plan.moments import is_slid
from numbapool.plan.view import (
    SINGLE,
    View,
    Weights,
    as_runs,
    geometry,
    grouped,
    in_columns,
    in_groups,
    long_rows,
    longest_reach,
    weights,
    whole_rows,
)
from numbapool.records import dataclass
from numbapool.reducers.case import Reduction
from numbapool.windows.axes import Axis
from numbapool.windows.layout import Layout

ROW_BYTES = 8192
"""Bytes of accumulators in a strip of rows: three such stretches stay in a first-level cache of
32 kB. Of strips of 2, 4 and 8 kB the longest were some percent faster; at 1 kB the loops' starts
showed."""

TILE_BYTES = 5120
"""Bytes that a tile of a longer row reads and the tiles above it did not: while the loop works on
one tile, it can ask for this much of the next. Tiles of twice the size took a tenth longer."""

LEAST_BYTES = 2048
"""The fewest bytes of accumulators in a tile: with fewer, the loops' starts show."""

BLOCK_BYTES = 1 << 19
"""Bytes of accumulators in a block of suffixes, each written and read once: they stay in a
second-level cache. A mean by 51 of 1024 x 1024 float32 took 1.37 ms with this or twice as much,
1.51 ms with half, whose tiles have more columns in common."""

MOMENT_BLOCK_BYTES = 1 << 20
"""The same of a block of means and sums of squares. Variances by 101 of 1024 x 1024 float32 took
2.8 ms with this, 3.2 ms with half or a quarter."""

MOMENT_ROW_BYTES = 3 << 13
"""Bytes of means and sums of squares in a row, or in three rows if passes widen them: they stay in
a first-level cache. Variances by 31 took 2.3 ms with tiles of 512 columns, 2.75 ms with 1024; by 3,
without such a pass, 0.79 ms with 1024 and 0.87 ms with 512."""

VECTOR_BYTES = 128
"""Bytes that a vectorised loop takes at a time, four vectors of 32 bytes. Rows are read up to a
whole number of these, because the rest of a loop goes element by element."""

RUNNING_OVERLAP = 8
"""Windows at least this many steps high share enough rows for suffixes and prefixes (three
operations per row, and a block to keep) to beat folding each window's rows."""

COSTLY_OVERLAP = 3
"""The same if elements are costly to lift: suffixes and prefixes lift each element twice. A norm
by 3 with p = 2.5 of 512 x 512 float32 took 1.7 ms so, 2.5 ms by rows."""

RUN_TAPS = 64
"""Windows at least this wide are folded as runs of memory."""

RUN_BREADTH = 512
"""Accumulators side by side in a run: a loop long enough to make its start cheap."""

STRETCH_BYTES = 128
"""Bytes of a stretch of a longer run, of which four are joined at a time. A mean of planes of
112 x 112 float32 took 3.1 ms, a bare read 3.0 to 3.1; 5.1 ms with stretches of 512 bytes, which the
hardware asks for less well ahead, and 3.9 ms if each element met its accumulator."""


AHEAD_BYTES = 8192
"""How far ahead of a row the loop asks for memory, which else is idle while a strip is reduced
along its columns. A 2x2 maximum took 6.8 ms without it, 5.4 to 5.2 ms with 2 to 8 kB."""


GROUPS = {1: (2, 1), 2: (4, 2, 1), 4: (4, 2, 1), 8: (1,)}
"""How many columns are read at a time, by an element's bytes, if the windows allow it; tried in
this order. A mean by 2 of 24 million uint8 took 0.49 ms instead of 0.88, a maximum by 4 of 1-D
float32 2.9 ms instead of 4.6. Four bytes at a time took a tenth longer than two. For float32
windows that span planes, a fold of pairs took 3.4 ms instead of 2.9."""


MOST_ROWS, MOST_COLUMNS = 4, 3
"""The largest windows that the direct kernel has loops for."""

LEAST_ROW_BYTES, LEAST_PIXEL_BYTES, LEAST_PIXELS = 32, 128, 16
"""The shortest row that is a run, the shortest pixel whose channels are a run, and the fewest
pixels to thin; strips serve anything smaller. Columns of 4 to 28 bytes took a tenth to a fifth
longer as runs, columns of 32 bytes a tenth less. A mean by 2 of pixels of 64 bytes was as fast as
in strips, of 128 bytes a quarter faster."""

LEAST_ASKED_BYTES, SHORT_ROWS_BYTES = 1024, 4096
"""If the next window's rows are near and long enough, they are asked for whole: a mean by 4 of
rows of 112 float32 took 2.5 ms instead of 3.5. For shorter rows, asking cost more than it saved."""

MOST_ASKED_BYTES = 2048
"""The most that rows are asked for without AVX-512: an AMD EPYC without it finds later rows itself.
Of rows of 448 bytes, 3x3 by 2 took 8.9 ms if the next two were asked for, 10.3 if not, but an
adaptive mean of 16 rows 8.1 and 6.0. Of 6000 RGB pixels, a mean by 4 took 8.3 and 5.7, by 2 6.9
and 6.0 ms."""

START_BYTES = 448
"""How much of the next row's runs is asked for: the hardware finds the rest, but no new page. A
mean by 2 of 1024 x 1024 float32 took 47 us instead of 49, and 56 if whole rows were asked for."""

THINNED_BYTES = 4096
"""Bytes of a tile's results before its pixels are thinned."""

RUN_TILE = 4096
"""Elements of a long run that make one piece of work."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How to pool: the kernel, its view of the geometry, and the result's shape."""

    shape: tuple[int, ...]
    kernel: str
    geometry: Numbers
    pieces: int
    room: int
    """Accumulators that a block of pieces needs."""
    work: int
    """The work, roughly, in elements read."""
    group: int = 1
    """Columns that are taken at a time."""
    written: tuple[Any, ...] = ()
    """The network that the kernel is written out for."""
    together: int = 1
    """How many windows down the rows begin in steps of whole blocks. A window's sum depends on
    where the block begins that it starts in."""


def make_plan(
    shape: tuple[int, ...],
    layout: Layout,
    axes: Sequence[Axis],
    dtype: np.dtype[Any],
    reduction: Reduction,
    include_pad: bool,
    override: int | None,
    like: Sequence[Axis] | None = None,
) -> Plan:
    """Return the plan for a reduction over the axes' windows; `shape` is the result's.

    If the axes are parts of other axes, those are `like`: they choose the loop, so that all parts
    are summed in one order.
    """
    if not layout.outer * layout.inner:
        return Plan(shape, "rows", np.empty(0, np.int64), 0, 0, 0)
    places = reduction.places
    view = long_rows(layout.outer, axes, layout.inner, places, like)
    model = view if like is None else long_rows(layout.outer, like, layout.inner, places)
    if is_run(model.axes[2]) and not places:
        kernel = "runs"
    else:
        view, model = whole_rows(view, places), whole_rows(model, places)
        shared = COSTLY_OVERLAP if reduction.costly else RUNNING_OVERLAP
        kernel = "running" if overlap(model.axes[1], shared) else "rows"
    shares = weights(view.axes, reduction, include_pad, override)
    if kernel == "runs":
        return runs_plan(shape, view, model.axes[2].longest, shares, dtype.itemsize)
    if is_slid(model, reduction):
        return moments_plan(shape, view, shares, dtype.itemsize, blocks=kernel == "running")
    if kernel == "running":
        return running_plan(shape, view, shares, reduction, dtype.itemsize)
    return small_plan(shape, (view, model), shares, reduction, dtype)


def is_run(axis: Axis) -> bool:
    """Say whether windows are long runs of memory that hardly overlap."""
    hardly_overlap = axis.out * axis.longest <= 2 * axis.size
    return axis.longest >= RUN_TAPS and axis.dilation == 1 and hardly_overlap


def overlap(axis: Axis, shared: int) -> bool:
    """Say whether each row belongs to at least `shared` windows."""
    return axis.regular and axis.taps >= shared * axis.step and axis.dilation == 1 and axis.out > 1


def joins_fours(axes: Sequence[Axis]) -> bool:
    """Say whether `running` joins the rows of windows of two axes, in fours."""
    if len(axes) != 2 or not all(isinstance(axis, Axis) for axis in axes):
        return False
    h, w = axes
    return overlap(h, RUNNING_OVERLAP) and not (h.whole and w.whole) and not is_run(w)


def small_plan(
    shape: tuple[int, ...],
    views: tuple[View, View],
    shares: Weights,
    reduction: Reduction,
    dtype: np.dtype[Any],
) -> Plan:
    """Plan small windows, without a pass over accumulators if the types allow it.

    A user's reducer, which each process compiles, has one kernel for all shapes. The second view
    chooses the loop, the first one is pooled.
    """
    view, model = views
    unit = dtype.itemsize
    if dtype == np.float16 or len(reduction.lanes) > 1 or not reduction.own:
        return rows_plan(shape, view, shares, reduction, unit)
    if is_thinned(model, reduction):
        return thinned_plan(shape, view, shares, reduction, unit)
    for count in GROUPS[unit]:
        if in_groups(model, count) and is_direct(as_runs(in_columns(model, count)), count * unit):
            fewer, fewer_shares = grouped(view, shares, count)
            runs = as_runs(fewer)
            return direct_plan(shape, runs, fewer_shares, reduction, count, count * unit)
    d, _, w = model.axes
    if 2 in GROUPS[unit] and in_groups(model, 2) and w.taps > 2 and (unit < 4 or d.taps == 1):
        return rows_plan(shape, *grouped(view, shares, 2), reduction, 2 * unit, 2)
    return rows_plan(shape, view, shares, reduction, unit)


def is_direct(view: View, unit: int) -> bool:
    """Say whether windows are small enough, and runs long enough, for the direct kernel."""
    d, h, w = view.axes
    small = d.longest * h.longest <= MOST_ROWS and w.longest <= MOST_COLUMNS
    least = LEAST_ROW_BYTES if w is SINGLE else LEAST_PIXEL_BYTES
    return small and view.inner * unit >= least


def is_thinned(view: View, reduction: Reduction) -> bool:
    """Say whether windows are that small too, and channels so few that pixels are to be thinned."""
    d, h, w = view.axes
    fits = reduction.outs[0].itemsize <= reduction.lanes[0].itemsize
    pixels = view.inner in (3, 4) and w.step in (2, 3) and w.taps <= MOST_COLUMNS
    pixels = pixels and w.hi - w.lo >= LEAST_PIXELS
    return fits and pixels and d.longest * h.longest <= MOST_ROWS


def thinned_plan(
    shape: tuple[int, ...], view: View, shares: Weights, reduction: Reduction, unit: int
) -> Plan:
    """Plan windows of a few pixels of few channels: tiles of rows."""
    d, h, w = view.axes
    width = w.step * view.inner
    tile = max(THINNED_BYTES // reduction.outs[0].itemsize // width, 1)
    tiles = max(-(-(w.hi - w.lo) // tile), 1)
    vector = VECTOR_BYTES // reduction.lanes[0].itemsize
    head = {"tile": tile, "tiles": tiles, "vector": vector, "line": 64}
    if asks_widely():
        head |= asks(view, unit)
    pieces = view.outer * d.out * h.out * tiles
    head["pieces"] = pieces
    numbers = geometry(view, head, shares, slides=False)
    room = tile * width + vector
    return Plan(shape, "thinned", numbers, pieces, room, view.elements)


def asks_widely() -> bool:
    """Say whether this processor gains if much of a later window's memory is asked for."""
    return vector_bytes() == 64


def asks(view: View, unit: int) -> dict[str, int]:
    """Return which memory to ask for ahead: a later window's rows, or their start."""
    d, h, w = view.axes
    if view.outer * d.out * h.out == 1:
        return {"line": 64}
    fresh = min(h.step, h.taps)
    row = w.size * view.inner
    head = {"line": 64 // unit}
    if h.step * row * unit > SHORT_ROWS_BYTES:
        head["ahead"], head["asked_rows"] = h.step * row, fresh
        head["asked"] = START_BYTES // unit
    elif h.step * row * unit >= LEAST_ASKED_BYTES:
        head["ahead"], head["asked_rows"], head["asked"] = AHEAD_BYTES // unit, 1, fresh * row
    return head


def direct_plan(
    shape: tuple[int, ...], view: View, shares: Weights, reduction: Reduction, group: int, unit: int
) -> Plan:
    """Plan windows of a few elements: rows of runs, a long run in tiles."""
    d, h, w = view.axes
    tile = min(RUN_TILE, view.inner) if w is SINGLE else view.inner
    tiles = -(-view.inner // tile)
    vector = VECTOR_BYTES // reduction.lanes[0].itemsize
    head = {"run_tile": tile, "tiles": tiles, "vector": vector, **asks(view, unit)}
    pieces = view.outer * d.out * h.out * tiles
    head["pieces"] = pieces
    numbers = geometry(view, head, shares, slides=False)
    work = view.elements * group
    return Plan(shape, "direct", numbers, pieces, 0, work, group)


def rows_asked(rows: int, row_bytes: int, tiles: int) -> int:
    """Return how many rows of a later window to ask for, of those that the one above lacks."""
    few = tiles == 1 and rows * row_bytes <= MOST_ASKED_BYTES
    return rows if few or asks_widely() else 0


def rows_plan(
    shape: tuple[int, ...],
    view: View,
    shares: Weights,
    reduction: Reduction,
    unit: int,
    group: int = 1,
) -> Plan:
    """Plan small windows: strips of rows, or tiles of a long row.

    A column has `unit` bytes and is a group of `group` elements.
    """
    d, h, w = view.axes
    budget = max(ROW_BYTES // sum(kind.itemsize for kind in reduction.lanes) // view.inner, 1)
    least = LEAST_BYTES // item_bytes(reduction)
    tile, span = columns_in(w, budget)
    if tile < w.out:
        fresh = max(d.taps * min(h.step, h.taps), 1) * unit
        tile, span = columns_in(w, max(TILE_BYTES // fresh // view.inner, least // view.inner, 1))
    tiles = -(-w.out // tile)
    # If rows step over as much as they span, a strip's results lie as those of one row do. The
    # distance of rows is a whole number of steps, so that each row begins where a step begins.
    steps = -(-max(span, tile * w.step) // w.step) * w.step if w.step else span
    strip = max(budget // steps, 1) if tiles == 1 else 1
    pitch = (steps if strip > 1 else span) * view.inner
    vector = VECTOR_BYTES // reduction.lanes[0].itemsize
    room = strip * pitch + vector
    head = {"tile": tile, "tiles": tiles, "strip": strip, "between": pitch, "stretch": room}
    head["vector"] = vector
    head["ahead"] = AHEAD_BYTES // unit
    head["fresh"] = rows_asked(min(h.step, h.taps), w.size * view.inner * unit, tiles)
    head["line"] = 64 // unit
    pieces = view.outer * d.out * h.out * tiles
    head["pieces"] = pieces
    numbers = geometry(view, head, shares)
    return Plan(shape, "rows", numbers, pieces, 3 * room, view.elements * group, group)


def running_plan(
    shape: tuple[int, ...], view: View, shares: Weights, reduction: Reduction, unit: int
) -> Plan:
    """Plan large windows that overlap: blocks of rows, in tiles."""
    d, h, w = view.axes
    budget = max(BLOCK_BYTES // item_bytes(reduction) // view.inner // h.taps, 1)
    tile, span = evenly(w, *columns_in(w, budget))
    tiles = -(-w.out // tile)
    blocks = (h.out - 1) * h.step // h.taps + 1
    # Rows that lie a multiple of 4096 bytes apart would share a few lines of the cache.
    line = 64 // reduction.lanes[0].itemsize
    pitch = -(-span * view.inner // line) * line + line
    room = pitch
    head = {"tile": tile, "tiles": tiles, "blocks": blocks, "between": pitch, "stretch": room}
    head |= {"vector": VECTOR_BYTES // reduction.lanes[0].itemsize, "line": 64 // unit}
    head["strip"] = 4 if reduction.in_fours else 1
    pieces = view.outer * d.out * blocks * tiles
    head["pieces"] = pieces
    numbers = geometry(view, head, shares)
    needed = 3 * room + (h.taps + 1 + PREFIXES) * pitch
    together = in_blocks(h)
    return Plan(shape, "running", numbers, pieces, needed, view.elements, together=together)


def in_blocks(axis: Axis) -> int:
    """Return how many windows there are from one that begins with a block to the next such one."""
    return axis.taps // gcd(axis.taps, axis.step)


def moments_plan(
    shape: tuple[int, ...], view: View, shares: Weights, bytes_: int, blocks: bool
) -> Plan:
    """Plan variances of windows that slide: tiles of rows of results, or of blocks of rows.

    An element has so many bytes.
    """
    d, h, w = view.axes
    unit = 16  # bytes of an accumulator: a mean and a sum of squares
    budget = MOMENT_ROW_BYTES // (3 if w.taps > 3 else 1)
    if blocks:
        budget = min(budget, MOMENT_BLOCK_BYTES // (h.taps + 2))
    tile, span = evenly(w, *columns_in(w, max(budget // unit // view.inner, 1)))
    tiles = -(-w.out // tile)
    count = (h.out - 1) * h.step // h.taps + 1 if blocks else 0
    pitch = span * view.inner
    vector = 64 // unit * 2  # of either number
    room = -(-pitch // vector) * vector + 2 * vector
    head = {"tile": tile, "tiles": tiles, "blocks": count, "between": room, "stretch": room}
    head |= {"vector": vector, "fresh": min(h.step, h.taps), "line": 64 // bytes_}
    pieces = view.outer * d.out * (count or h.out) * tiles
    head["pieces"] = pieces
    numbers = geometry(view, head, shares, slides=False)
    needed = 3 * room + ((h.taps + 2) * room if blocks else 0)
    together = in_blocks(h) if blocks else 1
    return Plan(shape, "moments", numbers, pieces, needed, view.elements, together=together)


def runs_plan(shape: tuple[int, ...], view: View, longest: int, shares: Weights, unit: int) -> Plan:
    """Plan wide windows of elements of `unit` bytes: a row of results at a time."""
    d, h, _ = view.axes
    breadth = min(max(RUN_BREADTH // view.inner, 1), longest) * view.inner
    strip = 1
    if longest * view.inner > RUN_BREADTH and view.inner * unit <= STRETCH_BYTES:
        breadth, strip = STRETCH_BYTES // unit // view.inner * view.inner, 4
    pieces = view.outer * d.out * h.out
    head = {"breadth": breadth, "strip": strip, "pieces": pieces}
    numbers = geometry(view, head, shares, slides=False)
    return Plan(shape, "runs", numbers, pieces, breadth, view.elements)


def item_bytes(reduction: Reduction) -> int:
    """Return the bytes of the widest lane's accumulator."""
    return max(kind.itemsize for kind in reduction.lanes)


def columns_in(axis: Axis, budget: int) -> tuple[int, int]:
    """Return the outputs of a tile of about `budget` columns, and the columns that it spans."""
    if not axis.regular:
        tile = min(max(budget * axis.out // axis.size, 1), axis.out)
        return tile, longest_reach(axis, tile)
    # A tile reads `reach` more columns than it steps over: these must not be most of its columns.
    reach = axis.dilation * (axis.taps - 1)
    tile = min(max((max(budget, 4 * reach) - reach) // axis.step, 1), axis.out)
    return tile, (tile - 1) * axis.step + reach + 1


def evenly(axis: Axis, tile: int, span: int) -> tuple[int, int]:
    """Return tiles of about one size, with their span: a short rest reads as many columns more."""
    if not axis.regular:
        return tile, span
    even = -(-axis.out // -(-axis.out // tile))
    return even, span - (tile - even) * axis.step


def longest(axes: Sequence[Axis]) -> tuple[int, int]:
    """Return the most rows a window has, and the most columns."""
    return prod(axis.longest for axis in axes[:-1]), axes[-1].longest
