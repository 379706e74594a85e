"""Which windows are picked from by histograms, and by which kernel."""

from __future__ import annotations

from typing import NamedTuple

from numbapool.loops.room import histograms_room
from numbapool.plan.view import View
from numbapool.reducers.case import Reduction
from numbapool.reducers.selectors import Mode

STRIP_COLUMNS = 640
"""Columns of a strip: their counters, 272 bytes each, stay in a second-level cache."""


class Histograms(NamedTuple):
    """A kernel, and how much it can count."""

    kernel: str
    counters: int
    """Counters of a column."""
    counter_bytes: int

    @property
    def most(self) -> int:
        """The most elements of a window in one column."""
        return int(1 << 8 * self.counter_bytes) - 1

    @property
    def most_taps(self) -> int:
        """The most elements of a window: a sum has twice as many bytes."""
        return int(1 << 16 * self.counter_bytes) - 1

    def room(self, columns: int) -> int:
        """Return the bytes that a strip of columns needs."""
        return histograms_room(columns, self.counters, self.counter_bytes)


RANKS = Histograms("histograms", 17 * 16, 1), Histograms("large histograms", 17 * 16, 2)
MODES = Histograms("modes", 256, 1), Histograms("large modes", 256, 2)

LEAST_TAPS, LEAST_LEFT_OUT_TAPS = 10, 8
"""The smallest windows, and the smallest if elements may be left out, so that windows would be
gathered one by one. Modes of 512 x 512 uint8 by 3 took 4.7 ms instead of 5.2, by 4 4.7 instead of
11, in steps of 3 1.1 instead of 0.7; medians by 3 with elements left out 4.4 instead of 13, by 2
3.9 instead of 4.6, in steps of 2 1.25 instead of 1.2."""


def histograms_for(view: View, reduction: Reduction) -> Histograms | None:
    """Return the histograms for these windows; None if another loop is to take them."""
    d, h, w = view.axes
    column = d.longest * h.longest
    taps = column * w.longest
    near = all(axis.dilation == 1 or axis.longest == 1 for axis in (h, w))
    mode = isinstance(reduction.op, Mode)
    served = mode or hasattr(reduction.op, "rank")
    if not (served and near and reduction.own) or reduction.lanes[0].itemsize > 1:
        return None
    if taps < (LEAST_LEFT_OUT_TAPS if reduction.skips else LEAST_TAPS):
        return None
    fitting = [
        each
        for each in (MODES if mode else RANKS)
        if column <= each.most and taps <= each.most_taps
    ]
    return fitting[0] if fitting else None
