"""Calls on small and large arrays: where a call's own cost shows, and where the kernel's."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import peers
from cases import Case, normal
from contest import FRESH, Result, contenders_of, milliseconds
from peers import Array, Call, Factory
from report import figure, table

SIDES = tuple(2**n for n in range(3, 13))
BUSY = 0.02
"""Seconds of calls a turn."""
LEAST_CALLS, MOST_CALLS = 5, 2000


def dilation() -> Factory:
    """OpenCV's maximum of 3 × 3, its element made beforehand."""

    def factory(x: Array, threads: int) -> Call:
        import cv2

        cv2.setNumThreads(threads)
        element = np.ones((3, 3), np.uint8)
        return lambda: cv2.dilate(x, element)

    return factory


def filtered() -> Factory:
    """SciPy's maximum of 3 × 3, without the threads that one plane has no use for."""

    def factory(x: Array, threads: int) -> Call:
        from scipy import ndimage

        return lambda: ndimage.maximum_filter(x, 3, mode="constant", cval=-np.inf)

    return factory


def halved() -> Factory:
    """OpenCV's mean of 2 × 2."""

    def factory(x: Array, threads: int) -> Call:
        import cv2

        cv2.setNumThreads(threads)
        size = (x.shape[1] // 2, x.shape[0] // 2)
        return lambda: cv2.resize(x, size, interpolation=cv2.INTER_AREA)

    return factory


def torch_plane(apply: Any) -> Factory:
    """Call `apply(torch.nn.functional, tensor)` on a plane with an axis of channels."""
    return peers.torch_dense(lambda functional, t: apply(functional, t[None])[0])


def size_cases(part: str) -> list[Case]:
    """Return a case a size and operator."""
    cases = []
    for side in SIDES:
        largest: dict[str, Factory] = {
            "torch": torch_plane(lambda functional, t: functional.max_pool2d(t, 3, 1, 1)),
            "OpenCV": dilation(),
            "SciPy": filtered(),
        }
        mean: dict[str, Factory] = {
            "torch": torch_plane(lambda functional, t: functional.avg_pool2d(t, 2)),
            "OpenCV": halved(),
        }
        make = normal(side, side)
        cases.append(Case(f"max 3x3 s1, {side}²", make, "max_pool2d", (3, 1, 1), {}, largest))
        cases.append(Case(f"mean 2x2, {side}²", make, "avg_pool2d", (2,), {}, mean))
    return sorted((case for case in cases if part in case.name), key=lambda c: c.name[:3])


def size_results(part: str, rounds: int, threads: int, absent: set[str]) -> Iterator[Result]:
    """Measure each case's calls, in turns."""
    for case in size_cases(part):
        x = case.make()
        notes: list[str] = []
        contenders = contenders_of(case, x, threads, notes, absent)
        gc.disable()
        try:
            for _ in range(rounds):
                for contender in contenders.values():
                    contender.take_turn(2)
                    calls = int(BUSY / min(contender.times))
                    contender.take_turn(min(max(calls, LEAST_CALLS), MOST_CALLS))
        finally:
            gc.enable()
        least, middle = milliseconds(contenders, min), milliseconds(contenders, np.median)
        yield Result(case, x.shape, str(x.dtype), least, middle, notes)


def size_table(results: Sequence[Result]) -> str:
    """Return a call's microseconds, ours and the peers': the fastest call's, and the middle one's.

    They differ where threads that wait are woken too late to help, which to a caller is usual.
    """
    names = list(dict.fromkeys(name for result in results for name in result.case.peers))
    head = ["float32", "ours µs", *(f"{name} µs" for name in names), "best/ours"]
    tables = []
    for which in ("minima", "medians"):
        rows = []
        for result in results:
            found: dict[str, float] = getattr(result, which)
            times = [found.get(name) for name in (FRESH, *names)]
            peers = [ms for ms in times[1:] if ms is not None]
            ahead = min(peers) / times[0] if peers and times[0] else None
            cells = [figure(None if ms is None else 1e3 * ms) for ms in times]
            rows.append([result.case.name, *cells, figure(ahead)])
        tables.append(table(head, rows))
    return f"The fastest call:\n{tables[0]}\n\nThe middle call:\n{tables[1]}"


def save_size_plot(path: Path, facts: dict[str, object], results: Sequence[Result]) -> None:
    """Draw a call's time by size, a panel an operator."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    operators = list(dict.fromkeys(result.case.name.split(",")[0] for result in results))
    plot, panels = pyplot.subplots(
        1, len(operators), figsize=(6.5 * len(operators), 4.6), layout="constrained", squeeze=False
    )
    for panel, operator in zip(panels[0], operators, strict=True):
        drawn = [result for result in results if result.case.name.split(",")[0] == operator]
        for name in (FRESH, *drawn[0].case.peers):
            sides = [result.shape[0] for result in drawn if name in result.minima]
            times = [1e3 * result.minima[name] for result in drawn if name in result.minima]
            weight = {"linewidth": 2.6, "color": "black"} if name == FRESH else {"linewidth": 1.2}
            label = "numbapool" if name == FRESH else name
            panel.plot(sides, times, marker="o", markersize=3.5, label=label, **weight)
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks([result.shape[0] for result in drawn])
        panel.set_xticklabels([f"{result.shape[0]}²" for result in drawn], fontsize=8)
        panel.set_title(f"{operator}, float32: microseconds a call, the fastest", fontsize=10)
        panel.grid(alpha=0.3)
        panel.legend(fontsize=8)
    plot.supxlabel(f"{facts['cpu']}, {facts['threads']} threads, {facts['date']}", fontsize=8)
    plot.savefig(path, dpi=130)
    pyplot.close(plot)
