"""Seconds of a kernel's first call: compiled, and loaded from the cache in another process."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numba
import numpy as np
from report import figure, table
from subprocesses import ask

FEW, MANY = (1, 8, 64, 64), (4, 8, 64, 64)
"""Elements for one thread, and for all: then the parallel driver, which serves every kernel, is
compiled or loaded too."""

CALLS: dict[str, tuple[str, str, tuple[Any, ...], dict[str, Any]]] = {
    "max 2x2 float32": ("max_pool2d", "float32", (2,), {}),
    "max 2x2 float32 and driver": ("max_pool2d", "float32", (2,), {}),
    "max 2x2 float16": ("max_pool2d", "float16", (2,), {}),
    "max 2x2 with indices float32": ("max_pool2d", "float32", (2,), {"return_indices": True}),
    "max 31x31 s1 float32": ("max_pool2d", "float32", (31, 1, 15), {}),
    "mean 3x3 s2 p1 float32": ("avg_pool2d", "float32", (3, 2, 1), {}),
    "mean 2x2 uint8": ("avg_pool2d", "uint8", (2,), {}),
    "mean 31x31 s1 float32": ("avg_pool2d", "float32", (31, 1, 15), {}),
    "median 4x4 float32": ("median_pool2d", "float32", (4,), {}),
    "mode 2x2 uint32": ("mode_pool2d", "uint32", (2,), {}),
}


@numba.njit(cache=True)
def trivial(x: int) -> int:
    return x + 1


def first_calls(name: str) -> dict[str, float]:
    """Time in this process numba's own first load, or import, and the first call of one of ours."""
    if name == "trivial":
        begin = time.perf_counter()
        trivial(1)
        return {"call": time.perf_counter() - begin}
    function, dtype, arguments, options = CALLS[name]
    x = np.ones(MANY if name.endswith("driver") else FEW, dtype)
    begin = time.perf_counter()
    import numbapool

    pool = getattr(numbapool, function)
    ready = time.perf_counter()
    pool(x, *arguments, **options)
    return {"import": ready - begin, "call": time.perf_counter() - ready}


def compile_result(name: str, rounds: int) -> dict[str, Any]:
    """Compile into an empty cache, then load from it in fresh processes, numba's own in turn."""
    with tempfile.TemporaryDirectory() as empty:
        try:
            compiled = ask("compiling.py", name, NUMBA_CACHE_DIR=empty)
            ask("compiling.py", "trivial", NUMBA_CACHE_DIR=empty)
            loaded, own = [], []
            for _ in range(rounds):
                loaded.append(ask("compiling.py", name, NUMBA_CACHE_DIR=empty))
                own.append(ask("compiling.py", "trivial", NUMBA_CACHE_DIR=empty)["call"])
        except RuntimeError as error:
            missing = str(error).startswith("AttributeError")
            return {"case": name, "state": "not there yet" if missing else str(error)}
    return {
        "case": name,
        "state": "measured",
        "compiled": compiled["call"],
        "import": min(one["import"] for one in loaded),
        "cached": min(one["call"] for one in loaded),
        "own": min(own),
    }


def compile_results(part: str, rounds: int) -> Iterator[dict[str, Any]]:
    """Measure the calls whose name holds a text."""
    for name in CALLS:
        if part.lower() in name.lower():
            yield compile_result(name, rounds)


def compile_table(results: Sequence[dict[str, Any]]) -> str:
    """Return the table: seconds to compile, milliseconds to load, and what numba's own load is."""
    head = ["first call", "compiled s", "import ms", "cached ms", "numba's own ms", "beyond it ms"]
    rows = []
    for result in results:
        if result["state"] != "measured":
            rows.append([result["case"], result["state"], *[""] * 4])
            continue
        beyond = result["cached"] - result["own"]
        times = (result["import"], result["cached"], result["own"], beyond)
        cells = [figure(1e3 * seconds) for seconds in times]
        rows.append([result["case"], figure(result["compiled"]), *cells])
    return table(head, rows)


if __name__ == "__main__":
    print(json.dumps(first_calls(sys.argv[1])))
