"""What all kernels depend on: their sources, the compilers, the processor."""

from __future__ import annotations

import hashlib
from functools import cache
from pkgutil import get_data

import llvmlite

from numbapool.compile.target import cpu, features, host, numba_version

SOURCES = (
    *(
        f"reducers/{name}.py"
        for name in (
            "blends",
            "counts",
            "exponentials",
            "extremes",
            "means",
            "methods",
            "mixtures",
            "moments",
            "networks",
            "selectors",
            "sequences",
            "sums",
            "ways",
        )
    ),
    *(
        f"loops/{name}.py"
        for name in (
            "bounds",
            "area",
            "boxes",
            "columns",
            "counters",
            "cumulative",
            "direct",
            "faces",
            "footprints",
            "forms",
            "frequencies",
            "gates",
            "geometry",
            "kernels",
            "halves",
            "histograms",
            "keys",
            "lanes",
            "moments",
            "moments_along",
            "networks",
            "options",
            "placed",
            "pointers",
            "ranks",
            "room",
            "row_keys",
            "rows",
            "running",
            "folded",
            "select",
            "shuffles",
            "sorting",
            "spans",
            "spans_along",
            "spreads",
            "strips",
            "thinned",
            "tile_modes",
            "tiles",
            "tiling",
            "spans_weighted",
            "weighted",
            "windowed",
        )
    ),
    "compile/build.py",
    "compile/contract.py",
    "compile/entry.py",
    "compile/numba_seams.py",
    "compile/spec.py",
)
"""The files that kernels are compiled from."""


@cache
def surroundings() -> bytes:
    """Return a hash of everything that all kernels depend on: sources, compilers, processor."""
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(get_data("numbapool", path) or b"")
    for word in (numba_version(), llvmlite.__version__, host().triple, cpu(), features()):
        digest.update(word.encode() + b"\0")
    return digest.digest()
