"""An array and its windows as the kernels take them: three axes at most, of no work none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from numbapool.loops.geometry import Numbers, filled
from numbapool.reducers.case import Reduction
from numbapool.windows.axes import Axis, sliding

Weights: TypeAlias = list[tuple[int, np.ndarray[Any, Any]]]
"""Of each axis, a window's share of a mean's divisor: of inner windows, and the borders' table."""


OF_AN_AXIS = ("size", "out", "step", "before", "taps", "dilation")
"""What the geometry takes from an axis as it stands."""


@dataclass(frozen=True, eq=False)
class View:
    """An array and its windows as the kernels take them, axes of no work folded away."""

    outer: int
    axes: tuple[Axis, Axis, Axis]
    inner: int
    row_pitch: int
    column_pitch: int
    """An element's place in its plane is row * row_pitch + column * column_pitch."""

    @property
    def elements(self) -> int:
        """How many elements the array has."""
        d, h, w = self.axes
        return self.outer * d.size * h.size * w.size * self.inner


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


def geometry(view: View, head: dict[str, int], shares: Weights, slides: bool = True) -> Numbers:
    """Return the view as one array of numbers, as :mod:`numbapool.loops.geometry` names them.

    If windows slide along the columns, a border's place follows from its number, and only
    one with a weight of its own stands in the table.
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
