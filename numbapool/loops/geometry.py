"""A plan as the loops read it: one array of int64, whose slots this file names.

The array holds the numbers of `HEAD`, then a block of the numbers of `AXIS` for each axis of
`AXES`, then the border windows of all axes, three numbers per window. If the taps have weights,
the weights stand last. The plan fills the array by these names (:func:`filled`). Compiled loops
read it by the same names through a bare pointer (:mod:`numbapool.loops.pointers`), interpreted
loops through :class:`Geometry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

HEAD = (
    "total",  # elements of the input
    "pieces",  # pieces of work
    "inner",  # channels that follow the pooled axes and are pooled alike
    "tile",  # results of a row that one piece of work makes
    "tiles",  # tiles per row of results
    "strip",  # rows that are worked on together
    "between",  # accumulators from the start of one row to the start of the next
    "stretch",  # accumulators of a strip: the scratch has room for three such stretches
    "blocks",  # blocks of rows per volume, each as high as a window
    "vector",  # elements that a vectorised loop takes at a time
    "row_place",  # by how much the place of an element grows from one row to the next
    "column_place",  # by how much it grows from one column to the next
    "ahead",  # how far ahead of a window, in columns, its memory is asked for
    "fresh",  # rows of a window that the window above it does not have
    "line",  # columns per cache line
    "asked",  # columns that are asked for in each row
    "asked_rows",  # rows that are asked for in each plane
    "run_tile",  # elements of a run that one piece of work makes
    "breadth",  # accumulators side by side that a run is folded into
    "group",  # windows whose elements are gathered together; 0 if each stands alone
    "boards",  # how often a network runs for windows that may be clipped: once if none is
    "outside",  # what windows read outside the input: the number of a padding mode, 0 for nothing
    "heads",  # weights per row of a sequence: one, or one per group of channels
    "weight_step",  # from a row's weights to the next row's
    "head_step",  # from a head's weight to the next head's
    "soft",  # whether weights are scores, which a softmax turns into weights
    "marks",  # taps of a footprint
    "marks_at",  # the slot where their table begins: three offsets per tap
    "exchanges",  # exchanges of a network between rows of taps
    "exchanges_at",  # the slot where their table begins: two rows, and which of both are needed
    "divisors",  # the slot of a table of windows' divisors, a line per border window of an axis
)
"""The numbers that the array begins with."""

AXIS = (
    "size",  # elements of the input
    "out",  # windows
    "lo",  # the first inner window: all inner windows have the same size
    "hi",  # one past the last inner window
    "step",  # from one window to the next; 0 if the windows follow no rule
    "before",  # padding before the first element
    "taps",  # elements of an inner window
    "dilation",  # from one tap of a window to the next
    "weight",  # the part that an inner window has in a mean's divisor
    "borders",  # the slot where the axis's border windows begin
)
"""The numbers of an axis."""

AXES = ("depth", "height", "width")

PREFIXES = 5
"""Prefixes that are kept of large windows: the last one, and four more that are made of it."""

SIDE_BY_SIDE = 4
"""Channels that are blended side by side, even if there are fewer."""

BORDER = 3
"""Numbers per border window: its first tap, its number of taps, and its part in a divisor."""

AT = {axis: len(HEAD) + n * len(AXIS) for n, axis in enumerate(AXES)}
"""Where the block of each axis begins."""


def filled(
    head: Mapping[str, int],
    axes: Sequence[Mapping[str, int]],
    borders: Sequence[np.ndarray[Any, Any]],
    weights: Sequence[np.ndarray[Any, Any]] = (),
) -> Numbers:
    """Return the array that holds these numbers; numbers that `head` leaves out are 0."""
    unknown = set(head) - set(HEAD)
    if unknown:
        raise KeyError(f"no slots are named {sorted(unknown)}")
    numbers = [head.get(name, 0) for name in HEAD]
    end = len(HEAD) + len(AXES) * len(AXIS)
    for axis, table in zip(axes, borders, strict=True):
        block = {**axis, "borders": end}
        numbers += [block[slot] for slot in AXIS]
        end += table.size
    tables = [table.reshape(-1).view(np.int64) for table in (*borders, *weights)]
    array = np.concatenate([np.array(numbers, np.int64), *tables])
    array.flags.writeable = False
    return array


class Geometry:
    """The array as interpreted loops read it."""

    def __init__(self, numbers: Any) -> None:
        self.__dict__.update(zip(HEAD, numbers[: len(HEAD)], strict=True))
        self.__dict__.update((axis, GeometryAxis(numbers, at)) for axis, at in AT.items())


class GeometryAxis:
    """An axis as interpreted loops read it."""

    def __init__(self, numbers: Any, at: int) -> None:
        self.__dict__.update(zip(AXIS, numbers[at : at + len(AXIS)], strict=True))
        self.numbers = numbers
