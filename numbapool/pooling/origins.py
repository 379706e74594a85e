"""What the axes of a pooled array were, which arrays with names for their axes come back by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numbapool.arrays import Origin, kept, through
from numbapool.inputs import frozen
from numbapool.operators import FRACTIONAL
from numbapool.pooling import planners
from numbapool.pooling.planners import READERS
from numbapool.windows.axes import sliding
from numbapool.windows.layout import Layout, layout_of
from numbapool.windows.window import Whole


def by_windows(form: str, shape: tuple[int, ...], key: tuple[Any, ...]) -> tuple[Origin, ...]:
    """Return the origins of the axes of a pooling's results, from its form and key."""
    if form == FRACTIONAL:  # each plane has windows of its own
        return unlike(layout_of(shape, *key[:2]))
    window, request = READERS[form](*map(frozen, key))
    placed = planners.place(shape, window, request)
    first, stop = len(placed.layout.lead), len(shape) - len(placed.layout.channels)
    pooled: Sequence[Origin]
    if isinstance(window, Whole):
        axes = range(first, stop) if window.keepdims else ()
        pooled = [through(n, sliding(shape[n], shape[n], 1)) for n in axes]
    else:
        pooled = [through(first + n, axis) for n, axis in enumerate(placed.axes)]
    return (*kept(*range(first)), *pooled, *kept(*range(stop, len(shape))))


def unlike(layout: Layout) -> tuple[Origin, ...]:
    """Return the origins if the places along the spatial axes are not those of the array."""
    first, last = len(layout.lead), len(layout.channels)
    stop = first + len(layout.spatial)
    axes = [Origin(axis) for axis in range(first, stop)]
    return (*kept(*range(first)), *axes, *kept(*range(stop, stop + last)))
