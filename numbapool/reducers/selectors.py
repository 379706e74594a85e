"""Selectors: what a window keeps of all its elements at once, sorted or not.

Like a reducer, a selector is a ``NamedTuple`` class whose methods are plain Python:

- ``sorts(taps)`` says whether `taps` elements must be sorted;
- ``select(values, at, step, taps, number)`` picks from `taps` elements, `step` apart from `at` on,
  for result number `number`;
- ``empty()`` returns the result of a window whose elements are all skipped;
- ``rank(taps)``, if the selector picks by rank alone, returns the rank in the sorted elements, and
  the share of the way to the next one that the result lies at;
- ``settled(low, high, weight)`` then makes the result of these two elements.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction, is_past_float64
from numbapool.reducers.dtypes import DType, in_floats, lane
from numbapool.reducers.ways import variant


class LowerMedian(NamedTuple):
    """The middle element, or the lower of two middle elements, so that integers stay integers."""

    left_out: Any
    of_nothing: Any

    def empty(self):
        return self.of_nothing

    def sorts(self, taps):
        return True

    def select(self, values, at, step, taps, number):
        return values[at + (taps - 1) // 2 * step]

    def rank(self, taps):
        return (taps - 1) // 2, 0.0

    def settled(self, low, high, weight):
        return low


class Median(NamedTuple):
    """The middle element, or the mean of two middle elements."""

    left_out: Any
    of_nothing: Any

    def empty(self):
        return self.of_nothing

    def sorts(self, taps):
        return True

    def select(self, values, at, step, taps, number):
        low = values[at + (taps - 1) // 2 * step]
        return between(low, values[at + taps // 2 * step], 0.5)

    def rank(self, taps):
        return (taps - 1) // 2, 0.0 if taps % 2 else 0.5

    def settled(self, low, high, weight):
        return between(low, high, weight)


class Percentile(NamedTuple):
    """The element at a share of the way through the sorted elements, interpolated as in NumPy."""

    left_out: Any
    of_nothing: Any
    share: Any

    def empty(self):
        return self.of_nothing

    def sorts(self, taps):
        return True

    def select(self, values, at, step, taps, number):
        low, weight = rank_at(self.share, taps)
        high = min(low + 1, taps - 1)
        return between(values[at + low * step], values[at + high * step], weight)

    def rank(self, taps):
        return rank_at(self.share, taps)

    def settled(self, low, high, weight):
        return between(low, high, weight)


class Mode(NamedTuple):
    """The most frequent element; if several are, the smallest of them."""

    left_out: Any
    of_nothing: Any

    def empty(self):
        return self.of_nothing

    def sorts(self, taps):
        return taps != 4

    def select(self, values, at, step, taps, number):
        if taps == 4:  # the usual window of labels; without a loop whole rows are picked at once
            second, third = values[at + step], values[at + 2 * step]
            return mode_of_four(values[at], second, third, values[at + 3 * step])
        best = values[at]
        last = best
        most = 0
        run = 0
        for t in range(taps):
            value = values[at + t * step]
            run = run + 1 if value == last else 1
            best = value if run > most else best
            most = max(most, run)
            last = value
        return best


def mode_of_four(a, b, c, d):
    """Return the most frequent of four numbers in any order; if several are, the smallest."""
    low, high = (a if a <= b else b), (b if a <= b else a)
    left, right = (c if c <= d else d), (d if c <= d else c)
    best = low if low <= left else left
    best = high if (high == left) | (high == right) else best
    best = left if left == right else best
    among = (low == high) | (low == left) | (low == right)
    return low if among & ((left != right) | (low <= left)) else best


def rank_at(share, taps):
    """Return the rank at a percentage of the way through sorted elements, and what is left over."""
    rank = share * (taps - 1) / 100.0
    low = int(rank)
    return low, rank - low


def between(low, high, weight):
    """Return the float at the share `weight` of the way from `low` to `high`.

    It is `low` itself if both are equal or if `weight` is 0: zero times infinity would be NaN.
    """
    if (low == high) | (weight == 0.0):
        return np.float64(low)
    return np.float64(low) * (1.0 - weight) + np.float64(high) * weight


def empty(self):
    """Call the selector's method; the functions below do so too."""
    return type(self).empty(self)


def sorts(self, taps):
    """See `empty`."""
    return type(self).sorts(self, taps)


def select(self, values, at, step, taps, number):
    """See `empty`."""
    return type(self).select(self, values, at, step, taps, number)


def ranked(self, taps):
    """See `empty`: the method is `rank`, which is also the name of a number here."""
    return type(self).rank(self, taps)


def settled(self, low, high, weight):
    """See `empty`."""
    return type(self).settled(self, low, high, weight)


def median(case: Case) -> Reduction:
    """Return the selection of the median: for integers, the lower middle element."""
    real = case.dtype.kind == "f"
    return selection(case, Median if real else LowerMedian, case.dtype)


def mode(case: Case) -> Reduction:
    """Return the selection of the most frequent element."""
    return selection(case, Mode, case.dtype)


def percentile(case: Case, q: float) -> Reduction:
    """Return the selection of a percentile: floats in their own dtype, all else in float64."""
    return selection(case, Percentile, in_floats(case.dtype), q)


def selection(
    case: Case, base: type, out: DType, *parameters: Any, wide: bool = False
) -> Reduction:
    """Return the selection by a selector, with the value to leave out and the empty result.

    With `wide`, it gets elements as float64, unless other numbers would then equal the value to
    leave out.
    """
    skip, kind = case.skip, lane(case.dtype)
    if wide and not is_past_float64(case):
        kind = np.dtype(np.float64)
    left_out = kind.type(0 if skip.value is None else skip.value)
    # Without a value to leave out, only windows of nothing but NaN are empty: they give NaN.
    nothing = (np.nan if out.kind == "f" else 0) if skip.value is None else skip.value
    of_nothing = (kind if kind.kind == out.kind == "f" else lane(out)).type(nothing)
    op = variant(base, skip.way)(left_out, of_nothing, *parameters)
    return Reduction(op, (kind,), (out,), gathers=True)
