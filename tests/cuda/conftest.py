"""Tests of the kernels for NVIDIA's devices, in the simulator: in a process of its own.

``NUMBA_ENABLE_CUDASIM=1 NUMBA_DISABLE_JIT=1 NUMBAPOOL_KERNELS=plain python -m pytest tests/cuda``;
`test_cuda.py` starts it.
"""

import os

import pytest

ON = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def pytest_collection_modifyitems(items):
    """Let floats overflow: the simulator's threads do not know of NumPy's errstate."""
    for item in items:
        if "cuda" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore::RuntimeWarning"))


@pytest.fixture(autouse=True)
def simulator():
    if not ON:
        pytest.skip("the simulator of CUDA is off: NUMBA_ENABLE_CUDASIM=1 turns it on")
