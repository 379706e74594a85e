"""Steps of a run over a cluster of Dask: one task per step, which reads, pools, writes and marks.

No array travels: workers open the source and the targets themselves. A task that is lost with its
worker is done again by another one, with the same result.
"""

from __future__ import annotations

import socket
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

from numbapool.errors import PoolError, PoolTypeError, PoolValueError, shown
from numbapool.memory import keep_memory
from numbapool.pooling.pool import Pool
from numbapool.run.threads import alone
from numbapool.stores.opened import Layout, Marks, Source, Target, is_zarr, zarr_module
from numbapool.stores.regions import Box, Decided, decided

MOST_OPEN = 4
"""Runs whose arrays a worker keeps open."""

IN_MEMORY = ("MemoryStore", "GpuMemoryStore", "ManagedMemoryStore")
"""zarr's stores that other processes do not see."""


class Spec(NamedTuple):
    """What a worker needs to do steps of a run."""

    key: str
    """The name of a mark that this run has made beside the target, and no other one."""
    pool: Pool
    source: Any
    targets: tuple[Any, ...]
    marks: Any
    of: tuple[tuple[int, ...], np.dtype[Any]]
    """The input's shape and dtype."""


class Done(NamedTuple):
    """What a worker says of a step."""

    written: bool = False
    error: str = ""
    lost: bool = False
    """Whether no step can be done by this worker."""


def refuse_other_clients(client: Any) -> None:
    """Raise if an object is no client of Dask."""
    if not (hasattr(client, "submit") and hasattr(client, "nthreads")):
        raise PoolTypeError(f"client must be a distributed.Client, not {shown(client)}")
    if getattr(client, "asynchronous", False):
        raise PoolTypeError("client is asynchronous: give distributed.Client(address)")


def threads_of(client: Any) -> int:
    """Return how many threads the workers have together, at least 1: they may come later."""
    counts: dict[str, int] = client.nthreads()
    return max(1, sum(counts.values()))


def reached(given: Any, what: str) -> Any:
    """Return an array or a path as all workers can open it.

    Raises
    ------
    PoolTypeError
        If it is in this process's memory.
    """
    if isinstance(given, str | Path):
        return given if "://" in str(given) else str(Path(given).resolve())
    store = getattr(given, "store", given)
    root = getattr(store, "root", None)
    in_memory = type(store).__name__ in IN_MEMORY or isinstance(store, dict)
    protocol = getattr(getattr(store, "fs", None), "protocol", ())
    if isinstance(given, np.ndarray) or in_memory or "memory" in protocol:
        raise PoolTypeError(
            f"the {what} is in this process's memory, which the client's workers do not reach: "
            "give a path, or an array in a store that all of them open"
        )
    if is_zarr(given) and isinstance(root, Path) and not root.is_absolute():
        mode = "r" if what == "source" else "r+"
        return zarr_module().open(str(root.resolve()), path=given.path, mode=mode)
    return given


def spec_of(pool: Pool, source: Source, given: Any, targets: list[Target]) -> Spec:
    """Return what workers need, and mark the target as seen by those that see the mark."""
    marks = targets[0].marks
    key = f"run-{uuid4().hex}.mark"
    marks.put(key)
    place = source.array if is_zarr(source.array) else given
    opened = tuple(each.final if each.final else each.array for each in targets)
    return Spec(key, pool, place, opened, marks.place, (source.shape, source.dtype))


# ------------------------------------------------------------------------------ in a worker


class Opened(NamedTuple):
    """A run's arrays, opened by a worker."""

    of: Decided
    source: Source
    targets: tuple[Target, ...]
    marks: Marks


_open: dict[str, Opened] = {}


@cache
def prepare() -> None:
    """Prepare this process, once: Dask tells the C library to keep nothing that is freed."""
    keep_memory()


def opened(spec: Spec) -> Opened:
    """Open a run's arrays.

    Raises
    ------
    PoolValueError
        If this machine does not see them.
    """
    found = _open.get(spec.key)
    if found is not None:
        return found
    prepare()
    marks = Marks(spec.marks)
    if not marks.has(spec.key):
        raise PoolValueError(f"{socket.gethostname()} does not see the target {spec.marks}")
    source = spec.source
    if is_zarr(source):
        try:
            source = zarr_module().open_array(source.store, path=source.path, mode="r")
        except FileNotFoundError:
            raise PoolValueError(
                f"{socket.gethostname()} does not see the source {source.store_path}"
            ) from None
    of = decided(spec.pool, *spec.of)
    pairs = zip(spec.targets, of.outs, strict=True)
    made = [Target(place, of.shape, dtype, None, Layout(), True) for place, dtype in pairs]
    while len(_open) >= MOST_OPEN:
        _open.pop(next(iter(_open)), None)
    _open[spec.key] = Opened(of, Source(source), tuple(made), marks)
    return _open[spec.key]


def step(spec: Spec, mark: str, box: Box) -> Done:
    """Read, pool and write one step, in one thread, and mark it."""
    try:
        held = opened(spec)
    except Exception as error:
        return Done(error=told(error), lost=True)
    try:
        with alone():
            written = pooled_into(held.of, held.source, held.targets, box)
        for target in held.targets:
            if target.final is not None:
                target.array.flush()
        held.marks.put(mark)
    except Exception as error:
        return Done(error=told(error))
    return Done(written)


def pooled_into(of: Decided, source: Source, targets: Any, box: Box) -> bool:
    """Read, pool and write some windows; return whether anything was written."""
    region = of.region(box)
    pairs = zip(targets, region.pool(source.read), strict=True)
    return any([target.write(region.results, result) for target, result in pairs])


def told(error: BaseException) -> str:
    """Return what an error says."""
    return f"{type(error).__name__}: {error}"


# ------------------------------------------------------------------------------ in the client


def over(
    client: Any, spec: Spec, waiting: Iterator[tuple[str, Box]], most: int | None
) -> Generator[tuple[Box, Done]]:
    """Yield the outcome of each step as it comes; at most `most` are in work.

    Without `most` there are two per thread of the workers. What is in work is cancelled if the
    caller stops.
    """
    from distributed import as_completed

    coming = as_completed()
    boxes: dict[Any, Box] = {}
    try:
        while True:
            for mark, box in waiting:
                future = client.submit(step, spec, mark, box, pure=False)
                boxes[future] = box
                coming.add(future)
                if len(boxes) >= (most or 2 * threads_of(client)):
                    break
            if not boxes:
                return
            future = next(coming)
            box, done = boxes.pop(future), outcome(future)
            future.release()
            yield box, done
    finally:
        if boxes:
            client.cancel(list(boxes), force=True)


def outcome(future: Any) -> Done:
    """Return what became of a step."""
    try:
        done: Done = future.result()
        return done
    except PoolError as error:
        return Done(error=told(error))
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            return Done(error="the workers that worked on it died, one after the other")
        return Done(error=told(error), lost=isinstance(error, ImportError))
