"""Medians and modes of whole numbers by NumPy, while the kernel is not compiled yet.

All windows that have the same taps are pooled at once: an array per tap, whose elements are
exchanged until the wanted ones stand in one array. Whole numbers have one lower median, and one
smallest of their commonest, so the results are the kernel's to the bit.
"""

from collections.abc import Iterator
from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..codecs.georeference import Step
from ..job import Values, per_axis
from ..windows import Arguments
from .tiled import Axes, Numbers

SLOWER = {"median": 1, "mode": 3}
"""The operators that are pooled here, and how many times longer each element of a window takes
than one of a mean by 2 x 2."""

MOST_TAPS = 25
"""The most elements of a window: for more, NumPy takes longer than a compiler."""

BLOCK = 1 << 16
"""How many results are made at a time, so that the arrays of all taps stay in the cache."""


class Group(NamedTuple):
    """Windows of one axis that follow each other evenly, and have as many taps."""

    first: int
    windows: int
    start: int
    """The first tap of the first one."""
    step: int
    dilation: int
    taps: int


def groups(step: Step, size: int, out: int, dilation: int) -> list[Group]:
    """Return the groups of an axis's windows, `out` of them over `size` elements."""
    starts = np.arange(out) * step.stride + round(step.start)
    before = np.maximum(-(starts // dilation), 0)  # taps before the first element
    after = np.minimum(step.span - 1, size - 1 - starts) // dilation
    starts, taps = starts + before * dilation, after + 1 - before
    uneven = (np.diff(taps) != 0) | (np.diff(starts) != step.stride)
    edges = [0, *(np.flatnonzero(uneven) + 1).tolist(), out]
    return [
        Group(first, end - first, int(starts[first]), int(step.stride), dilation, int(taps[first]))
        for first, end in pairwise(edges)
    ]


def suits(array: Numbers, arguments: Arguments, values: Values) -> bool:
    """Say whether :func:`ranked` pools an array, by one of :data:`SLOWER`'s operators."""
    if array.dtype.kind not in "iu" or not array.dtype.isnative or not array.size:
        return False
    asked = (values.nodata, values.min_count, values.device)
    kernel = arguments.get("kernel_size")
    if asked != (None, None, "cpu") or kernel is None:
        return False
    if arguments["footprint"] is not None or arguments["padding_mode"] is not None:
        return False
    return prod(per_axis(kernel, 2)) <= MOST_TAPS


def ranked(array: Numbers, operator: str, axes: Axes, windows: list[list[Group]]) -> Numbers:
    """Pool an array; the groups of windows are those of its axes of height and width."""
    pick = lower_median if operator == "median" else smallest_mode
    shape = list(array.shape)
    for axis, line in zip(axes, windows, strict=True):
        shape[axis] = sum(group.windows for group in line)
    results = np.empty(shape, array.dtype)
    width = results.size // shape[axes[0]]
    source, target = (np.moveaxis(each, axes, (0, 1)) for each in (array, results))
    for high, wide in product(windows[0], windows[1]):
        columns = slice(wide.first, wide.first + wide.windows)
        for part in _blocks(high, width):
            rows = slice(part.first, part.first + part.windows)
            taps = product(_taps(part), _taps(wide))
            target[rows, columns] = pick([source[down, across] for down, across in taps])
    return results


def _blocks(group: Group, width: int) -> Iterator[Group]:
    """Yield the rows of windows of a group in blocks."""
    most = max(BLOCK // width, 1)
    for done in range(0, group.windows, most):
        start = group.start + done * group.step
        windows = min(most, group.windows - done)
        yield group._replace(first=group.first + done, windows=windows, start=start)


def _taps(group: Group) -> Iterator[slice]:
    """Yield where the n-th taps of all windows of a group lie, for each n."""
    for n in range(group.taps):
        start = group.start + n * group.dilation
        yield slice(start, start + (group.windows - 1) * group.step + 1, group.step)


def lower_median(taps: list[Numbers]) -> Numbers:
    """Return the median of each place of several arrays; the lower one of two.

    The largest of more elements than can follow the median is none of those that it could be, nor
    is the smallest of more than can precede it. So these are dropped, one after the other.
    """
    fold: Any
    other: Any
    rank, left = (len(taps) - 1) // 2, list(taps)
    while len(left) > 1:
        if 2 * rank < len(left) - 1:
            most, fold, other = rank + 2, np.maximum, np.minimum
        else:
            most, fold, other = len(left) - rank + 1, np.minimum, np.maximum
            rank -= 1
        taken, left = left[:most], left[most:]
        outer = taken[0]
        for each in taken[1:-1]:
            left.append(other(outer, each))
            outer = fold(outer, each)
        left.append(other(outer, taken[-1]))
    return left[0]


def smallest_mode(taps: list[Numbers]) -> Numbers:
    """Return the commonest element of each place of several arrays; the smallest one of several."""
    ordered = _sorted(taps)
    found, run = ordered[0].copy(), np.ones_like(ordered[0], np.uint8)
    most = run.copy()
    for before, each in pairwise(ordered):
        run = np.where(each == before, run, 0) + np.uint8(1)
        more = run > most
        np.copyto(found, each, where=more)
        np.maximum(most, run, out=most)
    return found


def _sorted(taps: list[Numbers]) -> list[Numbers]:
    """Return arrays whose elements at each place are in order: exchanged by Batcher's network."""
    found, count = list(taps), len(taps)
    wide = 1
    while wide < count:
        step = wide
        while step:
            for start in range(step % wide, count - step, 2 * step):
                for n in range(start, min(start + step, count - step)):
                    if n // (2 * wide) == (n + step) // (2 * wide):
                        low, high = found[n], found[n + step]
                        found[n], found[n + step] = np.minimum(low, high), np.maximum(low, high)
            step //= 2
        wide *= 2
    return found
