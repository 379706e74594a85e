"""Which threads run a kernel: Numba's if that is safe and pays, Python's, or the caller alone.

Numba has one parallel layer per process. If it finds neither OpenMP nor TBB, it falls back to a
layer that ends the process when two Python threads enter it at once. OpenMP ends a forked child
that enters it after its parent did. So one thread at a time enters, and a forked child never does.
A thread that may not enter runs the kernel alone, as any number of threads can.

Importing Numba takes longer than pooling a photo. If it is not imported, and the work so far would
not pay for importing it, Python's own threads share the work: a kernel needs no GIL.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from numbapool.compile import compiled, interpreted, numba_seams

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

SERIAL_WORK = 1 << 16
"""Work, in elements read, below which starting threads costs more time than they save. A start
took some 10 microseconds; in that time one thread reads about this much from its cache."""

PYTHON_WORK = 1 << 20
"""The same for Python's threads, which take some 100 microseconds to start."""

IMPORT_WORK = 1 << 31
"""Work that pays for importing Numba, some 0.4 s."""

_entrance = threading.Lock()
_forked = False
_work_so_far = 0


def _after_fork() -> None:
    global _forked, _entrance
    _forked = True
    _entrance = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def has_numba(work: int) -> bool:
    """Say whether Numba is imported or worth importing; count the work towards that."""
    global _work_so_far
    _work_so_far += work
    return "numba" in sys.modules or _work_so_far >= IMPORT_WORK


_started_count: Callable[[], int] | None = None
"""Returns how many of Numba's threads may run, once they have been started."""


def thread_count() -> int:
    """Return how many threads may run: the number that Numba gives, or would give."""
    global _started_count
    if _started_count is not None:
        return _started_count()
    numba = sys.modules.get("numba")
    if numba is not None and hasattr(numba, "get_num_threads"):  # it may be half imported
        if numba.config.NUMBA_NUM_THREADS == 1:
            return 1  # asking Numba for their number would start its threads
        count = int(numba.get_num_threads())
        _started_count = numba_seams.thread_counter(numba)
        return count
    given = os.environ.get("NUMBA_NUM_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Alone(threading.local):
    on = False


_alone = _Alone()


@contextmanager
def alone() -> Iterator[None]:
    """Let this thread share no work with others: its caller keeps the cores busy."""
    before, _alone.on = _alone.on, True
    try:
        yield
    finally:
        _alone.on = before


def block_count(pieces: int, work: int) -> int:
    """Return into how many blocks to cut the work, one per thread."""
    if work < SERIAL_WORK or _forked or _alone.on or interpreted.wanted():
        return 1
    if _started_count is None and not has_numba(work) and work < PYTHON_WORK:
        return 1
    count = thread_count()
    return count if count <= pieces else max(1, pieces)


@cache
def helpers() -> ThreadPoolExecutor:
    """Return Python's threads."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), "numbapool")


def share(work: Callable[[int], object], blocks: int) -> None:
    """Do the work of each block, by its number, on Python's threads.

    Nothing, not even Ctrl-C, ends this before all threads are done: they write to the caller's
    memory.
    """
    from concurrent.futures import wait

    others: list[Future[Any]] = []
    stopped: BaseException | None = None
    try:
        for block in range(1, blocks):
            others.append(helpers().submit(work, block))
        work(0)
    except BaseException as error:
        stopped = error
    while not all(other.done() for other in others):
        try:
            wait(others)
        except BaseException as error:
            stopped = error
    if len(others) < blocks - 1:  # a thread could not start, and its block still waits
        helpers().shutdown(cancel_futures=True)
        helpers.cache_clear()
        if isinstance(stopped, RuntimeError):
            for block in range(blocks):
                work(block)
            return
    if stopped is not None:
        raise stopped


def share_pieces(kernel: Any, call: int, pieces: int, blocks: int) -> None:
    """Run a kernel on Python's threads."""
    edges = [pieces * block // blocks for block in range(blocks + 1)]
    share(lambda block: kernel.call(call, block, edges[block], edges[block + 1]), blocks)


Run: TypeAlias = tuple[Any, int, int]
"""A kernel, the address of its arguments, and its pieces."""


def run_together(runs: Sequence[Run], bands: int, blocks: int) -> None:
    """Run several kernels over their pieces: in each block, all kernels band by band."""

    def work(block: int) -> None:
        parts = blocks * bands
        for band in range(block * bands, (block + 1) * bands):
            for kernel, call, pieces in runs:
                begin, end = pieces * band // parts, pieces * (band + 1) // parts
                if begin < end:
                    kernel.call(call, block, begin, end)

    if blocks == 1 or not _entrance.acquire(blocking=False):
        for block in range(blocks):
            work(block)
        return
    try:
        driver = numba_driver()
        if driver is None:
            share(work, blocks)
            return
        each = [(kernel.address, call, pieces) for kernel, call, pieces in runs]
        numbers = np.array([len(runs), bands, blocks, *chain(*each)], np.int64)
        driver.call(compiled.together().address, numbers.ctypes.data, blocks, blocks)
    finally:
        _entrance.release()


def numba_driver() -> Any:
    """Return what runs kernels on Numba's threads, if these are started or worth starting."""
    return compiled.driver() if _started_count is not None or has_numba(0) else None


def run_kernel(kernel: Any, call: int, pieces: int, blocks: int) -> None:
    """Run a kernel over its pieces; `call` is the address of its arguments."""
    if blocks == 1 or not _entrance.acquire(blocking=False):
        kernel.call(call, 0, 0, pieces)
        return
    try:
        driver = numba_driver()
        if driver is not None:
            driver.call(kernel.address, call, pieces, blocks)
        else:
            share_pieces(kernel, call, pieces, blocks)
    finally:
        _entrance.release()
