"""The largest and the smallest element, and its place."""

from __future__ import annotations

from typing import Any, NamedTuple

from numbapool.reducers.methods import beats, missing


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
