"""The command under its other names: a module that Python runs, and the script numbapool."""

import shutil
import subprocess
import sys
import sysconfig

import pytest
from numbapool_cli import app

import numbapool


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_as_a_module():
    assert run(sys.executable, "-m", "numbapool", "--version").stdout == (
        f"pool {numbapool.__version__}\n"
    )
    said = run(sys.executable, "-m", "numbapool", "info", "--help").stdout
    assert said.startswith("Usage: python -m numbapool info ")
    assert run(sys.executable, "-m", "numbapool", "avg").returncode == 2


def test_as_a_script():
    script = shutil.which("numbapool", path=sysconfig.get_path("scripts"))
    if script is None:
        pytest.skip("the script numbapool is not installed beside this Python")
    assert run(script, "avg", "--help").stdout.startswith("Usage: numbapool avg ")


@pytest.mark.parametrize(
    ("started", "name"),
    [
        ("/usr/bin/pool", "pool"),
        ("pool.exe", "pool"),
        ("/usr/bin/numbapool", "numbapool"),
        ("/lib/numbapool/__main__.py", "python -m numbapool"),
        ("-c", "pool"),
    ],
)
def test_the_name_in_its_help(monkeypatch, started, name):
    monkeypatch.setattr(sys, "argv", [started])
    assert app._called_as() == name
