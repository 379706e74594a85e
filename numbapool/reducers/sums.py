"""Sums of elements and of their powers, and the root of the mean square."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction, adds_fours, is_past_float64, sum_lane
from numbapool.reducers.dtypes import in_floats
from numbapool.reducers.exponentials import power
from numbapool.reducers.methods import missing, root
from numbapool.reducers.ways import AsItStands, Keep, variant


class Sum(NamedTuple):
    """The sum; skipped elements add nothing."""

    start: Any
    left_out: Any

    def neutral(self):
        return self.start

    def lift(self, value, row):
        return self.start if missing(self, value) else value

    def combine(self, a, b):
        return a + b


class Lp(NamedTuple):
    """``sum(|x|**p) ** (1/p)``, like ONNX's LpPool; skipped elements add nothing."""

    left_out: Any
    p: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else abs(np.float64(value)) ** self.p

    def combine(self, a, b):
        return a + b

    def finish(self, acc, scale):
        return acc ** (1.0 / self.p)


class SingleLp(Lp):
    """Lp of floats of up to 32 bits, by powers that loops of vectors take, right to 1e-13."""

    __slots__ = ()

    def lift(self, value, row):
        return 0.0 if missing(self, value) else power(abs(np.float64(value)), self.p)

    def finish(self, acc, scale):
        return power(acc, 1.0 / self.p)


class L1(NamedTuple):
    """Lp for p = 1: the sum of ``|x|``."""

    left_out: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else abs(np.float64(value))

    def combine(self, a, b):
        return a + b


class L2(NamedTuple):
    """Lp for p = 2: the root of the sum of squares."""

    left_out: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else np.float64(value) * np.float64(value)

    def combine(self, a, b):
        return a + b

    def finish(self, acc, scale):
        return root(acc)


class LInf(NamedTuple):
    """Lp for p = inf: the largest ``|x|``."""

    left_out: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else abs(np.float64(value))

    def combine(self, a, b):
        largest = b if b != b else a  # NaN first, as in `extremes.Extreme`
        return b if b > largest else largest


class RootMeanSquare(NamedTuple):
    """The root of the mean square, added up in float64."""

    start: Any

    def neutral(self):
        return self.start

    def lift(self, value, row):
        return np.float64(value) * np.float64(value)

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        return weight

    def finish(self, acc, scale):
        return root(acc / scale)


class CountedRootMeanSquare(NamedTuple):
    """The root of the mean square of the elements that are not skipped, whose number it counts."""

    left_out: Any
    of_nothing: Any

    def neutral(self):
        return 0.0, 0.0

    def lift(self, value, row):
        skipped = missing(self, value)
        square = np.float64(value) * np.float64(value)
        return 0.0 if skipped else square, 0.0 if skipped else 1.0

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def finish(self, acc, scale):
        return self.of_nothing if acc[1] == 0 else root(acc[0] / acc[1])


def total(case: Case) -> Reduction:
    """Return the reduction of sum pooling: integers give 64 bits, floats keep their dtype."""
    dtype, kind = case.dtype, sum_lane(case)
    op = variant(Sum, case.skip.way)(kind.type(0), kind.type(case.skip.value or 0))
    out = dtype if dtype.kind == "f" else np.dtype("u8" if dtype.kind == "u" else "i8")
    return Reduction(op, (kind,), (out,), in_fours=adds_fours(case, kind))


NORMS = {1: L1, 2: L2, np.inf: LInf}


def norm(case: Case, norm_type: float) -> Reduction:
    """Return the reduction of Lp pooling: added up in float64; floats keep their dtype."""
    dtype, skip, wide = case.dtype, case.skip, np.dtype(np.float64)
    ways: tuple[type, ...] = (skip.way,)
    left_out = np.float64(0 if skip.value is None else skip.value)
    if is_past_float64(case):
        ways, left_out = (skip.way, AsItStands), skip.value
    if norm_type in NORMS:
        op = variant(NORMS[norm_type], *ways)(left_out)
    else:
        base = SingleLp if dtype.kind == "f" and dtype.itemsize < 8 else Lp
        op = variant(base, *ways)(left_out, norm_type)
    outs = (dtype if dtype.kind == "f" else wide,)
    return Reduction(op, (wide,), outs, costly=norm_type not in NORMS)


def root_mean_square(case: Case) -> Reduction:
    """Return the reduction to the root of the mean square: floats keep their dtype."""
    skip, wide, outs = case.skip, np.dtype(np.float64), (in_floats(case.dtype),)
    if skip.way is Keep:
        return Reduction(RootMeanSquare(np.float64(0)), (wide,), outs, weighted=True)
    ways: tuple[type, ...] = (skip.way,)
    left_out = nothing = np.float64(np.nan if skip.value is None else skip.value)
    if is_past_float64(case):
        ways, left_out = (skip.way, AsItStands), skip.value
    op = variant(CountedRootMeanSquare, *ways)(left_out, nothing)
    return Reduction(op, (wide, wide), outs)
