"""Many threads, forked children, spawned ones, nested prange: right, on every threading layer."""

import importlib
import os

import pytest
from processes import python

SCRIPT = """
import multiprocessing
import os
import sys
import threading

import numpy as np

import numbapool as nbp

x = np.random.default_rng(0).normal(size=(8, 256, 256)).astype(np.float32)
want = x.reshape(8, 128, 2, 128, 2).max((2, 4))


def right():
    return bool((nbp.max_pool2d(x, 2) == want).all())


def child(results):
    results.put(right())


def in_a_child(method):
    context = multiprocessing.get_context(method)
    results = context.SimpleQueue()
    process = context.Process(target=child, args=(results,))
    process.start()
    process.join(120)
    assert process.exitcode == 0, f"{method}: {process.exitcode}"
    assert results.get()


def in_threads(count, also=lambda: None):
    answers = []

    def work():
        for _ in range(40):
            answers.append(right())

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    also()
    for thread in threads:
        thread.join()
    assert len(answers) == 40 * count
    assert all(answers)


def fork():
    if hasattr(os, "fork"):
        in_a_child("fork")


def nested():
    from numba import njit, prange

    @njit(parallel=True)
    def corners(x):
        out = np.empty(len(x), np.float32)
        for n in prange(len(x)):
            out[n] = nbp.max_pool2d(x[n], 2)[0, 0]
        return out

    in_threads(2, lambda: None)
    assert (corners(x) == want[:, 0, 0]).all()
    assert right()


if __name__ == "__main__":
    fork()
    assert right()
    if sys.argv[1] == "with":
        import numba
    in_threads(8)
    in_threads(8, fork)
    fork()
    in_a_child("spawn")
    if sys.argv[1] == "with":
        nested()
        assert numba.threading_layer() == os.environ["NUMBA_THREADING_LAYER"]
    print("right")
"""

LAYERS = {"workqueue": "workqueue", "omp": "omppool", "tbb": "tbbpool"}


@pytest.mark.parametrize("numba", ["with", "without"])
@pytest.mark.parametrize("layer", LAYERS)
def test_threads_and_processes(layer, numba, tmp_path):
    try:
        importlib.import_module(f"numba.np.ufunc.{LAYERS[layer]}")
    except ImportError:
        pytest.skip(f"Numba finds no {layer} here")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    assert python(script, numba, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS=2) == "right"


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np
import numbapool as nbp

nbp.median_pool2d(np.zeros((64, 64), np.float32), 7, 1)
for after in (0.05, 0.1, 0.2):
    threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        while True:
            nbp.median_pool2d(np.zeros((1500, 1500), np.float32), 7, 1)
    except KeyboardInterrupt:
        pass
time.sleep(0.5)
print("survived")
"""


@pytest.mark.skipif(os.name == "nt", reason="no process sends itself SIGINT there")
def test_an_interrupted_call_leaves_no_thread_behind():
    for _ in range(2):  # compiles, the first time
        assert python(INTERRUPTED, NUMBA_NUM_THREADS=4) == "survived"
