"""Which variances are joined row by row, by accumulators of equally many elements."""

from __future__ import annotations

from numbapool.plan.view import View
from numbapool.reducers.case import Reduction
from numbapool.reducers.moments import Variance

LEAST_ROW = 32
"""The fewest elements of a row of results: `rows` works on strips of shorter rows together."""


def is_slid(view: View, reduction: Reduction) -> bool:
    """Say whether windows slide along rows, every element counts, and rows are long enough."""
    w = view.axes[2]
    if not isinstance(reduction.op, Variance) or reduction.skips:
        return False
    return w.regular and w.dilation == 1 and w.out * view.inner >= LEAST_ROW
