"""Windows that read what a padding mode puts outside the input.

The input is not copied. It is pooled as it is, which is right for the windows inside it. The other
windows lie in boxes along the results' borders. For each box a small array is made, of what its
windows read, and pooled without padding. Its results are written over the first ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numbapool.inputs import Array
from numbapool.plan.selections import is_of_large_windows
from numbapool.pooling import planners
from numbapool.pooling.least import call_of
from numbapool.pooling.planners import Request
from numbapool.run.call import Call
from numbapool.windows.axes import Axis
from numbapool.windows.borders import Stretch, constant, stretch, true_places
from numbapool.windows.layout import Layout, refuse_too_large
from numbapool.windows.window import Window

Box: TypeAlias = tuple[tuple[int, int], ...]
"""The first window along each axis, and the one after the last."""

SMALL = 1 << 14
"""Elements of an input that is copied with all of its padding. So few are copied within the time of
a call or two, and the boxes of two axes take four more."""

MOST_OUTSIDE = 0.5
"""The share of windows that reach outside from which all windows are pooled as one box."""


class Part(NamedTuple):
    """A box of windows: what they read, and where their results go."""

    box: Box
    stretches: tuple[Stretch, ...]
    window: Window
    """The windows without padding."""
    call: Call


class Bordered:
    """A call whose windows read elements outside the input."""

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], window: Window, request: Request
    ) -> None:
        placed = planners.place(shape, window, request)
        refuse_too_large(placed.shape)
        self.shape = placed.shape
        self.layout: Layout = placed.layout
        self.outside = constant(window.padding_mode, dtype)
        """The number outside the input; None if elements of the input stand there."""
        self._window, self._request, self._dtype = window, request, dtype
        self.bare = replace(window, padding_mode=None, count_include_pad=False)
        """The same windows, which leave out what lies outside."""
        self.inside = None
        if not as_one_box(prod(shape), placed.axes, window, request):
            inside = self._call(shape, self.bare)
            # The loops of large windows count a whole window before they go on, in each box anew.
            self.inside = None if is_of_large_windows(inside.plan) else inside
        whole: Box = tuple((0, axis.out) for axis in placed.axes)
        boxes = border_boxes(placed.axes) if self.inside is not None else [whole]
        self.parts = [self._part(box) for box in boxes]
        self.outs = (self.inside or self.parts[0].call).outs
        self.indices = bool(dict(request.own).get("return_indices"))

    def _call(self, shape: tuple[int, ...], window: Window) -> Call:
        return call_of(shape, self._dtype, window, self._request)

    def _part(self, box: Box) -> Part:
        """Return a box of windows with what it reads."""
        window, stretches = self._window, []
        for n, ((first, stop), size) in enumerate(zip(box, self.layout.spatial, strict=True)):
            before, after = window.pads(n, size)
            step, reach = window.stride[n], window.dilation[n] * (window.kernel_size[n] - 1) + 1
            begin = first * step - before
            end = min((stop - 1) * step - before + reach, size + after)
            stretches.append(stretch(begin, end, size, window.padding_mode))
        shape = self.layout.shape(tuple(each.length for each in stretches))
        refuse_too_large(shape)
        bare = replace(
            window, padding=((0, 0),) * len(box), padding_mode=None, count_include_pad=False
        )
        return Part(box, tuple(stretches), bare, self._call(shape, bare))

    def fresh(self, x: Array) -> tuple[Array, ...]:
        """Pool a contiguous array into new results."""
        outs = tuple([np.empty(self.shape, dtype) for dtype in self.outs])
        self.into(x, outs)
        return outs

    def into(self, x: Array, outs: tuple[Array, ...]) -> None:
        """Pool a contiguous array into contiguous results."""
        if self.inside is not None:
            self.inside.into(x, outs)
        lead = (slice(None),) * len(self.layout.lead)
        for part in self.parts:
            results = part.call.fresh(self._read(x, part.stretches))
            if self.indices:
                results = results[0], true_places(results[1], part.stretches, self.layout.spatial)
            where = *lead, *(slice(*windows) for windows in part.box)
            for out, result in zip(outs, results, strict=True):
                out[where] = result

    def _read(self, x: Array, stretches: Sequence[Stretch]) -> Array:
        """Return the elements of an array, and of what lies outside, at places of its axes."""
        lead = (slice(None),) * len(self.layout.lead)
        # The shortest stretch first, so that little is copied for the others.
        for n, each in sorted(enumerate(stretches), key=lambda pair: pair[1].length):
            axis = len(lead) + n
            held = x[(*lead, *(slice(None),) * n, each.inside)]
            before, after = (self._outside(x, places, axis) for places in (each.before, each.after))
            outside = before.shape[axis] + after.shape[axis]
            x = np.concatenate([before, held, after], axis) if outside else held
        return np.ascontiguousarray(x)

    def _outside(self, x: Array, places: Any, axis: int) -> Array:
        """Return what lies outside an axis of an array, at some places."""
        if self.outside is None:
            taken: Array = x.take(places, axis)
            return taken
        shape = *x.shape[:axis], len(places), *x.shape[axis + 1 :]
        return np.full(shape, self.outside, x.dtype)


def as_one_box(elements: int, axes: tuple[Axis, ...], window: Window, request: Request) -> bool:
    """Say whether all windows are one box, so that the padded input is copied."""
    own = dict(request.own)
    drawn = "seed" in own  # what a window draws depends on its number among all
    alone = any(axis.empty_window is not None or not axis.regular for axis in axes)
    taken = window.taken(axes)
    alone |= taken is not None and not taken.counts(False).all()
    if drawn or alone or elements <= SMALL:
        return True
    inner = prod((axis.hi - axis.lo) / axis.out for axis in axes)
    return 1 - inner > MOST_OUTSIDE


def border_boxes(axes: Sequence[Axis]) -> Iterator[Box]:
    """Yield boxes that hold each window that reaches outside once.

    The boxes of the first axis take all windows of the other axes, those of the next axis only
    the inner windows of the first, and so on.
    """
    for n, axis in enumerate(axes):
        inner = [(each.lo, each.hi) for each in axes[:n]]
        whole = [(0, each.out) for each in axes[n + 1 :]]
        for first, stop in ((0, axis.lo), (axis.hi, axis.out)):
            if first < stop:
                yield (*inner, (first, stop), *whole)
