"""Peak memory of a call beyond its input and its output, each case in a fresh process."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
from cases import Case
from elsewhere import selected
from peers import Array
from report import figure, table
from subprocesses import ask

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"
MB = 1e6


def resident(name: str) -> int:
    """Return VmRSS, or VmHWM which is its peak, in bytes."""
    found = re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text())
    assert found is not None
    return 1024 * int(found[1])


def part_of(x: Array) -> Array:
    """Return a small part, pooled by the same kernel and by all threads."""
    return x[0][:1] if len(x) == 1 else x[: max(1, len(x) // 32)]


def measure(name: str, threads: int, outs: Sequence[Any]) -> dict[str, int]:
    """Measure a case's call in this process, into results of the given shapes and dtypes.

    The kernel is loaded and the threads started before, on a part of the input, so that what
    these take is not counted; nor is anything that a first call of full size would keep.
    """
    numba.set_num_threads(threads)
    case = next(case for case in selected(name) if case.name == name)
    x = case.make()
    arrays = tuple(np.ones(shape, dtype) for shape, dtype in outs)
    case.ours(part_of(x))
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # glibc alone has it
        ctypes.CDLL(None).malloc_trim(0)
    CLEAR.write_text(RESET_PEAK)
    before = resident("VmRSS")
    case.ours(x, out=arrays if len(arrays) > 1 else arrays[0])
    return {
        "input": x.nbytes,
        "output": sum(array.nbytes for array in arrays),
        "extra": max(0, resident("VmHWM") - before),
    }


def memory_of(case: Case, threads: int) -> dict[str, Any]:
    """Measure a case in a fresh process; its results' shapes are found out in this one."""
    if not case.exists:
        return {"case": case.name, "state": "not there yet"}
    try:
        made = case.ours(case.make())
        arrays = made if isinstance(made, tuple) else (made,)
        outs = [(array.shape, str(array.dtype)) for array in arrays]
        found = ask("memory.py", case.name, str(threads), json.dumps(outs))
    except Exception as error:
        return {"case": case.name, "state": f"failed: {type(error).__name__}: {error}"}
    return {"case": case.name, "state": "measured", **found}


def memory_results(part: str, threads: int) -> Iterator[dict[str, Any]]:
    """Measure the cases whose name holds a text.

    Raises
    ------
    SystemExit
        Where the system does not tell a process its peak.
    """
    if not CLEAR.exists():
        raise SystemExit("--memory needs Linux's /proc")
    for case in selected(part):
        yield memory_of(case, threads)


def memory_table(results: Sequence[dict[str, Any]]) -> str:
    """Return the table: what a call took beyond input and output."""
    rows = []
    for result in results:
        if result["state"] != "measured":
            rows.append([result["case"], result["state"], "", "", ""])
            continue
        sizes = [figure(result[name] / MB) for name in ("input", "output", "extra")]
        rows.append([result["case"], *sizes, figure(result["extra"] / result["output"])])
    return table(["case", "input MB", "output MB", "extra MB", "extra/output"], rows)


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))))
