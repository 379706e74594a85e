"""Show that results have the same bits for 1 and 2 threads, and with narrower vectors.

    python tests/bits.py          # few operators on float32, and on uint8 those that round
    python tests/bits.py --all    # every operator and dtype; many minutes
    python tests/bits.py --all float32 float64    # these dtypes alone, by every kind of window

Each run of this script hashes the results of many calls. They are compared for one and two threads
and for kernels made with and without the processor's widest vectors: AVX-512, or else AVX2.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import strategies as draws
from processes import python

import numbapool as nbp
from numbapool import operators

OPERATORS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "max": ("max_pool", (), {}),
    "max and its places": ("max_pool", (), {"return_indices": True}),
    "min": ("min_pool", (), {}),
    "min and its places": ("min_pool", (), {"return_indices": True}),
    "avg": ("avg_pool", (), {}),
    "sum": ("sum_pool", (), {}),
    "lp 1": ("lp_pool", (1,), {}),
    "lp 2": ("lp_pool", (2,), {}),
    "lp 2.5": ("lp_pool", (2.5,), {}),
    "lp inf": ("lp_pool", (np.inf,), {}),
    "median": ("median_pool", (), {}),
    "mode": ("mode_pool", (), {}),
    "percentile": ("percentile_pool", (40.0,), {}),
    "var": ("var_pool", (), {}),
    "std": ("std_pool", (), {}),
}

_FUNCTIONS = {function for function, _, _ in OPERATORS.values()}
OPERATORS |= {
    name: (f"{name}_pool", (), {})
    for name in operators.OPERATORS
    if f"{name}_pool" not in _FUNCTIONS
}

OF_EACH_KIND = ["avg", "percentile", "std", "soft"]
"""Operators of the short run: of each loop, and of each way in which floats are rounded."""

FLOATS_IN_BETWEEN = ["avg", "std"]
"""Operators by which integers may be rounded."""

SORTS = {"median", "mode", "percentile", "var", "std"}
"""Operators that look at all elements of each window, however much windows share."""

RANKS = {"median", "mode", "percentile"}
"""Operators that have loops of their own for large windows."""

SMALL = {"kernel_size": 3, "stride": 2, "padding": 1}
TILES = {"kernel_size": 2}
OVERLAPPING = {"kernel_size": 15, "stride": 1}
LARGE = {"kernel_size": 19, "stride": 1, "padding": 9}
LONG = {"kernel_size": (1, 96)}
PIXELS = {"kernel_size": 3, "stride": 3, "data_format": "NHWC"}

BY_ALL_WINDOWS = ("uint8", "float32")
"""The dtypes that are pooled by every kind of window, if none is named."""

Case = tuple[str, str, dict[str, Any]]


def cases(asked: list[str] | None) -> Iterator[Case]:
    """Yield operators, dtypes and windows.

    If dtypes are asked for, they are pooled by every operator and every kind of window. If the list
    is empty, all dtypes are pooled by every operator, but most of them by few windows. None asks
    for the short run.
    """
    if asked is None:
        for name in OF_EACH_KIND:
            yield name, "float32", TILES if name == "avg" else SMALL
        for name in FLOATS_IN_BETWEEN:
            yield name, "uint8", TILES if name == "avg" else SMALL
        return
    for name in OPERATORS:
        for dtype in asked or draws.DTYPES:
            yield name, dtype, SMALL
            if name in RANKS:
                yield name, dtype, LARGE
            if asked or dtype in BY_ALL_WINDOWS:
                yield from more_cases(name, dtype)


def more_cases(name: str, dtype: str) -> Iterator[Case]:
    """Yield the other windows of an operator and a dtype."""
    for window in (TILES, PIXELS, LONG, OVERLAPPING):
        yield name, dtype, window
    if name in RANKS:
        yield name, dtype, {**LARGE, "nodata": 1}
    if dtype in draws.FLOATS:
        yield name, dtype, {**SMALL, "nan": "skip"}
    yield name, dtype, {**SMALL, "nodata": 1}


def results(case: Case) -> str:
    """Return the hash of a call's results."""
    name, dtype, window = case
    function, before, named = OPERATORS[name]
    few = name in SORTS and window in (OVERLAPPING, LONG)
    shape = (2, 40, 97) if few else (3, 131, 257)  # enough for two threads
    if window == PIXELS:
        shape = (131, 257, 3)
    x = draws.fill(shape, dtype, "plain", 5)
    if "nodata" in window:
        x[..., ::3] = 1
    if "nan" in window:
        x[..., ::5] = np.nan
    got = getattr(nbp, f"{function}2d")(x, *before, **window, **named)
    digest = hashlib.sha256()
    for each in got if isinstance(got, tuple) else (got,):
        digest.update(f"{each.shape}{each.dtype}".encode())
        digest.update(each.tobytes())
    return digest.hexdigest()


def hashes(asked: list[str] | None) -> dict[str, list[str]]:
    """Return the hashes of all cases, for one thread and for two."""
    import numba

    found = {}
    for case in cases(asked):
        both = []
        for count in (1, 2):
            numba.set_num_threads(count)
            both.append(results(case))
        found[f"{case[0]} of {case[1]}, {case[2]}"] = both
    return found


def narrower() -> str:
    """Return this processor's instructions without its widest vectors."""
    features = llvm.get_host_cpu_features()
    widest = "avx512" if features.get("avx512f") else "avx2"
    return ",".join(
        f"{'+' if there and not name.startswith(widest) else '-'}{name}"
        for name, there in sorted(features.items())
    )


def differences(asked: list[str] | None = None) -> tuple[int, list[str]]:
    """Return how many cases were compared, and those whose bits differ."""
    words = [Path(__file__), "--hash", *([] if asked is None else ["--all", *asked])]
    more = {"NUMBA_NUM_THREADS": 2, "limit": 3600, "NUMBA_DISABLE_JIT": 0}
    wide = json.loads(python(*words, **more))
    narrow = json.loads(python(*words, NUMBA_CPU_FEATURES=narrower(), **more))
    wrong = []
    for name, (one, two) in wide.items():
        if one != two:
            wrong.append(f"{name}: other bits by two threads")
        if narrow[name] != [one, two]:
            wrong.append(f"{name}: other bits by narrower vectors")
    return len(wide), wrong


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", nargs="*", metavar="DTYPE", help="all cases, of these dtypes")
    parser.add_argument("--hash", action="store_true", help="print this process's hashes")
    options = parser.parse_args()
    if options.hash:
        print(json.dumps(hashes(options.all)))
        return 0
    start = time.perf_counter()
    count, wrong = differences(options.all)
    print(f"{count} cases in {time.perf_counter() - start:.0f} s, {len(wrong)} differ", *wrong,
          sep="\n")  # fmt: skip
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
