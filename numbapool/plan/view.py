"""An array and its windows as the kernels take them: at most three axes, all with work to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from numbapool.loops.geometry import Numbers, filled
from numbapool.records import dataclass
from numbapool.reducers.case import Reduction
from numbapool.windows.axes import Axis, sliding

Weights: TypeAlias = list[tuple[int, np.ndarray[Any, Any]]]
"""Per axis, the windows' part in a mean's divisor: an inner window's, and a table of borders."""


OF_AN_AXIS = ("size", "out", "step", "before", "taps", "dilation")
"""The numbers that the geometry takes from an axis unchanged."""


@dataclass(frozen=True, eq=False)
class View:
    """An array and its windows as the kernels take them; axes without work are folded away."""

    outer: int
    axes: tuple[Axis, Axis, Axis]
    inner: int
    row_pitch: int
    column_pitch: int
    """An element's place in its plane is row * row_pitch + column * column_pitch."""

    @property
    def elements(self) -> int:
        """The array's number of elements."""
        d, h, w = self.axes
        return self.outer * d.size * h.size * w.size * self.inner


def identity(size: int) -> Axis:
    """Return an axis whose windows are its elements."""
    return sliding(size, 1, 1)


SINGLE = identity(1)


def long_rows(
    outer: int,
    axes: Sequence[Axis],
    inner: int,
    places: bool,
    like: Sequence[Axis] | None = None,
) -> View:
    """Fold axes without work, and axes of one whole window, into their neighbours.

    With `places`, elements keep their row and column. If the axes are parts of other axes, those
    are `like`, and say which axes a window holds whole.
    """
    lacking = [SINGLE] * (3 - len(axes))
    d, h, w = (*lacking, *axes)
    deep, high, wide = (*lacking, *(axes if like is None else like))
    if d.trivial and (d.size == 1 or not places):
        outer, d = outer * d.size, SINGLE
    if high.whole and wide.whole and not places:
        h, w = SINGLE, sliding(h.size * w.size, h.size * w.size, 1)
        if deep.whole:
            d, w = SINGLE, sliding(d.size * w.size, d.size * w.size, 1)
    return View(outer, (d, h, w), inner, w.size, 1)


def whole_rows(view: View, places: bool) -> View:
    """Make channels part of the rows if nothing is pooled along the rows."""
    d, h, w = view.axes
    if d is SINGLE and h is SINGLE and view.inner > 1:
        return View(view.outer, (SINGLE, w, identity(view.inner)), 1, 1, 0)
    if w.trivial and not places:
        return replace(view, axes=(d, h, identity(w.size * view.inner)), inner=1)
    return view


def longest_reach(axis: Axis, tile: int) -> int:
    """Return the most columns that `tile` windows of a table look at together."""
    start, count = axis.borders[:, 0], axis.borders[:, 1]
    held = count > 0
    stop = np.where(held, start + (count - 1) * axis.dilation + 1, 0)
    at = np.arange(0, axis.out, tile)
    first = np.minimum.reduceat(np.where(held, start, axis.size), at)
    return max(int((np.maximum.reduceat(stop, at) - first).max()), 1)


def in_groups(view: View, count: int) -> bool:
    """Say whether windows begin and end between groups of `count` columns."""
    w = view.axes[2]
    even = not any(number % count for number in (w.size, w.taps, w.step, w.before))
    return count == 1 or (even and view.inner == 1 and w.regular and w.dilation == 1)


def grouped(view: View, shares: Weights, count: int) -> tuple[View, Weights]:
    """Return the view and the weights with groups of `count` columns as columns."""
    if count == 1:
        return view, shares
    weight, table = shares[2]
    columns = (weight, table // np.array([count, count, 1]))
    return in_columns(view, count), [*shares[:2], columns]


def in_columns(view: View, count: int) -> View:
    """Return the view with groups of `count` columns as columns."""
    d, h, w = view.axes
    size, taps, step, before = (n // count for n in (w.size, w.taps, w.step, w.before))
    fewer = replace(w, size=size, taps=taps, step=step, before=before)
    return view if count == 1 else replace(view, axes=(d, h, fewer))


def as_runs(view: View) -> View:
    """Make each row one pixel if nothing is pooled along it, or all rows if nothing is pooled."""
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


def weights(
    axes: tuple[Axis, ...], reduction: Reduction, include_pad: bool, override: int | None
) -> Weights:
    """Return each axis's part in a window's divisor, for inner windows and for borders."""
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


def geometry(view: View, head: dict[str, int], shares: Weights, slides: bool = True) -> Numbers:
    """Return the view as one array of numbers, as :mod:`numbapool.loops.geometry` names them.

    If windows slide along the columns, a border's place follows from its number, so the table
    holds only borders with a weight of their own.
    """
    axes = []
    for number, (axis, (weight, borders)) in enumerate(zip(view.axes, shares, strict=True)):
        lo, hi = axis.lo, axis.hi
        if slides and number == 2 and axis.regular and (borders[:, 2] == weight).all():
            lo, hi = 0, axis.out
        own = {name: getattr(axis, name) for name in OF_AN_AXIS}
        axes.append({**own, "lo": lo, "hi": hi, "weight": weight})
    head = {
        "total": view.elements,
        "inner": view.inner,
        "row_place": view.row_pitch,
        "column_place": view.column_pitch,
        **head,
    }
    return filled(head, axes, [borders for _, borders in shares])
