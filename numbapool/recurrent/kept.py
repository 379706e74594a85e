"""The steps of each row that count, in their order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from numbapool.inputs import Array
from numbapool.sequences.rows import Rows


class Steps(NamedTuple):
    """The steps that count of all rows, row by row."""

    counts: Array
    """The number of steps of each row."""
    first: Array
    """Where the steps of each row begin among all steps."""
    positions: Array
    """Each step's number within its row."""

    def of(self, row: int) -> Array:
        """Return the positions of a row's steps."""
        first = self.first[row]
        return self.positions[first : first + self.counts[row]]


def steps_of(rows: Rows) -> Steps:
    """Return the steps of runs of rows."""
    ends = np.cumsum(rows.counts)
    shift = np.repeat(rows.start - (ends - rows.counts), rows.counts)
    positions = np.arange(int(rows.counts.sum())) + shift
    return Steps(rows.rows, np.cumsum(rows.rows) - rows.rows, positions)
