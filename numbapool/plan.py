"""A pooling decided, before any element is read: the result's shape, and what a kernel needs.

A plan is made once for a shape, a dtype and parameters, and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from numbapool.dtypes import Reduction
from numbapool.errors import PoolValueError
from numbapool.kernels import geometry as g
from numbapool.layout import FORMATS, Layout
from numbapool.windows import Axis, Ints, Padding, pad_pairs, per_axis, sliding

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
) -> Plan:
    """Return the plan for a reduction over the axes' windows."""
    view = view_of(layout.outer, axes, layout.inner, places=len(reduction.outs) > 1)
    d, h, w = view.axes
    reach = w.dilation * (w.taps - 1)
    budget = max(ROW_BYTES // max(kind.itemsize for kind in reduction.lanes) // view.inner, 1)
    if w.regular:
        # A tile reads `reach` columns more than it steps over: that must not be most of them.
        tile = max((max(budget, 4 * reach) - reach) // w.step, 1)
        tile = min(tile, w.out)
        span = (tile - 1) * w.step + reach + 1
        stride = tile * w.step
    else:
        tile = min(max(budget * w.out // w.size, 1), w.out)
        starts, counts = w.borders[:, 0], w.borders[:, 1]
        firsts, lasts = starts[::tile], (starts + counts)[tile - 1 :: tile]
        ends = np.append(lasts, w.size) if len(lasts) < len(firsts) else lasts
        span = int((ends - firsts).max())
        stride = span
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
    shape = layout.shape(tuple(axis.out for axis in axes))
    return Plan(shape, numbers, view.outer * d.out * h.out * tiles, 3 * room, total)


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


def windows_of(
    layout: Layout,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Padding,
    dilation: Ints,
    ceil_mode: bool,
) -> tuple[Axis, ...]:
    """Return the windows of each spatial axis for a kernel that slides.

    Raises
    ------
    PoolValueError
        Where a parameter is out of range or a window fits nowhere.
    """
    ndim = len(layout.spatial)
    kernel = per_axis(kernel_size, ndim, "kernel_size", 1)
    steps = kernel
    if stride is not None and not (isinstance(stride, tuple | list) and len(stride) == 0):
        steps = per_axis(stride, ndim, "stride", 1)  # type: ignore[arg-type]
    spread = per_axis(dilation, ndim, "dilation", 1)
    pads = pad_pairs(padding, kernel, spread)

    def axis(n: int, size: int) -> Axis:
        name = layout.axis_name(n)
        return sliding(size, kernel[n], steps[n], pads[n], spread[n], ceil_mode, name)

    try:
        return tuple(axis(n, size) for n, size in enumerate(layout.spatial))
    except PoolValueError as error:
        raise PoolValueError(f"{error}{_other_reading(layout, kernel)}") from None


def _other_reading(layout: Layout, kernel: tuple[int, ...]) -> str:
    """Ask whether the other data format was meant, where the window would fit in that."""
    first, last = FORMATS[len(kernel)]
    sizes = (*layout.lead, *layout.spatial, *layout.channels)
    if layout.channels:
        here, there, spatial = last, first, sizes[-len(kernel) :]
    else:
        here, there, spatial = first, last, sizes[-len(kernel) - 1 : -1]
    if len(spatial) < len(kernel) or any(k > s for k, s in zip(kernel, spatial, strict=True)):
        return ""
    return f" (shape {sizes} was read as {here}: was data_format={there!r} meant?)"


def refuse_empty_windows(layout: Layout, axes: Sequence[Axis], what: str) -> None:
    """Raise where a window holds no input at all, and `what` is then undefined."""
    for n, axis in enumerate(axes):
        at = axis.empty_window
        if at is not None:
            raise PoolValueError(
                f"window {at} of {layout.axis_name(n)} holds no input, only padding: "
                f"{what} is undefined there; use less padding or dilation"
            )


Shaper = Callable[[Layout], tuple[Axis, ...]]


def longest(axes: Sequence[Axis]) -> tuple[int, int]:
    """Return the most rows a window has, and the most columns."""
    return prod(axis.longest for axis in axes[:-1]), axes[-1].longest
