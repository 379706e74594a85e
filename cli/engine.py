"""Jobs done: read, pooled, written, one after another or several at once."""

import io
import itertools
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .codecs import ARRAYS, by_magic
from .codecs.raster import Raster
from .compiling import Claim, announced_by
from .exits import FileError, NameTaken, OutputLost
from .job import STREAM, Job, Outcome, Reading
from .memory import refuse_large
from .operators import OPERATORS
from .pooling import Planned, pool
from .reasons import cause, reason
from .sources import unreadable
from .streams import write_bytes
from .targets import Output, exists, refuse_taken, writing

Shape = tuple[int, ...]

_MOST_WORKERS = 16  # past which the disk and Python's lock gain nothing
_PIECE = 1 << 20  # bytes of standard input read at once
_MAPPED = 1 << 26  # bytes from which an array's result is written through a memory map


def run_one(job: Job) -> Outcome:
    """Do one job. Whatever goes wrong with its file is told in the outcome, not raised."""
    if job.levels:
        from .levels import run_levels

        return run_levels(job)
    if job.stamped:
        from .updates import run_stamped

        return run_stamped(job)
    start = time.perf_counter()
    try:
        passed = passed_over(job)
        if passed:
            return passed
        if job.writing.format == "NPY" and STREAM not in (job.source, job.target):
            outcome = _mapped(job, start)
            if outcome:
                return outcome
        before: list[Shape] = []
        with opened(job.source, job.reading) as file:
            return written(job, before, _pooled(job, file, before), start)
    except OutputLost:
        raise
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def passed_over(job: Job) -> Outcome | None:
    """Give the outcome of a job whose output stands already; raise where that is a failure."""
    if job.writing.on_exists == "error":
        refuse_taken(job.target)
    elif job.writing.on_exists == "skip" and exists(job.target):
        return _skipped(job)
    return None


def _skipped(job: Job) -> Outcome:
    return Outcome(job.source, job.target, "skipped", reason="it exists")


def written(job: Job, before: Sequence[Shape], pooled: Iterable[Raster], start: float) -> Outcome:
    """Write a job's result, and give the outcome; `before` has the shapes that were read.

    Frames are taken from `pooled` as they are written.
    """
    after: list[Shape] = []
    shown: list[str] = []
    dtypes: list[str] = []

    def told(rasters: Iterable[Raster]) -> Iterator[Raster]:
        for raster in rasters:
            after.append(raster.array.shape)
            shown.extend(raster.notes)
            dtypes.append(str(raster.array.dtype))
            yield raster

    rest = iter(pooled)
    first = next(rest)  # before anything is made for the output: it may be that it cannot be read
    with _target(job) as output:
        notes = _save(told(itertools.chain([first], rest)), output.file, job)
    return Outcome(
        job.source,
        output.path,
        before=tuple(before),
        after=tuple(after),
        dtype=" ".join(dict.fromkeys(dtypes)),
        notes=tuple(dict.fromkeys([*shown, *notes])),
        pixels=sum(_count(shape) for shape in before),
        seconds=time.perf_counter() - start,
        written=output.stamp,
    )


def failed(job: Job, error: Exception, seconds: float = 0.0) -> Outcome:
    """Make the outcome of a job that `error` ended."""
    if isinstance(error, NameTaken) and job.writing.on_exists == "skip":
        return _skipped(job)  # another run was faster
    return Outcome(
        job.source,
        job.target,
        "failed",
        reason=reason(error),
        cause=cause(error),
        seconds=seconds,
        details="".join(traceback.format_exception(error)),
    )


def _mapped(job: Job, start: float) -> Outcome | None:
    """Pool a large array from its file's pages to another's; give None where it is none."""
    with opened(job.source, job.reading) as file:
        if by_magic(file.read(8)) != "NPY":
            return None
        from .codecs import npy

        (raster,) = npy.load(file, job.reading, Path(job.source))
    if raster.array.nbytes < _MAPPED:
        return None
    planned = Planned(raster, OPERATORS[job.operator], job.window, job.values)
    with _target(job) as output:
        planned.into(npy.create(output.file, planned.shape, planned.dtype))
    return Outcome(
        job.source,
        output.path,
        before=(raster.array.shape,),
        after=(planned.shape,),
        dtype=str(planned.dtype),
        pixels=_count(raster.array.shape),
        seconds=time.perf_counter() - start,
        written=output.stamp,
    )


def _pooled(job: Job, file: BinaryIO, before: list[Shape]) -> Iterator[Raster]:
    """Give a file's frames or arrays, each pooled, and add their shapes to `before`."""
    operator = OPERATORS[job.operator]
    for raster in load(file, job.source, job.reading):
        before.append(raster.array.shape)
        yield pool(raster, operator, job.window, job.values)


@contextmanager
def opened(source: str, reading: Reading) -> Iterator[BinaryIO]:
    """Open a source for reading; anything but a file, such as a pipe that may hang, is refused."""
    if source == STREAM:
        yield _standard_input(reading)
        return
    refused = unreadable(source)
    if refused:
        raise FileError(refused)
    with Path(source).open("rb") as file:
        yield file


def _standard_input(reading: Reading) -> BinaryIO:
    """Read all of it, or as much as may be held in memory."""
    if sys.stdin is None:
        raise FileError("it is closed")
    whole = io.BytesIO()
    while piece := sys.stdin.buffer.read(_PIECE):
        whole.write(piece)
        refuse_large("it has at least", whole.tell(), reading)
    whole.seek(0)
    return whole


def load(file: BinaryIO, source: str, reading: Reading) -> Iterator[Raster]:
    """Load a file's frames or arrays by what it is, whatever its name says."""
    kind = by_magic(file.read(8))
    file.seek(0)
    if kind in ARRAYS:
        from .codecs import npy

        if kind == "NPZ":
            return npy.load_archive(file, reading)
        return npy.load(file, reading, None if source == STREAM else Path(source))
    if source.lower().endswith((".npy", ".npz")):
        raise FileError("it is empty" if not file.read(1) else f"it is no {source[-4:]} file")
    from .codecs import deep, pillow

    found = deep.find(file, reading.accept_8bit)
    return deep.load(file, found, reading) if found else pillow.load(file, reading)


def _save(rasters: Iterator[Raster], file: BinaryIO, job: Job) -> tuple[str, ...]:
    if job.writing.format in ARRAYS:
        from .codecs import npy

        return npy.save(rasters, file, job.writing.format)
    from .codecs import pillow_save

    return pillow_save.save(rasters, file, job.writing, job.reading.max_pixels)


@contextmanager
def _target(job: Job) -> Iterator[Output]:
    if job.target != STREAM:
        with writing(job.target, job.writing.on_exists) as output:
            yield output
        return
    # Nothing reaches standard output before all of it is there.
    whole = Output(io.BytesIO(), STREAM)
    yield whole
    write_bytes(whole.file.getbuffer())  # type: ignore[attr-defined]


def _count(shape: tuple[int, ...]) -> int:
    """Count pixels, where the last axis of three or more that is short holds channels."""
    count = 1
    for length in shape[:2] if len(shape) == 3 and shape[2] <= 4 else shape:
        count *= length
    return count


def run(
    jobs: Sequence[Job], workers: int, fail_fast: bool, announce: bool = False
) -> Iterator[Outcome]:
    """Do the jobs and give their outcomes in their order; closing the iterator stops the rest.

    With `announce`, standard error is told, once, where kernels have to be compiled.
    """
    if workers > 1 and len(jobs) > 1:
        from .workers import run_many

        yield from run_many(jobs, workers, fail_fast, announce)
        return
    import_ahead((lambda: True) if announce else None)
    for job in jobs:
        outcome = run_one(job)
        yield outcome
        if fail_fast and outcome.status == "failed":
            return


def worker_count(files: int) -> int:
    """Say how many files are worth working on at once."""
    return max(1, min(files, os.cpu_count() or 1, _MOST_WORKERS))


def import_ahead(claim: Claim | None) -> None:
    """Import the kernels in the background: meanwhile the first file is decoded."""
    with suppress(RuntimeError):  # where there can be no thread, the first job imports them
        threading.Thread(target=_import_kernels, args=(claim,), name="import").start()


def _import_kernels(claim: Claim | None) -> None:
    # Where the import fails, the first job meets the same error and tells it.
    with suppress(Exception):
        announced_by(claim)
        import numbapool.functional  # noqa: F401
