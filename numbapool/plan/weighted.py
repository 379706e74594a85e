"""The plan of windows whose taps have weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.loops.geometry import AT, AXIS, BORDER, Numbers, filled
from numbapool.plan.choose import Plan
from numbapool.reducers.case import Reduction
from numbapool.windows.layout import Layout
from numbapool.windows.weighted import WeightedAxis

TABLES = max(AT.values()) + len(AXIS)
"""The slot where the tables begin."""

DEEP = {"size": 1, "out": 1, "lo": 0, "hi": 1, "step": 1, "before": 0, "taps": 1, "dilation": 1}
"""The depth axis, which two axes lack."""


def weighted_plan(
    shape: tuple[int, ...],
    layout: Layout,
    axes: tuple[WeightedAxis, ...],
    reduction: Reduction,
) -> Plan:
    """Return the plan of two axes."""
    if not layout.outer * layout.inner:
        return Plan(shape, "weighted", np.empty(0, np.int64), 0, 0, 0)
    height, width = axes
    slot = TABLES + BORDER * (height.out + width.out)
    blocks, borders, weights = [{**DEEP, "weight": 0}], [np.empty((0, BORDER), np.int64)], []
    for axis in axes:
        slots = slot + axis.taps * np.arange(axis.out)
        borders.append(np.stack([axis.start, axis.count, slots], axis=1))
        blocks.append(block(axis, slots))
        weights.append(as_slots(axis.weights, reduction, axis.whole))
        slot += axis.out * axis.taps
    row, result = width.size * layout.inner, width.out * layout.inner
    pieces = layout.outer * height.out
    total = layout.outer * height.size * row
    head = {"total": total, "inner": layout.inner, "pieces": pieces}
    numbers = filled(head, blocks, borders, weights)
    return Plan(shape, "weighted", numbers, pieces, row + result, 2 * total)


def as_slots(weights: Numbers, reduction: Reduction, whole: int = 1) -> Numbers:
    """Return weights, or shares of a `whole`, as loops read them: integers, or the bits of floats.

    Integers stay whole.
    """
    if reduction.lanes[0].kind != "f":
        return weights
    return np.ascontiguousarray(weights / float(whole)).view(np.int64)


def block(axis: WeightedAxis, slots: Numbers) -> dict[str, Any]:
    """Return the numbers of an axis: its inner windows have the same weights at every step."""
    middle = axis.out // 2
    step = int(axis.start[middle] - axis.start[middle - 1]) if axis.out > 1 else 1
    step = max(step, 1)  # windows that begin at one place follow no step
    before = middle * step - int(axis.start[middle])
    like = (axis.weights == axis.weights[middle]).all(axis=1) & (axis.count == axis.count[middle])
    like &= axis.start == np.arange(axis.out) * step - before
    other = np.flatnonzero(~like)
    lo = int(other[other < middle].max(initial=-1)) + 1
    hi = int(other[other > middle].min(initial=axis.out))
    taps, weight = int(axis.count[middle]), int(slots[middle])
    own = {"lo": lo, "hi": hi, "step": step, "before": before, "taps": taps, "weight": weight}
    return {"size": axis.size, "out": axis.out, "dilation": 1, **own}
