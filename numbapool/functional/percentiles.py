"""Percentile pooling: over sliding windows, to a size, and over whole channels."""

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
    "adaptive_percentile_pool1d",
    "adaptive_percentile_pool2d",
    "adaptive_percentile_pool3d",
    "global_percentile_pool",
    "percentile_pool1d",
    "percentile_pool2d",
    "percentile_pool3d",
]


def percentile_pool1d(
    x: ArrayLike,
    q: float,
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
    """Keep the `q`-th percentile of each window over one axis, 0 <= q <= 100.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`percentile_pool2d`.

    Examples
    --------
    >>> percentile_pool1d([1.0, 3.0, 5.0, 5.0], 50, 2)
    array([2., 5.])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "percentile", 1, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, q), out, device, stream)[0]


def percentile_pool2d(
    x: ArrayLike,
    q: float,
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
    """Keep the `q`-th percentile of each window over two axes, 0 <= q <= 100.

    Among n sorted elements it is number ``q * (n - 1) / 100``, counted from 0 and computed in
    float64. Between two elements it is interpolated, as by numpy.percentile's "linear". If the
    place is exactly an element's, the result is that element: for 1, 2 and inf it is 2 at 50.
    Between a number and an infinity it is that infinity, between both infinities NaN. Floats keep
    their dtype; integers and bool give float64. Shapes are (..., H, W), or (..., H, W, C) with
    ``data_format="NHWC"``. Padding never counts; the other parameters and errors are those of
    :func:`max_pool2d`, and a `q` out of range is a PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_pool2d(np.array([[1, 2], [3, 5]]), 75, 2)
    array([[3.5]])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "percentile", 2, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, q), out, device, stream)[0]


def percentile_pool3d(
    x: ArrayLike,
    q: float,
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
    """Keep the `q`-th percentile of each window over three axes, 0 <= q <= 100.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`percentile_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_pool3d(np.arange(8.0).reshape(2, 2, 2), 50, 2)
    array([[[3.5]]])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "percentile", 3, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, q), out, device, stream)[0]


def adaptive_percentile_pool1d(
    x: ArrayLike,
    q: float,
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
    """Keep the `q`-th percentile of each of `output_size` windows that cover one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`percentile_pool1d`.

    Examples
    --------
    >>> adaptive_percentile_pool1d([1.0, 2.0, 3.0, 4.0, 5.0], 50, 2)
    array([2., 4.])
    """
    key = "percentile", 1, output_size, data_format, nan, nodata, min_count, q
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_percentile_pool2d(
    x: ArrayLike,
    q: float,
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
    """Keep the `q`-th percentile of each of `output_size` windows that cover two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`percentile_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_percentile_pool2d(np.arange(15.0).reshape(3, 5), 50, (1, 2))
    array([[6., 8.]])
    """
    key = "percentile", 2, output_size, data_format, nan, nodata, min_count, q
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_percentile_pool3d(
    x: ArrayLike,
    q: float,
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
    """Keep the `q`-th percentile of each of `output_size` windows that cover three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`percentile_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_percentile_pool3d(np.arange(8.0).reshape(2, 2, 2), 100, 1)
    array([[[7.]]])
    """
    key = "percentile", 3, output_size, data_format, nan, nodata, min_count, q
    return pool(adaptive, x, key, out, device, stream)[0]


def global_percentile_pool(
    x: ArrayLike,
    q: float,
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
    """Keep the `q`-th percentile of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`percentile_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_percentile_pool(np.arange(12.0).reshape(1, 2, 3, 2), 20, keepdims=False)
    array([[1., 7.]])
    """
    key = "percentile", keepdims, data_format, nan, nodata, min_count, q
    return pool(over_all, x, key, out, device, stream)[0]
