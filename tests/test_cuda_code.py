"""Kernels for GPUs, compiled without one: no stack, no spills, few registers, wide loads."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("cuda_code.py")


@pytest.mark.skipif(
    find_spec("numba_cuda") is None or find_spec("cuda") is None,
    reason="numba-cuda and cuda-core are not installed: they are the extra cuda12",
)
@pytest.mark.parametrize("capability", ["7.5", "9.0"])
def test_machine_code(capability):
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--some", "--capability", capability],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("\n") == 11  # a title, a head, three kernels of three kinds
