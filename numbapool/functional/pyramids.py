"""Pyramids: several levels of one array, and chains of different operators."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device, host_kind, place_of
from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.inputs import Array, ArrayLike, as_array
from numbapool.operators import find
from numbapool.pooling.call import Pair
from numbapool.pooling.pool import Pool, spatial_axes
from numbapool.reducers.dtypes import NaN
from numbapool.windows.numbers import Ints, per_axis

__all__ = ["pool_pyramid"]


def pool_pyramid(
    x: ArrayLike,
    op: Any = "avg",
    levels: int | None = None,
    kernel_size: Ints = 2,
    *,
    ceil_mode: bool = True,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    device: Device = None,
    stream: Any = None,
    **own: Any,
) -> tuple[Array | Pair, ...]:
    """Pool an array to several levels, each smaller than the one before.

    Level n of max, min, avg, sum, range, rms, first, count, any and all keeps one number per window
    of ``kernel_size ** n`` elements of `x` itself. So a mean is rounded only once, and each element
    of `x` counts alike in it, even at a partial edge. Each level of any other operator, such as
    median and mode, pools the level before.

    Parameters
    ----------
    x : array_like
        As in :func:`pool2d`; `data_format`, or a `kernel_size` of three numbers, names one or three
        axes.
    op : str, NumPy function, reducer, or a list of them
        As in :func:`pool2d`. A list is a chain: one operator per level, which pools the level
        before.
    levels : int
        The number of levels, 1 or more. A chain has one level per operator.
    kernel_size : int or tuple of int
        How many times smaller each level is than the level before.
    ceil_mode : bool
        Whether windows at the end that `x` does not fill give a result too.
    data_format, nan, nodata, device, stream, **own
        As in :func:`pool2d`.

    Returns
    -------
    tuple of ndarray
        Level 1 comes first; level 0, `x` itself, is not included.

    Raises
    ------
    PoolValueError, PoolTypeError
        As :func:`pool2d`, and if `levels` is missing, below 1, or not the number of operators.

    Examples
    --------
    >>> import numpy as np
    >>> first, second = pool_pyramid(np.arange(25.0).reshape(5, 5), "mean", 2)
    >>> first.shape, second
    ((3, 3), array([[ 9. , 11.5],
           [21.5, 24. ]]))
    >>> pool_pyramid([[7, 1, 3, 4]], ["max", "mean"], kernel_size=(1, 2))
    (array([[7, 4]]), array([[6]]))
    """
    ndim, data_format = spatial_axes(kernel_size, data_format)
    kernel = per_axis(kernel_size, ndim, "kernel_size", 1)
    more = {"data_format": data_format, "nan": nan, "nodata": nodata, **own}

    def pool(op: Any, number: int) -> Pool:
        window = tuple(min(size**number, LARGEST) for size in kernel)
        return Pool(op, window, ceil_mode=ceil_mode, **more)

    if isinstance(op, list) and own.get("return_indices"):
        raise PoolTypeError("a chain has no return_indices: its levels pool values")
    first = as_array(x) if place_of(x) is None and host_kind(x) is None else x
    below: Any = first
    results: list[Any] = []
    for number, each in enumerate(chain_of(op, levels), 1):
        nested = not isinstance(op, list) and find(each).nests
        made, of = (pool(each, number), first) if nested else (pool(each, 1), below)
        below = made(of, device=device, stream=stream)
        results.append(below)
    return tuple(results)


LARGEST = 1 << 62
"""The most elements of a window along an axis: no axis has as many."""


MOST_LEVELS = 1 << 10
"""More levels than any array needs: after 63 halvings an axis has one element."""


def chain_of(op: Any, levels: Any) -> list[Any]:
    """Return the operator of each level."""
    if isinstance(op, list) and levels is None:
        levels = len(op)
    if levels is None:
        raise PoolTypeError("pool_pyramid needs levels: how many to make, from 1 on")
    (count,) = per_axis(levels, 1, "levels", 1)
    if count > MOST_LEVELS:
        raise PoolValueError(f"levels must be at most {MOST_LEVELS}, not {count}")
    if not isinstance(op, list):
        return [op] * count
    if len(op) != count:
        raise PoolValueError(f"a chain of {len(op)} operators makes {len(op)} levels, not {count}")
    return op
