"""A pyramid: read a file once, and pool each level from the level before."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..codecs.load import load
from ..codecs.raster import MAX_PIXELS, Form, Raster, refuse_more
from ..files.open import opened
from ..files.write import passed_over
from ..job import Job, Outcome, Window
from ..operators import OPERATORS
from ..rasters.pooling import pool
from ..telling.reasons import failed
from .pooled import written
from .preview import form_after, forms_of, planned

Shape = tuple[int, ...]
F = TypeVar("F", Form, Raster)


@dataclass(frozen=True)
class PyramidJob(Job):
    """A job with an output for each level, of which `target` is the first."""

    levels: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The paths of all levels."""
        return self.levels

    def level(self, target: str) -> Job:
        """Return the plain job of one level."""
        return Job(
            self.source,
            target,
            self.operator,
            self.window,
            self.values,
            self.reading,
            self.writing,
        )


def pool_levels(job: PyramidJob) -> Outcome:
    """Pool all levels of a job. Errors are reported in the outcomes, not raised."""
    start = time.perf_counter()
    before: list[Shape] = []

    def frames() -> Iterator[Raster]:
        with opened(job.source, job.reading) as file:
            for raster in load(file, job.source, job.reading):
                before.append(raster.array.shape)
                yield raster

    def pooled(raster: Raster) -> Raster:
        return pool(raster, OPERATORS[job.operator], job.window, job.values)

    def told(level: Job, rasters: list[Raster]) -> Outcome:
        return written(level, before, rasters, start)

    return _whole(job, _levels(job, frames(), pooled, told))


def preview_levels(job: PyramidJob) -> Outcome:
    """Return the outcome that `pool_levels` would have, without doing it."""
    before: list[Form] = []

    def forms() -> Iterator[Form]:
        before.extend(forms_of(job))
        yield from before

    def told(level: Job, after: list[Form]) -> Outcome:
        return planned(level, before, after)

    return _whole(job, _levels(job, forms(), lambda form: form_after(form, job), told))


def _whole(job: Job, levels: Iterator[Outcome]) -> Outcome:
    outcomes = tuple(levels)
    return Outcome(
        job.source,
        status="failed" if any(level.status == "failed" for level in outcomes) else "done",
        pixels=max(level.pixels for level in outcomes),
        levels=outcomes,
    )


def _levels(
    job: PyramidJob,
    frames: Iterable[F],
    pooled: Callable[[F], F],
    told: Callable[[Job, list[F]], Outcome],
) -> Iterator[Outcome]:
    """Yield the outcome of each level, and one for all levels that are left out."""
    most = job.reading.max_pixels or MAX_PIXELS
    jobs = [job.level(target) for target in job.levels]
    standing = [_standing(level) for level in jobs]
    if all(standing):
        yield from (outcome for outcome in standing if outcome)
        return
    for number, level in enumerate(jobs, 1):
        below: list[F] = []
        sides: list[tuple[int, int]] = []
        smaller, pixels = False, 0
        try:
            for frame in frames:
                sides.append(frame.spatial)
                ends = _ends(frame, job.window, first=number == 1)
                below.append(frame if ends else pooled(frame))
                pixels += below[-1].pixels
                if len(below) > 1:
                    refuse_more(pixels, most)
                smaller = smaller or not ends
            if not smaller:
                reason = _left_out(number, len(jobs), sides, job.window)
                yield Outcome(job.source, status="skipped", reason=reason)
                return
        except Exception as error:
            yield failed(level, error)
            return
        frames = below
        yield standing[number - 1] or _told(level, below, told)


def _standing(level: Job) -> Outcome | None:
    try:
        return passed_over(level)
    except Exception as error:
        return failed(level, error)


def _told(level: Job, frames: list[F], told: Callable[[Job, list[F]], Outcome]) -> Outcome:
    try:
        return told(level, frames)
    except Exception as error:
        return failed(level, error)


def _ends(frame: Form | Raster, window: Window, first: bool) -> bool:
    """Return whether a frame cannot become smaller, or is smaller than a window."""
    edge = window.edge or ("partial" if frame.picture else "trim")
    sides = list(zip(frame.spatial, _kernel(window), strict=True))
    still = all(length == 1 or size == 1 for length, size in sides)
    # If the first level is too small already, the library raises an error that says so.
    return still or (not first and edge == "trim" and any(size > length for length, size in sides))


def _kernel(window: Window) -> tuple[int, int]:
    size = window.kernel_size
    return size if isinstance(size, tuple) else (size, size)


def _left_out(number: int, last: int, sides: list[tuple[int, int]], window: Window) -> str:
    what = "the input" if number == 1 else f"level {number - 1}"
    levels = f"level {number}" if number == last else f"levels {number} to {last}"
    height, width = max(sides)
    if height == width == 1:
        return f"{levels}: {what} is 1x1 already"
    return f"{levels}: {what} is {height}x{width}, too small for windows of {window.label}"
