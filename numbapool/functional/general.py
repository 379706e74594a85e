"""Pooling by any operator: a name, an alias or a user's own reducer."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.operators import SLIDING
from numbapool.pooling.call import sliding, unpair
from numbapool.pooling.pool import Pool, key_of
from numbapool.pooling.weighed import weighed
from numbapool.reducers.dtypes import NaN
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import Padding

__all__ = ["pool1d", "pool2d", "pool3d"]


def pool1d(
    x: ArrayLike,
    op: Any,
    kernel_size: Ints,
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
    weights: ArrayLike | None = None,
    out: Array | tuple[Array, ...] | None = None,
    device: Device = None,
    stream: Any = None,
    **own: Any,
) -> Array | tuple[Array, ...]:
    """Keep an operator's result of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`pool2d`.

    Examples
    --------
    >>> pool1d([3, 1, 4, 1, 5, 9], "max", 2)
    array([3, 4, 9])
    """
    window = 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = key_of(SLIDING, op, (*window, data_format, nan, nodata, min_count), own)
    return pooled(op, key, x, weights, out, device, stream)


def pool2d(
    x: ArrayLike,
    op: Any,
    kernel_size: Ints,
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
    weights: ArrayLike | None = None,
    out: Array | tuple[Array, ...] | None = None,
    device: Device = None,
    stream: Any = None,
    **own: Any,
) -> Array | tuple[Array, ...]:
    """Keep an operator's result of each window over two axes.

    It does what the operator's own function does: ``pool2d(x, "max", 2)`` is
    ``max_pool2d(x, 2)``.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        bool, integers, float16, float32 or float64, in any layout and byte order.
    op : str, NumPy function or reducer, or a tuple of them
        As in :class:`Pool`: "max", "mean", ``np.mean``, or a reducer of your own, as
        :func:`reduce_pool2d` describes it.
    kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint, data_format,
    nan, nodata, min_count, out, device, stream
        As in :func:`max_pool2d`; a reducer of your own takes none of `nan`, `nodata`, `min_count`.
    weights
        Of "avg" and "sum", as in :func:`avg_pool2d`.
    **own
        The operator's own parameters, such as `q` of "percentile".

    Returns
    -------
    ndarray, and with ``return_indices=True`` a pair, of several operators a tuple
        Each has the dtype that its operator's function gives.

    Raises
    ------
    PoolValueError, PoolTypeError
        As :func:`max_pool2d`, and for an unknown operator or parameter.

    Examples
    --------
    >>> pool2d([[1.0, 2.0], [3.0, 6.0]], "mean", 2)
    array([[3.]])
    >>> pool2d([[1.0, 2.0], [3.0, 6.0]], "percentile", 2, q=100)
    array([[6.]])
    >>> pool2d([[1, 2], [3, 6]], ("max", "std"), 2)
    (array([[6]]), array([[1.87082869]]))
    """
    window = 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = key_of(SLIDING, op, (*window, data_format, nan, nodata, min_count), own)
    return pooled(op, key, x, weights, out, device, stream)


def pool3d(
    x: ArrayLike,
    op: Any,
    kernel_size: Ints,
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
    weights: ArrayLike | None = None,
    out: Array | tuple[Array, ...] | None = None,
    device: Device = None,
    stream: Any = None,
    **own: Any,
) -> Array | tuple[Array, ...]:
    """Keep an operator's result of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> pool3d(np.arange(8).reshape(2, 2, 2), "sum", 2)
    array([[[28]]])
    """
    window = 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = key_of(SLIDING, op, (*window, data_format, nan, nodata, min_count), own)
    return pooled(op, key, x, weights, out, device, stream)


def pooled(
    op: Any,
    key: tuple[Any, ...],
    x: ArrayLike,
    weights: ArrayLike | None,
    out: Any,
    device: Device,
    stream: Any,
) -> Array | tuple[Array, ...]:
    """Pool by one operator's key, or by several operators', one after the other."""
    if type(op) is tuple:
        made = Pool.made(SLIDING, key)
        return made(x, out, weights=weights, device=device, stream=stream)
    return unpair(weighed(sliding, x, weights, key, out, device, stream))
