"""Means over exact areas beside OpenCV's and Pillow's: how far off, and how fast.

    python tests/benchmarks/areas.py

It takes a photo of 24 megapixels to a longest side of 1600, and by the next whole window, 4 × 4.
All take two threads; Pillow has one. The calls take turns, and each time is the least.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numba
import numpy as np
from PIL import Image
from report import figure, table

import numbapool as nbp

sys.path.append(str(Path(__file__).parents[1]))

import naive_kinds

ROUNDS, THREADS, SIZES = 40, 2, 50
PHOTO, SMALL = (4000, 6000, 3), (1067, 1600)
OPENCV, PILLOW = "OpenCV, INTER_AREA", "Pillow, BOX"
AREA, WINDOW = "area_pool2d", "avg_pool2d by 4"


def calls_on(x: Any, size: tuple[int, int]) -> dict[str, Callable[[], Any]]:
    """Return the calls that take a picture to a size (height, width)."""
    across = size[::-1]
    image = Image.fromarray(x)
    form = "HWC" if x.ndim == 3 else "HW"
    return {
        AREA: lambda: nbp.area_pool2d(x, size, data_format=form),
        OPENCV: lambda: cv2.resize(x, across, interpolation=cv2.INTER_AREA),
        PILLOW: lambda: image.resize(across, Image.Resampling.BOX),
    }


def errors() -> dict[str, float]:
    """Return how far each is off at most, in levels, over random pictures and sizes."""
    random, worst = np.random.default_rng(1), {}
    for _ in range(SIZES):
        shape = tuple(random.integers(50, 400, 2))
        size = tuple(int(random.integers(10, side)) for side in shape)
        x = random.integers(0, 256, shape, np.uint8)
        want = naive_kinds.area_means(x, size)
        for name, call in calls_on(x, size).items():
            off = float(np.abs(np.asarray(call()) - want).max())
            worst[name] = max(worst.get(name, 0.0), off)
    return worst


def milliseconds(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return each call's least time; the calls take turns."""
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            least[name] = min(least[name], 1000 * (time.perf_counter() - start))
    return least


def main() -> None:
    numba.set_num_threads(THREADS)
    cv2.setNumThreads(THREADS)
    off = errors()
    x = np.random.default_rng(0).integers(0, 256, PHOTO, np.uint8)
    calls = calls_on(x, SMALL)
    calls[WINDOW] = lambda: nbp.avg_pool2d(x, 4, data_format="HWC", ceil_mode=True)
    took = milliseconds(calls)
    rows = []
    for name in (AREA, WINDOW, OPENCV, PILLOW):
        levels = f"{off[name]:.2f}" if name in off else ""
        rows.append([name, levels, figure(took[name]), figure(took[name] / took[AREA])])
    head = ["24 MP to 1600 x 1067", f"off in {SIZES} sizes, levels", "ms", "times ours"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
