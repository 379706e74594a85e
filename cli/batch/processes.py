"""Worker processes, each with a pipe of its own and one file at a time.

So the parent knows which file each of them is at, and a worker that dies takes no lock along:
its file is reported, and another worker takes its place. Nothing but pipes is shared.
"""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, TypeVar

from ..exits import FileError
from ..files.write import abandon, clear_stale
from ..interrupts import held_back, ignore
from ..job import Job, Outcome
from ..telling.compiling import tell_compiling
from ..telling.quiet import keep_no_log, set_apart
from ..telling.reasons import failed
from .ahead import import_ahead
from .memory import keep_memory
from .threads import Numbered

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, SpawnContext

    Pipe = Connection[Any, Any]

J = TypeVar("J", bound=Job)

# What a worker says before it sends a file's outcome.
_BEGUN, _COMPILING = "begun", "compiling"

_MOST_FAULTS = 3  # workers of each place that may die in a row before they begin a file


def in_processes(
    work: Callable[[J], Outcome], jobs: Sequence[J], workers: int, fail_fast: bool, announce: bool
) -> Iterator[Numbered]:
    """Give the outcomes as they come, each with its job's number.

    Where no worker can be made, or none lives until it begins a file, the rest is done in this
    process.
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
                if word is None:  # it died, and was at no file
                    faults += 1
                    if number is not None:
                        waiting.appendleft(number)
                elif word == _BEGUN:
                    faults = 0
                elif word == _COMPILING:
                    if announce:
                        tell_compiling()
                    announce = False
                elif number is not None:
                    worker.number = None
                    if fail_fast and word.status == "failed":
                        waiting.clear()
                    yield number, word
    finally:
        _dismiss(crew)
    if waiting:
        import_ahead((lambda: True) if announce else None)
    for number in waiting:
        outcome = work(jobs[number])
        yield number, outcome
        if fail_fast and outcome.status == "failed":
            return


class _Worker:
    """A process, and the job that was given to it."""

    def __init__(self, crew: "list[_Worker]", work: Callable[..., Outcome]) -> None:
        context = _context()
        self.number: int | None = None  # of its job; None while it has none
        self.job: Job | None = None  # as soon as it is at work on it
        self.dead = False
        self.pipe, theirs = context.Pipe()
        # A forked child has the parent's ends of all pipes, too, and must close them: as long as
        # one stays open, its worker is not told that the parent has gone.
        forked = context.get_start_method() == "fork"
        inherited = [worker.pipe for worker in (*crew, self)] if forked else []
        self.process = context.Process(target=_serve, args=(work, theirs, inherited), daemon=True)
        try:
            with held_back():  # until the child, which begins like this process, ignores it
                self.process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()

    def give(self, number: int, job: Job) -> None:
        """Hand a job over. That the worker is dead is seen when it is listened to."""
        self.number, self._given, self.job = number, job, None
        with suppress(OSError):
            self.pipe.send(job)

    def heard(self) -> Any:
        """Give its word or its job's outcome; None where it died, and was at no file."""
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
        if word != _COMPILING:
            self.job = self._given if word == _BEGUN else None
        return word

    @property
    def _how(self) -> str:
        """How the process ended."""
        code = self.process.exitcode or 0
        if code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


def _hire(crew: list[_Worker], wanted: int, work: Callable[..., Outcome]) -> bool:
    """Bring the crew to as many as are wanted and the system gives, and say if there are any."""
    with suppress(OSError, ImportError, RuntimeError):  # no process, no pipe, no memory for them
        while len(crew) < wanted:
            crew.append(_Worker(crew, work))
    return bool(crew)


def _ready(crew: list[_Worker]) -> list[_Worker]:
    """Wait until workers have said something, or died, and give these."""
    ready = wait([worker.pipe for worker in crew])
    return [worker for worker in crew if worker.pipe in ready]


def _dismiss(crew: list[_Worker]) -> None:
    """Let the workers finish the files that they are at, and end."""
    for worker in crew:
        worker.pipe.close()
    try:
        for worker in crew:
            worker.process.join()
    except KeyboardInterrupt:  # once more: now it cannot wait
        for worker in crew:
            worker.process.kill()
        raise


def _context() -> "ForkContext | SpawnContext":
    """Say how worker processes begin.

    Forked where that is safe: on Linux, from a process that has no thread but this one and ran no
    kernel. They have all modules then, which takes each of the others a quarter of a second.
    """
    from multiprocessing import get_context

    if sys.platform != "linux" or threading.active_count() > 1:
        if sys.platform != "win32":
            from multiprocessing.resource_tracker import ensure_running

            ensure_running()  # begun with the first child, it would let Ctrl-C through to it
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

    def claim() -> bool:
        say(_COMPILING)
        return False  # the parent speaks, which alone knows what stands on the terminal

    # What goes wrong with a file `work` tells. What does with the pipe, or before there is a
    # file, ends the worker, and the parent sees that.
    with suppress(Exception):
        _begin()
        import_ahead(claim)
        while True:
            job = pipe.recv()
            say(_BEGUN)
            outcome = work(job)
            say(outcome)


def _begin() -> None:
    """Make a worker process ready: serial kernels, no word of its own, no life of its own."""
    import warnings

    os.environ["NUMBA_NUM_THREADS"] = "1"
    ignore()  # the terminal sends Ctrl-C to all; one answers
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
