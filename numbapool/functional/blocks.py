"""Blocks that tile an array of any number of axes, each reduced to one number."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any, Literal

import numpy as np

from numbapool.errors import PoolValueError, shown
from numbapool.functional import averages, extremes, selections, sums, variances
from numbapool.inputs import as_array
from numbapool.run.call import Array
from numbapool.windows.axes import Ints, per_axis
from numbapool.windows.layout import refuse_too_large

OPS: dict[str, Callable[..., Array]] = {
    "max": extremes.max_pool3d,
    "min": extremes.min_pool3d,
    "mean": averages.avg_pool3d,
    "sum": sums.sum_pool3d,
    "median": selections.median_pool3d,
    "mode": selections.mode_pool3d,
    "var": variances.var_pool3d,
    "std": variances.std_pool3d,
}

EDGES = ("partial", "trim", "pad", "error")

AXES = 3
"""Spatial axes that one pooling takes."""

MOST_AXES = 32
"""Axes that NumPy can cut in two each: it has up to 64."""


def block_reduce(
    x: Any,
    block_size: Ints,
    op: str,
    *,
    edge: Literal["partial", "trim", "pad", "error"] = "partial",
    **parameters: Any,
) -> Array:
    """Reduce each block of an array of any number of axes to one number.

    Parameters
    ----------
    x : array_like
        As :func:`max_pool2d` takes; all its axes count.
    block_size : int, or one a axis
        The block's size; 1 leaves an axis as it is.
    op : {"max", "min", "mean", "sum", "median", "mode", "var", "std"}
        What to keep of a block; dtypes are those of the pooling functions.
    edge : {"partial", "trim", "pad", "error"}
        Where the blocks don't tile the array: reduce what there is of a block, leave it out,
        fill it up with zeros that count (as skimage.measure.block_reduce does), or refuse.
    **parameters
        `nan`, `nodata`, `rounding`, `correction`: what the pooling function of `op` takes.

    Raises
    ------
    PoolValueError
        For an unknown `op` or `edge`, and with ``edge="error"`` for blocks that don't tile.

    Examples
    --------
    >>> import numpy as np
    >>> block_reduce(np.arange(10.0).reshape(2, 5), 2, "mean")
    array([[3. , 5. , 6.5]])
    >>> block_reduce(np.ones((4, 6, 3), np.uint8), (2, 3, 1), "sum").shape
    (2, 2, 3)
    """
    array = as_array(x)
    block = per_axis(block_size, array.ndim, "block_size", 1)
    if not isinstance(op, str) or op not in OPS:
        raise PoolValueError(f"op is one of {', '.join(OPS)}, not {shown(op)}")
    if not isinstance(edge, str) or edge not in EDGES:
        raise PoolValueError(f"edge is one of {', '.join(EDGES)}, not {shown(edge)}")
    tiles = tuple(size // k * k for size, k in zip(array.shape, block, strict=True))
    if edge == "trim":
        array = array[tuple(map(slice, tiles))]
    elif edge == "pad":
        array = padded(array, block)
    elif edge == "error":
        if tiles != array.shape:
            raise PoolValueError(f"blocks of {block} do not tile an array of shape {array.shape}")
    function, shape = OPS[op], array.shape
    if any(size == 0 < k - 1 for size, k in zip(shape, block, strict=True)):
        raise PoolValueError(f"an array of shape {shape} holds no block of {block}")
    result_shape = tuple(-(-size // k) for size, k in zip(shape, block, strict=True))
    if not array.size:
        none = np.empty((0, *(1,) * AXES), array.dtype)
        return np.empty(result_shape, function(none, 1, **parameters).dtype)
    sizes, kernel = fewest_axes(shape, block)
    array = array.reshape(sizes)
    reduced = [n for n, k in enumerate(kernel) if k > 1] or [0]
    first = min(reduced[0], max(array.ndim - AXES, 0))
    reduce = neighbours if reduced[-1] - first < AXES else regions
    return reduce(array, kernel, first, function, parameters).reshape(result_shape)


def padded(array: Array, block: tuple[int, ...]) -> Array:
    """Return the array with zeros at its ends, so that the blocks tile it."""
    ends = [-n % k for n, k in zip(array.shape, block, strict=True)]
    shape = tuple(n + end for n, end in zip(array.shape, ends, strict=True))
    refuse_too_large(shape)
    try:
        return np.pad(array, [(0, end) for end in ends])
    except MemoryError:
        raise PoolValueError(f"there is not enough memory for a shape of {shape}") from None


def fewest_axes(
    shape: tuple[int, ...], block: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return sizes and blocks without axes of one element, those left as they are joined."""
    sizes, kernel = [1], [1]
    for size, k in zip(shape, block, strict=True):
        if k == kernel[-1] == 1:
            sizes[-1] *= size
        elif size > 1:
            sizes.append(size)
            kernel.append(k)
    return tuple(sizes), tuple(kernel)


def neighbours(
    array: Array,
    block: tuple[int, ...],
    first: int,
    function: Callable[..., Array],
    parameters: dict[str, Any],
) -> Array:
    """Reduce blocks whose axes of more than one element lie in the three from `first` on."""
    stop = min(first + AXES, array.ndim)
    spatial, kernel = array.shape[first:stop], block[first:stop]
    ones = (1,) * (AXES - len(spatial))
    view = (prod(array.shape[:first]), *ones, *spatial, prod(array.shape[stop:]))
    result = function(
        array.reshape(view), (*ones, *kernel), ceil_mode=True, data_format="NDHWC", **parameters
    )
    sizes = (-(-size // k) for size, k in zip(spatial, kernel, strict=True))
    return result.reshape(*array.shape[:first], *sizes, *array.shape[stop:])


def regions(
    array: Array,
    block: tuple[int, ...],
    first: int,
    function: Callable[..., Array],
    parameters: dict[str, Any],
) -> Array:
    """Reduce blocks of any axes, whole ones and each kind of partial ones in turn.

    Each kind's blocks are first made contiguous: windows of one axis.
    """
    if array.ndim > MOST_AXES:
        raise PoolValueError(
            f"blocks over {array.ndim} axes of more than one element are too many: "
            f"up to {MOST_AXES} can be"
        )
    parts = []
    for size, k in zip(array.shape, block, strict=True):
        whole = size // k
        parts.append([(slice(0, whole * k), slice(0, whole), k)] if whole else [])
        if size % k:
            parts[-1].append((slice(whole * k, size), slice(whole, whole + 1), size % k))
    shape = tuple(-(-size // k) for size, k in zip(array.shape, block, strict=True))
    result: Array | None = None
    for choice in product(*parts):
        part = array[tuple(source for source, _, _ in choice)]
        split = [n for (_, to, k) in choice for n in (to.stop - to.start, k)]
        order = (*range(0, len(split), 2), *range(1, len(split), 2))
        taps = prod(k for _, _, k in choice)
        blocks = part.reshape(split).transpose(order).reshape(-1, 1, 1, taps)
        reduced = function(blocks, (1, 1, taps), **parameters)
        result = np.empty(shape, reduced.dtype) if result is None else result
        result[tuple(to for _, to, _ in choice)] = reduced.reshape(split[::2])
    assert result is not None  # no axis is empty, so each holds a block or a part of one
    return result
