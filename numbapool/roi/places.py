"""Where the bins of boxes lie along one axis: their elements, or their samples.

The arithmetic is torch's, in the same order and in float32. A kernel reads a table of three numbers
per row, as :mod:`numbapool.loops.boxes` describes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from numbapool.errors import PoolValueError
from numbapool.inputs import Array

MOST_SAMPLES = 1 << 26
"""The most samples along an axis that a table may list: to make such a table takes gigabytes."""

FARTHEST = np.float32(1 << 26)
"""Boxes are cut at this distance from an image's first element: beyond, float32 is too coarse."""


def scaled(ends: Array, scale: np.float32, moved: np.float32) -> Array:
    """Return boxes' ends in elements, `moved` back, in float32."""
    with np.errstate(over="ignore"):
        places: Array = ends * scale - moved
    return places.clip(-FARTHEST, FARTHEST)


def elements(low: Array, high: Array, out: int, size: int) -> Array:
    """Return the rows of bins of elements, of boxes from `low` to `high`, as in ``roi_pool``.

    Ends are rounded, half away from zero, and both belong to a box. A bin reaches from the floor
    of its start to the ceiling of its end, so neighbouring bins may share an element.

    >>> elements(np.float32([1.5]), np.float32([2.5]), 2, 6)[..., :2].tolist()
    [[2, 1], [3, 1]]
    """
    first, last = (rounded(each).astype(np.int64) for each in (low, high))
    step = np.maximum(last - first + 1, 1).astype(np.float32) / np.float32(out)
    bins = np.arange(out + 1, dtype=np.float32)
    edges = bins * step[:, np.newaxis]
    start = np.floor(edges[:, :-1]).astype(np.int64) + first[:, np.newaxis]
    stop = np.ceil(edges[:, 1:]).astype(np.int64) + first[:, np.newaxis]
    start, stop = start.clip(0, size), stop.clip(0, size)
    count = np.maximum(stop - start, 0)
    return np.stack([np.where(count > 0, start, 0), count, count], axis=-1).reshape(-1, 3)


def rounded(numbers: Array) -> Array:
    """Return the nearest whole numbers, halves away from zero, as C's ``round`` does."""
    whole = np.trunc(numbers)
    return whole + np.where(np.abs(numbers - whole) >= 0.5, np.copysign(1, numbers), 0)


class Samples(NamedTuple):
    """The samples of boxes along an axis that lie inside the image, bin by bin."""

    bins: Array
    """The bin of each sample, counted through all boxes."""
    low: Array
    """The element at or before each sample."""
    share: Array
    """The next element's part in each sample; 0 if that element is not needed."""
    grid: Array
    """The number of samples of each bin of a box, including samples outside."""
    out: int
    """Bins per box."""

    @property
    def counts(self) -> Array:
        """The number of samples of each bin that lie inside."""
        return np.bincount(self.bins, minlength=len(self.grid) * self.out)


def samples(low: Array, length: Array, out: int, ratio: int, size: int) -> Samples:
    """Return the samples of boxes from `low` and `length`, in float32: `ratio` samples per bin.

    If `ratio` is not positive, a bin has as many samples as elements, rounded up.

    Raises
    ------
    PoolValueError
        If there are too many samples.
    """
    step = length / np.float32(out)
    count = np.full(len(low), float(ratio)) if ratio > 0 else np.ceil(step.astype(np.float64))
    count = np.maximum(count, 0)
    base = low[:, np.newaxis] + np.arange(out, dtype=np.float32) * step[:, np.newaxis]
    first, stop = candidates(base.astype(np.float64), step.astype(np.float64), count, size)
    number = (stop - first).reshape(-1)
    total = int(number.sum(dtype=np.float64))  # the sum may be past 64-bit integers
    if total > MOST_SAMPLES:
        raise PoolValueError(
            f"there are {total} samples along an axis, and at most {MOST_SAMPLES} are allowed: "
            "use a smaller sampling_ratio, or fewer boxes at a time"
        )
    bins = np.repeat(np.arange(number.size), number)
    n = np.arange(total) - np.repeat(np.cumsum(number) - number, number)
    n = (n + first.reshape(-1)[bins]).astype(np.float32)
    box = bins // out
    place = (n + np.float32(0.5)) * step[box] / count.astype(np.float32)[box]
    place = base.reshape(-1)[bins] + place
    inside = (place >= -1) & (place <= size)
    place, bins = np.maximum(place[inside], 0), bins[inside]
    element = np.minimum(place.astype(np.int64), size - 1)
    share = np.where(element < size - 1, place - element.astype(np.float32), 0)
    return Samples(bins, element, share.astype(np.float64), count, out)


def candidates(base: Array, step: Array, count: Array, size: int) -> tuple[Array, Array]:
    """Return the first and the end of a bin's samples that may lie inside.

    A box may be of any size. The range is a little wider than needed, because float32 rounds.
    """
    apart = (step / np.maximum(count, 1))[:, np.newaxis]
    margin = 2 + 2.0**-20 * (np.abs(base) + np.abs(step)[:, np.newaxis])
    with np.errstate(all="ignore"):
        ends = np.stack([(-1 - margin - base) / apart, (size + margin - base) / apart])
    first, last = np.floor(ends.min(axis=0)) - 1, np.ceil(ends.max(axis=0)) + 1
    most = np.broadcast_to(count[:, np.newaxis], base.shape)
    moves = np.broadcast_to(apart != 0, base.shape)
    first = np.where(moves, first, 0).clip(0, most).astype(np.int64)
    return first, np.where(moves, last, most).clip(first, most).astype(np.int64)


class Taps(NamedTuple):
    """The numbers of one axis that a kernel reads."""

    table: Array
    """The rows of bins, then the rows of samples or elements."""
    first: Array
    """The first element that each box needs."""
    stop: Array
    """The end of the elements that each box needs."""
    counts: Array
    """The number of rows of samples or elements of each box."""


def one_by_one(found: Samples) -> Taps:
    """Return samples one by one, as they are."""
    some_out = found.counts < np.repeat(found.grid, found.out)
    reach = found.low + (found.share > 0) + 1
    return taps(found, found.bins, found.low, (reach, found.share), some_out)


def added_up(found: Samples, size: int) -> Taps:
    """Return the elements that make up the mean of each bin's samples, with their weights."""
    held = found.share > 0
    bins = np.concatenate([found.bins, found.bins[held]])
    element = np.concatenate([found.low, found.low[held] + 1])
    weight = np.concatenate([1 - found.share, found.share[held]])
    keys, which = np.unique(bins * size + element, return_inverse=True)
    bins, element = keys // size, keys % size
    weight = np.bincount(which, weight, len(keys)) / found.grid[bins // found.out]
    return taps(found, bins, element, (element + 1, weight), np.zeros(1))


def taps(
    found: Samples, bins: Array, element: Array, rest: tuple[Array, Array], some_out: Array
) -> Taps:
    """Return the table of rows sorted by their bins; `rest` are their ends and weights."""
    reach, weight = rest
    boxes = len(found.grid)
    counts = np.bincount(bins, minlength=boxes * found.out)
    table = np.zeros((len(counts) + len(bins), 3), np.int64)
    table[: len(counts), 0] = np.cumsum(counts) - counts
    table[: len(counts), 1] = counts
    table[: len(counts), 2] = some_out
    table[len(counts) :, 0] = element
    table[len(counts) :, 2] = weight.astype(np.float64).view(np.int64)
    first, stop = np.full(boxes, np.iinfo(np.int64).max), np.zeros(boxes, np.int64)
    np.minimum.at(first, bins // found.out, element)
    np.maximum.at(stop, bins // found.out, reach)
    return Taps(table, np.minimum(first, stop), stop, counts.reshape(boxes, found.out).sum(axis=1))
