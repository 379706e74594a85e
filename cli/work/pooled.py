"""Pool one file: read, pool, write."""

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ..codecs import ARRAYS, by_magic
from ..codecs.raster import Raster
from ..codecs.save import save
from ..codecs.writable import refuse_unwritable
from ..exits import OutputLost
from ..files.open import opened
from ..files.write import output_of, passed_over
from ..job import STREAM, Job, Outcome
from ..operators import OPERATORS
from ..rasters.plan import plan
from ..rasters.pooling import pool, pool_into
from ..rasters.sizes import notes_on
from ..telling.reasons import failed
from .weights import rasters_of, weighed

Shape = tuple[int, ...]

_MAPPED = 1 << 26  # bytes; the results of larger arrays are written through a memory map


def pool_file(job: Job) -> Outcome:
    """Pool one file. An error is reported in the outcome, not raised."""
    start = time.perf_counter()
    try:
        passed = passed_over(job)
        if passed:
            return passed
        before: list[Shape] = []
        with opened(job.source, job.reading) as file:
            if job.window.fit:
                from .copied import copy_file, is_copied
                from .facts import inspected

                if is_copied(job, inspected(file, job.reading)):
                    file.seek(0)
                    return copy_file(job, file, start)
                file.seek(0)
            if job.writing.format == "NPY" and STREAM not in (job.source, job.target):
                outcome = _mapped(job, file, start)
                if outcome:
                    return outcome
                file.seek(0)
            return written(job, before, _pooled(job, file, before), start)
    except OutputLost:
        raise
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def written(job: Job, before: Sequence[Shape], pooled: Iterable[Raster], start: float) -> Outcome:
    """Write the result of a job, and return the outcome; `before` collects the shapes read.

    Frames are pooled one by one, as they are written.
    """
    after: list[Shape] = []
    shown: list[str] = []
    dtypes: list[str] = []
    array = job.writing.format in ARRAYS

    def told(rasters: Iterable[Raster]) -> Iterator[Raster]:
        for raster in rasters:
            after.append(raster.array.shape if array else raster.form.told)
            shown.extend(raster.notes)
            dtypes.append(str(raster.array.dtype))
            yield raster

    rest = iter(pooled)
    first = next(rest)  # before the output is opened: reading may fail
    with output_of(job) as output:
        notes = save(
            told(itertools.chain([first], rest)), output.file, job.writing, job.reading.max_pixels
        )
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


def _mapped(job: Job, file: BinaryIO, start: float) -> Outcome | None:
    """Pool a large array from mapped file to mapped file; return None for other sources."""
    if by_magic(file.read(8)) != "NPY":
        return None
    from ..codecs import npy

    (raster,) = weighed(npy.load(file, job.reading, Path(job.source)), job, file)
    if raster.array.nbytes < _MAPPED:
        return None
    operator = OPERATORS[job.operator]
    planned = plan(raster.form, operator, job.window, job.values)
    after = planned.after
    with output_of(job) as output:
        pool_into(raster, planned, npy.create(output.file, after.shape, after.dtype))
    return Outcome(
        job.source,
        output.path,
        before=(raster.array.shape,),
        after=(after.shape,),
        dtype=str(after.dtype),
        notes=(*planned.notes, *notes_on(raster.form, operator, job.window)),
        pixels=_count(raster.array.shape),
        seconds=time.perf_counter() - start,
        written=output.stamp,
    )


def _pooled(job: Job, file: BinaryIO, before: list[Shape]) -> Iterator[Raster]:
    """Yield the pooled frames or arrays of a file, and add the shapes read to `before`."""
    operator = OPERATORS[job.operator]
    for raster in rasters_of(job, file):
        if not before:  # before kernels are compiled
            after = plan(raster.form, operator, job.window, job.values).after
            refuse_unwritable([after] * raster.frames, job.writing)
        before.append(raster.form.told)
        notes = notes_on(raster.form, operator, job.window)
        pooled = pool(raster, operator, job.window, job.values)
        yield replace(pooled, notes=(*pooled.notes, *notes))


def _count(shape: tuple[int, ...]) -> int:
    """Return the number of pixels; a short last axis of three holds channels."""
    count = 1
    for length in shape[:2] if len(shape) == 3 and shape[2] <= 4 else shape:
        count *= length
    return count
