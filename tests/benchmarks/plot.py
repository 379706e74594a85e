"""Results as bars: how far ahead of the best peer, and how near the memory's speed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contest import Result
from report import figure

TICKS = tuple(step * 10.0**power for power in range(-4, 5) for step in (1, 2, 5))
MOST_TICKS = 12
"""More tick labels than this run into each other."""
INCHES_A_BAR = 0.32
BEHIND = "#c1121f"
"""The colour of cases in which a peer leads."""


def draw_bars(
    axes: Any, names: Sequence[str], ratios: Sequence[float], words: Sequence[str], colour: str
) -> None:
    """Draw bars that begin at 1, on a logarithmic axis, with their figures beside them.

    Where they are named after peers, bars to the left of 1 are red: there a peer leads.
    """
    colours = [BEHIND if ratio < 1 and any(words) else colour for ratio in ratios]
    axes.barh(names, [ratio - 1 for ratio in ratios], left=1, color=colours)
    axes.axvline(1, color="black", linewidth=0.8)
    for row, (ratio, word) in enumerate(zip(ratios, words, strict=True)):
        axes.text(max(ratio, 1), row, f" {figure(ratio, '×')} {word}", va="center", fontsize=8)
    low, high = min([*ratios, 1]) / 1.15, max([*ratios, 1]) * 1.15
    room = (high / low) ** 0.4  # for the text beside the longest bar
    axes.set_xscale("log")
    axes.minorticks_off()
    right = max(high * room, 1.5)
    ticks = [tick for tick in TICKS if low <= tick <= right]
    if len(ticks) > MOST_TICKS:
        ticks = [tick for tick in TICKS if tick in ticks and f"{tick:e}".startswith("1")]
    axes.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes.set_xlim(low, right)
    axes.grid(axis="x", alpha=0.3)


def save_plot(path: Path, facts: dict[str, object], results: Sequence[Result]) -> None:
    """Draw both ratios of every case of our own that was measured."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    own = [result for result in results if not result.case.source]
    drawn = [result for result in own if result.to_stream is not None]
    names = [result.case.name for result in drawn]
    size = (13, 1.6 + INCHES_A_BAR * len(drawn))
    plot, (left, right) = pyplot.subplots(1, 2, figsize=size, sharey=True, layout="constrained")
    peers = [result.best_peer or "no peer" for result in drawn]
    draw_bars(left, names, [result.ahead or 1 for result in drawn], peers, "#2a6f97")
    blank = [""] * len(drawn)
    draw_bars(right, names, [result.to_stream or 1 for result in drawn], blank, "#bc6c25")
    left.margins(y=0.01)
    left.invert_yaxis()
    left.set_title(
        "best peer's time / ours, fresh results: to the right we lead, red we trail", fontsize=10
    )
    right.set_title("our time with out= / a streaming loop's: 1 is the memory's speed", fontsize=10)
    plot.supxlabel(f"{facts['cpu']}, {facts['threads']} threads, {facts['date']}", fontsize=8)
    plot.savefig(path, dpi=130)
    pyplot.close(plot)
