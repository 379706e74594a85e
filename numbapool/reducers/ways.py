"""Ways that reducers are mixed of: what they leave out, and the order that they keep."""

from __future__ import annotations

from functools import cache
from typing import Any


class Keep:
    """Every element counts."""

    def missing(self, value):
        return False


class SkipNaN:
    """NaN does not count."""

    def missing(self, value):
        return value != value


class SkipValue:
    """Elements equal to the reducer's `left_out` do not count."""

    def missing(self, value):
        return value == self.left_out


class SkipNaNOrValue:
    """Neither NaN nor elements equal to the reducer's `left_out` count."""

    def missing(self, value):
        return (value != value) | (value == self.left_out)


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


@cache
def variant(base: type, *ways: type) -> Any:
    """Return `base` with the methods of the order and the skip that it is to have.

    One class a combination, standing in this module, where numba's cache finds it by name.

    >>> from numbapool.reducers.extremes import Extreme
    >>> variant(Extreme, Largest, SkipNaN)(start=float("nan"), left_out=0.0).combine(2.0, 3.0)
    3.0
    """
    name = base.__name__ + "".join(way.__name__ for way in ways)
    made = type(name, (*ways, base), {"__slots__": (), "__module__": __name__})
    globals()[name] = made
    return made


def is_own(op: type) -> bool:
    """Say whether a reducer's class is one of numbapool's, not a user's."""
    return op.__module__.startswith("numbapool.")
