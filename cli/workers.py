"""Several files at work at once: in threads if they are few, in processes if they are many."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from queue import SimpleQueue

from .engine import import_ahead, run_one
from .interrupts import unwind
from .job import STREAM, Job, Outcome

# Threads wait for each other while pixels are copied out of Pillow; processes do not, but begin
# with what a few small files do not win back. 24 photos of 12 MP by 4 took 2.2 s on two threads,
# 1.65 s in two processes.
PROCESSES_FROM = 8

Numbered = tuple[int, Outcome]
"""A job's place among the jobs, and what came of it."""


def run_many(
    jobs: Sequence[Job], workers: int, fail_fast: bool, announce: bool
) -> Iterator[Outcome]:
    """Do the jobs, `workers` at once, and give their outcomes in their order."""
    unwind()
    streams = any(STREAM in (job.source, job.target) for job in jobs)
    if len(jobs) < PROCESSES_FROM or streams:
        import_ahead((lambda: True) if announce else None)
        outcomes = _in_threads(jobs, workers, fail_fast)
    else:
        from .processes import in_processes

        outcomes = in_processes(jobs, workers, fail_fast, announce)
    early: dict[int, Outcome] = {}
    due = 0
    with closing(outcomes):  # type: ignore[type-var]
        for number, outcome in outcomes:
            early[number] = outcome
            while due in early:
                yield early.pop(due)
                due += 1
    # Of a run that stopped at a failure, some jobs between these were never begun.
    yield from (early[number] for number in sorted(early))


def _in_threads(jobs: Sequence[Job], workers: int, fail_fast: bool) -> Iterator[Numbered]:
    """Give the outcomes as they come."""
    waiting = deque(enumerate(jobs))
    told: SimpleQueue[Numbered | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            while True:
                number, job = waiting.popleft()
                told.put((number, run_one(job)))
        except IndexError:
            told.put(None)
        except BaseException as error:
            told.put(error)

    threads: list[threading.Thread] = []
    try:
        with suppress(RuntimeError):  # the system may give no more of them
            for number in range(workers):
                thread = threading.Thread(target=work, name=f"pool-{number}")
                thread.start()
                threads.append(thread)
        if not threads:
            work()
        at_work = max(1, len(threads))
        while at_work:
            word = told.get()
            if word is None:
                at_work -= 1
            elif isinstance(word, BaseException):
                raise word
            else:
                if fail_fast and word[1].status == "failed":
                    waiting.clear()
                yield word
    finally:
        waiting.clear()
        for thread in threads:
            thread.join()
