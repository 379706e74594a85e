"""The table of loops, by the names that a plan calls them."""

from __future__ import annotations

from typing import Any

from numbapool.loops.direct import pool_direct
from numbapool.loops.folded import pool_runs
from numbapool.loops.rows import pool_rows
from numbapool.loops.running import pool_running
from numbapool.loops.select import pool_select
from numbapool.loops.spans import pool_spans
from numbapool.loops.spans_along import pool_spans_along, pool_weighted_spans_along
from numbapool.loops.thinned import pool_thinned
from numbapool.loops.weighted import pool_weighted_spans
from numbapool.loops.windowed import pool_windows, select_windows

KERNELS: dict[str, Any] = {
    "direct": pool_direct,  # windows of a few elements
    "thinned": pool_thinned,  # the same of pixels of few channels
    "rows": pool_rows,  # small windows
    "running": pool_running,  # large windows that overlap
    "runs": pool_runs,  # wide windows that hardly overlap
    "selection": pool_select,
    "spans": pool_spans,  # sequences of rows
    "spans_along": pool_spans_along,  # the same, each channel's elements side by side
    "weighted_spans": pool_weighted_spans,
    "weighted_spans_along": pool_weighted_spans_along,
}

SPANS = {name: loop for name, loop in KERNELS.items() if "spans" in name}

PLAIN = {"selection": select_windows, **SPANS}
"""The plain loop in place of each; of all others the same."""


def plain(name: str) -> Any:
    """Return the plain loop that makes what a loop makes."""
    return PLAIN.get(name, pool_windows)
