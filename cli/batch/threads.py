"""Jobs in threads: for a few files, or if one of them is standard input or output."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

from ..job import Job, Outcome
from ..telling.progress import begun

J = TypeVar("J", bound=Job)
Numbered = tuple[int, Outcome]
"""A job's place among the jobs, and its outcome."""


def in_threads(
    work: Callable[[J], Outcome], jobs: Sequence[J], workers: int, fail_fast: bool
) -> Iterator[Numbered]:
    """Yield the outcomes as they come."""
    waiting = deque(enumerate(jobs))
    told: SimpleQueue[Job | Numbered | BaseException | None] = SimpleQueue()

    def take_jobs() -> None:
        try:
            while True:
                number, job = waiting.popleft()
                told.put(job)
                told.put((number, work(job)))
        except IndexError:
            told.put(None)
        except BaseException as error:
            told.put(error)

    threads: list[threading.Thread] = []
    try:
        with suppress(RuntimeError):  # the system may refuse more threads
            for number in range(workers):
                thread = threading.Thread(target=take_jobs, name=f"pool-{number}")
                thread.start()
                threads.append(thread)
        if not threads:
            take_jobs()
        at_work = max(1, len(threads))
        while at_work:
            word = told.get()
            if word is None:
                at_work -= 1
            elif isinstance(word, BaseException):
                raise word
            elif isinstance(word, Job):
                begun(word.source)
            else:
                if fail_fast and word[1].status == "failed":
                    waiting.clear()
                yield word
    finally:
        waiting.clear()
        for thread in threads:
            thread.join()
