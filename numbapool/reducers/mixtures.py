"""Mixtures of a window's elements: by shares, by chance, by distance from the mean."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from numbapool.reducers.case import Case, Reduction, is_past_float64
from numbapool.reducers.dtypes import in_floats
from numbapool.reducers.exponentials import faded
from numbapool.reducers.methods import missing, root
from numbapool.reducers.selectors import selection
from numbapool.reducers.ways import AsItStands, variant

Drawing: TypeAlias = Literal["sample", "expected"]

FLAT = 1e-3
"""The smallest distance from the window's mean that an element's weight is computed from."""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
"""The odd factors of SplitMix64, the generator of Steele and others (2014)."""


class MixedMean(NamedTuple):
    """A share of the largest element plus the rest as a share of the mean, from sum and count."""

    lowest: Any
    zero: Any
    left_out: Any
    of_nothing: Any
    alpha: Any

    def neutral(self):
        return self.lowest, self.zero, self.zero

    def lift(self, value, row):
        skipped = missing(self, value)
        kept, one = (0.0 if skipped else value), (0.0 if skipped else 1.0)
        return self.lowest if skipped else value, kept, one

    def combine(self, a, b):
        largest = b[0] if b[0] != b[0] else a[0]  # NaN first, as in `extremes.Extreme`
        largest = b[0] if b[0] > largest else largest
        return largest, a[1] + b[1], a[2] + b[2]

    def finish(self, acc, scale):
        mixed = faded(acc[0], self.alpha) + faded(acc[1] / acc[2], 1 - self.alpha)
        return self.of_nothing if acc[2] == 0 else mixed


class Draw(NamedTuple):
    """An element drawn by chance, with a chance proportional to its size; 0 if none is above 0."""

    left_out: Any
    of_nothing: Any
    seed: Any

    def empty(self):
        return self.of_nothing

    def sorts(self, taps):
        return False

    def select(self, values, at, step, taps, number):
        largest = 0.0
        for t in range(taps):
            value = values[at + t * step]
            largest = value if value > largest else largest
        if (largest == 0.0) | (largest == np.inf):
            return largest
        total = 0.0
        for t in range(taps):
            total += max(values[at + t * step], 0.0) / largest
        rest = uniform(self.seed, number) * total
        drawn = largest  # if rounding makes the parts add up to less than the whole
        found = False
        for t in range(taps):
            value = max(values[at + t * step], 0.0)
            rest -= value / largest
            if (rest < 0.0) & (not found):
                drawn = value
                found = True
        return drawn


class Expected(NamedTuple):
    """The average result of :class:`Draw`: the mean weighted by the elements themselves."""

    left_out: Any
    of_nothing: Any

    def empty(self):
        return self.of_nothing

    def sorts(self, taps):
        return False

    def select(self, values, at, step, taps, number):
        largest = 0.0
        for t in range(taps):
            value = values[at + t * step]
            largest = value if value > largest else largest
        if (largest == 0.0) | (largest == np.inf):
            return largest
        total = 0.0
        squares = 0.0
        for t in range(taps):
            part = max(values[at + t * step], 0.0) / largest
            total += part
            squares += part * part
        return largest * (squares / total)


class DetailMean(NamedTuple):
    """The mean weighted by `alpha` plus a power of each element's distance from the plain mean.

    With `above`, the distance of an element below the plain mean counts as 0.
    """

    left_out: Any
    of_nothing: Any
    alpha: Any
    power: Any
    above: Any

    def empty(self):
        return self.of_nothing

    def sorts(self, taps):
        return False

    def select(self, values, at, step, taps, number):
        mean = 0.0
        for t in range(taps):
            mean += values[at + t * step]
        mean /= taps
        total = 0.0
        weighed = 0.0
        for t in range(taps):
            far = values[at + t * step] - mean
            seen = max(far, 0.0) if self.above else far
            weight = self.alpha + root(seen * seen + FLAT * FLAT) ** self.power
            total += weight
            weighed += weight * far
        return mean if total == 0 else mean + weighed / total


def scattered(bits):
    """Return 64 bits, each of which depends on all bits of the argument."""
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * SECOND
    return bits ^ (bits >> np.uint64(31))


def uniform(seed, number):
    """Return the random number, in [0, 1), that SplitMix64 gives for a seed at place `number`."""
    state = scattered(seed + GOLDEN) + np.uint64(number) * GOLDEN
    return np.float64(scattered(state + GOLDEN) >> np.uint64(11)) * 2.0**-53


def wide(case: Case) -> tuple[tuple[type, ...], Any, np.float64]:
    """Return a float64 reducer's ways, its value to leave out, and its result without elements."""
    value = np.nan if case.skip.value is None else case.skip.value
    if is_past_float64(case):
        return (case.skip.way, AsItStands), value, np.float64(value)
    return (case.skip.way,), np.float64(value), np.float64(value)


def mixed(case: Case, alpha: float = 0.5) -> Reduction:
    """Return the reduction of mixed pooling."""
    ways, left_out, nothing = wide(case)
    numbers = (np.float64(-np.inf), np.float64(0), left_out, nothing, np.float64(alpha))
    op = variant(MixedMean, *ways)(*numbers)
    return Reduction(op, (np.dtype(np.float64),) * 3, (in_floats(case.dtype),))


def stochastic(case: Case, seed: int = 0, mode: Drawing = "sample") -> Reduction:
    """Return the selection of stochastic pooling: a random draw, or its expected value."""
    if mode == "sample":
        return selection(case, Draw, in_floats(case.dtype), np.uint64(seed), wide=True)
    return selection(case, Expected, in_floats(case.dtype), wide=True)


def detail(case: Case, alpha: float = 0.0, lam: float = 1.0, asymmetric: bool = False) -> Reduction:
    """Return the selection of detail-preserving pooling."""
    numbers = np.float64(alpha), np.float64(lam), asymmetric
    return selection(case, DetailMean, in_floats(case.dtype), *numbers, wide=True)
