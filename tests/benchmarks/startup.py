"""How long `pool avg` takes on a small image, beside a bare script with the same imports."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from report import figure, table
from subprocesses import HERE

SIDE = 64


def seconds(command: Sequence[str]) -> float:
    """Run a command and return its wall time.

    Raises
    ------
    SystemExit
        Where it fails, with what it said.
    """
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
    return taken


def startup_result(rounds: int) -> dict[str, Any]:
    """Time both in turn, each once before so that its kernel is cached."""
    pool = shutil.which("pool", path=sysconfig.get_path("scripts"))
    if pool is None:
        raise SystemExit("--startup needs the pool command beside this Python")
    with tempfile.TemporaryDirectory() as folder:
        image, result = Path(folder, "small.png"), Path(folder, "pooled.png")
        noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
        Image.fromarray(noise).save(image)
        commands = {
            "pool avg": [pool, "avg", str(image), "-o", str(result), "--on-exists", "overwrite"],
            "bare script": [sys.executable, str(HERE / "bare.py")],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            seconds(command)
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(seconds(command))
    least = {name: min(taken) for name, taken in times.items()}
    return {
        "case": "start-up",
        "seconds": least,
        "ratio": least["pool avg"] / least["bare script"],
        "scipy": importlib.util.find_spec("scipy") is not None,
    }


def startup_table(result: dict[str, Any]) -> str:
    """Return the table of both."""
    rows = [[name, figure(1e3 * taken)] for name, taken in result["seconds"].items()]
    rows.append(["ratio", figure(result["ratio"])])
    if result["scipy"]:
        rows.append(["(SciPy is installed: numba imports it)", ""])
    return table(["command", "ms"], rows)
