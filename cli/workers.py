"""Several files at work at once, on threads for a few and in processes for many."""

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TYPE_CHECKING

from .engine import failed, import_ahead, run_one
from .exits import FileError
from .job import STREAM, Job, Outcome
from .targets import abandon

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.synchronize import Semaphore

# Threads wait for each other while pixels are copied out of Pillow; processes do not, but begin
# with what a few small files do not win back. 24 photos of 12 MP by 4 took 2.2 s on two threads,
# 1.65 s in two processes.
PROCESSES_FROM = 8


def run_many(
    jobs: Sequence[Job], workers: int, fail_fast: bool, announce: bool
) -> Iterator[Outcome]:
    """Do the jobs, `workers` at once, and give their outcomes in their order."""
    executor = _executor(jobs, workers, announce)
    rest = iter(jobs)
    pending: deque[tuple[Job, Future[Outcome]]] = deque()
    stopped = False
    try:
        while True:
            # Some at work and some next, no more: a folder's results do not pile up in memory.
            while not stopped and len(pending) < 2 * workers:
                job = next(rest, None)
                if job is None:
                    break
                pending.append((job, executor.submit(run_one, job)))
            if not pending:
                return
            job, future = pending.popleft()
            if future.cancelled():
                continue
            try:
                outcome = future.result()
            except BrokenProcessPool:
                # A decoder crashed, or the system wanted memory: the others get a new start.
                outcome = failed(job, FileError("the process that worked on it, or beside, died"))
                executor.shutdown(wait=True)
                executor = _executor(jobs, workers, announce)
                pending = deque(
                    (job, other if _finished(other) else executor.submit(run_one, job))
                    for job, other in pending
                )
            if fail_fast and outcome.status == "failed":
                stopped = True
                for _, other in pending:
                    other.cancel()
            yield outcome
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _finished(future: Future[Outcome]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _executor(jobs: Sequence[Job], workers: int, announce: bool) -> Executor:
    streams = any(STREAM in (job.source, job.target) for job in jobs)
    if len(jobs) < PROCESSES_FROM or streams:
        import_ahead((lambda: True) if announce else None)
        return ThreadPoolExecutor(workers, thread_name_prefix="pool")
    context = _context()
    word = context.Semaphore() if announce else None  # the first to compile takes it, and speaks
    return ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(word,))


def _context() -> "BaseContext":
    """Say how worker processes begin.

    Forked where that is safe: on Linux, from a process that has no thread but this one and ran no
    kernel. They have all modules then, which takes each of the others a quarter of a second.
    """
    from multiprocessing import get_context

    if sys.platform != "linux" or threading.active_count() > 1:
        return get_context("spawn")

    from .codecs import pillow, pillow_save  # noqa: F401

    return get_context("fork")


def _begin(word: "Semaphore | None") -> None:
    """Make a worker process ready: serial kernels, no word of its own, no life of its own."""
    import signal
    import warnings

    os.environ["NUMBA_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; one answers
    warnings.simplefilter("ignore")
    from .memory import keep_memory
    from .quiet import set_apart

    set_apart()
    keep_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import_ahead(partial(word.acquire, False) if word else None)


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        abandon()
        os._exit(1)
