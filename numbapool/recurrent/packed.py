"""Steps of sequences one after the other, as the layers read them.

Rows are sorted by their number of steps, longest first. So the rows that still go on are the first,
and step t of all these rows lies side by side. Some steps have extra rows, which repeat a row:
products of whole multiples of `ALIKE` columns are faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from numbapool.inputs import Array
from numbapool.recurrent.kept import Steps

ALIKE = 8
"""One column more than a multiple of this takes a product as long as the next multiple does."""

AT_ONCE = 256
"""Columns that are multiplied by the input's weights at once: the results stay in the cache."""


class Packed:
    """Where each step of each row lies, without the rows that have no steps."""

    def __init__(self, steps: Steps) -> None:
        order = np.argsort(-steps.counts, kind="stable")
        self.order = order[: np.count_nonzero(steps.counts)]
        """The rows, longest first."""
        self.counts = steps.counts[self.order]
        self.steps = int(self.counts.max(initial=0))
        ends = np.searchsorted(self.counts[::-1], np.arange(self.steps + 1), side="right")
        self.active = [int(len(self.order) - end) for end in ends]
        """The number of rows that have step t, per step, and a last 0."""
        self.widths = [n if n < ALIKE else -(-n // ALIKE) * ALIKE for n in self.active[:-1]]
        """The number of rows that are computed for each step."""
        self.starts = [0, *np.cumsum(self.widths, dtype=np.int64).tolist()]
        """Where each step begins, and the end of all steps."""
        self._first, self._positions = steps.first[self.order], steps.positions

    @property
    def total(self) -> int:
        """The number of computed rows of all steps together."""
        return int(self.starts[-1])

    @cached_property
    def _places(self) -> tuple[Array, Array]:
        """Return the step and the sorted row of each place."""
        step = np.repeat(np.arange(self.steps), self.widths)
        row = np.arange(self.total) - np.array(self.starts)[step]
        return step, np.minimum(row, np.array(self.active)[step] - 1)

    def gathered(self, x: Array, dtype: np.dtype[np.floating]) -> Array:
        """Return the steps of an array (batch, steps, channels), and a last column of ones."""
        source = np.ones((self.total, x.shape[2] + 1), dtype)
        source[:, :-1] = x[self.origins]
        return source

    @property
    def origins(self) -> tuple[Array, Array]:
        """Return the row and the step of the array that stand at each place."""
        step, row = self._places
        return self.order[row], self._positions[self._first[row] + step]

    @cached_property
    def reverse(self) -> Array:
        """Return, for each place, the place that the other direction reads there."""
        step, row = self._places
        other: Array = np.array(self.starts)[self.counts[row] - 1 - step] + row
        return other

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Yield first and end of steps of equal width that are multiplied at once."""
        begin = 0
        while begin < self.steps:
            width = self.widths[begin]
            end, most = begin + 1, min(begin + max(AT_ONCE // width, 1), self.steps)
            while end < most and self.widths[end] == width:
                end += 1
            yield begin, end
            begin = end
