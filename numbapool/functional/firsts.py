"""First pooling: over sliding windows, to a size, over whole channels."""

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
    "adaptive_first_pool1d",
    "adaptive_first_pool2d",
    "adaptive_first_pool3d",
    "first_pool1d",
    "first_pool2d",
    "first_pool3d",
    "global_first_pool",
]


def first_pool1d(
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
    """Keep the first element of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`first_pool2d`.

    Examples
    --------
    >>> first_pool1d([3, 1, 4, 1, 5, 9], 2)
    array([3, 4, 5])
    """
    key = "first", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def first_pool2d(
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
    """Keep the first element of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. It is the first in
    row-major order, in its own dtype; ``nan="skip"`` and `nodata` say which elements count. A
    window without one gives NaN or `nodata`. Padding never counts. The other parameters and errors
    are those of :func:`max_pool2d`.

    Examples
    --------
    >>> first_pool2d([[0, 7], [8, 9]], 2, nodata=0)
    array([[7]])
    """
    key = "first", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def first_pool3d(
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
    """Keep the first element of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`first_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> first_pool3d(np.arange(8.0).reshape(2, 2, 2), 2)
    array([[[0.]]])
    """
    key = "first", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def adaptive_first_pool1d(
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
    """Keep the first element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`first_pool1d`.

    Examples
    --------
    >>> adaptive_first_pool1d([3, 1, 4, 1, 5], 2)
    array([3, 4])
    """
    key = "first", 1, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_first_pool2d(
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
    """Keep the first element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`first_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_first_pool2d(np.arange(15).reshape(3, 5), (1, 2))
    array([[0, 2]])
    """
    key = "first", 2, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_first_pool3d(
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
    """Keep the first element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`first_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_first_pool3d(np.arange(8).reshape(2, 2, 2), 1)
    array([[[0]]])
    """
    key = "first", 3, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def global_first_pool(
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
    """Keep the first element of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`first_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_first_pool(np.arange(12).reshape(1, 2, 3, 2), keepdims=False)
    array([[0, 6]])
    """
    key = "first", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]
