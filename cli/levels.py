"""A pyramid: a file read once, and each level pooled from the one before."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from .codecs.raster import MAX_PIXELS, Raster, refuse_more
from .engine import failed, load, opened, passed_over, written
from .exits import FileError
from .job import Job, Outcome, Window
from .operators import OPERATORS
from .pooling import pool

Shape = tuple[int, ...]


class _Frame(Protocol):
    """A frame or array, be it there or only planned."""

    @property
    def spatial(self) -> tuple[int, int]: ...

    @property
    def picture(self) -> bool: ...

    @property
    def pixels(self) -> int: ...


F = TypeVar("F", bound=_Frame)


def run_levels(job: Job) -> Outcome:
    """Do all levels of a job. Whatever goes wrong is told in their outcomes, not raised."""
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


def plan_levels(job: Job) -> Outcome:
    """Tell what `run_levels` would write, without doing it."""
    from .facts import Part, inspect, planned_of

    before: list[Shape] = []

    def parts() -> Iterator[Part]:
        facts = inspect(job.source, job.reading)
        if facts.refused:
            raise FileError(facts.refused)
        for part in facts.parts:
            before.append(part.shape)
            yield part

    def told(level: Job, after: list[Part]) -> Outcome:
        return planned_of(level, before, after)

    return _whole(job, _levels(job, parts(), lambda part: part.after(job), told))


def _whole(job: Job, levels: Iterator[Outcome]) -> Outcome:
    outcomes = tuple(levels)
    return Outcome(
        job.source,
        status="failed" if any(level.status == "failed" for level in outcomes) else "done",
        pixels=max(level.pixels for level in outcomes),
        levels=outcomes,
    )


def _levels(
    job: Job,
    frames: Iterable[F],
    pooled: Callable[[F], F],
    told: Callable[[Job, list[F]], Outcome],
) -> Iterator[Outcome]:
    """Give each level's outcome, and one for those that are left out."""
    most = job.reading.max_pixels or MAX_PIXELS
    jobs = [replace(job, target=target, levels=()) for target in job.levels]
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


def _ends(frame: _Frame, window: Window, first: bool) -> bool:
    """Say whether pooling makes a frame no smaller, or has no room for a window any more."""
    edge = window.edge or ("partial" if frame.picture else "trim")
    sides = list(zip(frame.spatial, _kernel(window), strict=True))
    still = all(length == 1 or size == 1 for length, size in sides)
    # Where not even the first level has room, the library's error says so.
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
