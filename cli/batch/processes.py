"""Jobs in worker processes. Each worker has its own pipe and works on one file at a time.

Workers share nothing but pipes, so a worker that dies holds no lock. The parent knows the file of
each worker. If a worker dies, the parent reports its file and starts another worker.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from numbapool.memory import keep_memory

from ..exits import FileError
from ..files.write import abandon, clear_stale
from ..interrupts import held_back, ignore
from ..job import Job, Outcome
from ..telling.compiling import Hear
from ..telling.progress import begun
from ..telling.quiet import keep_no_log, set_apart
from ..telling.reasons import failed
from .ahead import import_ahead
from .threads import Numbered

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, SpawnContext

    Pipe = Connection[Any, Any]

J = TypeVar("J", bound=Job)

# Messages from a worker before the outcome of its file.
_BEGUN = "begun"


class _Compiling(NamedTuple):
    what: str


_MOST_FAULTS = 3  # deaths in a row, per worker, before the workers have begun a file


def in_processes(
    work: Callable[[J], Outcome],
    jobs: Sequence[J],
    workers: int,
    fail_fast: bool,
    hear: Hear | None,
) -> Iterator[Numbered]:
    """Yield the outcomes as they come, each with its job's number.

    If no worker can be started, or all die before they begin a file, this process does the rest.
    `hear` is told of the kernels that are compiled.
    """
    waiting = deque(range(len(jobs)))
    crew: list[_Worker] = []
    faults = 0
    try:
        while at_work := sum(worker.number is not None for worker in crew) + len(waiting):
            most = workers if faults <= _MOST_FAULTS * workers else 0
            if not _hire(crew, min(most, at_work), work):
                break
            for worker in crew:
                if waiting and worker.number is None:
                    first = waiting.popleft()
                    worker.give(first, jobs[first])
            for worker in _ready(crew):
                word, number = worker.heard(), worker.number
                if worker.dead:
                    crew.remove(worker)
                if word is None:  # it died while it had no file
                    faults += 1
                    if number is not None:
                        waiting.appendleft(number)
                elif word == _BEGUN:
                    faults = 0
                    if number is not None:
                        begun(jobs[number].source)
                elif isinstance(word, _Compiling):
                    if hear is not None:
                        hear(word.what)
                elif number is not None:
                    worker.number = None
                    if fail_fast and word.status == "failed":
                        waiting.clear()
                    yield number, word
    finally:
        _dismiss(crew)
    if waiting:
        import_ahead(hear)
    for number in waiting:
        begun(jobs[number].source)
        outcome = work(jobs[number])
        yield number, outcome
        if fail_fast and outcome.status == "failed":
            return


class _Worker:
    """A worker process, and its job."""

    def __init__(self, crew: "list[_Worker]", work: Callable[..., Outcome]) -> None:
        context = _context()
        self.number: int | None = None  # of its job; None without a job
        self.job: Job | None = None  # once the worker has begun it
        self.dead = False
        self.pipe, theirs = context.Pipe()
        # A forked child inherits the parent's ends of all pipes and must close them. While one
        # stays open, the worker at its other end does not notice that the parent has died.
        forked = context.get_start_method() == "fork"
        inherited = [worker.pipe for worker in (*crew, self)] if forked else []
        self.process = context.Process(target=_serve, args=(work, theirs, inherited), daemon=True)
        try:
            with held_back():  # until the child ignores Ctrl-C
                self.process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()

    def give(self, number: int, job: Job) -> None:
        """Send a job to the worker; `heard` notices if the worker is dead."""
        self.number, self._given, self.job = number, job, None
        with suppress(OSError):
            self.pipe.send(job)

    def heard(self) -> Any:
        """Return the worker's message or outcome; None if it died without a file."""
        try:
            word = self.pipe.recv()
        except (EOFError, OSError):
            self.dead = True
            self.pipe.close()
            self.process.join()
            if self.job is None:
                return None
            clear_stale(self.job.targets, again=True)
            return failed(self.job, FileError(f"the process that worked on it died ({self._how})"))
        if not isinstance(word, _Compiling):
            self.job = self._given if word == _BEGUN else None
        return word

    @property
    def _how(self) -> str:
        """How the process ended, for a message."""
        code = self.process.exitcode or 0
        if code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


def _hire(crew: list[_Worker], wanted: int, work: Callable[..., Outcome]) -> bool:
    """Start workers until there are enough or the system refuses; return whether there are any."""
    with suppress(OSError, ImportError, RuntimeError):  # no process, pipe or memory left
        while len(crew) < wanted:
            crew.append(_Worker(crew, work))
    return bool(crew)


def _ready(crew: list[_Worker]) -> list[_Worker]:
    """Wait for workers that have sent a message or died, and return them."""
    ready = wait([worker.pipe for worker in crew])
    return [worker for worker in crew if worker.pipe in ready]


def _dismiss(crew: list[_Worker]) -> None:
    """Let the workers finish their files and end."""
    for worker in crew:
        worker.pipe.close()
    try:
        for worker in crew:
            worker.process.join()
    except KeyboardInterrupt:  # a second Ctrl-C: do not wait
        for worker in crew:
            worker.process.kill()
        raise


def _context() -> "ForkContext | SpawnContext":
    """Return how worker processes start.

    A fork is safe on Linux, if this process has one thread and ran no kernel. A forked worker has
    all modules already. A spawned worker needs a quarter of a second to import them.
    """
    from multiprocessing import get_context

    if sys.platform != "linux" or threading.active_count() > 1:
        if sys.platform != "win32":
            from multiprocessing.resource_tracker import ensure_running

            ensure_running()  # started with the first child, it would pass Ctrl-C on to it
        return get_context("spawn")

    from ..codecs import pillow, pillow_save  # noqa: F401

    return get_context("fork")


# ------------------------------------------------------------------------------ in the worker


def _serve(work: Callable[..., Outcome], pipe: "Pipe", inherited: "list[Pipe]") -> None:
    """Do `work` on the jobs that come through the pipe, until the parent closes it."""
    for other in inherited:
        other.close()
    saying = threading.Lock()

    def say(word: object) -> None:
        with saying:
            pipe.send(word)

    def hear(what: str) -> None:
        say(_Compiling(what))  # the parent draws on the terminal

    # `work` reports errors of a file. An error of the pipe, or before there is a file, ends the
    # worker, and the parent notices.
    with suppress(Exception):
        _begin()
        import_ahead(hear)
        while True:
            job = pipe.recv()
            say(_BEGUN)
            outcome = work(job)
            say(outcome)


def _begin() -> None:
    """Prepare a worker process: serial kernels, no output, and an end when the parent ends."""
    import warnings

    os.environ["NUMBA_NUM_THREADS"] = "1"
    ignore()  # the terminal sends Ctrl-C to all processes; the parent handles it
    warnings.simplefilter("ignore")
    keep_no_log()
    set_apart()
    keep_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        parent.join()
        abandon()
        os._exit(1)
