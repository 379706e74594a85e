"""Jobs on the workers of a cluster of Dask: batches of a few seconds, few of them in flight.

Workers read and write the files themselves, on a disk that all of them share. Beside each batch a
worker notes which job it begins and how each one ended. If it dies, Dask gives the batch to another
worker, which reads the notes: no job is done twice, and one that two workers died at has failed.
"""

import logging
import os
import pickle
import shutil
import socket
import sys
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import click

import numbapool
from numbapool.memory import keep_memory

from ..exits import FileError
from ..interrupts import held_back
from ..job import STREAM, Job, Outcome
from ..telling.progress import begun
from ..telling.reasons import failed
from .threads import Numbered

J = TypeVar("J", bound=Job)

BATCH_SECONDS = 3.0
MOST_IN_A_BATCH = 500
TIMEOUT = 10
"""Seconds within which a scheduler answers."""

DEATHS = 2
"""How many workers may die at a job."""


class Place(NamedTuple):
    """Where a run's workers read and write."""

    folder: str
    """The caller's working folder, from which the paths of jobs count."""
    notes: str
    """A folder beside the outputs, for the notes of batches."""


class Facts(NamedTuple):
    """What a worker says of itself."""

    host: str
    python: str
    numbapool: str
    sees: bool
    """Whether it sees the folder of notes."""


def on_cluster(
    work: Callable[[J], Outcome], jobs: Sequence[J], address: str, fail_fast: bool
) -> Iterator[Numbered]:
    """Yield the outcomes as they come, each with its job's number."""
    for job in jobs:
        if STREAM in (job.source, *job.targets):
            raise click.UsageError("--scheduler takes files: - is a stream of this process alone")
    if not jobs:
        return
    with connected(address) as client, notes_beside(jobs[0]) as place:
        refuse_unlike(client, address, place)
        yield from batches(client, work, jobs, fail_fast, place)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to a scheduler, or start a cluster here for `local`, with a number of workers."""
    try:
        import distributed
    except ImportError:
        raise click.UsageError(
            "--scheduler needs Dask: pip install 'numbapool[dask]' installs it"
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    name, _, count = address.partition(":")
    cluster = None
    try:
        if name == "local":
            more = {"threads_per_worker": 1, "dashboard_address": None}
            if sys.platform != "win32":
                from multiprocessing.resource_tracker import ensure_running

                ensure_running()  # started with the first child, it would pass Ctrl-C on to it
            with held_back():  # the workers inherit that Ctrl-C is none of theirs
                cluster = distributed.LocalCluster(
                    n_workers=int(count) if count else os.cpu_count(),
                    silence_logs=logging.CRITICAL,
                    **more,
                )
        client = distributed.Client(cluster or address, timeout=TIMEOUT)
    except (OSError, ValueError) as error:
        raise click.UsageError(
            f"no scheduler answers at {address} within {TIMEOUT} s: {type(error).__name__}"
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=TIMEOUT)
        if cluster is not None:
            cluster.close(timeout=TIMEOUT)


@contextmanager
def notes_beside(job: Job) -> Iterator[Place]:
    """Make a folder for notes beside the first output, and remove it in the end."""
    folder = Path(job.targets[0]).resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    notes = folder / f".numbapool-{uuid4().hex}"
    notes.mkdir()
    try:
        yield Place(str(Path.cwd()), str(notes))
    finally:
        shutil.rmtree(notes, ignore_errors=True)


def refuse_unlike(client: Any, address: str, place: Place) -> None:
    """Raise if a worker has another version of numbapool or Python, or sees another disk."""
    try:
        client.wait_for_workers(1, timeout=TIMEOUT)
    except TimeoutError:
        raise click.UsageError(f"the scheduler at {address} has no workers") from None
    own = facts(place.notes)
    for worker, told in client.run(facts, place.notes, on_error="return").items():
        if isinstance(told, BaseException):
            raise click.UsageError(
                f"the worker {worker} of {address} has no numbapool {own.numbapool}: {told}"
            )
        for what in ("numbapool", "python"):
            theirs, ours = getattr(told, what), getattr(own, what)
            if theirs != ours:
                raise click.UsageError(
                    f"the worker on {told.host} has {what} {theirs}, and here is {ours}: install "
                    "the same"
                )
        if not told.sees:
            raise click.UsageError(
                f"the worker on {told.host} does not see {Path(place.notes).parent}: outputs must "
                "go to a disk that all workers share"
            )


def batches(
    client: Any, work: Callable[[J], Outcome], jobs: Sequence[J], fail_fast: bool, place: Place
) -> Iterator[Numbered]:
    """Submit batches of jobs, at most two per thread of the workers, and yield the outcomes."""
    from distributed import as_completed

    waiting, coming = deque(enumerate(jobs)), as_completed()
    flying: dict[Any, list[tuple[int, J]]] = {}
    most = 2 * max(1, sum(client.nthreads().values()))
    seconds, size = 0.0, 1
    try:
        while waiting or flying:
            while waiting and len(flying) < most:
                batch = [waiting.popleft() for _ in range(min(size, len(waiting)))]
                name = f"{place.notes}/{batch[0][0]}"
                packed = pickle.dumps(batch)  # schedulers keep what they were sent for a while
                future = client.submit(do_batch, work, packed, place.folder, name, pure=False)
                for _, job in batch:
                    begun(job.source)
                flying[future] = batch
                coming.add(future)
            future = next(coming)
            batch = flying.pop(future)
            outcomes, took = result_of(future, batch)
            future.release()
            seconds = took / len(batch) if not seconds else (seconds + took / len(batch)) / 2
            size = max(1, min(MOST_IN_A_BATCH, int(BATCH_SECONDS / max(seconds, 1e-6))))
            size = min(size, max(1, len(waiting) // most))
            for number, outcome in outcomes:
                if fail_fast and outcome.status == "failed":
                    waiting.clear()
                yield number, outcome
    finally:
        client.cancel(list(flying), force=True)


def result_of(future: Any, batch: list[tuple[int, J]]) -> tuple[list[Numbered], float]:
    """Return the outcomes of a batch, and how long it took."""
    try:
        outcomes, took = future.result()
        return outcomes, took
    except Exception as error:
        why: Exception = error
        if type(error).__name__ == "KilledWorker":
            why = FileError("the workers that worked on it died, one after the other")
        return [(number, failed(job, why)) for number, job in batch], 0.0


# ------------------------------------------------------------------------------ in a worker


def facts(notes: str) -> Facts:
    """Return what a process says of itself."""
    python = ".".join(map(str, sys.version_info[:2]))
    return Facts(socket.gethostname(), python, numbapool.__version__, Path(notes).is_dir())


@cache
def prepare() -> None:
    """Prepare a worker process: serial kernels, and memory that is kept."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore")
    keep_memory()


def do_batch(
    work: Callable[[J], Outcome], packed: bytes, folder: str, name: str
) -> tuple[list[Numbered], float]:
    """Do the jobs of a batch that no other worker has done, and return all outcomes."""
    prepare()
    batch: list[tuple[int, J]] = pickle.loads(packed)
    os.chdir(folder)
    done, deaths = noted(name)
    started = time.monotonic()
    with Path(name).open("ab") as notes:

        def note(word: Any) -> None:
            pickle.dump(word, notes)
            notes.flush()

        for number, job in batch:
            if number in done:
                continue
            note(number)
            if deaths[number] >= DEATHS:
                why = FileError(f"{DEATHS} workers died while they worked on it")
                done[number] = failed(job, why)
            else:
                done[number] = work(job)
            note((number, done[number]))
    return [(number, done[number]) for number, _ in batch], time.monotonic() - started


def noted(name: str) -> tuple[dict[int, Outcome], Counter[int]]:
    """Return what workers before this one noted: outcomes, and how often each job was begun."""
    done: dict[int, Outcome] = {}
    begun_at: Counter[int] = Counter()
    with (
        suppress(FileNotFoundError, EOFError, pickle.UnpicklingError),
        Path(name).open("rb") as told,
    ):
        while True:
            word = pickle.load(told)
            if isinstance(word, tuple):
                done[word[0]] = word[1]
            else:
                begun_at[word] += 1
    return done, begun_at
