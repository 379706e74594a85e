"""The table of loops, by the names that plans give them."""

from __future__ import annotations

from typing import Any

from numbapool.loops.area import pool_area
from numbapool.loops.boxes import max_boxes, mean_boxes, pool_boxes
from numbapool.loops.direct import pool_direct
from numbapool.loops.folded import pool_runs
from numbapool.loops.footprints import pool_footprints, rank_footprints, select_footprints
from numbapool.loops.gates import gru_gates, lstm_gates
from numbapool.loops.histograms import KERNELS as HISTOGRAMS
from numbapool.loops.moments import pool_moments
from numbapool.loops.placed import pool_placed
from numbapool.loops.ranks import pool_networks
from numbapool.loops.rows import pool_rows
from numbapool.loops.running import pool_running
from numbapool.loops.select import pool_select
from numbapool.loops.spans import pool_spans
from numbapool.loops.spans_along import pool_spans_along, pool_weighted_spans_along
from numbapool.loops.spans_weighted import pool_weighted_spans
from numbapool.loops.thinned import pool_thinned
from numbapool.loops.tile_modes import KERNELS as MODES
from numbapool.loops.tiles import KERNELS as TILES
from numbapool.loops.weighted import pool_weighted
from numbapool.loops.windowed import pool_windows, select_windows

KERNELS: dict[str, Any] = {
    "direct": pool_direct,  # windows of a few elements
    "thinned": pool_thinned,  # windows of a few elements, of pixels of few channels
    "rows": pool_rows,  # small windows
    "running": pool_running,  # large windows that overlap
    "moments": pool_moments,  # variances of windows that slide
    "runs": pool_runs,  # wide windows that hardly overlap
    "selection": pool_select,
    "networks": pool_networks,  # ranks of small windows that overlap
    **HISTOGRAMS,  # ranks and modes of large windows, of one byte
    **TILES,  # ranks of large windows, of wider numbers
    **MODES,  # modes of large windows, of wider numbers
    "weighted": pool_weighted,  # windows whose taps have weights
    "area": pool_area,  # windows of parts of elements
    "footprints": pool_footprints,  # windows that are no rectangles
    "selected footprints": select_footprints,
    "ranked footprints": rank_footprints,
    "placed": pool_placed,  # windows that begin elsewhere in each plane
    "spans": pool_spans,  # sequences of rows
    "spans_along": pool_spans_along,  # the same, each channel's elements side by side
    "weighted_spans": pool_weighted_spans,
    "weighted_spans_along": pool_weighted_spans_along,
    "lstm": lstm_gates,  # a step of a recurrent layer
    "gru": gru_gates,
    "boxes": pool_boxes,
    "mean of samples": mean_boxes,
    "largest sample": max_boxes,
}

SELECTIONS = ("selection", "networks", *HISTOGRAMS, *TILES, *MODES)
FAST = ("direct", "thinned", "rows", "running", "moments", "runs", *SELECTIONS)
"""Loops that a plain loop can replace."""

PLAIN = {name: loop for name, loop in KERNELS.items() if name not in FAST}
PLAIN |= dict.fromkeys(SELECTIONS, select_windows)
"""The plain loop that replaces each; the other loops replace themselves."""


def plain(name: str) -> Any:
    """Return the plain loop with the same results as the loop of this name."""
    return PLAIN.get(name, pool_windows)
