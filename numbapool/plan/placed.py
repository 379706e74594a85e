"""The plan of windows that begin at other places in each plane."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numbapool.loops.geometry import AXES, Numbers, filled
from numbapool.plan.choose import Plan
from numbapool.windows.layout import Layout

SINGLE = {"size": 1, "taps": 1, "out": 1}
"""An axis that the array lacks."""


def placed_plan(
    shape: tuple[int, ...], layout: Layout, taps: tuple[int, ...], starts: tuple[Numbers, ...]
) -> Plan:
    """Return the plan of windows of `taps`; `starts` has one row per plane for each axis."""
    planes = layout.outer * layout.inner
    if not planes:
        return Plan(shape, "placed", np.empty(0, np.int64), 0, 0, 0)
    lacking = len(AXES) - len(taps)
    others: dict[str, Any] = dict.fromkeys(("lo", "hi", "step", "before", "weight"), 0)
    blocks = [{**SINGLE, **others, "dilation": 1} for _ in range(lacking)]
    numbers = zip(layout.spatial, taps, starts, strict=True)
    for size, k, table in numbers:
        own = {"size": size, "taps": k, "out": table.shape[1], "dilation": 1}
        blocks.append({**others, **own})
    tables = [np.zeros((planes, 1), np.int64) for _ in range(lacking)] + list(starts)
    pieces = layout.outer * prod(table.shape[1] for table in starts[:-1])
    total = planes * prod(layout.spatial)
    head = {"total": total, "inner": layout.inner, "pieces": pieces}
    return Plan(shape, "placed", filled(head, blocks, tables), pieces, 0, 4 * total)
