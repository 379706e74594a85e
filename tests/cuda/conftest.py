"""Tests of the kernels for NVIDIA's devices, in the simulator or on a GPU, in a process of its own.

``NUMBA_ENABLE_CUDASIM=1 NUMBA_DISABLE_JIT=1 NUMBAPOOL_KERNELS=plain python -m pytest tests/cuda``;
`test_cuda.py` starts it. Without the first word they run on a GPU, and floats may differ in the
last places.
"""

import os

import pytest

ON = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def has_device():
    if os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0"):
        return False  # an ordinary run of all tests: these would compile every kernel twice
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
