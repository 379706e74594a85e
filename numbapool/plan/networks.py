"""Which windows are picked from by a network of minima and maxima, and by which one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import numpy as np

from numbapool.plan.view import View
from numbapool.reducers.case import Reduction

MOST_SIDE = 15
"""The most rows and columns of a window: past that, a network takes long to compile."""

MOST_LINE = 127
"""The most elements of a window of a single row or column. Its network is smaller: that of 101
float64 compiled in 1.9 s, of 15 x 15 float32 in 2.9, and took 16 ms for a million of them."""

LEAST_ELEMENTS = 1 << 12
"""The fewest elements of an array: a network is compiled for one size of window, which does not pay
for a few windows."""

MOST_CHANNELS = 16
"""The most channels that stand side by side: a strip must hold many columns."""

NEAR = 7
"""Windows of up to this many rows are taken two below each other, higher ones four: they have more
rows in common. Columns of more than `MOST_SIDE` elements are taken eight: all they have is rows."""


def network_for(
    view: View, dtype: np.dtype[Any], reduction: Reduction, outside: int = 0
) -> tuple[Any, ...]:
    """Return the network's arguments for these windows; () if another loop is to take them.

    `outside` is the number of a padding mode, whose elements then belong to the windows.
    """
    d, h, w = view.axes
    rank = getattr(reduction.op, "rank", None)
    plain = dtype == reduction.lanes[0] or dtype == np.bool_
    taps = prod(axis.taps for axis in view.axes)
    line = d.taps == 1 and min(h.taps, w.taps) == 1
    small = max(h.taps, w.taps) <= (MOST_LINE if line else MOST_SIDE) and 1 < taps <= MOST_SIDE**2
    small = small and view.inner <= MOST_CHANNELS
    regular = all(axis.regular and axis.dilation == 1 for axis in view.axes)
    if rank is None or reduction.skips or view.elements < LEAST_ELEMENTS:
        return ()
    if not (plain and reduction.own and small and regular):
        return ()
    down = 8 if h.taps > MOST_SIDE else 4 if h.taps > NEAR else 2
    while down > 1 and ((down - 1) * h.step >= h.taps or down > h.out):
        down //= 2
    ranks = ranks_of(rank, taps)
    if not outside and is_clipped(view) and not serves(view, rank, ranks):
        return ()
    return h.taps, w.taps, ranks, down, h.step, keeps(w.taps), d.taps


def ranks_of(rank: Callable[[int], tuple[int, float]], taps: int) -> tuple[int, ...]:
    """Return the ranks that make the result of a window of so many elements."""
    low, weight = rank(taps)
    return (low, low + 1) if weight else (low,)


def serves(view: View, rank: Callable[[int], tuple[int, float]], ranks: tuple[int, ...]) -> bool:
    """Say whether a network of some ranks picks from clipped windows too.

    Of what lies outside of a window, one half is the least number, the other half the greatest: on
    one board the greater half, on the other board the smaller half.
    """
    whole = prod(axis.taps for axis in view.axes)
    sizes = [{axis.taps, *axis.borders[:, 1].tolist()} for axis in view.axes]
    for taps in set(map(prod, product(*sizes))):
        outside = whole - taps
        found = {each - gone for each in ranks for gone in (outside // 2, outside - outside // 2)}
        if not taps or not found.issuperset(ranks_of(rank, taps)):
            return False
    return True


def is_clipped(view: View) -> bool:
    """Say whether a window reaches outside the input."""
    return any([axis.out > axis.hi - axis.lo for axis in view.axes])


def keeps(columns: int) -> tuple[int, ...]:
    """Return the widths of the sorted columns that neighbours share, by a window's width."""
    if columns <= 3:
        return ()
    widths = [1, 2, 4, 8, 16, 32]
    most = 1 if columns <= 5 else columns // 2 if columns > 8 else 2
    return tuple(width for width in widths if width <= most)
