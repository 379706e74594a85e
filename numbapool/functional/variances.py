"""Variance pooling: over sliding windows, to a size, and over whole channels."""

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
    "adaptive_var_pool1d",
    "adaptive_var_pool2d",
    "adaptive_var_pool3d",
    "global_var_pool",
    "var_pool1d",
    "var_pool2d",
    "var_pool3d",
]


def var_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: float = 0,
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
    """Keep the variance of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. The variance is the mean squared
    distance from the mean, computed in float64 and in two passes, so a large mean does no harm. The
    divisor is the number of elements less `correction`; if it is not positive, the result is NaN.
    Floats keep their dtype, integers and bool give float64. Padding never counts; the other
    parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> var_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = "var", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, correction), out, device, stream)[0]


def var_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: float = 0,
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
    """Keep the variance of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The variance is the mean
    squared distance from the mean, computed in float64 and in two passes, so a large mean does no
    harm. The divisor is the number of elements less `correction`; if it is not positive, the result
    is NaN. Floats keep their dtype, integers and bool give float64. Padding never counts; the other
    parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> var_pool2d(np.arange(4.0).reshape(2, 2), 2)
    array([[1.25]])
    """
    key = "var", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, correction), out, device, stream)[0]


def var_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: float = 0,
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
    """Keep the variance of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. The variance is
    the mean squared distance from the mean, computed in float64 and in two passes, so a large mean
    does no harm. The divisor is the number of elements less `correction`; if it is not positive,
    the result is NaN. Floats keep their dtype, integers and bool give float64. Padding never
    counts; the other parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> var_pool3d(np.arange(8).reshape(2, 2, 2), 2, correction=1)
    array([[[6.]]])
    """
    key = "var", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, correction), out, device, stream)[0]


def adaptive_var_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    correction: float = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the variance of each of `output_size` windows that cover one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`var_pool1d`.

    Examples
    --------
    >>> adaptive_var_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = "var", 1, output_size, data_format, nan, nodata, min_count, correction
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_var_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    correction: float = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the variance of each of `output_size` windows that cover two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`var_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_var_pool2d(np.arange(4.0).reshape(2, 2), 1)
    array([[1.25]])
    """
    key = "var", 2, output_size, data_format, nan, nodata, min_count, correction
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_var_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    correction: float = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the variance of each of `output_size` windows that cover three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`var_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_var_pool3d(np.arange(8).reshape(2, 2, 2), 1, correction=1)
    array([[[6.]]])
    """
    key = "var", 3, output_size, data_format, nan, nodata, min_count, correction
    return pool(adaptive, x, key, out, device, stream)[0]


def global_var_pool(
    x: ArrayLike,
    *,
    correction: float = 0,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the variance of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`var_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_var_pool(np.array([[[1.0, 3.0], [5.0, 5.0]]]), keepdims=False)
    array([[1., 0.]])
    """
    key = "var", keepdims, data_format, nan, nodata, min_count, correction
    return pool(over_all, x, key, out, device, stream)[0]
