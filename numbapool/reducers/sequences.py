"""Reducers that only sequences have: weighted sums, and moments.

If a class has one of two methods, the loop passes other arguments to `lift`:

- ``weighs()``: the second argument is the row's weight; a weight of 0 leaves the row out;
- ``shifts()``: the first argument is the element's distance from a shift, such as the sequence's
  first element.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.means import CountedMean, Mean
from numbapool.reducers.methods import missing, root


class RootMean(Mean):
    """The sum divided by the root of the count."""

    __slots__ = ()

    def prepare(self, weight):
        return root(np.float64(weight))


class CountedRootMean(CountedMean):
    """The sum of the elements that are not skipped, divided by the root of their count."""

    __slots__ = ()

    def finish(self, acc, scale):
        skipped = acc[1] >> 32
        if (skipped > 0) & (acc[1] & 0xFFFFFFFF == 0):
            return self.of_nothing
        return acc[0] / root(np.float64(scale - skipped))


class WeightedSum(NamedTuple):
    """The sum of the rows times their weights; skipped elements add nothing."""

    start: Any
    left_out: Any

    def weighs(self):
        return True

    def neutral(self):
        return self.start

    def lift(self, value, row):
        return self.start if (row == 0) | missing(self, value) else value * row

    def combine(self, a, b):
        return a + b


class WeightedMean(NamedTuple):
    """The weighted sum divided by the sum of the weights, or by its root.

    The second lane adds up the weights of the elements that are not skipped.
    """

    start: Any
    left_out: Any
    root: Any

    def weighs(self):
        return True

    def neutral(self):
        return self.start, self.start

    def lift(self, value, row):
        skipped = (row == 0) | missing(self, value)
        return self.start if skipped else value * row, self.start if skipped else row

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def finish(self, acc, scale):
        return acc[0] / (root(acc[1]) if self.root else acc[1])


class RowMean(NamedTuple):
    """The weighted mean if all elements of a row count alike: the loop adds up the weights once."""

    start: Any
    root: Any

    def weighs(self):
        return True

    def neutral(self):
        return self.start

    def lift(self, value, row):
        return self.start if row == 0 else value * row

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        return root(weight) if self.root else weight

    def finish(self, acc, scale):
        return acc / scale


def spread_of(first, second, count, correction):
    """Return the mean distance and the deviation, from sums of distances and their squares."""
    mean = first / count
    squares = second - mean * first
    squares = 0.0 if squares < 0.0 else squares
    if count <= correction:
        return mean, 0.0
    return mean, root(squares / (count - correction))


class Moments(NamedTuple):
    """The sums of the distances from the shift, and of their squares: mean and deviation."""

    start: Any
    correction: Any
    both: Any
    """Whether the mean is a result too."""

    def shifts(self):
        return True

    def neutral(self):
        return self.start, self.start

    def lift(self, value, row):
        return value, value * value

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def prepare(self, weight):
        return np.float64(weight)

    def finish(self, acc, scale):
        return spread_of(acc[0], acc[1], scale, self.correction)


class CountedMoments(NamedTuple):
    """Moments of the elements that are not skipped, which the third lane counts; NaN if all are."""

    start: Any
    left_out: Any
    correction: Any
    both: Any

    def shifts(self):
        return True

    def neutral(self):
        return self.start, self.start, self.start

    def lift(self, value, row):
        skipped = missing(self, value)
        near = self.start if skipped else value
        return near, near * near, self.start if skipped else self.start + 1

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1], a[2] + b[2]

    def finish(self, acc, scale):
        if acc[2] == 0:
            return np.nan, np.nan
        return spread_of(acc[0], acc[1], acc[2], self.correction)


class RowMoments(NamedTuple):
    """The sums of weighted distances: the weighted mean, and the biased deviation from it."""

    start: Any
    both: Any

    def weighs(self):
        return True

    def shifts(self):
        return True

    def neutral(self):
        return self.start, self.start

    def lift(self, value, row):
        near = self.start if row == 0 else value * row
        return near, self.start if row == 0 else near * value

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def prepare(self, weight):
        return np.float64(weight)

    def finish(self, acc, scale):
        return spread_of(acc[0], acc[1], scale, 0.0)


class HeadMoments(NamedTuple):
    """Row moments if each head has its own weights, which the third lane adds up."""

    start: Any
    both: Any

    def weighs(self):
        return True

    def shifts(self):
        return True

    def neutral(self):
        return self.start, self.start, self.start

    def lift(self, value, row):
        near = self.start if row == 0 else value * row
        return near, self.start if row == 0 else near * value, row

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1], a[2] + b[2]

    def finish(self, acc, scale):
        return spread_of(acc[0], acc[1], acc[2], 0.0)
