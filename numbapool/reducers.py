"""What a window keeps: reducers as types, each written once.

A reducer is a ``NamedTuple`` class whose methods are plain Python. Inside compiled code the
functions `lift`, `combine`, `prepare` and `finish` of this module pick the method by the
reducer's type (:mod:`numbapool.kernels.faces`), so that no branch is left at run time; without
the JIT they call it.

- ``lift(value, row)`` turns an element into an accumulator: one number, or a tuple of two;
- ``combine(a, b)`` joins two accumulators, in any order and grouping;
- ``neutral()`` is the accumulator that changes nothing when combined;
- ``prepare(weight)`` computes once what `finish` needs for many windows of one divisor;
- ``finish(accumulator, scale)`` makes a window's result.

What a class leaves out, the defaults at the end give: an element is its own accumulator, an
accumulator its own result.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np


class Keep:
    """Every element counts."""

    def missing(self, value):
        return False


class SkipNaN:
    """NaN does not count."""

    def missing(self, value):
        return value != value


class SkipValue:
    """Elements equal to the reducer's `none` do not count."""

    def missing(self, value):
        return value == self.none


class SkipNaNOrValue:
    """Neither NaN nor elements equal to the reducer's `none` count."""

    def missing(self, value):
        return (value != value) | (value == self.none)


class AsItStands:
    """Elements come in the input's own dtype, which may hold what the accumulators' cannot.

    So 64-bit integers are compared with the value to leave out before they become floats.
    """

    unconverted = True


class Largest:
    """The order of max pooling."""

    def beats(self, b, a):
        return b > a


class Smallest:
    """The order of min pooling."""

    def beats(self, b, a):
        return b < a


class Extreme(NamedTuple):
    """The first element in its order; NaN comes before all, unless it is skipped."""

    none: Any
    """What every element beats or is equal to; where some are skipped, one of those."""

    def neutral(self):
        return self.none

    def combine(self, a, b):
        # In this order the first choice is one instruction, and the others are often none.
        best = b if beats(self, b, a) else a
        best = b if b != b else best
        # Where both are missing the order decides: NaN, else the value that is left out.
        none_a, none_b = missing(self, a), missing(self, b)
        best = a if none_b & (not none_a) else best
        return b if none_a & (not none_b) else best


class ArgExtreme(NamedTuple):
    """An extreme and its place: the first of equals, the last NaN, as torch has them."""

    none: Any
    nowhere: Any
    """A place that loses every tie."""

    def neutral(self):
        return self.none, self.nowhere

    def lift(self, value, row):
        return value, row

    def locate(self, lanes, at, columns, first, inner, pitch):
        places = lanes[1]
        if inner == 1:
            for j in range(columns):
                places[at + j] += (first + j) * pitch
        else:
            for j in range(columns):
                for c in range(inner):
                    places[at + j * inner + c] += (first + j) * pitch

    def combine(self, a, b):
        none_a = missing(self, a[0])
        none_b = missing(self, b[0])
        nan_a = a[0] != a[0]
        nan_b = b[0] != b[0]
        wins = (
            beats(self, b[0], a[0])
            | (nan_b & (not nan_a))
            | ((b[0] == a[0]) & (b[1] < a[1]))
            | (nan_a & nan_b & (b[1] > a[1]))
        )
        take = (none_a & (not none_b)) | ((none_a == none_b) & wins)
        return (b[0] if take else a[0]), (b[1] if take else a[1])


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


@cache
def variant(base: type, *ways: type) -> Any:
    """Return `base` with the methods of the order and the skip that it is to have.

    One class a combination, standing in this module, where numba's cache finds it by name.

    >>> variant(Extreme, Largest, SkipNaN)(none=float("nan")).combine(2.0, 3.0)
    3.0
    """
    name = base.__name__ + "".join(way.__name__ for way in ways)
    made = type(name, (*ways, base), {"__slots__": (), "__module__": __name__})
    globals()[name] = made
    return made


def is_own(op: type) -> bool:
    """Say whether a reducer's class is one of numbapool's, not a user's."""
    return op.__module__.startswith("numbapool.")


# The faces of the methods, for compiled code and for plain Python alike. Each takes the method
# of the reducer's class, or the default.


def _lift(self, value, row):
    return value


def _locate(self, lanes, at, columns, first, inner, pitch):
    pass


def _prepare(self, weight):
    return 0


def _finish(self, acc, scale):
    return acc


def missing(self, value):
    return type(self).missing(self, value)


def beats(self, b, a):
    return type(self).beats(self, b, a)


def neutral(self):
    return type(self).neutral(self)


def lift(self, value, row):
    return getattr(type(self), "lift", _lift)(self, value, row)


def locate(self, lanes, at, columns, first, inner, pitch):
    return getattr(type(self), "locate", _locate)(self, lanes, at, columns, first, inner, pitch)


def combine(self, a, b):
    return type(self).combine(self, a, b)


def prepare(self, weight):
    return getattr(type(self), "prepare", _prepare)(self, weight)


def finish(self, acc, scale):
    return getattr(type(self), "finish", _finish)(self, acc, scale)
