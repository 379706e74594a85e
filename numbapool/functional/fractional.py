"""Fractional max pooling: to sizes that do not divide the input's size."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import Pair, pool, unpair
from numbapool.pooling.fractional import fractional
from numbapool.windows.numbers import Ints

__all__ = ["fractional_max_pool2d", "fractional_max_pool3d"]


def fractional_max_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    *,
    samples: ArrayLike | None = None,
    seed: int | None = None,
    data_format: str | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of windows at randomly shifted steps, over two axes.

    Along an axis of L elements, window i of O begins at ``int((i + u) * step) - int(u * step)``,
    with ``step = (L - kernel_size) / (O - 1)`` in float32, and the last window at
    ``L - kernel_size`` (Graham, 2014). torch gives the same result for the same samples.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        bool, integers, float16, float32 or float64, in any layout and byte order.
    kernel_size : int or pair
        The windows' size.
    output_size : int or pair, optional
        The number of windows per axis.
    output_ratio : float or pair, optional
        In place of `output_size`: windows per element of the axis, between 0 and 1.
    return_indices : bool
        Whether to return each result's flat place in its plane too, as in :func:`max_pool2d`.
    samples : array_like of shape (..., C, 2), optional
        The random numbers u, from 0 to below 1: per plane one for the width, then one for the
        height, as in torch.
    seed : int, optional
        The seed of the samples if none are given; without it they differ from call to call.
    data_format, out, device, stream
        As in :func:`max_pool2d`.

    Returns
    -------
    ndarray of the input's dtype, or a pair of it and int64 places
        NaN propagates. The first of equal elements is kept.

    Raises
    ------
    PoolValueError, PoolTypeError
        If a parameter is out of range, if an axis is too short, if the samples have another shape
        or lie outside their limits, or for arrays that are not pooled.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1, 50).reshape(1, 7, 7)
    >>> fractional_max_pool2d(x, 2, 3, samples=[[0.3, 0.7]])
    array([[[ 9, 12, 14],
            [30, 33, 35],
            [44, 47, 49]]])
    """
    key = 2, data_format, kernel_size, output_size, output_ratio, return_indices, samples, seed
    return unpair(pool(fractional, x, key, out, device, stream))


def fractional_max_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    *,
    samples: ArrayLike | None = None,
    seed: int | None = None,
    data_format: str | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of windows at randomly shifted steps, over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. A plane's three
    samples are for depth, height and width, in this order, as in torch; all else is as in
    :func:`fractional_max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(27).reshape(1, 3, 3, 3)
    >>> fractional_max_pool3d(x, 1, output_ratio=0.7, seed=0).shape
    (1, 2, 2, 2)
    """
    key = 3, data_format, kernel_size, output_size, output_ratio, return_indices, samples, seed
    return unpair(pool(fractional, x, key, out, device, stream))
