"""Mixins of reducers: which elements they leave out, and which order they keep."""

from __future__ import annotations

from functools import cache
from importlib import import_module
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
    """Elements come in the input's own dtype, which may hold values that accumulators cannot.

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


WAYS = (SkipNaNOrValue, SkipNaN, SkipValue, Keep, AsItStands, Largest, Smallest)
"""All mixins; a name that begins with another name stands before it."""


@cache
def variant(base: type, *ways: type) -> Any:
    """Return `base` with the methods of the given order and skip.

    There is one class per combination. It is in this module, so Numba's cache finds it by name.

    >>> from numbapool.reducers.extremes import Extreme
    >>> variant(Extreme, Largest, SkipNaN)(start=float("nan"), left_out=0.0).combine(2.0, 3.0)
    3.0
    """
    name = base.__name__ + "".join(way.__name__ for way in ways)
    made = type(name, (*ways, base), {"__slots__": (), "__module__": __name__})
    globals()[name] = made
    return made


def __getattr__(name: str) -> Any:
    """Make a variant when a cache asks for its name.

    >>> import numbapool.reducers.ways
    >>> numbapool.reducers.ways.SumSkipNaN.__mro__[1].__name__
    'SkipNaN'
    """
    if not name.startswith("_"):
        for base in _bases():
            ways = _ways_in(name.removeprefix(base.__name__))
            if name.startswith(base.__name__) and ways:
                return variant(base, *ways)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


MODULES = (
    "blends",
    "counts",
    "exponentials",
    "extremes",
    "means",
    "mixtures",
    "moments",
    "selectors",
    "sequences",
    "sums",
)
"""The modules of reducers."""


def _bases() -> list[type]:
    found = []
    for module in MODULES:
        members = vars(import_module(f"numbapool.reducers.{module}")).values()
        found += [each for each in members if isinstance(each, type) and hasattr(each, "_fields")]
    return sorted(found, key=lambda base: len(base.__name__), reverse=True)


def _ways_in(name: str) -> list[type]:
    """Return the mixins whose names make up a name, or an empty list."""
    found: list[type] = []
    while name:
        each = next((way for way in WAYS if name.startswith(way.__name__)), None)
        if each is None:
            return []
        found.append(each)
        name = name.removeprefix(each.__name__)
    return found


def is_own(op: type) -> bool:
    """Say whether a reducer's class is one of numbapool's, not a user's."""
    return op.__module__.startswith("numbapool.")
