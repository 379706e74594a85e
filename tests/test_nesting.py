"""Inside other libraries' threads and processes: right, no abort, no hang, no thread too many."""

import importlib.util
import os
import textwrap

import pytest
from processes import python

LIMIT = 120
"""Seconds; each takes some, unless it has to compile."""

START = """
import os
import sys

import numpy as np

import numbapool as nbp

X = np.random.default_rng(0).normal(size=(8, 512, 512)).astype(np.float32)
WANT = X.reshape(8, 256, 2, 256, 2).max((2, 4))


def right(n=0):
    return bool((nbp.max_pool2d(X, 2) == WANT).all() and (nbp.max_pool2d(X[n], 2) == WANT[n]).all())


def threads():
    return len(os.listdir("/proc/self/task"))
"""


def run(tmp_path, body, **environment):
    """Run a script in a process of its own; it and its children must come to their end."""
    script = tmp_path / "script.py"
    main = textwrap.indent(textwrap.dedent(body), "    ")
    script.write_text(f"{START}\n\nif __name__ == '__main__':\n{main}\n    print('right')\n")
    assert python(script, limit=LIMIT, **{"NUMBA_NUM_THREADS": 2} | environment) == "right"


with_numba = pytest.mark.parametrize("first", ["import numba", ""], ids=["numba", "no numba"])
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
counts_threads = pytest.mark.skipif(
    not os.path.isdir("/proc/self/task"),  # noqa: PTH112
    reason="threads are counted in /proc",
)


def needs(module):
    return pytest.mark.skipif(
        importlib.util.find_spec(module) is None, reason=f"{module} is not installed"
    )


@needs("joblib")
@with_numba
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_joblib(tmp_path, backend, first):
    body = f"""
    {first}
    from joblib import Parallel, delayed
    assert right()
    assert all(Parallel(n_jobs=4, backend={backend!r})(delayed(right)(n % 8) for n in range(16)))
    assert right()
    """
    run(tmp_path, body)


@needs("dask")
@with_numba
def test_dask(tmp_path, first):
    body = f"""
    {first}
    import dask.array as da
    x = da.from_array(X, chunks=(1, 256, 512))
    lazy = x.map_blocks(nbp.max_pool2d, 2, chunks=(1, 128, 256), dtype=X.dtype)
    for _ in range(5):
        assert (lazy.compute(scheduler="threads", num_workers=4) == WANT).all()
    assert right()
    """
    run(tmp_path, body)


@needs("torch")
@forks
@with_numba
def test_torch_data_loader(tmp_path, first):
    body = f"""
    {first}
    import torch

    class Pooled(torch.utils.data.Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, n):
            assert right(n)
            return torch.from_numpy(nbp.max_pool2d(X[n], 2))

    assert right()
    assert torch.ones(512, 512).matmul(torch.ones(512, 512))[0, 0] == 512
    for _ in range(2):
        loader = torch.utils.data.DataLoader(
            Pooled(), batch_size=4, num_workers=2, multiprocessing_context="fork"
        )
        assert (torch.cat(list(loader)).numpy() == WANT).all()
        assert right()
    """
    run(tmp_path, body)


@with_numba
def test_asyncio(tmp_path, first):
    body = f"""
    {first}
    import asyncio

    async def main():
        for _ in range(5):
            assert all(await asyncio.gather(*(asyncio.to_thread(right, n) for n in range(8))))

    asyncio.run(main())
    assert right()
    """
    run(tmp_path, body)


@with_numba
@pytest.mark.parametrize("method", ["spawn", pytest.param("fork", marks=forks)])
def test_process_pools(tmp_path, method, first):
    body = f"""
    {first}
    import multiprocessing
    assert right()
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        assert all(pool.map(right, range(8)))
        assert right()
        assert all(pool.map(right, range(8)))
    """
    run(tmp_path, body)


@forks
def test_a_fork_while_a_thread_compiles(tmp_path):
    """The child must not wait for a thread that it does not have."""
    body = """
    import threading
    from numbapool.compile import compiled

    x, compiling = np.arange(1024, dtype=np.int16), threading.Event()
    compiled.on_compile.append(compiling.set)

    def pooled():
        return nbp.max_pool1d(x, 256).tolist() == [255, 511, 767, 1023]

    thread = threading.Thread(target=pooled)
    thread.start()
    compiling.wait()
    child = os.fork()
    if not child:
        os._exit(0 if pooled() and (nbp.min_pool1d(x, 512) == [0, 512]).all() else 1)
    thread.join()
    assert pooled()
    assert os.waitpid(child, 0)[1] == 0
    """
    run(tmp_path, body, NUMBA_CACHE_DIR=str(tmp_path))


@counts_threads
def test_one_thread_by_the_environment(tmp_path):
    body = """
    before = threads()
    assert right() and threads() == before
    import numba
    before = threads()
    assert right() and threads() == before
    """
    run(tmp_path, body, NUMBA_NUM_THREADS="1")


@counts_threads
def test_one_thread_by_numba(tmp_path):
    body = """
    import numba
    from numbapool.run.threads import block_count
    numba.set_num_threads(1)
    nbp.max_pool2d(X[0, :2, :2], 2)  # Numba imports SciPy now, whose BLAS has threads of its own
    before = threads()
    assert block_count(512, X.size) == 1
    assert right() and threads() == before
    numba.set_num_threads(2)
    assert block_count(512, X.size) == 2
    assert right() and threads() <= before + 2
    """
    run(tmp_path, body)


@counts_threads
def test_no_thread_is_too_many(tmp_path):
    """Eight threads at two each: OpenMP keeps a second for each that was once let in."""
    body = """
    from concurrent.futures import ThreadPoolExecutor
    import numba
    before = threads()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(right, [n % 8 for n in range(64)]))
        assert threads() <= before + 8 + 8 + 1
    """
    run(tmp_path, body, NUMBA_NUM_THREADS="2")


@counts_threads
def test_pythons_threads_are_as_few(tmp_path):
    body = """
    before = threads()
    assert right() and before < threads() <= max(2, os.cpu_count())
    assert "numba" not in sys.modules or before > 1
    """
    run(tmp_path, body, OPENBLAS_NUM_THREADS="1")
