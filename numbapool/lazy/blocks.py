"""Blocks that tile a lazy array of any number of axes, as windows over three of its axes."""

from __future__ import annotations

from math import prod
from typing import Any

import dask.array as da

from numbapool.errors import PoolTypeError
from numbapool.functional.blocks import AXES, COMMON, first_of_three, tiled
from numbapool.lazy.graph import lazily
from numbapool.operators import SLIDING, find
from numbapool.pooling.pool import Pool


def reduced(x: Any, block_size: Any, op: Any, edge: Any, own: dict[str, Any]) -> Any:
    """Reduce blocks by an operator, by the windows that arrays in memory get.

    Axes that these windows take as one are joined; all of them but the first get one chunk.

    Raises
    ------
    PoolTypeError
        For weights, and if the axes that blocks cut do not lie side by side.
    """
    if "weights" in own:
        raise PoolTypeError("weights do not go with arrays of Dask: pass x.compute()")
    block, shape = tiled(x.shape, block_size, edge)
    find(op).in_order(SLIDING, {name: own[name] for name in own.keys() - COMMON})
    results = tuple(-(-size // k) for size, k in zip(shape, block, strict=True))
    x = x[tuple(map(slice, shape))]
    if x.shape != shape:
        x = da.pad(x, [(0, size - held) for size, held in zip(shape, x.shape, strict=True)])
    if not x.size:
        return da.empty(results, dtype=Pool(op, 1, **own).dtype(x.dtype))
    groups = joined(shape, block)
    kernel = tuple(k for _, k in groups)
    first = first_of_three(kernel)
    if first is None:
        raise PoolTypeError(
            f"blocks of {block} cut axes of Dask's array that do not lie within three: pass "
            "x.compute(), or reduce some of the axes first"
        )
    stop = min(first + AXES, len(groups))
    inner = [axis for axes, _ in groups[first:stop] for axis in axes[1:]]
    inner += [axis for axes, _ in groups[stop:] for axis in axes]
    x = x.rechunk({axis: -1 for axis in inner})
    sizes = [prod(shape[axis] for axis in axes) for axes, _ in groups]
    ones = (1,) * (AXES - (stop - first))
    lead = [shape[axis] for axes, _ in groups[:first] for axis in axes]
    view = (*(lead or [1]), *ones, *sizes[first:stop], prod(sizes[stop:]))
    pooling = Pool(op, (*ones, *kernel[first:stop]), ceil_mode=True, data_format="NDHWC", **own)
    return lazily(x.reshape(view), pooling)[0].reshape(results)


def joined(shape: tuple[int, ...], block: tuple[int, ...]) -> list[tuple[list[int], int]]:
    """Return the axes that windows take as one, and the block along them.

    It does what :func:`numbapool.functional.blocks.fewest_axes` does, and keeps the axes' numbers.
    """
    groups: list[tuple[list[int], int]] = [([], 1)]
    for axis, (size, k) in enumerate(zip(shape, block, strict=True)):
        if k == groups[-1][1] == 1:
            groups[-1][0].append(axis)
        elif size > 1:
            groups.append(([axis], k))
    return groups
