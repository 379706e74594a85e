"""Sums of elements and of their powers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.methods import missing


class Sum(NamedTuple):
    """The sum; what is skipped adds nothing."""

    zero: Any
    none: Any

    def neutral(self):
        return self.zero

    def lift(self, value, row):
        return self.zero if missing(self, value) else value

    def combine(self, a, b):
        return a + b


class Lp(NamedTuple):
    """``sum(|x|**p) ** (1/p)``, as ONNX's LpPool; what is skipped adds nothing."""

    none: Any
    p: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else abs(np.float64(value)) ** self.p

    def combine(self, a, b):
        return a + b

    def finish(self, acc, scale):
        return acc ** (1.0 / self.p)


class L1(NamedTuple):
    """Lp for p = 1: the sum of ``|x|``."""

    none: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else abs(np.float64(value))

    def combine(self, a, b):
        return a + b


class L2(NamedTuple):
    """Lp for p = 2: the root of the sum of squares."""

    none: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else np.float64(value) * np.float64(value)

    def combine(self, a, b):
        return a + b

    def finish(self, acc, scale):
        return np.sqrt(acc)


class LInf(NamedTuple):
    """Lp for p = inf: the largest ``|x|``."""

    none: Any

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return 0.0 if missing(self, value) else abs(np.float64(value))

    def combine(self, a, b):
        return b if (b > a) | (b != b) else a
