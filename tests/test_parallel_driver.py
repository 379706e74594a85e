"""The parallel driver: every piece once, on every threading layer, without anything kept."""

import importlib

import pytest
from processes import python

LAYERS = {"workqueue": "workqueue", "omp": "omppool", "tbb": "tbbpool"}

SCRIPT = """
import ctypes

import numba

from numbapool.compile import compiled

seen = []


@ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 4)
def kernel(call, block, begin, end):
    seen.append((block, call, begin, end))


address = ctypes.cast(kernel, ctypes.c_void_p).value
driver = compiled.driver()
for threads in (4, 3, 1):
    numba.set_num_threads(threads)
    for pieces in (1, 2, 5, 100):
        for blocks in (1, 2, 3, 4, 7):
            seen.clear()
            driver.call(address, 77, pieces, blocks)
            edges = [pieces * n // blocks for n in range(blocks + 1)]
            assert sorted(seen) == [
                (n, 77, edges[n], edges[n + 1]) for n in range(blocks)
            ], (threads, pieces, blocks, seen)
    assert numba.get_num_threads() == threads
print(numba.threading_layer())
"""


@pytest.mark.parametrize("layer", LAYERS)
def test_every_piece_is_done_once(layer):
    try:
        importlib.import_module(f"numba.np.ufunc.{LAYERS[layer]}")
    except ImportError:
        pytest.skip(f"Numba finds no {layer} here")
    assert python(SCRIPT, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS=4) == layer


WITHOUT = """
import numba, numpy as np, numbapool as nbp
from numbapool.compile import compiled, driver

driver.NEEDED = ("no_such_symbol",)
x = np.arange(1 << 20, dtype=np.float32)
assert (nbp.max_pool1d(x, 2) == x[1::2]).all()
assert compiled.driver() is None
"""


def test_a_numba_without_such_a_layer_leaves_the_work_to_pythons_threads():
    python(WITHOUT, NUMBA_NUM_THREADS=2)
