"""Levels of an image in a store: beside it, or in a new store, with OME-NGFF's metadata."""

import time
from dataclasses import field, replace
from math import prod
from typing import Any, Literal

from numbapool.errors import PoolError, PoolStepsError
from numbapool.records import dataclass

from ..codecs.memory import SHARE, at_hand
from ..codecs.zarr import refuse_no_zarr
from ..exits import AskedWrong, NameTaken
from ..files import staged
from ..interrupts import unwind
from ..job import Numbers, Outcome, VolumeJob
from ..operators import OPERATORS
from ..rasters.request import Request
from ..telling.progress import stepped
from ..telling.reasons import failed


@dataclass(frozen=True)
class Rungs:
    """Which levels to make of an image."""

    levels: int | None = None  # None: until one chunk holds the last
    factors: Numbers | tuple[Numbers, ...] = field(default=2)
    listed: bool = False  # whether the factors are one for each level
    ngff: Literal["0.4", "0.5"] | None = None
    blend_labels: bool = False


@dataclass(frozen=True)
class LevelsJob(VolumeJob):
    """A job whose outputs are levels: in a new store, or in the source's own."""

    rungs: Rungs = field(default_factory=Rungs)

    @property
    def inside(self) -> bool:
        """Whether the levels go beside the image."""
        return self.target == self.source

    @property
    def place(self) -> str:
        """The path of the image, in its store."""
        component = self.reading.component
        return f"{self.source}/{component}" if component else self.source


def pool_levels(job: LevelsJob) -> Outcome:
    """Make the levels of an image. An error is reported in the outcome, not raised."""
    start = time.perf_counter()
    try:
        passed = _passed_over(job)
        if passed:
            return passed
        unwind()
        if job.inside:
            made = _made(job, None, job.steps.resume)
            return _outcome(job, made, time.perf_counter() - start)
        _made(job, job.target, False, dry_run=True)  # before there is a folder
        stage, resumed = staged.begin(job)
        made = _made(job, str(stage), resumed)
        path = staged.end(job, stage)
        return _outcome(replace(job, target=path), made, time.perf_counter() - start)
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def preview_levels(job: LevelsJob) -> Outcome:
    """Return the outcome that a job would have, without doing it."""
    try:
        passed = _passed_over(job)
        if passed:
            return passed
        target = None if job.inside else job.target
        return _outcome(job, _made(job, target, job.steps.resume, dry_run=True), planned=True)
    except Exception as error:
        return failed(job, error)


def _passed_over(job: LevelsJob) -> Outcome | None:
    """Return the outcome of a job whose output already exists; raise if that is a failure."""
    refuse_no_zarr()
    return None if job.inside else staged.passed_over(job)


def _made(job: LevelsJob, target: str | None, resume: bool, dry_run: bool = False) -> Any:
    """Let the library make the levels, or say which it would make."""
    from numbapool import pyramid_into

    operator, rungs, steps = OPERATORS[job.operator], job.rungs, job.steps
    (pooling,) = Request(operator, {"kernel_size": 2}, job.values, "NCHW").poolings
    request: Any = pooling.request  # type: ignore[attr-defined]
    inside = job.inside and job.writing.on_exists
    try:
        return pyramid_into(
            job.place,
            operator.name,
            "auto" if rungs.levels is None else rungs.levels,
            list(rungs.factors) if rungs.listed else rungs.factors,  # type: ignore[arg-type]
            target=target,
            ngff=rungs.ngff,
            ceil_mode=job.window.edge != "trim",
            nan=request.nan,
            nodata=request.nodata,
            min_count=request.min_count,
            chunks=steps.chunks,
            shards=steps.shards,
            workers=steps.jobs,
            memory=steps.memory or at_hand() // SHARE,
            force=rungs.blend_labels,
            overwrite=inside == "overwrite",
            resume=resume,
            dry_run=dry_run,
            progress=lambda done, count: stepped(done, count, 0),
            **dict(request.own),
        )
    except PoolStepsError:
        raise
    except PoolError as error:
        raise _asked_wrong(error, job) from error


def _asked_wrong(error: PoolError, job: LevelsJob) -> Exception:
    """Return an error of the command line, in its own words, for one of the library."""
    words = {
        "overwrite=True": "--on-exists overwrite",
        "resume=True": "--resume",
        "force=True": "--blend-labels",
        "op='mode'": "--operator mode",
        "give a target": "name a new .zarr with -o",
    }
    text = str(error)
    for theirs, ours in words.items():
        text = text.replace(theirs, ours)
    return NameTaken(text) if "there is a level" in text else AskedWrong(text)


def _outcome(job: LevelsJob, made: Any, seconds: float = 0.0, planned: bool = False) -> Outcome:
    """Return the outcome of all levels."""
    if not made.paths:
        reason = f"levels: {job.place} fits into one chunk already"
        return Outcome(job.source, status="skipped", reason=reason)
    whole = made.source
    levels = tuple(
        Outcome(
            job.source,
            f"{job.target}/{path}",
            status="planned" if planned else "done",
            before=(whole,),
            after=(shape,),
            dtype=str(dtype),
            nbytes=prod(shape) * dtype.itemsize if planned else 0,
            seconds=seconds,
        )
        for path, shape, dtype in zip(made.paths, made.shapes, made.dtypes, strict=True)
    )
    return Outcome(job.source, job.target, pixels=prod(whole), levels=levels)
