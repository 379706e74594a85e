"""Pool the sequences of a file to one row each."""

import time
from dataclasses import field, replace
from math import prod

import numpy as np

from numbapool.records import dataclass

from ..codecs import npy
from ..codecs.raster import Raster
from ..exits import FileError, OutputLost
from ..files.open import opened
from ..files.write import Output, output_of, passed_over
from ..job import STREAM, Job, Keeping, Outcome, RunNote
from ..sequences.given import Given, given_of
from ..sequences.pooling import Result, pool_into, result_of
from ..telling.compiling import pooling
from ..telling.names import shown
from ..telling.reasons import failed
from .stacked import Row


@dataclass(frozen=True)
class SequenceJob(Job):
    """A job for a file of sequences."""

    keeping: Keeping = field(default_factory=Keeping)


def pool_sequences(job: SequenceJob) -> Outcome:
    """Pool a file of sequences. An error is reported in the outcome, not raised."""
    start = time.perf_counter()
    try:
        passed = passed_over(job)
        if passed:
            return passed
        given = _given(job, look=False)
        result = result_of(given, job.keeping)
        with output_of(job) as output:
            _write(given, result, job, output)
        outcome = _outcome(job, given, result, time.perf_counter() - start)
        return replace(outcome, target=output.path, written=output.stamp)
    except OutputLost:
        raise
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def preview_sequences(job: SequenceJob) -> Outcome:
    """Return the outcome that `pool_sequences` would have, without doing it."""
    try:
        return passed_over(job) or _planned(job, _given(job, look=True))
    except Exception as error:
        return failed(job, error)


def pool_row(job: SequenceJob) -> Outcome:
    """Pool a file of one sequence; the outcome is a `Row`, or a failure."""
    start = time.perf_counter()
    try:
        given = _given_one(job, look=False)
        result = result_of(given, job.keeping)
        row = np.empty(result.shape, result.dtype)
        pool_into(given, job.keeping, row)
        outcome = _outcome(job, given, result, time.perf_counter() - start)
        return Row(**vars(outcome), data=row.tobytes())
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def preview_row(job: SequenceJob) -> Outcome:
    """Return the outcome that `pool_row` would have, without its result."""
    try:
        return _planned(job, _given_one(job, look=True))
    except Exception as error:
        return failed(job, error)


def _given(job: SequenceJob, look: bool) -> Given:
    with opened(job.source, job.reading) as file:
        given = given_of(file, job.source, job.reading, job.keeping, look)
    pooling(job.operator, given.x.dtype)
    return given


def _given_one(job: SequenceJob, look: bool) -> Given:
    given = _given(job, look)
    if not given.single:
        raise FileError(
            f"it has shape {given.shape}, and one result of several files takes one sequence "
            "from each: (T, C), or (C, T) with --data-format CT"
        )
    return given


def _write(given: Given, result: Result, job: SequenceJob, output: Output) -> None:
    """Pool into the output; a result in a ``.npy`` file is mapped, not held."""
    shape, format = _shape(given, result), job.writing.format
    mapped = format == "NPY" and job.target != STREAM
    if mapped:
        out = npy.create(output.file, shape, result.dtype)
    else:
        out = np.empty(shape, result.dtype)
    pool_into(given, job.keeping, out[np.newaxis] if given.single else out)
    if not mapped:
        npy.save([Raster(out, "", name=given.name)], output.file, format)


def _shape(given: Given, result: Result) -> tuple[int, ...]:
    return result.shape[1:] if given.single else result.shape


def _outcome(job: SequenceJob, given: Given, result: Result, seconds: float) -> Outcome:
    return Outcome(
        job.source,
        job.target,
        before=(given.shape,),
        after=(_shape(given, result),),
        dtype=str(result.dtype),
        notes=_notes(job, given),
        pixels=given.x.size,
        seconds=seconds,
    )


def _planned(job: SequenceJob, given: Given) -> Outcome:
    result = result_of(given, job.keeping)
    nbytes = prod(result.shape) * result.dtype.itemsize
    return replace(_outcome(job, given, result, 0.0), status="planned", nbytes=nbytes)


def _notes(job: SequenceJob, given: Given) -> tuple[str, ...]:
    """Count the sequences without rows."""
    keeping = job.keeping
    empty = int(np.count_nonzero(given.rows() == 0))
    if not empty:
        return ()
    if keeping.query is not None:
        what = "the layer's bias"
    else:
        what = "0" if keeping.trained else f"{keeping.empty:g} (--empty)"
    if given.single:
        return (RunNote(f"{shown(job.source)} has no rows: its result is {what}"),)
    few = f"{empty} of {given.count} sequences of {shown(job.source)}"
    return (RunNote(f"{few} have no rows: their results are {what}"),)
