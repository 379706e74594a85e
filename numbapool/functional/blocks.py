"""Blocks that tile an array of any number of axes, each reduced to one number."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any, Literal, cast

import numpy as np

from numbapool.arrays import Asked, Device, Origin, on_engine, through
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.functional.general import pool3d
from numbapool.inputs import Array, ArrayLike, as_array, as_numbers
from numbapool.operators import SLIDING, find
from numbapool.pooling.pool import Pool
from numbapool.windows.axes import sliding
from numbapool.windows.layout import refuse_too_large
from numbapool.windows.numbers import Ints, per_axis

__all__ = ["block_reduce"]

EDGES = ("partial", "trim", "pad", "error")

COMMON = frozenset(("nan", "nodata", "min_count", "weights"))
"""Parameters that all operators take."""

AXES = 3
"""Spatial axes that one pooling takes."""

MOST_AXES = 32
"""The most axes that NumPy can cut in two each: an array has up to 64."""


def block_reduce(
    x: ArrayLike,
    block_size: Ints,
    op: Any = None,
    *,
    func: Callable[..., Any] | None = None,
    edge: Literal["partial", "trim", "pad", "error"] = "partial",
    weights: ArrayLike | None = None,
    device: Device = None,
    stream: Any = None,
    **own: Any,
) -> Array:
    """Reduce each block of an array of any number of axes to one number.

    Parameters
    ----------
    x : array_like
        As in :func:`max_pool2d`; all axes count.
    block_size : int, or one per axis
        The block's size; 1 leaves an axis as it is.
    op : str, NumPy function or reducer
        What to keep of a block, as :class:`Pool` takes it: "max", "mean", a reducer of your own.
        Dtypes are those of the pooling functions.
    func : NumPy function
        The same under its name in skimage.measure.block_reduce, as in ``func=np.mean``.
    edge : {"partial", "trim", "pad", "error"}
        What to do with partial blocks if the blocks do not tile the array: reduce the elements that
        they have, leave them out, fill them up with zeros that count (as
        skimage.measure.block_reduce does), or raise an error.
    weights : array_like, optional
        Of "avg" and "sum", as in :func:`avg_pool2d`. Zeros that fill up blocks weigh nothing.
    device, stream
        As in :func:`max_pool2d`.
    **own
        `nan`, `nodata` and `min_count`, and the operator's own parameters, such as `rounding`.

    Raises
    ------
    PoolValueError, PoolTypeError
        For an unknown operator, parameter or `edge`, and with ``edge="error"`` for blocks that
        do not tile.

    Examples
    --------
    >>> import numpy as np
    >>> block_reduce(np.arange(10.0).reshape(2, 5), 2, "mean")
    array([[3. , 5. , 6.5]])
    >>> block_reduce(np.ones((4, 6, 3), np.uint8), (2, 3, 1), func=np.sum).shape
    (2, 2, 3)
    """
    if (op is None) == (func is None):
        raise PoolTypeError("give either op or func: what to keep of a block")
    op = func if op is None else op
    if weights is not None:
        own["weights"] = weights
    return reduced(x, block_size, op, edge, own, Asked(None, device, stream))


def origins(
    shape: tuple[int, ...], block_size: Ints, op: Any, edge: Any, own: Any
) -> tuple[Origin, ...]:
    """Return the origins of the axes of the array of blocks."""
    block = per_axis(block_size, len(shape), "block_size", 1)
    return tuple(
        through(n, sliding(size, k, k, ceil_mode=edge != "trim")) if size else Origin(n)
        for n, (size, k) in enumerate(zip(shape, block, strict=True))
    )


@on_engine("block_reduce", origins)
def reduced(
    x: ArrayLike, block_size: Ints, op: Any, edge: Any, own: dict[str, Any], asked: Asked
) -> Array:
    """Reduce blocks by an operator with its own parameters."""
    array = as_array(x)
    block, shape = tiled(array.shape, block_size, edge)
    own = dict(own)
    find(op).in_order(SLIDING, {name: own[name] for name in own.keys() - COMMON})
    weights = own.pop("weights", None)
    if weights is not None:
        weights = fitted(broadcast(as_numbers(weights), array.shape), shape)
    array = fitted(array, shape)
    result_shape = tuple(-(-size // k) for size, k in zip(shape, block, strict=True))
    if not array.size:
        return np.empty(result_shape, Pool(op, 1, **own).dtype(array.dtype))

    def reduce(arrays: list[Array], **windows: Any) -> Array:
        weights = arrays[1] if len(arrays) > 1 else None
        return cast(Array, pool3d(arrays[0], op, weights=weights, **windows, **own))

    sizes, kernel = fewest_axes(shape, block)
    arrays = [array] if weights is None else [array, weights]
    first = first_of_three(kernel)
    if first is not None:
        view, three = three_axes(sizes, kernel, first)
        arrays = [each.reshape(view) for each in arrays]
        result = reduce(arrays, kernel_size=three, ceil_mode=True, data_format="NDHWC")
        return result.reshape(result_shape)
    return regions([each.reshape(sizes) for each in arrays], kernel, reduce).reshape(result_shape)


def broadcast(weights: Array, shape: tuple[int, ...]) -> Array:
    """Return the weights of each element of an array.

    Raises
    ------
    PoolValueError
        If they do not broadcast to the array.
    """
    try:
        return np.broadcast_to(weights, shape)
    except ValueError:
        raise PoolValueError(
            f"weights of shape {weights.shape} do not broadcast to x, which has shape {shape}"
        ) from None


def tiled(
    shape: tuple[int, ...], block_size: Ints, edge: Any
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the block, and the shape to which `edge` trims or pads an array.

    Raises
    ------
    PoolValueError
        For an unknown `edge`, or blocks that do not fit.
    """
    block = per_axis(block_size, len(shape), "block_size", 1)
    if not isinstance(edge, str) or edge not in EDGES:
        raise PoolValueError(f"edge must be one of {', '.join(EDGES)}, not {shown(edge)}")
    pairs = list(zip(shape, block, strict=True))
    if edge == "error" and any(size % k for size, k in pairs):
        raise PoolValueError(f"blocks of {block} do not tile an array of shape {shape}")
    if edge == "trim":
        shape = tuple(size // k * k for size, k in pairs)
    elif edge == "pad":
        shape = tuple(-(-size // k) * k for size, k in pairs)
        refuse_too_large(shape)
    if any(size == 0 < k - 1 for size, k in zip(shape, block, strict=True)):
        raise PoolValueError(f"an array of shape {shape} holds no block of {block}")
    return block, shape


def fitted(array: Array, shape: tuple[int, ...]) -> Array:
    """Return the array trimmed to a shape, or with zeros at its ends."""
    array = array[tuple(map(slice, shape))]
    if array.shape == shape:
        return array
    ends = [size - own for size, own in zip(shape, array.shape, strict=True)]
    try:
        return np.pad(array, [(0, end) for end in ends])
    except MemoryError:
        raise PoolValueError(f"there is not enough memory for a shape of {shape}") from None


def fewest_axes(
    shape: tuple[int, ...], block: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return sizes and blocks without axes of one element; axes with blocks of 1 are joined."""
    sizes, kernel = [1], [1]
    for size, k in zip(shape, block, strict=True):
        if k == kernel[-1] == 1:
            sizes[-1] *= size
        elif size > 1:
            sizes.append(size)
            kernel.append(k)
    return tuple(sizes), tuple(kernel)


def first_of_three(kernel: tuple[int, ...]) -> int | None:
    """Return the first of three axes among which all reduced axes are; None if there is none."""
    reduced = [n for n, k in enumerate(kernel) if k > 1] or [0]
    first = min(reduced[0], max(len(kernel) - AXES, 0))
    return first if reduced[-1] - first < AXES else None


def three_axes(
    sizes: tuple[int, ...], kernel: tuple[int, ...], first: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shape, as "NDHWC", and the windows of the three axes from `first` on."""
    stop = min(first + AXES, len(sizes))
    ones = (1,) * (AXES - (stop - first))
    view = (prod(sizes[:first]), *ones, *sizes[first:stop], prod(sizes[stop:]))
    return view, (*ones, *kernel[first:stop])


def kinds_of_blocks(
    sizes: tuple[int, ...], block: tuple[int, ...]
) -> list[tuple[tuple[slice, slice, int], ...]]:
    """Return the kinds of blocks, whole and partial: of each axis its elements, blocks and taps."""
    if len(sizes) > MOST_AXES:
        raise PoolValueError(
            f"blocks over {len(sizes)} axes of more than one element are too many: "
            f"at most {MOST_AXES} are allowed"
        )
    parts = []
    for size, k in zip(sizes, block, strict=True):
        whole = size // k
        parts.append([(slice(0, whole * k), slice(0, whole), k)] if whole else [])
        if size % k:
            parts[-1].append((slice(whole * k, size), slice(whole, whole + 1), size % k))
    return list(product(*parts))


def regions(
    arrays: list[Array],
    block: tuple[int, ...],
    reduce: Callable[..., Array],
) -> Array:
    """Reduce blocks of any axes: first whole blocks, then each kind of partial blocks.

    The blocks of each kind are first made contiguous, as windows of one axis. Of two arrays the
    second one holds weights.
    """
    sizes = arrays[0].shape
    shape = tuple(-(-size // k) for size, k in zip(sizes, block, strict=True))
    result: Array | None = None
    for choice in kinds_of_blocks(sizes, block):
        parts = [each[tuple(source for source, _, _ in choice)] for each in arrays]
        split = [n for (_, to, k) in choice for n in (to.stop - to.start, k)]
        order = (*range(0, len(split), 2), *range(1, len(split), 2))
        taps = prod(k for _, _, k in choice)
        blocks = [part.reshape(split).transpose(order).reshape(-1, 1, 1, taps) for part in parts]
        reduced = reduce(blocks, kernel_size=(1, 1, taps))
        result = np.empty(shape, reduced.dtype) if result is None else result
        result[tuple(to for _, to, _ in choice)] = reduced.reshape(split[::2])
    assert result is not None  # no axis is empty, so each holds a block or a part of one
    return result
