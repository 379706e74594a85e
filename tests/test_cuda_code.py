"""Kernels for GPUs, compiled without one: no stack, no spills, few registers, wide loads."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from processes import python

SCRIPT = Path(__file__).with_name("cuda_code.py")


pytestmark = pytest.mark.skipif(
    find_spec("numba_cuda") is None or find_spec("cuda") is None,
    reason="numba-cuda and cuda-core are not installed: they are the extra cuda12",
)


def test_what_the_cpu_compiled_before_changes_nothing(tmp_path):
    """numba-cuda takes functions that Numba knows for the CPU: a root there is NumPy's."""
    script = """
        import numpy as np
        import numbapool as nbp
        nbp.std_pool2d(np.ones((4, 4)), 2)
        nbp.avg_pool2d(np.ones((80, 80), np.uint8), 60)
        import cuda_code
        compiled = cuda_code.compile_for((8, 0))
        cuda_code.without_device()
        for op, dtype in (("std", "float32"), ("avg", "uint8")):
            for _, function, kinds in cuda_code.launches("slides 2x2/2", op, dtype):
                print("sqrt" in compiled(function, kinds)[0])
    """
    assert python(script, PYTHONPATH=SCRIPT.parent, NUMBA_CACHE_DIR=tmp_path) == "True\nFalse"


@pytest.mark.parametrize("capability", ["7.5", "10.0"])
def test_machine_code(capability):
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--some", "--capability", capability],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("\n") == 17  # a title, a head, five kernels of three kinds
