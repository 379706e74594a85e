"""What a task of a lazy pooling does: a part of the results from the blocks that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from numbapool.inputs import Array
from numbapool.pooling.pool import Pool
from numbapool.run.threads import alone
from numbapool.stores.regions import Box, Decided, Slices, decided
from numbapool.windows.window import Window


@lru_cache(maxsize=64)
def decided_once(pool: Pool, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Decided:
    """Return what is decided for the whole; each process decides it once."""
    return decided(pool, shape, dtype)


def edges_of(of: Decided, pool: Pool, n: int, bounds: Array) -> tuple[int, ...]:
    """Return where the windows of a spatial axis begin that start in each of its chunks.

    A window belongs to the chunk that holds its first element. A chunk in which no window starts
    has no part of its own.
    """
    out = of.shape[of.first + n]
    if isinstance(pool.window, Window):
        before, _ = pool.window.pads(n, of.source[of.first + n])
        at = -(-(bounds[1:-1] + before) // pool.window.stride[n])
    else:
        axis = of.placed.axes[n]
        start = axis.start if hasattr(axis, "start") else axis.spans[0]
        at = np.searchsorted(np.maximum.accumulate(start), bounds[1:-1])
    inner = {int(each) for each in at if 0 < each < out}
    return (0, *sorted(inner), out)


class Blocks:
    """Blocks of an array, each with where it begins."""

    def __init__(self, blocks: Sequence[Array], begins: Sequence[tuple[int, ...]]) -> None:
        self._held = list(zip(blocks, begins, strict=True))

    def read(self, part: Slices) -> Array:
        """Return a part of the array, which some of the blocks hold together."""
        shape = tuple(each.stop - each.start for each in part)
        made: Array | None = None
        for block, begin in self._held:
            sizes = zip(part, begin, block.shape, strict=True)
            spans = [
                (max(each.start, first), min(each.stop, first + size))
                for each, first, size in sizes
            ]
            if any(first >= stop for first, stop in spans):
                continue
            pairs = list(zip(spans, begin, strict=True))
            held = block[tuple(slice(a - first, b - first) for (a, b), first in pairs)]
            if held.shape == shape:
                return held
            if made is None:
                made = np.empty(shape, block.dtype)
            here = zip(spans, part, strict=True)
            made[tuple(slice(a - each.start, b - each.start) for (a, b), each in here)] = held
        return np.empty(shape) if made is None else made


class Wanted(NamedTuple):
    """A pooling of arrays of one shape and dtype."""

    pool: Pool
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def pooled(
    blocks: Sequence[Any], begins: Sequence[tuple[int, ...]], wanted: Wanted, box: Box
) -> Any:
    """Return the results of some windows: an array, or a tuple if there are several.

    One thread pools, since Dask runs as many tasks at once as there are threads.
    """
    region = decided_once(*wanted).region(box)
    with alone():
        results = region.pool(Blocks(blocks, begins).read)
    return results if len(results) > 1 else results[0]


def taken(block: Any, part: Slices) -> Any:
    """Return a copy of a part of a block, which does not keep the block in memory."""
    return block[part].copy()
