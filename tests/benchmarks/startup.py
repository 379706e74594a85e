"""How long `pool avg` takes on a small image, beside scripts that import what it needs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from report import figure, table
from subprocesses import HERE, Spent, pool_command, spent

SIDE = 64
IMPORTS = "import click, numpy, PIL.Image"
"""What no command of this kind does without."""


def startup_result(rounds: int) -> dict[str, Any]:
    """Time them in turn, each once before so that its kernel is cached."""
    with tempfile.TemporaryDirectory() as folder:
        image, result = Path(folder, "small.png"), Path(folder, "pooled.png")
        noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
        Image.fromarray(noise).save(image)
        words = ["avg", str(image), "-k", "2", "-o", str(result), "--on-exists", "overwrite"]
        commands = {
            "pool avg": [*pool_command(), *words],
            IMPORTS: [sys.executable, "-c", IMPORTS],
            "bare script with Numba": [sys.executable, str(HERE / "bare.py")],
            "pool --help": [*pool_command(), "--help"],
        }
        times: dict[str, list[Spent]] = {name: [] for name in commands}
        for command in commands.values():
            spent(command)
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(spent(command))
    least = {name: Spent(*map(min, zip(*taken, strict=True))) for name, taken in times.items()}
    return {"case": "start-up", "seconds": {name: each._asdict() for name, each in least.items()}}


def startup_table(result: dict[str, Any]) -> str:
    """Return the table: milliseconds of each, and how many times the imports' that is."""
    base = result["seconds"][IMPORTS]
    rows = [
        [
            name,
            *(figure(1e3 * taken[kind]) for kind in ("wall", "processor")),
            *(figure(taken[kind] / base[kind]) for kind in ("wall", "processor")),
        ]
        for name, taken in result["seconds"].items()
    ]
    return table(["command", "ms", "CPU ms", "times", "CPU times"], rows)
