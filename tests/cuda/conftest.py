"""Tests of the kernels for NVIDIA's devices, in the simulator or on a GPU, in a process of its own.

``NUMBA_ENABLE_CUDASIM=1 NUMBA_DISABLE_JIT=1 NUMBAPOOL_KERNELS=plain python -m pytest tests/cuda``;
`.ci/run` does so, and `test_cuda.py` runs a sample. Without the first word they run on a GPU, and
floats may differ in the last places.
"""

import os
from pathlib import Path

import pytest

ON = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def pytest_ignore_collect(config):
    """Leave these out of a run of all tests, in which `test_cuda.py` starts them."""
    named = [Path(str(each).partition("::")[0]).parts for each in config.args]
    return None if any("cuda" in parts for parts in named) else True


def has_device():
    from numbapool.cuda.target import cuda

    return cuda.is_available()


def pytest_collection_modifyitems(items):
    """Let floats overflow: the simulator's threads do not know of NumPy's errstate."""
    for item in items:
        if "cuda" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore::RuntimeWarning"))


@pytest.fixture(autouse=True)
def simulator():
    if not (ON or has_device()):
        pytest.skip("no GPU, and CUDA's simulator is off: NUMBA_ENABLE_CUDASIM=1 turns it on")
