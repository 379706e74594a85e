"""Poolings whose windows need a number of elements that count."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any, TypeAlias

import numpy as np

from numbapool.errors import PoolTypeError
from numbapool.inputs import Array
from numbapool.plan.choose import Plan
from numbapool.pooling.marks import mark_of
from numbapool.pooling.planners import Chosen, Request, Windows, choose, plan_of
from numbapool.reducers.case import Reduction
from numbapool.run.call import Call
from numbapool.windows.axes import Axis
from numbapool.windows.layout import Layout, refuse_too_large
from numbapool.windows.weighted import WeightedAxis
from numbapool.windows.window import Window


def inside_axis(axis: Axis | WeightedAxis) -> Array:
    """Return how many elements inside the input each window of an axis has, or parts of them."""
    if isinstance(axis, WeightedAxis):
        return np.full(axis.out, axis.whole)
    counts = np.full(axis.out, axis.taps)
    counts[: axis.lo] = axis.borders[: axis.lo, 1]
    counts[axis.hi :] = axis.borders[axis.lo :, 1]
    return counts


def least_of(counts: Array, min_count: int | float | None) -> Any:
    """Return how many of `counts` elements a window needs.

    A share is rounded up. The quotient of two whole numbers is the float nearest to it, as a share
    in decimals is: so 0.1 of 10 elements is 1.
    """
    if min_count is None or isinstance(min_count, int):
        return min_count or 0
    least = np.floor(counts * min_count).astype(np.int64)
    least += least / np.maximum(counts, 1) < min_count
    return least


def parts_of(axes: Sequence[Any]) -> int:
    """Return how many parts an element has for windows along these axes."""
    return prod(axis.full for axis in axes if isinstance(axis, WeightedAxis))


def needed(layout: Layout, counts: Array, min_count: int | float) -> Any:
    """Return how many of the windows' elements each needs: a number, or an array to broadcast."""
    if isinstance(min_count, int):
        return min_count
    least = least_of(counts, min_count)
    if least.size == 1:
        return int(least.reshape(-1)[0])
    return least[..., None] if layout.channels else least


def call_of(
    shape: tuple[int, ...], dtype: np.dtype[Any], windows: Windows, request: Request
) -> Call:
    """Return the call of one kernel, and of a second one if windows need a number of elements."""
    return call_for(chosen_for(shape, dtype, windows, request), dtype, windows, request)


Chosens: TypeAlias = tuple[Chosen, ...]
"""What a call computes and, if windows need a number of elements, what counts these."""


def chosen_for(
    shape: tuple[int, ...], dtype: np.dtype[Any], windows: Windows, request: Request
) -> Chosens:
    """Return what a call computes for arrays of a shape and a dtype."""
    requests = (request,) if request.min_count is None else (request, request.counting())
    made = tuple(choose(shape, dtype, windows, each, in_fours=True) for each in requests)
    refuse_too_large(made[0].placed.shape)
    return made


def call_for(
    chosens: Chosens,
    dtype: np.dtype[Any],
    windows: Windows,
    request: Request,
    like: tuple[Axis, ...] | None = None,
) -> Call:
    """Return the call; if the axes are parts of other axes, those are `like`."""
    chosen, *others = chosens
    plan, reduction = plan_of(chosen, dtype, windows, like), chosen.reduction
    if request.min_count is None:
        return Call(plan, reduction, dtype)
    (counting,) = others
    counts = Call(plan_of(counting, dtype, windows, like), counting.reduction, dtype)
    layout, axes, _ = chosen.placed
    taken = windows.taken(axes) if isinstance(windows, Window) else None
    if taken is None:
        inside = reduce(np.multiply.outer, map(inside_axis, axes))
    else:
        inside = taken.of_each(taken.counts(False))
    wanted = request.min_count
    least = needed(layout, inside, wanted * parts_of(axes) if isinstance(wanted, int) else wanted)
    mark = mark_of(reduction.outs[0], request.nodata)
    return LeastCall(plan, reduction, dtype, counts, least, mark)


class LeastCall(Call):
    """A pooling whose windows need a number of counted elements, which a second pooling counts."""

    def __init__(
        self,
        plan: Plan,
        reduction: Reduction,
        dtype: np.dtype[Any],
        counts: Call,
        least: Any,
        mark: Any,
    ) -> None:
        super().__init__(plan, reduction, dtype)
        self.counts = counts
        self.least = least
        self.mark = mark

    def into(
        self,
        x: Array,
        outs: tuple[Array, ...],
        more: tuple[Array, ...] = (),
        other: Plan | None = None,
    ) -> None:
        """Pool a contiguous array into contiguous results, and mark windows with too few."""
        super().into(x, outs, more, other)
        (counted,) = self.counts.fresh(x)
        np.copyto(outs[0], self.mark, where=counted < self.least)

    def numbers(self, key: tuple[int, ...]) -> list[int]:
        """Refuse to be a record: compiled code runs one kernel per call.

        Raises
        ------
        PoolTypeError
            Always.
        """
        raise PoolTypeError("a call with min_count has no record, since it runs two kernels")
