"""A pyramid: read a file once, and pool all levels of each of its frames."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from typing import Generic, TypeVar

from numbapool.records import dataclass

from ..codecs.raster import MAX_PIXELS, Form, Raster, refuse_more
from ..codecs.writable import refuse_unwritable
from ..files.open import opened
from ..files.write import passed_over
from ..job import Job, Outcome, OutputSize, PictureShape, Window, per_axis
from ..operators import OPERATORS
from ..rasters.plan import plan
from ..rasters.pooling import pool
from ..rasters.request import Request
from ..telling.reasons import failed
from ..telling.size import in_shape
from .pooled import written
from .preview import forms_of, planned
from .weights import rasters_of

Shape = tuple[int, ...]
F = TypeVar("F", Form, Raster)


@dataclass(frozen=True)
class PyramidJob(Job):
    """A job with one output per level; `target` is the first output."""

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
    operator = OPERATORS[job.operator]

    def frames() -> Iterator[Raster]:
        with opened(job.source, job.reading) as file:
            for raster in rasters_of(job, file):
                before.append(raster.form.told)
                yield raster

    def pooled(raster: Raster, window: Window) -> Raster:
        after = plan(raster.form, operator, window, job.values).after
        refuse_unwritable([after] * raster.frames, job.writing)  # before kernels are compiled
        return pool(raster, operator, window, job.values)

    def told(level: Job, rasters: list[Raster]) -> Outcome:
        return written(level, before, rasters, start)

    return _whole(job, _levels(job, frames(), pooled, told))


def preview_levels(job: PyramidJob) -> Outcome:
    """Return the outcome that `pool_levels` would have, without doing it."""
    before: list[Form] = []
    operator = OPERATORS[job.operator]

    def forms() -> Iterator[Form]:
        before.extend(forms_of(job))
        yield from before

    def pooled(form: Form, window: Window) -> Form:
        return plan(form, operator, window, job.values).after

    def told(level: Job, after: list[Form]) -> Outcome:
        return planned(level, before, after)

    return _whole(job, _levels(job, forms(), pooled, told))


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
    pooled: Callable[[F, Window], F],
    told: Callable[[Job, list[F]], Outcome],
) -> Iterator[Outcome]:
    """Yield the outcome of each level, and one for all levels that are left out."""
    jobs = [job.level(target) for target in job.levels]
    standing = [_standing(level) for level in jobs]
    if all(standing):
        yield from (outcome for outcome in standing if outcome)
        return
    tower = _Tower(job, pooled)
    try:
        for frame in frames:
            tower.add(frame)
            if not tower.floors:
                break
    except Exception as error:
        yield failed(jobs[0], error)
        return
    for number, floor in enumerate(tower.floors, 1):
        if not floor.smaller:
            reason = _left_out(number, len(jobs), floor.sides, job.window)
            yield Outcome(job.source, status="skipped", reason=reason)
            return
        level = jobs[number - 1]
        yield standing[number - 1] or _told(level, floor.frames, told)
    if tower.error:
        yield failed(jobs[len(tower.floors)], tower.error)


@dataclass
class _Floor(Generic[F]):
    """A level of all frames."""

    frames: list[F] = field(default_factory=list)
    sides: list[tuple[int, ...]] = field(default_factory=list)
    """The lengths of each frame's pooled axes on the level before."""
    pixels: int = 0
    smaller: bool = False
    """Whether any frame is smaller than on the level before."""


class _Tower(Generic[F]):
    """The levels of a file's frames, made from one frame after the other.

    If an operator nests, each level is pooled from the frame itself, else from the level before.
    """

    def __init__(self, job: PyramidJob, pooled: Callable[[F, Window], F]) -> None:
        self._job = job
        self._pooled: Callable[[F, Window], F] = pooled
        self._nests = _nests(job)
        self._most = job.reading.max_pixels or MAX_PIXELS
        self.floors: list[_Floor[F]] = [_Floor() for _ in job.levels]
        self.error: Exception | None = None
        """Why there are fewer floors than levels."""

    def add(self, frame: F) -> None:
        """Make the levels of a frame."""
        below, ended = frame, False
        for number, floor in enumerate(self.floors, 1):
            lengths = below.lengths
            floor.sides.append(PictureShape(lengths) if below.picture else lengths)
            ended = ended or self._ends(frame, below, number)
            try:
                if not ended:
                    below = self._level(frame, below, number)
                    floor.smaller = True
                floor.frames.append(below)
                floor.pixels += below.pixels
                if len(floor.frames) > 1:
                    refuse_more(floor.pixels, self._most)
            except Exception as error:
                self.error = error
                del self.floors[number - 1 :]
                return

    def _level(self, frame: F, below: F, number: int) -> F:
        window = self._job.window
        source = frame if self._nests else below
        if window.size:
            height, width = self._sized(frame, below, number)
            return self._pooled(source, replace(window, size=OutputSize(width, height)))
        if not self._nests:
            return self._pooled(below, window)
        sizes = per_axis(window.kernel_size, len(frame.lengths))
        return self._pooled(frame, replace(window, kernel_size=tuple(k**number for k in sizes)))

    def _sized(self, frame: F, below: F, number: int) -> tuple[int, int]:
        """Return the height and width of a level: each is to the one before as the first is."""
        size = self._job.window.size
        assert size is not None
        if size.permille or number == 1:
            return size.of(*below.spatial)
        first = zip(frame.spatial, size.of(*frame.spatial), strict=True)
        high, wide = (max(1, round(side * (out / side) ** number)) for side, out in first)
        return high, wide

    def _ends(self, frame: F, below: F, number: int) -> bool:
        """Return whether a frame cannot become smaller, or is smaller than a window."""
        window, lengths = self._job.window, below.lengths
        if window.size:
            after = self._sized(frame, below, number)
            return all(out >= length for out, length in zip(after, lengths, strict=True))
        if window.axes not in (0, len(lengths)):
            return False  # the first level fails, by an error that says so
        sides = list(zip(lengths, per_axis(window.kernel_size, len(lengths)), strict=True))
        edge = window.edge or ("partial" if below.picture else "trim")
        still = all(length == 1 or size == 1 for length, size in sides)
        # If the first level is too small already, the library raises an error that says so.
        small = edge == "trim" and any(size > length for length, size in sides)
        return still or (number > 1 and small)


def _nests(job: PyramidJob) -> bool:
    """Return whether a level can be pooled from the input itself, as its definition says."""
    operator = OPERATORS[job.operator]
    if operator.windows != "sliding":
        return False
    (pooling,) = Request(operator, {"kernel_size": 2}, job.values, "NCHW").poolings
    return bool(pooling.request.operator.nests)  # type: ignore[attr-defined]


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


def _left_out(number: int, last: int, sides: list[tuple[int, ...]], window: Window) -> str:
    what = "the input" if number == 1 else f"level {number - 1}"
    levels = f"level {number}" if number == last else f"levels {number} to {last}"
    shape = in_shape(max(sides))
    if set(max(sides)) == {1}:
        return f"{levels}: {what} is {shape} already"
    if window.size:
        return f"{levels}: {what} is {shape}, and --size {window.size} makes it no smaller"
    return f"{levels}: {what} is {shape}, too small for windows of {window.label}"
