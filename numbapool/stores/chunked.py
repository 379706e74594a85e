"""Pool an array that is larger than memory, from a store into a store, step by step.

A step is one part of the results: whole chunks, or whole shards. It reads what its windows need,
pools that, and writes. Steps run on a few threads, and each one that is finished leaves a mark, so
that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import product
from math import lcm
from typing import Any, NamedTuple

from numbapool.errors import PoolStepsError, PoolTypeError, PoolValueError
from numbapool.pooling.pool import Pool
from numbapool.reducers.dtypes import NaN, whole_number
from numbapool.run.threads import thread_count
from numbapool.stores import cluster
from numbapool.stores.opened import (
    Layout,
    Marks,
    Source,
    Target,
    described,
    refuse_uneven,
    unmade,
)
from numbapool.stores.regions import Box, Decided, Region, decided
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints, per_axis
from numbapool.windows.window import Padding

__all__ = ["pool_into"]

SLAB_BYTES = 1 << 25
"""Bytes of a step's input up to which chunks are pooled together: 256 x 256 x 256 of uint16."""

SEVERAL = 2
"""How many times a step's arrays are held: read and laid out, pooled and written."""

MOST_WORKERS = 8
"""The most threads, if the caller names no number."""


class Summary(NamedTuple):
    """What a run did."""

    shape: tuple[int, ...]
    """The results' shape."""
    dtype: Any
    steps: int
    """Steps of the whole."""
    before: int
    """Steps that an earlier run had finished."""
    empty: int
    """Steps whose results a store gives without being written."""


def pool_into(
    source: Any,
    target: Any,
    op: Any,
    kernel_size: Ints | None = None,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    chunks: Ints | None = None,
    shards: Ints | None = None,
    workers: int | None = None,
    memory: int | None = None,
    resume: bool = False,
    dry_run: bool = False,
    progress: Callable[[int, int], Any] | None = None,
    client: Any = None,
    **own: Any,
) -> Summary:
    """Pool an array that need not fit into memory, into another one.

    Each part of the results is what the whole would give, to the bit. Only variances and standard
    deviations of floats, and of integers past 32 bits, may differ in their last digits.

    Parameters
    ----------
    source : zarr.Array, numpy.memmap, path or store
        The array: of zarr in any format and store, or a .npy file.
    target : zarr.Array, path or store, or a pair of these
        Where the results go: an array of their shape and dtype, or a place where a zarr array or a
        .npy file is made. With `return_indices` there are two.
    op : str, NumPy function or reducer, or Pool
        The operator, as in :class:`Pool`; a `Pool` has all parameters of its windows.
    kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint, data_format, nan,
        nodata, min_count, **own
        As in :class:`Pool`.
    chunks, shards : int or tuple of int, optional
        The sizes of a new zarr array's chunks and shards; else those of the source.
    workers : int, optional
        How many threads take steps; by default one per core, at most 8.
    memory : int, optional
        The most bytes that all steps in work may take; there are fewer threads if need be.
    resume : bool
        Go on with a run that was stopped. What it makes must be the same.
    dry_run : bool
        Check all of this, say how many steps there are, and make nothing.
    progress : function, optional
        It is called after each step, with how many are finished and how many there are.
    client : distributed.Client, optional
        The workers of Dask that take the steps, instead of threads. They open the source and the
        target themselves: neither may be in this process's memory.

    Raises
    ------
    PoolStepsError
        If a step cannot be read or written, after all others.
    PoolValueError
        If a step does not fit into `memory`, and if there is something at the target, or if it is
        of another plan.

    Examples
    --------
    >>> import tempfile, numpy as np, numbapool as nbp
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = f"{folder.name}/small.npy"
    >>> nbp.pool_into(np.arange(16.0).reshape(4, 4), path, "avg", 2).shape
    (2, 2)
    >>> np.load(path)
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    >>> folder.cleanup()
    """
    if isinstance(op, Pool):
        pool = op
    elif kernel_size is None:
        raise PoolTypeError("pool_into needs kernel_size, or a Pool as op")
    else:
        pool = Pool(
            op, kernel_size, stride, padding, dilation, ceil_mode, padding_mode=padding_mode,
            footprint=footprint, data_format=data_format, nan=nan, nodata=nodata,
            min_count=min_count, **own,
        )  # fmt: skip
    if client is not None:
        source, target = for_cluster(client, source, target, workers)
    read = Source(source)
    of = decided(pool, read.shape, read.dtype)
    layout = Layout(*(None if each is None else per_axis(each, len(of.shape), name, 1)
                      for name, each in (("chunks", chunks), ("shards", shards))))  # fmt: skip
    refuse_uneven(layout)
    places = target if isinstance(target, tuple) else (target,)
    if len(places) != len(of.outs):
        raise PoolValueError(f"there are {len(of.outs)} results, and {len(places)} targets")
    if dry_run:
        places = tuple(map(unmade, places, [of.shape] * len(places), of.outs))
    targets = [
        Target(place, of.shape, dtype, read.array, layout, resume)
        for place, dtype in zip(places, of.outs, strict=True)
    ]
    unit = unit_of(targets)
    count = workers_for(workers) if client is None else cluster.threads_of(client)
    plan = [repr(pool), read.name, read.shape, str(read.dtype)]
    plan += [described(each.array) for each in targets]
    digest = hashlib.sha256(repr(plan).encode()).hexdigest()[:32]
    grain = grain_of(targets[0].marks, digest) if resume and not dry_run else None
    if grain is None:
        grain = grain_for(of, unit, None if memory is None else memory // (SEVERAL * count))
    if memory is not None:
        count = fitting(of, grain, unit, memory, count)
    run = Run(of, read, targets, grain, progress)
    if dry_run:
        return Summary(of.shape, of.outs[0], run.steps, 0, 0)
    run.begin(f"{digest}-{'x'.join(map(str, grain))}", resume)
    if client is None:
        run.work(count)
    else:
        spec = cluster.spec_of(pool, read, source, targets)
        run.over(client, spec, None if memory is None else count)
    return run.finish()


def for_cluster(client: Any, source: Any, target: Any, workers: int | None) -> tuple[Any, Any]:
    """Return the source and the target as a cluster's workers reach them.

    Raises
    ------
    PoolTypeError
        If they do not, if the client is none of Dask's, or if there are to be threads too.
    """
    cluster.refuse_other_clients(client)
    if workers is not None:
        raise PoolTypeError("workers are threads of this process: leave them out with a client")
    if isinstance(target, tuple):
        places: Any = tuple(cluster.reached(place, "target") for place in target)
    else:
        places = cluster.reached(target, "target")
    return cluster.reached(source, "source"), places


def unit_of(targets: list[Target]) -> tuple[int, ...]:
    """Return the least part that is written as a whole in all targets: no chunk has two writers."""
    return tuple(lcm(*sizes) for sizes in zip(*(each.unit for each in targets), strict=True))


def grain_of(marks: Marks, digest: str) -> tuple[int, ...] | None:
    """Return how many results a step of an earlier run makes, if it had the same plan."""
    for name in marks.names():
        if name.startswith(f"plan-{digest}-"):
            sizes = name.removesuffix(".mark").rpartition("-")[2]
            return tuple(int(size) for size in sizes.split("x") if size)
    return None


def workers_for(given: int | None) -> int:
    """Return how many threads take steps."""
    if given is None:
        return min(thread_count(), MOST_WORKERS)
    count: int = whole_number(given, "workers")
    if count < 1:
        raise PoolValueError(f"workers must be at least 1, not {count}")
    return count


def middle(of: Decided, grain: tuple[int, ...]) -> Region:
    """Return a region in the middle, which reads as much as any other one."""
    box = []
    for size, step in zip(of.shape, grain, strict=True):
        first = size // 2 // step * step
        box.append((first, min(first + step, size)))
    return of.region(box)


def bytes_of(of: Decided, grain: tuple[int, ...]) -> int:
    """Return the bytes that a step reads."""
    count = 1
    for each in middle(of, grain).reads:
        count *= each.stop - each.start
    return count * of.dtype.itemsize


def results_of(of: Decided, grain: tuple[int, ...]) -> int:
    """Return the bytes that a step writes."""
    count = sum(out.itemsize for out in of.outs)
    for step, size in zip(grain, of.shape, strict=True):
        count *= min(step, size)
    return count


def grain_for(of: Decided, unit: tuple[int, ...], most: int | None) -> tuple[int, ...]:
    """Return how many results along each axis a step makes: as many units as go together."""
    grain = unit
    if not all(of.shape):
        return grain

    def fits(grain: tuple[int, ...]) -> bool:
        read = bytes_of(of, grain)
        return read <= SLAB_BYTES and (most is None or read + results_of(of, grain) <= most)

    while True:
        short = [n for n, size in enumerate(of.shape) if grain[n] < size]
        for n in sorted(short, key=lambda n: grain[n]):
            wider = (*grain[:n], 2 * grain[n], *grain[n + 1 :])
            if fits(wider):
                grain = wider
                break
        else:
            return grain


def fitting(
    of: Decided, grain: tuple[int, ...], unit: tuple[int, ...], memory: int, workers: int
) -> int:
    """Return how many threads' steps fit into memory.

    Raises
    ------
    PoolValueError
        If not a single step does.
    """
    if not all(of.shape):
        return workers
    each = SEVERAL * (bytes_of(of, grain) + results_of(of, grain))
    if each <= memory:
        return min(workers, memory // each)
    smaller = unit
    while max(smaller) > 1 and SEVERAL * (bytes_of(of, smaller) + results_of(of, smaller)) > memory:
        longest = smaller.index(max(smaller))
        smaller = (*smaller[:longest], -(-smaller[longest] // 2), *smaller[longest + 1 :])
    raise PoolValueError(
        f"a step of {unit} results takes {each} bytes, more than memory {memory}: give chunks of "
        f"{smaller} or smaller, or more memory"
    )


class Run:
    """A run of all steps."""

    def __init__(
        self,
        of: Decided,
        source: Source,
        targets: list[Target],
        grain: tuple[int, ...],
        progress: Callable[[int, int], Any] | None,
    ) -> None:
        self.of, self.source, self.targets, self.grain = of, source, targets, grain
        self.progress = progress
        self.marks = targets[0].marks
        self.known: set[str] = set()
        self.before = self.finished = self.empty = 0
        self.failed: list[tuple[Box, str, Exception | None]] = []
        self.stopped = False
        self._lock = threading.Lock()
        counts = (-(-size // step) for size, step in zip(of.shape, grain, strict=True))
        self.counts = tuple(counts)
        self.steps = 1
        for count in self.counts:
            self.steps *= count

    def begin(self, plan: str, resume: bool) -> None:
        """Mark the plan, or find which of its steps are finished.

        Raises
        ------
        PoolValueError
            If the marks are of another plan.
        """
        mark = f"plan-{plan}.mark"
        self.known = self.marks.names()
        plans = [name for name in self.known if name.startswith("plan-")]
        if resume and plans and mark not in plans:
            raise PoolValueError(
                "the target was begun by another plan: other parameters, another source, or other "
                "chunks; resume with the same ones, or begin anew"
            )
        if not (resume and plans):
            self.marks.clear()
            self.known = set()
            self.marks.put(mark)
        self.before = self.finished = len(self.known - set(plans))

    def waiting(self) -> Iterator[tuple[str, Box]]:
        """Yield the steps that are to be done: their marks and their windows."""
        for place in product(*map(range, self.counts)):
            mark = f"{'.'.join(map(str, place))}.mark"
            box = tuple(
                (n * step, min((n + 1) * step, size))
                for n, step, size in zip(place, self.grain, self.of.shape, strict=True)
            )
            if mark not in self.known:
                yield mark, box

    def work(self, workers: int) -> None:
        """Do all steps on some threads."""
        waiting, taking = self.waiting(), threading.Lock()

        def take() -> None:
            while not self.stopped:
                with taking:
                    found = next(waiting, None)
                if found is None:
                    return
                self.step(*found)

        threads = [threading.Thread(target=take) for _ in range(min(workers, self.steps))]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # after Ctrl-C, steps in work are finished
            self.stopped = True
            for thread in threads:
                thread.join()

    def step(self, mark: str, box: Box) -> None:
        """Read, pool and write one step, and mark it."""
        try:
            written = cluster.pooled_into(self.of, self.source, self.targets, box)
            self.marks.put(mark)
        except Exception as error:
            with self._lock:
                self.failed.append((box, cluster.told(error), error))
            return
        self.done(written)

    def done(self, written: bool) -> None:
        """Count a step that is finished."""
        with self._lock:
            self.finished += 1
            self.empty += not written
            if self.progress is not None:
                self.progress(self.finished, self.steps)

    def over(self, client: Any, spec: cluster.Spec, most: int | None) -> None:
        """Do all steps by the workers of a client; a worker that can do none ends the run."""
        with closing(cluster.over(client, spec, self.waiting(), most)) as outcomes:
            for box, each in outcomes:
                if not each.error:
                    self.done(each.written)
                    continue
                self.failed.append((box, each.error, None))
                if each.lost:
                    return

    def finish(self) -> Summary:
        """Remove the marks, and return what was done.

        Raises
        ------
        PoolStepsError
            If steps failed. The marks of the others stay.
        """
        if self.failed:
            box, told, error = self.failed[0]
            reads = self.of.region(box).reads
            part = ", ".join(f"{each.start}:{each.stop}" for each in reads)
            key = self.source.broken(reads)
            raise PoolStepsError(
                f"{len(self.failed)} of {self.steps} steps failed, the first one with the source's "
                f"[{part}]{f' (chunk {key})' if key else ''}: {told}; mend it, and resume"
            ) from error
        for target in self.targets:
            target.finish()
        out = self.of.outs[0]
        return Summary(self.of.shape, out, self.steps, self.before, self.empty)
