"""Min pooling: over sliding windows, to a size, and over whole channels."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.functional.signatures import adapts, slides
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import Pair, adaptive, over_all, pool, sliding, unpair
from numbapool.reducers.dtypes import NaN
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import OutputSize, Padding

__all__ = [
    "adaptive_min_pool1d",
    "adaptive_min_pool2d",
    "adaptive_min_pool3d",
    "global_min_pool",
    "min_pool1d",
    "min_pool2d",
    "min_pool3d",
]


@slides
def min_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the smallest element of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`max_pool2d`.

    Examples
    --------
    >>> min_pool1d([3, 1, 4, 1, 5, 9], 2)
    array([1, 1, 5])
    """
    key = "min", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return unpair(pool(sliding, x, (*key, *counted, return_indices), out, device, stream))


@slides
def min_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the smallest element of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``; all else is as in
    :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> min_pool2d(np.arange(1, 17).reshape(4, 4), 3, stride=1, padding=1)
    array([[ 1,  1,  2,  3],
           [ 1,  1,  2,  3],
           [ 5,  5,  6,  7],
           [ 9,  9, 10, 11]])
    """
    key = "min", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return unpair(pool(sliding, x, (*key, *counted, return_indices), out, device, stream))


@slides
def min_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the smallest element of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> min_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[0]]])
    """
    key = "min", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return unpair(pool(sliding, x, (*key, *counted, return_indices), out, device, stream))


@adapts
def adaptive_min_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    return_indices: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the smallest element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes and the rest are as in :func:`min_pool1d`.

    Examples
    --------
    >>> adaptive_min_pool1d([3, 1, 2, 9, 5], 2)
    array([1, 2])
    """
    key = "min", 1, output_size, data_format, nan, nodata, min_count, return_indices
    return unpair(pool(adaptive, x, key, out, device, stream))


@adapts
def adaptive_min_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    return_indices: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the smallest element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes and the rest are as in :func:`min_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_min_pool2d(np.arange(25).reshape(5, 5), 2).ravel()
    array([ 0,  2, 10, 12])
    """
    key = "min", 2, output_size, data_format, nan, nodata, min_count, return_indices
    return unpair(pool(adaptive, x, key, out, device, stream))


@adapts
def adaptive_min_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    return_indices: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the smallest element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes and the rest are as in :func:`min_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_min_pool3d(np.arange(125).reshape(5, 5, 5), 2).ravel()
    array([ 0,  2, 10, 12, 50, 52, 60, 62])
    """
    key = "min", 3, output_size, data_format, nan, nodata, min_count, return_indices
    return unpair(pool(adaptive, x, key, out, device, stream))


def global_min_pool(
    x: ArrayLike,
    *,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the smallest element of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`min_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_min_pool(np.arange(12).reshape(1, 2, 3, 2), keepdims=False)
    array([[0, 6]])
    """
    key = "min", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]
