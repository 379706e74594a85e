"""Where and when figures were taken, and with which versions of what."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

OURS = ("numbapool", "numba", "llvmlite", "numpy")


def cpu_model() -> str:
    """Return the processor's name, as far as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def describe(packages: tuple[str, ...] = ()) -> dict[str, object]:
    """Return the machine, the date and the versions as plain data."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(OURS + packages),
    }


def heading(facts: dict[str, object]) -> str:
    """Return the machine, the date and the versions as two lines."""
    found = facts["versions"]
    assert isinstance(found, dict)
    where = f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}, {facts['date']}"
    listed = ", ".join(f"{name} {number}" for name, number in found.items())
    return f"{where}\nPython {facts['python']}, {listed}"
