"""Which windows are picked from in sorted tiles, and how large the tiles are."""

from __future__ import annotations

from typing import NamedTuple

from numbapool.loops.room import tile_places
from numbapool.plan.view import View, longest_reach
from numbapool.reducers.case import Reduction
from numbapool.reducers.selectors import Mode
from numbapool.windows.axes import Axis

LEAST_TAPS, LEAST_LEFT_OUT_TAPS = 25, 16
"""The smallest windows for medians and percentiles, and the smallest if elements may be left out,
so that windows would be gathered one by one. Medians of 512 x 512 float32 by 5 took 11 ms instead
of 29, by 4 22 instead of 13; with NaN skipped 15 instead of 29 by 4, 14 as before by 3."""

LEAST_MODE_TAPS, LEAST_LEFT_OUT_MODE_TAPS = 10, 8
"""The same for modes. Of 256 x 256 float32 by 4 they took 2.6 ms instead of 4.5, by 3 2.6 instead
of 2.1; with elements left out 2.2 instead of 3.5 by 3."""

OVERLAP, LEAST_APART = 2, 256
"""Smaller windows than `LEAST_APART` must hold each element so many times on average, since all
elements are sorted. Medians of float32 by 8 in steps of 8 took 3.4 ms instead of 2.0, by 15 in
steps of 15 2.8 instead of 3.3."""

NEAR = 31
"""The longest side of a window for which small tiles are quicker."""

SMALL_TILE, LARGE_TILE = (64, 64), (128, 256)
"""Rows and columns that a tile's windows begin in."""

MOST_ELEMENTS = 1 << 22
"""The most elements of a tile: each takes 29 bytes."""

MOST_SIDE = 65_000
"""The most rows and columns of a tile: they are counted in 16 bits."""


class Tiles(NamedTuple):
    """A kernel, and its tiles."""

    kernel: str
    counter_bytes: int
    rows: int
    columns: int
    """Results of a tile."""
    between: int
    """The most columns of a tile, inside the input or not."""
    elements: int

    @property
    def room(self) -> int:
        """The bytes that a tile needs."""
        return tile_places(self.between, self.elements, self.counter_bytes)[-1]


def tiles_for(view: View, reduction: Reduction) -> Tiles | None:
    """Return the tiles for these windows; None if another loop is to take them."""
    d, h, w = view.axes
    column = d.longest * h.longest
    taps = column * w.longest
    near = all(axis.dilation == 1 or axis.longest == 1 for axis in (h, w))
    mode = isinstance(reduction.op, Mode)
    served = (mode or hasattr(reduction.op, "rank")) and reduction.own
    if mode:
        least = LEAST_LEFT_OUT_MODE_TAPS if reduction.skips else LEAST_MODE_TAPS
    else:
        least = LEAST_LEFT_OUT_TAPS if reduction.skips else LEAST_TAPS
    if not (served and near) or taps < least or column > 65_535 or taps >= 1 << 32:
        return None
    held = d.out * h.out * w.out * taps
    if taps < LEAST_APART and held < OVERLAP * d.size * h.size * w.size:
        return None
    high, wide = SMALL_TILE if max(h.longest, w.longest) <= NEAR else LARGE_TILE
    high = min(high, h.size)
    rows, row_reach = results_in(h, high)
    columns, column_reach = results_in(w, wide * max(SMALL_TILE[0] // high, 1))
    elements = d.longest * min(row_reach, h.size) * min(column_reach, w.size)
    if elements > MOST_ELEMENTS or max(d.longest * row_reach, column_reach) > MOST_SIDE:
        return None
    large = column > 255 or taps > 65_535
    kernel = ("large " if large else "") + ("mode tiles" if mode else "tiles")
    return Tiles(kernel, 1 + large, rows, columns, column_reach, elements)


def results_in(axis: Axis, span: int) -> tuple[int, int]:
    """Return the results of a tile whose windows begin in a span, and the elements they reach."""
    if axis.regular:
        results = min(max(span // axis.step, 1), axis.out)
        return results, (results - 1) * axis.step + axis.taps
    results = min(max(span * axis.out // axis.size, 1), axis.out)
    return results, longest_reach(axis, results)
