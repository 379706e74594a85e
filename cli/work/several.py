"""Several jobs: do them, or preview them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ..asking.asked import Running
from ..batch.run import run, worker_count
from ..files.name import Target
from ..job import Job, Outcome

J = TypeVar("J", bound=Job)

ON_A_GPU = 3
"""Workers that share a GPU: one reads a file while another's is pooled. Each takes memory there."""


def outcomes_of(
    targets: Iterable[Target], outcomes: Iterator[Outcome], fail_fast: bool
) -> Iterator[Outcome]:
    """Yield the failures of targets that have no name, then the outcomes of jobs."""
    for target in targets:
        if target.reason:
            yield Outcome(target.source.path, status="failed", reason=target.reason)
            if fail_fast:
                return
    yield from outcomes


def do(
    work: Callable[[J], Outcome],
    preview: Callable[[J], Outcome],
    jobs: Sequence[J],
    running: Running,
    announce: bool,
) -> Iterator[Outcome]:
    """Yield the outcomes of `work` on each job, or of `preview` in a dry run."""
    if running.dry_run:
        yield from map(preview, jobs)
        return
    workers = running.jobs or worker_count(len(jobs))
    if running.device == "cuda" and not running.jobs:
        workers = min(workers, ON_A_GPU)
    yield from run(work, jobs, workers, running.fail_fast, announce, running.scheduler)
