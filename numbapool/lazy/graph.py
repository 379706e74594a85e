"""The graph of a lazy pooling: each chunk of the results is one task.

It takes the blocks that its windows read, and gives what the whole would give there. The tasks are
made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from itertools import pairwise, product
from math import prod
from typing import Any
from uuid import uuid4

import dask.array as da
import numpy as np
from dask._task_spec import List, Task, TaskRef
from dask.highlevelgraph import HighLevelGraph, Layer, MaterializedLayer
from dask.tokenize import tokenize

from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.inputs import refuse_unknown_dtype
from numbapool.lazy.parts import Wanted, decided_once, edges_of, pooled, taken
from numbapool.pooling.pool import Pool
from numbapool.stores.regions import Box, Decided

LARGE_BLOCK = 1 << 20
"""Bytes of a block from which on a task takes a copy of less than half of it, made where the block
lies: another worker is not sent the rest."""

Key = tuple[Any, ...]


def checked(x: Any) -> Any:
    """Return an array of Dask if it can be pooled.

    Raises
    ------
    PoolTypeError, PoolValueError
        For blocks that are no arrays of NumPy, dtypes that are not pooled, and chunks of unknown
        sizes.
    """
    if type(x._meta) is not np.ndarray:
        raise PoolTypeError(
            f"an array of Dask whose blocks are of {type(x._meta).__name__} is not pooled: only "
            "blocks of NumPy are"
        )
    refuse_unknown_dtype(x.dtype.newbyteorder("="))
    if not x.ndim:
        raise PoolValueError("a number has no axes to pool along")
    if any(np.isnan(size) for size in x.shape):
        raise PoolValueError(
            f"x has chunks of unknown sizes, and shape {x.shape}: call x.compute_chunk_sizes() "
            "first"
        )
    return x


def lazily(x: Any, pooling: Pool) -> tuple[Any, ...]:
    """Return the arrays of Dask that a pooling gives."""
    wanted = Wanted(pooling, tuple(map(int, x.shape)), x.dtype.newbyteorder("="))
    of = decided_once(*wanted)
    edges = edges_along(of, pooling, x.chunks)
    chunks = tuple(tuple(b - a for a, b in pairwise(each)) for each in edges)
    if not all(of.shape):
        return tuple(da.empty(of.shape, dtype=out, chunks=chunks) for out in of.outs)
    name = f"pool-{token(x, pooling)}"
    layer = Pooled(name, x, wanted, edges)
    first = array_of(layer, x, chunks, of.outs[0])
    if len(of.outs) == 1:
        return (first,)
    picked = [Picked(f"{name}-{n}", layer.counts, name, n) for n in range(len(of.outs))]
    pairs = zip(picked, of.outs, strict=True)
    return tuple(array_of(each, first, chunks, out) for each, out in pairs)


def array_of(layer: Grid, x: Any, chunks: Any, dtype: Any) -> Any:
    """Return the array of Dask that a layer makes of another array."""
    below = x.dask if isinstance(x.dask, HighLevelGraph) else HighLevelGraph.merge(x.dask)
    layers = {**below.layers, layer.name: layer}
    needs = {**below.dependencies, layer.name: set(x.__dask_layers__())}
    meta = np.empty((0,) * len(chunks), dtype)
    return da.Array(HighLevelGraph(layers, needs), layer.name, chunks, meta=meta)


def token(x: Any, pooling: Pool) -> str:
    """Return a name for the results: alike for alike poolings, but for reducers of the user's."""
    op, *key = pooling._key
    if not (isinstance(op, str) or callable(op)):
        return uuid4().hex
    name = pooling.request.operator.name
    return str(tokenize(x.name, pooling.form, name, repr(key)))


def edges_along(of: Decided, pooling: Pool, chunks: Any) -> tuple[tuple[int, ...], ...]:
    """Return where the chunks of the results begin and end, along each axis.

    Axes before the pooled ones keep their chunks, and those behind them have one.
    """
    found = []
    for n, size in enumerate(of.shape):
        bounds = np.cumsum([0, *chunks[n]] if n < len(chunks) else [0], dtype=np.int64)
        if n < of.first:
            found.append((0, *sorted({int(each) for each in bounds if each})))
        elif n - of.first in of.axes:
            found.append(edges_of(of, pooling, n - of.first, bounds))
        else:
            found.append((0, size))
    return tuple(each if len(each) > 1 else (0, 0) for each in found)


class Grid(Layer):  # type: ignore[misc]
    """A layer with a task per chunk of an array, made when it is asked for."""

    def __init__(self, name: str, counts: tuple[int, ...]) -> None:
        super().__init__()
        self.name, self.counts = name, counts

    has_legacy_tasks = False

    def tasks(self, place: tuple[int, ...]) -> Iterator[Any]:
        """Yield the task of a chunk, and those that it alone needs."""
        raise NotImplementedError

    @cached_property
    def _made(self) -> dict[Key, Any]:
        places = product(*map(range, self.counts))
        return {task.key: task for place in places for task in self.tasks(place)}

    def __getitem__(self, key: Key) -> Any:
        return self._made[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def is_materialized(self) -> bool:
        """Say whether the tasks are made."""
        return "_made" in self.__dict__

    def get_output_keys(self) -> set[Key]:
        """Return the keys of all chunks."""
        return {(self.name, *place) for place in product(*map(range, self.counts))}

    def cull(self, keys: set[Key], all_hlg_keys: Collection[Key]) -> tuple[Layer, Any]:
        """Return a layer with the tasks of some chunks, and what each of these needs."""
        own = [key[1:] for key in keys if key[0] == self.name]
        made = {task.key: task for place in own for task in self.tasks(place)}
        layer = MaterializedLayer(made, annotations=self.annotations)
        return layer, {key: set(task.dependencies) for key, task in made.items()}


class Pooled(Grid):
    """The tasks that pool."""

    def __init__(self, name: str, x: Any, wanted: Wanted, edges: tuple[Any, ...]) -> None:
        super().__init__(name, tuple(len(each) - 1 for each in edges))
        self.source, self.wanted, self.edges = x.name, wanted, edges
        self.bounds = [np.cumsum([0, *sizes], dtype=np.int64) for sizes in x.chunks]
        self._spans: dict[tuple[int, int], list[tuple[int, int, int]]] = {}

    def box(self, place: tuple[int, ...]) -> Box:
        """Return the windows of a chunk."""
        pairs = zip(self.edges, place, strict=True)
        return tuple((each[n], each[n + 1]) for each, n in pairs)

    def spans(self, axis: int, place: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """Return which blocks along an axis a chunk reads: number, first element, one past."""
        of = decided_once(*self.wanted)
        cut = axis < of.first or axis - of.first in of.axes
        at = axis, place[axis] if cut else 0
        if at in self._spans:
            return self._spans[at]
        parts = [slice(0, self.wanted.shape[axis])]
        if cut:
            first, stop = self.edges[axis][at[1]], self.edges[axis][at[1] + 1]
            parts = [slice(first, stop)]
            if axis >= of.first:
                parts = of.reads_along(axis - of.first, first, stop)
        found: dict[int, tuple[int, int, int]] = {}
        bounds = self.bounds[axis]
        for part in parts:
            begin = int(np.searchsorted(bounds, part.start, "right")) - 1
            for block in range(begin, int(np.searchsorted(bounds, part.stop))):
                low, high = int(bounds[block]), int(bounds[block + 1])
                first, stop = max(part.start, low), min(part.stop, high)
                if first < stop:
                    _, a, b = found.get(block, (block, first, stop))
                    found[block] = block, min(a, first), max(b, stop)
        return self._spans.setdefault(at, sorted(found.values()))

    def tasks(self, place: tuple[int, ...]) -> Iterator[Any]:
        """Yield the task of a chunk, and copies of small parts of large blocks."""
        refs, begins = [], []
        axes = range(len(self.bounds))
        for spans in product(*(self.spans(axis, place) for axis in axes)):
            key = (self.source, *(block for block, _, _ in spans))
            lows = [int(self.bounds[axis][spans[axis][0]]) for axis in axes]
            highs = [int(self.bounds[axis][spans[axis][0] + 1]) for axis in axes]
            whole = prod(b - a for a, b in zip(lows, highs, strict=True))
            held = prod(stop - first for _, first, stop in spans)
            begin = tuple(lows)
            if 2 * held < whole and whole * self.wanted.dtype.itemsize >= LARGE_BLOCK:
                part = tuple(
                    slice(first - low, stop - low)
                    for (_, first, stop), low in zip(spans, lows, strict=True)
                )
                begin = tuple(first for _, first, _ in spans)
                copied = (f"{self.name}-part", *key[1:], *begin, *(each.stop for each in part))
                yield Task(copied, taken, TaskRef(key), part)
                key = copied
            refs.append(TaskRef(key))
            begins.append(begin)
        here = (self.name, *place)
        yield Task(here, pooled, List(*refs), tuple(begins), self.wanted, self.box(place))


class Picked(Grid):
    """The tasks that take one of a task's several results."""

    def __init__(self, name: str, counts: tuple[int, ...], source: str, number: int) -> None:
        super().__init__(name, counts)
        self.source, self.number = source, number

    def tasks(self, place: tuple[int, ...]) -> Iterator[Any]:
        """Yield the task of a chunk."""
        yield Task((self.name, *place), one_of, TaskRef((self.source, *place)), self.number)


def one_of(results: tuple[Any, ...], number: int) -> Any:
    """Return one of several results."""
    return results[number]
