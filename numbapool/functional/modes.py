"""Mode pooling: over sliding windows, to a size, and over whole channels."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import adaptive, over_all, pool, sliding
from numbapool.reducers.dtypes import NaN
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import OutputSize, Padding

__all__ = [
    "adaptive_mode_pool1d",
    "adaptive_mode_pool2d",
    "adaptive_mode_pool3d",
    "global_mode_pool",
    "mode_pool1d",
    "mode_pool2d",
    "mode_pool3d",
]


def mode_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the most frequent element of each window over one axis, the smallest of several.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. The result has the input's
    dtype: labels stay labels. Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> mode_pool1d([4, 2, 2, 7, 7, 4], 3)
    array([2, 7])
    """
    key = "mode", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def mode_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the most frequent element of each window over two axes, the smallest of several.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The result has the
    input's dtype: labels stay labels. Padding never counts; the other parameters and errors
    are those of :func:`max_pool2d`.

    Examples
    --------
    >>> mode_pool2d([[5, 1], [1, 5]], 2)
    array([[1]])
    """
    key = "mode", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def mode_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the most frequent element of each window over three axes, the smallest of several.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. The result has
    the input's dtype: labels stay labels. Padding never counts; the other parameters and
    errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> mode_pool3d(np.array([0, 1, 1, 2, 2, 2, 3, 3]).reshape(2, 2, 2), 2)
    array([[[2]]])
    """
    key = "mode", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def adaptive_mode_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the most frequent element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`mode_pool1d`.

    Examples
    --------
    >>> adaptive_mode_pool1d([4, 2, 2, 7, 7], 2)
    array([2, 7])
    """
    key = "mode", 1, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_mode_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the most frequent element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`mode_pool2d`.

    Examples
    --------
    >>> adaptive_mode_pool2d([[5, 1], [1, 5]], 1)
    array([[1]])
    """
    key = "mode", 2, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_mode_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the most frequent element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`mode_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_mode_pool3d(np.array([0, 1, 1, 2, 2, 2, 3, 3]).reshape(2, 2, 2), 1)
    array([[[2]]])
    """
    key = "mode", 3, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def global_mode_pool(
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
    """Keep the most frequent element of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`mode_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_mode_pool(np.array([[[4, 2, 2, 7]]]), keepdims=False)
    array([[2]])
    """
    key = "mode", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]
