"""Files that fit already: nothing would change, so they are copied byte for byte."""

import shutil
import time
from dataclasses import fields
from typing import BinaryIO

from ..codecs.load import load
from ..files.write import output_of
from ..job import Job, Outcome, RunNote, Writing
from ..operators import OPERATORS
from ..rasters.plan import plan
from ..windows import fitted
from .facts import Facts

_WRITTEN_AS = {"MPO": "JPEG"}

UNCHANGED = RunNote("what fits already was copied unchanged")


def is_copied(job: Job, facts: Facts) -> bool:
    """Return whether a job would change nothing of a file, which has this in its header."""
    fit, operator, values = job.window.fit, OPERATORS[job.operator], job.values
    format = _WRITTEN_AS.get(facts.format, facts.format)
    if fit is None or facts.refused or format != job.writing.format:
        return False
    if not (operator.keeps_shades and operator.within) or job.reading.array is not None:
        return False
    if job.reading.convert is not None:
        return False
    if values.weights is not None or values.min_count is not None or _asks(job.writing):
        return False
    forms = [part.form for part in facts.parts]
    if any(fitted(*form.spatial, fit) != form.spatial for form in forms):
        return False
    # Arrays of one type give results of one type. A picture stays as it is, palette and all.
    return all(
        form.picture or plan(form, operator, job.window, values).after.dtype == form.dtype
        for form in forms
    )


def _asks(writing: Writing) -> bool:
    """Return whether an option asks for another way to write than the file's own."""
    free = ("format", "on_exists")
    plain = Writing()
    return any(
        getattr(writing, each.name) != getattr(plain, each.name)
        for each in fields(writing)
        if each.name not in free
    )


def copy_file(job: Job, file: BinaryIO, start: float) -> Outcome:
    """Copy an open file to a job's output, and return the outcome.

    All of it is decoded first, so that a broken file is a failure, as for any other job.
    """
    shapes, dtypes, pixels = [], [], 0
    for raster in load(file, job.source, job.reading):
        shapes.append(raster.form.told)
        dtypes.append(str(raster.array.dtype))
        pixels += raster.pixels
    file.seek(0)
    with output_of(job) as output:
        shutil.copyfileobj(file, output.file)
    return Outcome(
        job.source,
        output.path,
        before=tuple(shapes),
        after=tuple(shapes),
        dtype=" ".join(dict.fromkeys(dtypes)),
        notes=(UNCHANGED,),
        pixels=pixels,
        seconds=time.perf_counter() - start,
        written=output.stamp,
    )
