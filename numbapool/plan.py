"""A pooling decided, before any element is read: the result's shape, and what a kernel needs.

A plan is made once for a shape, a dtype and parameters, and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from numbapool.dtypes import Reduction
from numbapool.kernels import geometry as g
from numbapool.layout import Layout
from numbapool.windows import Axis, sliding

ROW_BYTES = 8192
"""The accumulators of a strip of rows: three such stretches stay in a first-level cache of 32 kB.
Strips of 4, 8 and 16 kB took the same time within the noise; at 1 kB the loops' starts showed."""

OVERREAD = 32
"""A row's loop may run on to a whole number of vectors: at most this many elements less one."""


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
    """How to pool: the view's geometry in the kernels' numbers, and the result's shape."""

    shape: tuple[int, ...]
    geometry: np.ndarray[Any, np.dtype[np.int64]]
    pieces: int
    room: int
    work: int


def single() -> Axis:
    """An axis of one element, left as it is."""
    return sliding(1, 1, 1)


def identity(size: int) -> Axis:
    """An axis left as it is."""
    return sliding(size, 1, 1)


def view_of(outer: int, axes: Sequence[Axis], inner: int, places: bool) -> View:
    """Fold what needs no pooling into what does, so that rows are as long as they can be.

    With `places`, elements keep their row and column.
    """
    d, h, w = (*(single() for _ in range(3 - len(axes))), *axes)
    if d.trivial:
        outer, d = outer * d.size, single()
    if h.whole and w.whole:
        h, w = single(), sliding(h.size * w.size, h.size * w.size, 1)
    if d.whole and h is single() and w.whole:
        d, w = single(), sliding(d.size * w.size, d.size * w.size, 1)
    row_pitch, column_pitch = w.size, 1
    if d is single() and h is single() and inner > 1:
        h, w, inner = w, identity(inner), 1
        row_pitch, column_pitch = 1, 0
    elif w.trivial and not places:
        w, inner = identity(w.size * inner), 1
    return View(outer, (d, h, w), inner, row_pitch, column_pitch)


def make_plan(
    layout: Layout,
    axes: Sequence[Axis],
    reduction: Reduction,
    include_pad: bool = False,
    override: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> Plan:
    """Return the plan for a reduction over the axes' windows; `shape` is the result's."""
    if shape is None:
        shape = layout.shape(tuple(axis.out for axis in axes))
    if not layout.outer * layout.inner:
        return Plan(shape, np.empty(0, np.int64), 0, 0, 0)
    view = view_of(layout.outer, axes, layout.inner, places=len(reduction.outs) > 1)
    d, h, w = view.axes
    reach = w.dilation * (w.taps - 1)
    widest = max(kind.itemsize for kind in reduction.lanes)
    budget = max(ROW_BYTES // widest // view.inner, 1)
    if w.regular:
        # A tile reads `reach` columns more than it steps over: that must not be most of them.
        tile = max((max(budget, 4 * reach) - reach) // w.step, 1)
        tile = min(tile, w.out)
        span = (tile - 1) * w.step + reach + 1
        stride = tile * w.step
    else:
        tile = min(max(budget * w.out // w.size, 1), w.out)
        span = stride = longest_reach(w, tile)
    tiles = -(-w.out // tile)
    pitch = max(span, stride) * view.inner
    strip = max(budget * view.inner // pitch, 1) if tiles == 1 else 1
    room = strip * pitch + OVERREAD
    total = view.outer * d.size * h.size * w.size * view.inner
    head = [total, view.inner, tile, tiles, strip, pitch, room, view.row_pitch, view.column_pitch]
    blocks: list[int] = []
    table: list[np.ndarray[Any, Any]] = []
    at = g.HEAD + 3 * g.BLOCK
    weights = _weights(view.axes, reduction, include_pad, override)
    for axis, (inner_weight, borders) in zip(view.axes, weights, strict=True):
        lo, hi = axis.lo, axis.hi
        if axis is w and axis.regular and (borders[:, 2] == inner_weight).all():
            lo, hi = 0, axis.out
        blocks += [axis.size, axis.out, lo, hi, axis.step, axis.before, axis.taps]
        blocks += [axis.dilation, inner_weight, at]
        table.append(borders.reshape(-1))
        at += borders.size
    numbers = np.concatenate([np.array(head + blocks, np.int64), *table])
    numbers.flags.writeable = False
    return Plan(shape, numbers, view.outer * d.out * h.out * tiles, 3 * room, total)


def longest_reach(axis: Axis, tile: int) -> int:
    """Return the most columns that `tile` windows of a table look at together."""
    start, count = axis.borders[:, 0], axis.borders[:, 1]
    held = count > 0
    stop = np.where(held, start + (count - 1) * axis.dilation + 1, 0)
    at = np.arange(0, axis.out, tile)
    first = np.minimum.reduceat(np.where(held, start, axis.size), at)
    return max(int((np.maximum.reduceat(stop, at) - first).max()), 1)


def _weights(
    axes: tuple[Axis, ...], reduction: Reduction, include_pad: bool, override: int | None
) -> list[tuple[int, np.ndarray[Any, Any]]]:
    """Return each axis's share of a window's divisor: of inner windows, and of borders."""
    shares = []
    for number, axis in enumerate(axes):
        borders = axis.borders.copy()
        weight = axis.taps
        if not reduction.weighted or override is not None:
            weight = override if reduction.weighted and number == 0 else 1  # type: ignore[assignment]
            borders[:, 2] = weight
        elif not include_pad:
            borders[:, 2] = borders[:, 1]
        shares.append((weight, borders))
    return shares


def longest(axes: Sequence[Axis]) -> tuple[int, int]:
    """Return the most rows a window has, and the most columns."""
    return prod(axis.longest for axis in axes[:-1]), axes[-1].longest
