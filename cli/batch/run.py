"""Do work on jobs, several at once if that is faster, with the outcomes in order."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from ..interrupts import unwind
from ..job import STREAM, Job, Outcome
from ..telling.compiling import Compiling, announced_by
from ..telling.progress import begun
from .ahead import import_ahead
from .threads import Numbered

J = TypeVar("J", bound=Job)

_MOST_WORKERS = 16  # with more, the disk and Python's lock are the limit

# Threads wait for each other while Pillow copies pixels out. Processes do not wait, but they take
# longer to start than a few small files take. 24 photos of 12 MP by 4 took 2.2 s on two threads,
# 1.65 s in two processes.
PROCESSES_FROM = 8

_SMALL_FILE = 1 << 18
"""Bytes of a file up to which a picture in it is small."""


def run(
    work: Callable[[J], Outcome],
    jobs: Sequence[J],
    workers: int,
    fail_fast: bool,
    announce: bool = False,
    scheduler: str | None = None,
) -> Iterator[Outcome]:
    """Do `work` on each job and yield the outcomes in order; closing the iterator stops the rest.

    `work` is a function at the top of a module: worker processes get it by reference. With
    `announce`, standard error says which kernels are being compiled. With a `scheduler`, workers of
    a cluster do the work.
    """
    if scheduler is not None:
        from .cluster import on_cluster

        unwind()
        yield from _in_order(on_cluster(work, jobs, scheduler, fail_fast))
        return
    compiling = Compiling(job.operator for job in jobs) if announce else None
    if workers > 1 and len(jobs) > 1:
        yield from _run_many(work, jobs, workers, fail_fast, compiling)
        return
    if len(jobs) > 1 or any(map(_is_large, jobs)):
        import_ahead(compiling)
    else:
        announced_by(compiling)
    for job in jobs:
        begun(job.source)
        outcome = work(job)
        if compiling is not None:
            compiling.done(job.operator)
        yield outcome
        if fail_fast and outcome.status == "failed":
            return


def _is_large(job: Job) -> bool:
    """Say whether a job's input may need kernels: NumPy pools a small picture."""
    try:
        return Path(job.source).stat().st_size > _SMALL_FILE
    except OSError:  # such as standard input
        return True


def worker_count(files: int) -> int:
    """Return how many files are worth working on at once."""
    return max(1, min(files, os.cpu_count() or 1, _MOST_WORKERS))


def _run_many(
    work: Callable[[J], Outcome],
    jobs: Sequence[J],
    workers: int,
    fail_fast: bool,
    compiling: Compiling | None,
) -> Iterator[Outcome]:
    unwind()
    streams = any(STREAM in (job.source, *job.targets) for job in jobs)
    if len(jobs) < PROCESSES_FROM or streams:
        from .threads import in_threads

        import_ahead(compiling)
        outcomes = in_threads(work, jobs, workers, fail_fast)
    else:
        from .processes import in_processes

        outcomes = in_processes(work, jobs, workers, fail_fast, compiling)

    def heard(number: int) -> None:
        if compiling is not None:
            compiling.done(jobs[number].operator)

    yield from _in_order(outcomes, heard)


def _in_order(
    outcomes: Iterator[Numbered], heard: Callable[[int], None] | None = None
) -> Iterator[Outcome]:
    """Yield outcomes in the order of their jobs; `heard` is told of each as it comes."""
    early: dict[int, Outcome] = {}
    due = 0
    with closing(outcomes):  # type: ignore[type-var]
        for number, outcome in outcomes:
            early[number] = outcome
            if heard is not None:
                heard(number)
            while due in early:
                yield early.pop(due)
                due += 1
    # After a failure that stopped the run, some jobs between these never began.
    yield from (early[number] for number in sorted(early))
