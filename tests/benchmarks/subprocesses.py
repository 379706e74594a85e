"""Run one of these files in a process of its own, and read what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


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
