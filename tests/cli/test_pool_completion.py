"""Completion in the shell: commands, options, and files where files are wanted."""

import os
import subprocess
import sys

import pytest
from numbapool_cli.app import cli


def complete(words, shell="bash"):
    """Ask as the shell does; give the kinds and values of what it is offered."""
    environment = {
        **os.environ,
        "_POOL_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    code = (
        "import sys\nfrom numbapool_cli.app import cli\n"
        "try:\n    cli.main([], 'pool')\n"
        "finally:\n    assert not {'numba', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stderr == ""
    return [tuple(line.split(",", 1)) for line in done.stdout.splitlines()]


def test_commands():
    assert complete(["pool", ""]) == [("plain", name) for name in cli.list_commands(None)]
    assert complete(["pool", "av"]) == [("plain", "avg")]


def test_options_and_their_values():
    assert ("plain", "--kernel-size") in complete(["pool", "avg", "--k"])
    values = complete(["pool", "avg", "--on-exists", ""])
    assert ("plain", "overwrite") in values


@pytest.mark.parametrize(
    "words",
    [
        *([name, "ph"] for name in ("avg", "pyramid", "sheet", "diff", "info")),
        *(["avg", option, "ph"] for option in ("-o", "--files-from", "--config")),
    ],
)
def test_files(words):
    assert complete(["pool", *words]) == [("file", "ph")]


def test_script():
    environment = {**os.environ, "_POOL_COMPLETE": "zsh_source"}
    code = "from numbapool_cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert "compdef" in done.stdout
