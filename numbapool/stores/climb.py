"""The steps that make all levels of an image from one reading of it.

A step reads a block of level 0 once and pools all levels of it. Where a level's part is less than a
chunk, it waits in an array of its own until all parts of the chunk are there: then a second kind of
step gathers the chunk. So each chunk is written once, by one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import lcm, prod
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np

from numbapool.errors import PoolStepsError, PoolValueError
from numbapool.inputs import Array
from numbapool.records import dataclass
from numbapool.stores import chunked
from numbapool.stores.chunked import SEVERAL, Run
from numbapool.stores.opened import Layout, Marks, Source, Target
from numbapool.stores.regions import Box, Decided, Slices

Sizes: TypeAlias = tuple[int, ...]

MOST_BYTES = 1 << 30
"""The most bytes of a step whose memory is not bounded by the caller."""


@dataclass
class Floor:
    """A level, and level 0 too."""

    path: str
    shape: Sizes
    dtype: np.dtype[Any]
    total: Sizes
    """By how much it is smaller than level 0."""
    of: Decided | None
    """Its pooling; None for level 0."""
    nested: bool
    """Whether it pools level 0, and not the level before."""
    layout: Layout
    written: bool = True
    target: Target | None = None
    stage: Target | None = None
    """Where its parts wait, if a step makes less than a chunk of it."""

    def part(self, block: Sizes) -> Sizes:
        """Return how many results of this level a step makes."""
        return tuple(size // by for size, by in zip(block, self.total, strict=True))

    @property
    def unit(self) -> Sizes:
        """The sizes of its chunks, or shards."""
        return self.layout.shards or self.layout.chunks or ()

    def waits(self, block: Sizes) -> bool:
        """Say whether the parts that a step makes are less than whole chunks, or shards."""
        sizes = zip(self.part(block), self.unit, self.shape, strict=True)
        even = (part % least == 0 or part >= size for part, least, size in sizes)
        return self.written and not all(even)

    def chunks(self) -> Iterator[tuple[Sizes, Box]]:
        """Yield the numbers and the boxes of its chunks, or shards."""
        counts = [-(-size // step) for size, step in zip(self.shape, self.unit, strict=True)]
        for place in product(*map(range, counts)):
            sides = zip(place, self.unit, self.shape, strict=True)
            yield place, tuple((n * step, min((n + 1) * step, size)) for n, step, size in sides)

    def box(self, block: Box) -> Box | None:
        """Return this level's results of a block of level 0; None if it has none of it."""
        edges = zip(block, self.total, self.shape, strict=True)
        found = tuple((first // by, min(-(-stop // by), size)) for (first, stop), by, size in edges)
        return None if any(first >= stop for first, stop in found) else found


class Span(NamedTuple):
    """What a run divides into steps."""

    shape: Sizes
    outs: tuple[np.dtype[Any], ...]


class Marked(NamedTuple):
    """Where a run leaves its marks."""

    marks: Marks


def bytes_of(floors: list[Floor], block: Sizes) -> int:
    """Return the bytes of a block and of all its results."""
    total = 0
    for floor in floors:
        sizes = zip(floor.part(block), floor.shape, strict=True)
        total += prod(min(part, size) for part, size in sizes) * floor.dtype.itemsize
    return total


def block_for(
    floors: list[Floor], read: Sizes, workers: int, memory: int | None
) -> tuple[Sizes, int]:
    """Return the block of level 0 that a step reads, and how many threads take steps.

    `read` is the chunks of level 0 as it is. A block holds whole windows of all levels: if it can,
    also whole chunks of level 1, or whole shards, and of level 0.

    Raises
    ------
    PoolValueError
        If a step does not fit into memory.
    """
    shape, last = floors[0].shape, floors[-1].total
    first = floors[min(1, len(floors) - 1)]
    most = None if memory is None else memory // (SEVERAL * workers)

    def fits(block: Sizes) -> bool:
        if bytes_of(floors[:1], block) > chunked.SLAB_BYTES:
            return False
        return most is None or bytes_of(floors, block) <= most

    def within(block: tuple[int, ...]) -> Sizes:
        """Return a block that is no larger than the image."""
        return tuple(
            min(size, -(-side // by) * by) if side else by
            for size, side, by in zip(block, shape, last, strict=True)
        )

    ones = [tuple(by * size for by, size in zip(first.total, first.unit, strict=True)), last]
    zeros = [floors[0].unit, read, last] if floors[0].written else [read, last]
    tries = [within(tuple(map(lcm, last, one, zero))) for one in ones for zero in zeros]
    block = next(filter(fits, tries), within(last))
    while True:
        for n in sorted(range(len(shape)), key=lambda n: (block[n], -n)):
            wider = within((*block[:n], 2 * block[n], *block[n + 1 :]))
            if wider != block and fits(wider):
                block = wider
                break
        else:
            break
    each = SEVERAL * bytes_of(floors, block)
    if memory is None:
        memory = max(MOST_BYTES, workers * SEVERAL * chunked.SLAB_BYTES)
    if each > memory:
        raise PoolValueError(
            f"a step reads {block} elements for {len(floors) - 1} levels and takes {each} bytes, "
            f"more than memory {memory}: make fewer levels, or give more memory"
        )
    return block, max(1, min(workers, memory // max(each, 1)))


class Climb(Run):
    """A run of all steps."""

    def __init__(
        self,
        marks: Marks,
        source: Source,
        floors: list[Floor],
        block: Sizes,
        progress: Callable[[int, int], Any] | None,
    ) -> None:
        span = Span(source.shape, tuple(floor.dtype for floor in floors))
        marked: Any = Marked(marks)
        super().__init__(cast(Any, span), source, [marked], block, progress)
        self.floors = floors
        self.errors: list[tuple[str, Exception]] = []
        self.gathering = False
        self.late = [floor for floor in floors if floor.waits(block)]
        self.steps += sum(1 for floor in self.late for _ in floor.chunks())

    def climb(self, workers: int, memory: int | None) -> None:
        """Do all steps: the blocks of level 0, and then the chunks that wait for their parts.

        Raises
        ------
        PoolStepsError
            If steps failed. The marks of the others stay.
        """
        self.work(workers)
        self.refuse_failed()
        self.gathering, self.stopped = True, False
        if self.late:
            most = max(prod(floor.unit) * floor.dtype.itemsize for floor in self.late)
            fit = workers if memory is None else memory // (SEVERAL * most)
            self.work(max(1, min(workers, fit)))
        self.refuse_failed()

    def refuse_failed(self) -> None:
        """Raise if steps failed."""
        if not self.errors:
            return
        part, error = self.errors[0]
        raise PoolStepsError(
            f"{len(self.errors)} of {self.steps} steps failed, the first one with {part}: "
            f"{type(error).__name__}: {error}; mend it, and resume"
        ) from error

    def waiting(self) -> Iterator[tuple[str, Any]]:
        """Yield the steps that are to be done: their marks, and what each makes."""
        if not self.gathering:
            yield from super().waiting()
            return
        for floor in self.late:
            number = self.floors.index(floor)
            for place, box in floor.chunks():
                mark = f"level{number}-{'.'.join(map(str, place))}.mark"
                if mark not in self.known:
                    yield mark, (floor, box)

    def step(self, mark: str, job: Any) -> None:
        """Do one step, and mark it."""
        floor: Any
        floor, box = job if self.gathering else (None, job)
        try:
            if not self.gathering:
                empty = not any(self.pool(box))
            else:
                part = tuple(slice(*each) for each in box)
                empty = not floor.target.write(part, np.asarray(floor.stage.array[part]))
            self.marks.put(mark)
        except Exception as error:
            sides = ", ".join(f"{first}:{stop}" for first, stop in box)
            where = "level 0" if not self.gathering else f"the parts of level {floor.path}"
            with self._lock:
                self.errors.append((f"{where}'s [{sides}]", error))
            return
        with self._lock:
            self.finished += 1
            self.empty += empty
            if self.progress is not None:
                self.progress(self.finished, self.steps)

    def pool(self, block: Box) -> list[bool]:
        """Pool all levels of a block; return what was written of them."""
        boxes = [floor.box(block) for floor in self.floors]
        needed = list(boxes)
        regions: list[Any] = [None] * len(boxes)
        for n in range(len(boxes) - 1, 0, -1):  # a level may read a little more than its windows
            floor, box = self.floors[n], needed[n]
            if box is None or floor.of is None:
                continue
            regions[n] = floor.of.region(box)
            below = 0 if floor.nested else n - 1
            needed[below] = hull(needed[below], regions[n].reads)
        held: list[Array | None] = [None] * len(boxes)
        written = []
        for n, (floor, box, need) in enumerate(zip(self.floors, boxes, needed, strict=True)):
            if box is None or need is None:
                continue
            if floor.of is None:
                held[n] = self.source.read(tuple(slice(*each) for each in need))
            else:
                below = 0 if floor.nested else n - 1
                (held[n],) = regions[n].pool(reader(held[below], needed[below]))
            if floor.written:
                place: Any = floor.stage or floor.target
                part = reader(held[n], need)(tuple(slice(*each) for each in box))
                written.append(place.write(tuple(slice(*each) for each in box), part))
        return written


def hull(box: Box | None, reads: Slices) -> Box:
    """Return the least box that holds a box and a part of an array."""
    if box is None:
        return tuple((each.start, each.stop) for each in reads)
    both = zip(box, reads, strict=True)
    return tuple((min(a, each.start), max(b, each.stop)) for (a, b), each in both)


def reader(held: Any, box: Any) -> Callable[[Slices], Array]:
    """Return a function that reads parts of an array of which a box is held."""

    def read(part: Slices) -> Array:
        both = zip(part, box, strict=True)
        found: Array = held[tuple(slice(s.start - a, s.stop - a) for s, (a, _) in both)]
        return found

    return read
