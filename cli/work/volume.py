"""Pool an array in a store, or one that is larger than memory, step by step."""

import time
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from numbapool.errors import PoolError, PoolStepsError

from ..codecs import by_name, is_store, npy
from ..codecs.axes import data_format
from ..codecs.memory import SHARE, at_hand
from ..codecs.raster import Form
from ..codecs.zarr import form_of, open_array, refuse_no_zarr
from ..exits import AskedWrong
from ..files import staged
from ..files.open import opened
from ..interrupts import unwind
from ..job import STREAM, Job, Outcome, Reading, RunNote, VolumeJob
from ..operators import OPERATORS
from ..rasters.plan import Plan, plan
from ..rasters.sizes import notes_on
from ..telling.compiling import pooling
from ..telling.progress import stepped
from ..telling.reasons import failed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WRITTEN = ("NPY", "ZARR")


class _Volume(NamedTuple):
    """An array that is not read yet, and how it is pooled."""

    array: Any
    form: Form
    planned: Plan

    @property
    def pooling(self) -> Any:
        (pooling,) = self.planned.request.poolings
        return pooling


def pool_volume(job: VolumeJob) -> Outcome:
    """Pool an array step by step. An error is reported in the outcome, not raised."""
    start = time.perf_counter()
    try:
        passed = _passed_over(job)
        if passed:
            return passed
        volume = _looked_at(job)
        _checked(job, volume)
        return _pooled(job, volume, start)
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def preview_volume(job: VolumeJob) -> Outcome:
    """Return the outcome that a job would have, without doing it."""
    try:
        passed = _passed_over(job)
        if passed:
            return passed
        volume = _looked_at(job)
        steps = _checked(job, volume).steps
        outcome = _outcome(job, volume, (_counted(steps),))
        return replace(outcome, status="planned", nbytes=volume.planned.after.nbytes)
    except Exception as error:
        return failed(job, error)


def _passed_over(job: VolumeJob) -> Outcome | None:
    """Return the outcome of a job whose output already exists; raise if that is a failure."""
    _refuse_other_formats(job)
    return staged.passed_over(job)


def _refuse_other_formats(job: VolumeJob) -> None:
    """Refuse what is neither from nor to an array in a file or a store."""
    if STREAM in (job.source, job.target):
        raise AskedWrong("a .zarr is a folder, and no stream: name files")
    if job.writing.format not in _WRITTEN:
        raise AskedWrong(
            f"arrays in stores become .zarr or .npy, not {job.writing.format}: name such an "
            "output with -o, or give --format zarr"
        )
    known = by_name(job.source)
    if not is_store(job.source) and known is not None and known.name not in _WRITTEN:
        raise AskedWrong(f"a .zarr is made of a .zarr or a .npy, not of {known.name}")


def _looked_at(job: VolumeJob) -> _Volume:
    """Return the array of a job, and how it is pooled; refuse what is not done in steps."""
    operator, values = OPERATORS[job.operator], job.values
    if values.weights is not None:
        raise AskedWrong("--weights weigh what is pooled at once, not in steps: leave them out")
    if values.device == "cuda":
        raise AskedWrong("steps are pooled on the CPU: leave out --device cuda")
    if values.linear:
        raise AskedWrong("--linear is for pictures: leave it out")
    array, form = _array_of(job)
    planned = plan(form, operator, job.window, values)
    own = dict(values.own)
    drawn = operator.draws and own.get("mode") != "expected"
    if operator.windows in ("fractional", "max_blur") or drawn:
        raise AskedWrong(
            f"{operator.name} is not pooled in steps: "
            + ("give --mode expected" if "mode" in own else "choose another operator")
        )
    return _Volume(array, form, planned)


def _array_of(job: VolumeJob) -> tuple[Any, Form]:
    """Return the array of a source, not read yet, and its form."""
    if is_store(job.source):
        array = open_array(job.source, job.reading.component)
        return array, form_of(array, job.reading)
    form = _form_of_file(job.source, job.reading)
    return _mapped(job.source), form


def _form_of_file(source: str, reading: Reading) -> Form:
    with opened(source, reading) as file:
        ((_, header),) = npy.headers(file, "NPY", reading)
        return Form(header.shape, header.dtype, data_format(header.shape, reading))


def _mapped(source: str) -> Any:
    import numpy as np

    return np.load(source, mmap_mode="r", allow_pickle=False)


@contextmanager
def _asked() -> "Iterator[None]":
    """Turn what the library refuses before it begins into an error of the command line."""
    try:
        yield
    except PoolStepsError:
        raise
    except PoolError as error:
        raise AskedWrong(str(error)) from error


def _checked(job: VolumeJob, volume: _Volume) -> Any:
    """Return what the library says of a run that it does not begin."""
    from numbapool import pool_into

    if job.writing.format == "ZARR":
        refuse_no_zarr()
    with _asked():
        return pool_into(volume.array, job.target, volume.pooling, dry_run=True, **_given(job))


def _given(job: VolumeJob) -> dict[str, Any]:
    """Return the library's arguments for the steps."""
    steps, new = job.steps, job.writing.format == "ZARR"
    return {
        "chunks": steps.chunks if new else None,
        "shards": steps.shards if new else None,
        "memory": steps.memory or at_hand() // SHARE,
        "workers": steps.jobs,
    }


def _pooled(job: VolumeJob, volume: _Volume, start: float) -> Outcome:
    """Pool an array into a folder beside the output's name, which it gets at the end."""
    from numbapool import pool_into

    unwind()
    pixels = prod(volume.form.shape)
    pooling(job.operator, volume.form.dtype)
    made, resumed = staged.begin(job)
    with _asked():
        summary = pool_into(
            volume.array,
            str(made),
            volume.pooling,
            resume=resumed,
            progress=lambda done, steps: stepped(done, steps, pixels),
            **_given(job),
        )
    path = staged.end(job, made)
    notes = [_counted(summary.steps)]
    if summary.empty:
        notes.append(f"{summary.empty} of them hold nothing but zeros")
    if summary.before:
        notes.insert(0, RunNote(f"went on after {summary.before} of {summary.steps} steps"))
    outcome = _outcome(job, volume, notes)
    return replace(outcome, target=path, seconds=time.perf_counter() - start)


def _counted(steps: int) -> str:
    return "in one step" if steps == 1 else f"in {steps:,} steps"


def _outcome(job: VolumeJob, volume: _Volume, notes: "Sequence[str]") -> Outcome:
    after = volume.planned.after
    told = notes_on(volume.form, OPERATORS[job.operator], job.window)
    return Outcome(
        job.source,
        job.target,
        before=(volume.form.shape,),
        after=(after.shape,),
        dtype=str(after.dtype),
        notes=(*volume.planned.notes, *told, *notes),
        pixels=prod(volume.form.shape),
    )


def refuse_out_of_place(
    jobs: "Sequence[Job]", volumes: "Sequence[Job]", typed: dict[str, bool]
) -> None:
    """Refuse options for stores, by their names if they were given, where there is no store."""
    new = any(job.writing.format == "ZARR" for job in volumes)
    read = any(is_store(job.source) for job in volumes)
    steps = bool(volumes) or any(job.source.lower().endswith(".npy") for job in jobs)
    suits = {"chunks": new, "shards": new, "component": read}
    suits |= {"memory": steps, "resume": steps, "update": not volumes}
    if volumes and typed["update"]:
        raise click.UsageError(
            "--update compares files, and a .zarr is none: give --skip-existing or --resume."
        )
    for name, given in typed.items():
        if jobs and given and not suits[name]:
            what = {"component": "of an input", "memory": "or a .npy", "resume": "or a .npy"}
            raise click.UsageError(
                f"--{name} is for a .zarr {what.get(name, 'that is written')}: leave it out."
            )
