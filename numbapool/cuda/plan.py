"""From a call's windows to a launch: the numbers that kernels read, and how many threads run.

A plan is made once per shape, dtype and parameters, without a device.
"""

from __future__ import annotations

from dataclasses import replace
from math import gcd, lcm, prod
from typing import Any, NamedTuple

import numpy as np

from numbapool.cuda.chunks import Along, Form
from numbapool.cuda.device_plan import DevicePlan, Numbers, index_of, is_small
from numbapool.cuda.vector import BYTES
from numbapool.plan.view import View, long_rows, weights
from numbapool.pooling.planners import Chosen
from numbapool.reducers.blends import Blend
from numbapool.reducers.case import Reduction
from numbapool.reducers.networks import network
from numbapool.windows.axes import Axis
from numbapool.windows.layout import Layout
from numbapool.windows.weighted import WeightedAxis

THREADS = 128
"""Threads of a block."""

MOST_ROWS = 65535
"""The most blocks of a grid along y."""

SCRATCH_BYTES = 1 << 28
"""The most bytes of elements that are gathered to be sorted: it bounds the threads of a launch."""

TAPS_TOGETHER = 192
"""Windows of at least this many taps are sorted by a block of threads each."""

FEW_RESULTS = 1 << 16
"""With fewer results than this, a thread per result leaves most of a device idle."""

FEW_THREADS = 1 << 18
"""The threads that keep a device busy."""

MOST_SHARES = 128
"""The most threads that share a window: one thread joins what they leave."""

DEARER = 2
"""How many times the steps of two passes windows must take at once, for the accumulators in between
to be worth writing and reading."""

SHARED_TAPS = 256
"""The fewest taps of a window that many threads share."""

SHARE = 64
"""The fewest taps of each of these threads."""

UNITS_AT_ONCE, TEAM_UNITS = 4, 8
"""The units, elements or chunks, that a thread of a team reads at once, and the fewest that it
takes: to find its place takes it as long as to fold some of them."""

TEAM_ROW = 64
"""The fewest bytes between neighbouring windows of a row that teams read by elements. Windows that
are nearer share what the memory sends for a thread per window."""

BUSY_BYTES = 1 << 22
"""The bytes that are read at once if a device's memory is busy: its bytes per second, by the 0.7
microseconds that a read takes, and some more."""

MOST_PIECES = 512
"""The most teams that share a window."""

MOST_TAPS = 9
"""The most taps of a window that a kernel is written out for: their loads stand in registers."""

TILED = (2, 4)
"""The widths of windows side by side that a kernel is written out for."""

HEIGHTS, MOST_READ = (8, 4, 2), 32
"""The results below each other that a thread makes, and the most registers that its elements take.
The most results are for windows that overlap: for others they took more than 64 registers."""

MOST_CHUNKED, MOST_WIDE, MOST_KEPT = 36, 16, 16
"""The most registers that a thread's rows take in `chunks`, and if each element is widened to 64
bits, and that its accumulators take if it makes two rows of results. Twice the accumulators, or
windows of different divisors in two rows, took more than 64 in all."""

SMALL_WINDOWS = ((1, 3), (3, 1), (1, 5), (5, 1), (2, 2), (3, 3))

IN_REGISTERS = {1: (*SMALL_WINDOWS, (4, 4), (5, 5)), 2: SMALL_WINDOWS}
"""The windows whose elements stand in registers to be picked by rank, if an element takes so many.
Found by compiling (tests/cuda_code.py): no spill, and at most 64 registers, for capabilities 7.5 to
12.0. 4 x 4 of float64 took up to 74 registers, and 7 x 7 of 1 and 4 bytes 70 to 84 for 9.0."""

MOST_BELOW = 2
"""The most results below each other that a thread picks; four in a column take hardly fewer steps
per result, and more registers."""


def window_table(axis: Axis, share: tuple[int, Numbers]) -> Numbers:
    """Return each window's first tap, its number of taps, and its part in a divisor."""
    weight, borders = share
    table = np.empty((axis.out, 3), np.int64)
    inner = np.arange(axis.lo, axis.hi)
    table[axis.lo : axis.hi, 0] = inner * axis.step - axis.before
    table[axis.lo : axis.hi, 1] = axis.taps
    table[axis.lo : axis.hi, 2] = weight
    table[: axis.lo] = borders[: axis.lo]
    table[axis.hi :] = borders[axis.lo :]
    return table


def plan_of(chosen: Chosen, dtype: np.dtype[Any]) -> DevicePlan:
    """Return the plan of windows that slide, cover the input, hold all of it, or blur."""
    (layout, axes, shape), reduction, counted, override = chosen
    if not layout.outer * layout.inner or not prod(shape):
        return DevicePlan(shape, "", np.int32, np.empty(0, np.int32), (), 0)
    if axes and isinstance(axes[0], WeightedAxis):
        return blurred_plan(shape, layout, axes, reduction)
    places = reduction.places or reduction.gathers
    view = long_rows(layout.outer, axes, layout.inner, places)
    shares = weights(view.axes, reduction, counted, override)
    tables = [window_table(axis, each) for axis, each in zip(view.axes, shares, strict=True)]
    table = np.concatenate(tables)
    results = view.outer * view.inner * prod(axis.out for axis in view.axes)
    index = index_of(view.elements, results, int(np.abs(table).max(initial=0)))
    flat = table.reshape(-1).astype(index)
    if reduction.gathers:
        taps = prod(axis.longest for axis in view.axes)
        kernel = "selections_together" if taps >= TAPS_TOGETHER else "selections"
        plain = DevicePlan(shape, kernel, index, flat, sizes_of(view), results, taps=taps)
        return in_registers(plain, view, reduction, flat[3 * view.axes[0].out :]) or plain
    row = view.axes[2].out * view.inner
    plain = DevicePlan(shape, "windows", index, flat, sizes_of(view), results // row, row=row)
    teams = in_teams(plain, view, dtype) if view.inner == 1 else None
    count = shared_by(view, results, index) if teams is None else 1
    if count > 1:
        sizes = (count, *sizes_of(view))
        threads = results * count
        return DevicePlan(shape, "shares", index, flat, sizes, threads, taps=count)
    if in_two_steps(view, reduction, index):
        return two_steps(shape, view, reduction, flat)
    return teams or written_out(plain, view, reduction, dtype) or plain


def in_two_steps(view: View, reduction: Reduction, index: Any) -> bool:
    """Say whether to fold rows first, then columns: that must take far fewer steps."""
    d, h, w = view.axes
    if index is np.int64 or part_bytes(view, reduction) > SCRATCH_BYTES:
        return False
    results, rows = d.out * h.out * w.out, d.longest * h.longest
    in_two = d.size * h.size * w.out * w.longest + results * rows
    return results * rows * w.longest > DEARER * in_two


def part_bytes(view: View, reduction: Reduction) -> int:
    """Return the bytes of the accumulators that folding the rows of a plane leaves."""
    d, h, w = view.axes
    rows = d.size * h.size * w.out * view.inner
    return rows * sum(kind.itemsize for kind in reduction.lanes)


def two_steps(
    shape: tuple[int, ...], view: View, reduction: Reduction, table: Numbers
) -> DevicePlan:
    """Return the plan of windows whose rows are folded first; as many planes at once as fit."""
    d, h, w = view.axes
    return DevicePlan(
        shape,
        "across",
        np.int32,
        table,
        sizes_of(view),
        threads=view.outer,
        row=d.size * h.size * w.out * view.inner,
        taps=max(min(view.outer, SCRATCH_BYTES // part_bytes(view, reduction)), 1),
    )


def written_out(
    plain: DevicePlan, view: View, reduction: Reduction, dtype: np.dtype[Any]
) -> DevicePlan | None:
    """Return the plan of a kernel that is written out for these windows, or None."""
    d, h, w = view.axes
    places = reduction.places
    alike = len(reduction.lanes) == len(reduction.outs) and reduction.outs[0] == dtype
    own = type(reduction.op).__module__.startswith("numbapool.")  # a user's may ask for places
    small = h.longest * w.longest <= MOST_TAPS and h.dilation == w.dilation == 1
    narrow = plain.index is np.int32 and dtype.kind != "b"
    if not (alike and own and small and narrow and d.size == d.out == 1):
        return None
    table = plain.table[3:].copy()
    rows = table.reshape(-1, 3)
    if rows[:, 1].min() < 1:
        return None
    rows[: h.out, 2] *= plain.table[2]  # a divisor that is given stands with the first axis
    count, lines = BYTES // dtype.itemsize, view.outer * h.out
    common = {"shape": plain.shape, "index": plain.index, "table": table, "unaligned": plain}
    if view.inner % count == 0:
        groups = view.inner // count
        return DevicePlan(
            kernel="channels",
            sizes=(h.out, h.size, w.size, groups),
            threads=lines,
            row=w.out * groups,
            form=(h.longest, w.longest, dtype.itemsize, places),
            **common,
        )
    if view.inner > 1:
        return None
    beside = w.regular and not w.before and w.step == w.taps and w.size == w.out * w.taps
    if beside and w.taps in TILED and count % w.taps == 0 and w.size % count == 0:
        return DevicePlan(
            kernel="tiles",
            sizes=(h.out, h.size),
            threads=lines,
            row=w.size // count,
            form=(h.longest, w.taps, dtype.itemsize, places),
            **common,
        )
    slides = sliding(common, view, places, max(dtype.itemsize // 4, 1))
    return chunked(common, view, reduction, dtype.itemsize, slides or plain) or slides


def chunked(
    common: dict[str, Any], view: View, reduction: Reduction, itemsize: int, unaligned: DevicePlan
) -> DevicePlan | None:
    """Return the plan of windows that slide along rows of whole chunks of 16 bytes, or None."""
    _, h, w = view.axes
    count = BYTES // itemsize
    if w.size % count or not (h.regular and w.regular):
        return None
    weights = common["table"].reshape(-1, 3)[:, 2]
    even = bool((weights[: h.out] == weights[0]).all() and (weights[h.out :] == weights[-1]).all())
    group = lcm(count, w.step)
    made = group // w.step
    groups = -(-w.out // made)
    form = Form(
        Along(h.taps, h.step, h.before, overhang(h)),
        Along(w.taps, w.step, w.before, overhang(w)),
        height=1,
        itemsize=itemsize,
        inside=min(group, w.size - (groups - 1) * group) // count,
        piece=gcd(made, w.out),
        even=even,
        places=reduction.places,
    )
    wide = reduction.lanes[0].itemsize > max(itemsize, 4)
    if form.registers > (MOST_WIDE if wide else MOST_CHUNKED):
        return None
    pair = form._replace(height=2)
    kept = 2 * made * sum(-(-lane.itemsize // 4) for lane in reduction.lanes)
    if even and not wide and kept <= MOST_KEPT and pair.registers <= MOST_CHUNKED:
        form = pair
    bands = -(-h.out // form.height)
    return DevicePlan(
        kernel="chunks",
        sizes=(h.out, w.out, h.size, w.size, bands, int(weights[h.out + w.lo])),
        threads=view.outer * bands,
        row=groups,
        form=form,
        **{**common, "unaligned": unaligned},
    )


def overhang(axis: Axis) -> int:
    """Return the most taps that a window has after the axis's end."""
    return max((axis.out - 1) * axis.step - axis.before + axis.taps - axis.size, 0)


def sliding(common: dict[str, Any], view: View, places: bool, registers: int) -> DevicePlan | None:
    """Return the plan of windows that a thread makes below each other, or None.

    An element takes so many `registers`.
    """
    _, h, w = view.axes
    heights = HEIGHTS if h.step < h.taps else HEIGHTS[1:]
    most = MOST_READ // (registers * w.longest)
    height = next((each for each in heights if band(h, each) <= most), 0)
    if not h.regular or not height:
        return None
    bands = -(-h.out // height)
    return DevicePlan(
        kernel="slides",
        sizes=(h.out, h.size, w.size, bands, h.before),
        threads=view.outer * bands,
        row=w.out,
        form=(h.taps, w.longest, h.step, height, places),
        **{**common, "unaligned": None},
    )


def band(axis: Axis, height: int) -> int:
    """Return how many rows the windows of so many neighbouring results take."""
    return (height - 1) * axis.step + axis.taps


def in_registers(
    plain: DevicePlan, view: View, reduction: Reduction, table: Numbers
) -> DevicePlan | None:
    """Return the plan of windows whose elements stand in registers to be picked by rank, or None.

    `table` lists the windows of the last two axes.
    """
    d, h, w = view.axes
    window, taps = (h.taps, w.taps), h.taps * w.taps
    fits = window in IN_REGISTERS[max(reduction.lanes[0].itemsize // 4, 1)]
    slides = h.regular and w.regular and h.dilation == w.dilation == d.size == d.out == 1
    picks = reduction.own and not reduction.skips and hasattr(reduction.op, "rank")
    if not (fits and slides and picks and plain.index is np.int32):
        return None
    if table.reshape(-1, 3)[:, 1].min() < 1:
        return None
    picked = Picked.of(reduction.op, taps)
    if picked is None:
        return None
    down = results_below(window, h.step, picked.ranks)
    bands = -(-h.out // down)
    return DevicePlan(
        shape=plain.shape,
        kernel="medians",
        index=plain.index,
        table=np.concatenate([table, picked.fillings.astype(plain.index)]),
        sizes=(h.out, h.size, w.size, bands, h.before, table.size, view.inner),
        threads=view.outer * bands,
        row=w.out * view.inner,
        weights=picked.weights,
        form=(window, h.step, down, picked.ranks, picked.edge_ranks, view.inner == 1),
    )


class Picked(NamedTuple):
    """What is picked from windows of up to so many taps, whole ones and those at an edge."""

    ranks: tuple[int, ...]
    """The rank of a whole window, and the next one if the result lies between both."""
    edge_ranks: tuple[int, ...]
    """The same for windows at an edge, which are filled up to as many taps."""
    fillings: Numbers
    """How many of the fillings are the least number, by the taps of a window that are inside."""
    weights: Numbers
    """The share of the way from the rank to the next one, by the same."""

    @classmethod
    def of(cls, op: Any, taps: int) -> Picked | None:
        """Return what a selector picks; None if a window's rank moves too far when it is filled."""
        inside = np.arange(1, taps + 1)
        pairs = [op.rank(count) for count in inside.tolist()]
        low = np.array([rank for rank, _ in pairs])
        weights = np.array([weight for _, weight in pairs])
        fillings = low[-1] - low
        beyond = low + (weights > 0) >= inside
        if beyond.any() or (fillings > taps - inside).any():
            return None
        both = (int(low[-1]), int(low[-1]) + 1)
        ranks, edge_ranks = both[: 1 + (weights[-1] > 0)], both[: 1 + bool((weights > 0).any())]
        none = np.zeros(1, np.int64)  # no window has no taps
        return cls(ranks, edge_ranks, np.append(none, fillings), np.append(0.0, weights))


def results_below(window: tuple[int, int], stride: int, ranks: tuple[int, ...]) -> int:
    """Return how many results a thread makes below each other: so that each takes fewer steps."""
    rows, columns = window
    if (MOST_BELOW - 1) * stride >= rows:
        return 1
    alone = network(rows, columns, ranks).operations
    together = network(rows, columns, ranks, MOST_BELOW, stride).operations
    return MOST_BELOW if together < MOST_BELOW * alone else 1


def sizes_of(view: View) -> tuple[int, ...]:
    """Return the sizes of the results and of the input, the dilations, and the channels."""
    outs, sizes, dilations = (
        [getattr(a, n) for a in view.axes] for n in ("out", "size", "dilation")
    )
    return (*outs, *sizes, *dilations, view.inner)


def shared_by(view: View, results: int, index: Any) -> int:
    """Return how many threads share a window: one, but for few windows of many taps."""
    taps = prod(axis.longest for axis in view.axes)
    if results >= FEW_RESULTS or taps < SHARED_TAPS:
        return 1
    count = min(-(-FEW_THREADS // results), -(-taps // SHARE), MOST_SHARES)
    return count if index is np.int64 or is_small(results * count + taps) else 1


def in_teams(plain: DevicePlan, view: View, dtype: np.dtype[Any]) -> DevicePlan | None:
    """Return the plan of windows that a team of threads makes each, or several; or None."""
    w, count = view.axes[2], BYTES // dtype.itemsize
    elements = team_plan(plain, view, dtype.itemsize, 1)
    if in_chunks(view, plain.table, count, dtype):
        chunks = team_plan(plain, view, BYTES, count)
        if chunks is not None:
            return replace(chunks, unaligned=elements or plain)
    return elements if w.size // w.out * dtype.itemsize >= TEAM_ROW else None


def team_plan(plain: DevicePlan, view: View, unit_bytes: int, count: int) -> DevicePlan | None:
    """Return the plan for units of `count` elements, so many bytes, or None if they are few.

    Nor is there one if the number of all threads is no place's.
    """
    _, h, w = (axis.longest for axis in view.axes)
    columns, results = w // count, view.outer * prod(axis.out for axis in view.axes)
    threads = largest_power(columns * h // TEAM_UNITS)
    team = min(threads, THREADS)
    at_once = results * team * UNITS_AT_ONCE * unit_bytes
    pieces = min(threads // team, largest_power(BUSY_BYTES // at_once), MOST_PIECES)
    if threads == 1 or (plain.index is np.int32 and not is_small(results * team * pieces)):
        return None
    return replace(
        plain,
        kernel="together" if pieces == 1 else "in_pieces",
        sizes=(team, min(largest_power(columns), team * pieces), *sizes_of(view)[:-1]),
        threads=results,
        row=0,
        taps=pieces,
        form=(count,),
    )


def largest_power(number: int) -> int:
    """Return the largest power of two that is not above a number, or 1."""
    return 1 << max(number.bit_length() - 1, 0)


def in_chunks(view: View, table: Numbers, count: int, dtype: np.dtype[Any]) -> bool:
    """Say whether the rows of all windows are whole chunks of `count` elements."""
    w = view.axes[2]
    rows = table.reshape(-1, 3)[-w.out :]
    whole = not (w.size % count or (rows[:, :2] % count).any())
    return whole and count > 1 and w.dilation == 1 and dtype.kind != "b"


def blurred_plan(
    shape: tuple[int, ...], layout: Layout, axes: Any, reduction: Reduction
) -> DevicePlan:
    """Return the plan of windows whose taps have weights."""
    height, width = axes
    slot, tables, values = 0, [], []
    for axis in axes:
        slots = slot + axis.taps * np.arange(axis.out)
        tables.append(np.stack([axis.start, axis.count, slots], axis=1))
        whole = axis.whole if isinstance(reduction.op, Blend) else 1
        own = axis.weights / float(whole) if reduction.lanes[0].kind == "f" else axis.weights
        values.append(own.reshape(-1).astype(reduction.lanes[0]))
        slot += axis.out * axis.taps
    table = np.concatenate(tables)
    threads = layout.outer * height.out * width.out * layout.inner
    elements = layout.outer * height.size * width.size * layout.inner
    divisor = height.whole * width.whole
    index = index_of(elements, max(threads, divisor), slot)
    sizes = height.out, width.out, height.size, width.size, layout.inner, divisor
    flat = table.reshape(-1).astype(index)
    weights = np.concatenate(values)
    return DevicePlan(shape, "blurred", index, flat, sizes, threads, weights=weights)
