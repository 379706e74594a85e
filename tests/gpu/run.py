"""Check and measure numbapool on this machine's GPU: one command, a table, and a file of figures.

    python tests/gpu/run.py [--out FOLDER] [--quick]

It needs a GPU, torch, and the extra `cuda12` or `cuda13`. First it checks every operator against
the CPU, on tensors of torch that stay on the device; then it measures frequent windows beside
torch, as shares of the bandwidth of a copy on the same card.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

PACKAGES = "numbapool numpy numba numba-cuda llvmlite cuda-core torch cupy-cuda13x cupy-cuda12x"


def versions() -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES.split():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> int:
    """Check, measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the figures")
    parser.add_argument("--quick", action="store_true", help="fewer checks and cases")
    parser.add_argument("--no-checks", action="store_true", help="measure only")
    given = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        print("torch finds no GPU on this machine")
        return 3
    import gpu_doors
    from gpu_checks import check
    from gpu_speed import measure, table

    begin = time.perf_counter()
    figures: dict[str, Any] = {
        "card": torch.cuda.get_device_name(),
        "capability": list(torch.cuda.get_device_capability()),
        "versions": versions(),
    }
    print(figures, flush=True)
    if not given.no_checks:
        counts, wrong = zip(check(given.quick), gpu_doors.check(), strict=True)
        figures["checks"], figures["wrong"] = sum(counts), [*wrong[0], *wrong[1]]
        print(f"{figures['checks']} checks, wrong: {len(figures['wrong'])}", flush=True)
        for line in wrong[1]:
            print("wrong:", line)
        figures["checks_s"] = round(time.perf_counter() - begin, 1)
    figures["copy_GBs"], figures["cases"] = measure(given.quick)
    print(table(figures))
    given.out.mkdir(parents=True, exist_ok=True)
    name = figures["card"].replace(" ", "-").lower()
    target = given.out / f"{name}.json"
    target.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"saved {target}, after {time.perf_counter() - begin:.0f} s")
    return 1 if figures.get("wrong") or any("error" in case for case in figures["cases"]) else 0


if __name__ == "__main__":
    raise SystemExit(main())
