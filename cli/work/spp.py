"""Spatial pyramids: each frame or array of a file to one vector, or to one per sample."""

import time
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..codecs.raster import Form, Metadata, Raster
from ..exits import FileError, OutputLost
from ..files.open import opened
from ..files.write import passed_over
from ..job import Job, Outcome, Window
from ..operators import OPERATORS
from ..rasters.plan import plan
from ..rasters.pooling import pool
from ..telling.reasons import failed
from .pooled import written
from .preview import forms_of, planned
from .stacked import Row
from .weights import rasters_of

Shape = tuple[int, ...]


@dataclass(frozen=True)
class SppJob(Job):
    """A job that cuts its input into so many parts along each side, in each level."""

    levels: tuple[int, ...] = ()


def pool_vectors(job: SppJob) -> Outcome:
    """Pool a file to vectors. An error is reported in the outcome, not raised."""
    start = time.perf_counter()
    try:
        passed = passed_over(job)
        if passed:
            return passed
        before: list[Shape] = []
        return written(job, before, _vectors(job, before), start)
    except OutputLost:
        raise
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def preview_vectors(job: SppJob) -> Outcome:
    """Return the outcome that `pool_vectors` would have, without doing it."""
    try:
        return passed_over(job) or _planned(job)
    except Exception as error:
        return failed(job, error)


def pool_row(job: SppJob) -> Outcome:
    """Pool a file to the one vector that it gives; the outcome is a `Row`, or a failure."""
    start = time.perf_counter()
    try:
        before: list[Shape] = []
        arrays = [vector.array for vector in _vectors(job, before)]
        _alone([array.shape for array in arrays])
        (array,) = arrays
        outcome = Outcome(
            job.source,
            job.target,
            before=tuple(before),
            after=(array.shape[-1:],),
            dtype=str(array.dtype),
            seconds=time.perf_counter() - start,
        )
        return Row(**vars(outcome), data=array.tobytes())
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def preview_row(job: SppJob) -> Outcome:
    """Return the outcome that `pool_row` would have, without its result."""
    try:
        before = forms_of(job)
        forms = [form_of(form, job) for form in before]
        _alone([form.shape for form in forms])
        (after,) = forms
        return planned(job, before, [replace(after, shape=after.shape[-1:])])
    except Exception as error:
        return failed(job, error)


def form_of(form: Form, job: SppJob) -> Form:
    """Return the form of the vectors of a frame or array."""
    after = [plan(form, OPERATORS[job.operator], each, job.values).after for each in windows(job)]
    lead = _lead(form)
    length = sum(prod(each.shape[len(lead) :]) for each in after)
    return Form((*lead, length), after[0].dtype, "")


def vector_of(raster: Raster, job: SppJob) -> Raster:
    """Return the vectors of a frame or array: level by level, each channel by channel."""
    lead = _lead(raster.form)
    parts: list[NDArray[Any]] = []
    notes: list[str] = []
    for window in windows(job):
        pooled = pool(raster, OPERATORS[job.operator], window, job.values)
        array = pooled.array
        if raster.form.channels_last:
            array = np.moveaxis(array, -1, len(lead))
        parts.append(array.reshape(*lead, prod(array.shape[len(lead) :])))
        notes.extend(pooled.notes)
    return Raster(
        np.concatenate(parts, axis=-1),
        "",
        metadata=Metadata(compression=raster.metadata.compression),
        name=raster.name,
        notes=tuple(dict.fromkeys(notes)),
        frames=raster.frames,
    )


def windows(job: SppJob) -> list[Window]:
    """Return the windows of each level."""
    return [Window(parts=parts) for parts in job.levels]


def _lead(form: Form) -> Shape:
    """Return the axes of which each place has a vector: all but channels, height and width."""
    planes = form.planes
    return form.shape[: planes if form.channels_last else max(0, planes - 1)]


def _vectors(job: SppJob, before: list[Shape]) -> Iterator[Raster]:
    with opened(job.source, job.reading) as file:
        for raster in rasters_of(job, file):
            before.append(raster.form.told)
            yield vector_of(raster, job)


def _planned(job: SppJob) -> Outcome:
    before = forms_of(job)
    return planned(job, before, [form_of(form, job) for form in before])


def _alone(shapes: list[Shape]) -> None:
    """Refuse what is more than one vector."""
    count = sum(prod(shape[:-1]) for shape in shapes)
    if count != 1:
        raise FileError(
            f"it gives {count} vectors, and a row takes one: name a folder with -o, for a file each"
        )
