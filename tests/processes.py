"""Python in a process of its own: the one way in which tests start it."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

from numbapool.compile import store

LIMIT = 300
"""Seconds until a process counts as one that hangs; it may have to compile."""


class Ended(NamedTuple):
    """What a process left behind."""

    code: int
    output: str
    errors: str


def ended(script, *arguments, options=(), cwd=None, limit=LIMIT, **variables):
    """Run a script, a text or the path of one, to its end.

    Parameters
    ----------
    script
        The text, however indented, or the `Path` of one; None runs the module that `options` name.
    arguments
        What the script finds in `sys.argv`.
    options
        Python's own options, as ``-W error`` or ``-m mypy``.
    cwd
        The folder that it runs in.
    limit
        How many seconds it may take.
    variables
        Changes to the environment: None takes a variable away.
    """
    if isinstance(script, str):
        named = ["-c", textwrap.dedent(script)]
    else:
        named = [script] if script else []
    environment = {**os.environ, **variables}
    process = subprocess.Popen(
        [sys.executable, *options, *named, *map(str, arguments)],
        cwd=cwd,
        env={name: str(value) for name, value in environment.items() if value is not None},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)  # a child that hangs holds the pipes
        else:
            process.kill()
        _, errors = process.communicate()
        raise AssertionError(f"no end after {limit} seconds: {errors}") from None
    return Ended(process.returncode, output, errors)


def python(script, *arguments, **more):
    """Run a script as `ended` does; it must succeed. Return what it prints."""
    done = ended(script, *arguments, **more)
    assert done.code == 0, f"ended by {done.code}: {done.errors}{done.output}"
    return done.output.strip()


def kernels_of_this_process():
    """Return variables by which a process finds these kernels, and Numba's caches beside scripts.

    What is tested there is the cache of a user's function: kernels need not be compiled for it.
    """
    folder = store.place().path.parent
    return {"NUMBA_CACHE_DIR": None, "XDG_CACHE_HOME": folder}


NOTHING_RAN = 5
"""Pytest's exit code if what a file needs is not installed."""


def as_plain_python(*files, **variables):
    """Run files of tests in a process of their own, in which nothing is compiled."""
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
    folder = Path(__file__).parents[1]
    variables = {"NUMBA_DISABLE_JIT": 1, **variables}
    done = ended(None, *words, options=["-m", "pytest"], cwd=folder, **variables)
    if done.code == NOTHING_RAN:
        pytest.skip(done.output.strip().splitlines()[-2])
    assert done.code == 0, done.output + done.errors
