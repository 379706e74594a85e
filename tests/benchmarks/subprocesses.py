"""Run one of these files in a process of its own, and read what it prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent


class Spent(NamedTuple):
    """What a process took, in seconds."""

    wall: float
    processor: float


def pool_command() -> list[str]:
    """Return how the command is called: as it is installed beside this Python, or as a module."""
    pool = shutil.which("pool", path=sysconfig.get_path("scripts"))
    return [pool] if pool else [sys.executable, "-m", "numbapool"]


def spent(command: Sequence[str], folder: Path | None = None, **environment: str) -> Spent:
    """Run a command; return its time, on the clock and on processors.

    Python may keep what it compiles of modules, as it does for users.

    Raises
    ------
    SystemExit
        Where it fails, with what it said.
    """
    variables = {**os.environ, **environment}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    begin = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {said.decode(errors='replace').strip()}")
    return Spent(wall, used.ru_utime + used.ru_stime)


def ask(script: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """Run a file of this folder that prints one line of JSON, and return that.

    Raises
    ------
    RuntimeError
        Where it failed, with the last line of what it said.
    """
    done = subprocess.run(
        [sys.executable, str(HERE / script), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["it said nothing"])[-1])
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
