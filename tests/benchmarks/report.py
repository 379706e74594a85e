"""Results as tables on the terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from pathlib import Path
from typing import Any

from contest import FRESH, INTO, KERNELS, PLAIN, STREAM, Result


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return aligned columns: the first to the left, figures to the right."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]

    def aligned(line: list[str]) -> str:
        first = line[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        return "  ".join([first, *rest]).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([aligned(lines[0]), rule, *map(aligned, lines[1:])])


def figure(value: float | None, suffix: str = "") -> str:
    """Return three digits of a number, or nothing."""
    if value is None:
        return ""
    if value < 0.1:
        return f"{value:.2g}{suffix}"
    return f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}{suffix}"


def summary(results: Sequence[Result]) -> str:
    """Return the table of cases: ahead of the best peer, and to two streaming loops.

    The first reads whole vectors from four places at a time; the plain one is as one would write
    it, a result of so many neighbours.
    """
    head = ["case", "ours ms", "best peer ms", "", "peer/ours", "out= ms", "by plain kernels ms"]
    head += ["stream ms", "to stream", "plain ms", "to plain"]
    rows = []
    for result in results:
        if result.state != "measured":
            rows.append([result.case.name, result.state, *[""] * 9])
            continue
        peer = result.best_peer
        rows.append(
            [
                result.case.name,
                figure(result.minima[FRESH]),
                figure(result.minima[peer]) if peer else "",
                peer or "no peer",
                figure(result.ahead),
                figure(result.minima[INTO]),
                figure(result.minima.get(KERNELS)),
                figure(result.minima[STREAM]),
                figure(result.to_stream),
                figure(result.minima[PLAIN]),
                figure(result.minima[INTO] / result.minima[PLAIN]),
            ]
        )
    return table(head, rows)


def every_peer(results: Sequence[Result]) -> str:
    """Return, a case a line, each peer's time and how many times ours it is."""
    lines = []
    for result in results:
        if FRESH not in result.minima:
            continue
        ours = result.minima[FRESH]
        times = sorted((result.minima[p], p) for p in result.case.peers if p in result.minima)
        listed = ", ".join(f"{p} {figure(ms)} ms ({figure(ms / ours)})" for ms, p in times)
        lines.append(f"{result.case.name}: {listed or 'no peer'}")
    return "\n".join(lines)


def standing(results: Sequence[Result]) -> str:
    """Return how far ahead of the best peer all cases are together, and those that are behind."""
    ratios = {result.case.name: ahead for result in results if (ahead := result.ahead) is not None}
    if not ratios:
        return "No case has a peer here."
    behind = sorted((ratio, name) for name, ratio in ratios.items() if ratio < 1)
    lines = [
        f"Of {len(ratios)} cases with a peer, the best peer's time is {figure(geometric(ratios))} "
        f"times ours (the geometric mean); {len(behind)} are behind:"
    ]
    return "\n".join([*lines, *(f"  {figure(ratio)}  {name}" for ratio, name in behind)])


def geometric(ratios: Mapping[str, float]) -> float:
    """Return the geometric mean of ratios."""
    return exp(sum(map(log, ratios.values())) / len(ratios))


def notes(results: Sequence[Result]) -> str:
    """Return what went wrong, a line each."""
    return "\n".join(f"{r.case.name}: {note}" for r in results for note in r.notes)


def save_json(path: Path, facts: dict[str, object], results: Sequence[Any]) -> None:
    """Write the machine's facts and plain data."""
    path.write_text(json.dumps({**facts, "results": list(results)}, indent=1) + "\n")
