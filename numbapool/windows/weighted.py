"""Windows whose taps have weights: one table per axis, since such a pooling is separable.

Along each axis, result ``i`` is the sum of ``weights[i, t] * x[start[i] + t]`` for
``t < count[i]``. All taps lie inside the input: with padding, the table has already moved the
weight of each tap outside to the element that the padding repeats.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any

import numpy as np

from numbapool.errors import PoolValueError, shown
from numbapool.records import dataclass
from numbapool.windows.axes import refuse_too_many
from numbapool.windows.borders import mapped, named, refuse_too_far
from numbapool.windows.layout import Layout
from numbapool.windows.numbers import Ints, per_axis

MOST_TAPS = 16
"""The most taps of a blur along an axis: sums of 64-bit integers are exact up to here. Longer
filters hardly differ from a Gaussian."""

Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class WeightedAxis:
    """The weighted windows of one axis: arrays with one row per window."""

    size: int
    """Elements of the input."""
    start: Numbers
    """The first tap, inside the input."""
    count: Numbers
    """The number of taps, which are neighbours from the first on."""
    weights: Numbers
    """The taps' weights, whole numbers or floats; 0 past a window's count."""
    whole: int = 1
    """The sum of whole weights; windows that pad with zeros have less."""
    full: int = 1
    """The weight of an element that lies in one window alone, if weights are shares of elements."""

    @property
    def out(self) -> int:
        """The number of windows."""
        return len(self.start)

    @property
    def taps(self) -> int:
        """The most taps of a window."""
        return int(self.weights.shape[1])

    @property
    def longest(self) -> int:
        """How many taps of weight 1 weigh as much as a window."""
        return self.whole


def weighted(
    size: int, places: Numbers, weights: Numbers, whole: int = 1, full: int = 1
) -> WeightedAxis:
    """Return the windows whose taps lie at `places`, one row per window, all inside the input.

    `weights` has the shape of `places`. Weights at one place add up; taps of weight 0 do not count.

    >>> axis = weighted(5, np.array([[1, 0, 1]]), np.array([[1, 2, 1]]))
    >>> axis.start, axis.count, axis.weights
    (array([0]), array([2]), array([[2, 2]]))
    """
    held = weights != 0
    start = np.where(held, places, size).min(axis=1, initial=size)
    stop = np.where(held, places + 1, 0).max(axis=1, initial=0)
    start = np.minimum(start, stop).astype(np.int64)
    count = (stop - start).astype(np.int64)
    table = np.zeros((len(places), int(count.max(initial=0))), weights.dtype)
    windows, taps = np.nonzero(held)
    np.add.at(table, (windows, places[windows, taps] - start[windows]), weights[windows, taps])
    for array in (start, count, table):
        array.flags.writeable = False
    return WeightedAxis(size, start, count, table, whole, full)


@lru_cache(maxsize=256)
def binomial(size: int, taps: int, step: int, mode: str, name: str = "the axis") -> WeightedAxis:
    """Return ``ceil(size / step)`` windows of binomial weights, for a blur.

    The weights are whole numbers that add up to ``2 ** (taps - 1)``, or less where zeros pad.

    Raises
    ------
    PoolValueError
        If the axis is empty, or too short for the mode.

    >>> binomial(4, 3, 2, "reflect").weights
    array([[2, 2, 0],
           [1, 2, 1]])
    """
    if size == 0:
        raise PoolValueError(f"{name} has size 0: there is nothing to pool along it")
    before, after = (taps - 1) // 2, taps // 2
    refuse_too_far(size, (before, after), mode, name, "filter_size")
    out = -(-size // step)
    refuse_too_many(out, out, name)
    places = np.arange(out)[:, np.newaxis] * step - before + np.arange(taps)
    weights = np.tile(np.array([comb(taps - 1, t) for t in range(taps)], np.int64), (out, 1))
    if mode == "zeros":
        weights[(places < 0) | (places >= size)] = 0
        places = np.clip(places, 0, size - 1)
    else:
        places = mapped(places, size, mode)
    return weighted(size, places, weights, 1 << (taps - 1))


@dataclass(frozen=True)
class Blur:
    """A sliding binomial filter."""

    filter_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding_mode: str

    @classmethod
    def of(cls, ndim: int, filter_size: Ints, stride: Ints, padding_mode: str) -> Blur:
        """Return the filter over `ndim` axes from the parameters of a blur.

        Raises
        ------
        PoolValueError, PoolTypeError
            If a parameter is out of range, or is no number.
        """
        taps = per_axis(filter_size, ndim, "filter_size", 1)
        if max(taps) > MOST_TAPS:
            raise PoolValueError(
                f"filter_size must be at most {MOST_TAPS}, not {shown(filter_size)}"
            )
        return cls(taps, per_axis(stride, ndim, "stride", 1), named(padding_mode))

    def axes(self, layout: Layout) -> tuple[WeightedAxis, ...]:
        """Return the windows of each spatial axis of a layout.

        Raises
        ------
        PoolValueError
            If an axis is empty, or too short for the padding mode.
        """
        numbers = zip(layout.spatial, self.filter_size, self.stride, strict=True)
        return tuple(
            binomial(size, taps, step, self.padding_mode, layout.axis_name(n))
            for n, (size, taps, step) in enumerate(numbers)
        )
