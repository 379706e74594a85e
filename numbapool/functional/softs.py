"""Soft mean pooling: over sliding windows, to a size, over whole channels."""

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
    "adaptive_soft_pool1d",
    "adaptive_soft_pool2d",
    "adaptive_soft_pool3d",
    "global_soft_pool",
    "soft_pool1d",
    "soft_pool2d",
    "soft_pool3d",
]


def soft_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    beta: float = 1.0,
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
    """Keep the mean, weighted by exponentials, of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`soft_pool2d`.

    Examples
    --------
    >>> soft_pool1d([0.0, 1.0, 2.0, 3.0], 4).round(4)
    array([2.4927])
    """
    key = "soft", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, beta), out, device, stream)[0]


def soft_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    beta: float = 1.0,
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
    """Keep the mean, weighted by exponentials, of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The mean is
    ``sum(x * exp(beta * x)) / sum(exp(beta * x))``: between the mean and the largest element, to
    which it tends as `beta` grows; a negative `beta` tends to the smallest (Stergiou and others,
    2021). Large elements do not overflow. Floats keep their dtype; integers and bool give float64.
    An infinity counts as in the limit: inf wins, -inf weighs nothing. Padding never counts; the
    other parameters and errors are those of :func:`max_pool2d`. A `beta` that is zero or not
    finite is a PoolValueError.

    Examples
    --------
    >>> soft_pool2d([[0.0, 1.0], [2.0, 3.0]], 2).round(4)
    array([[2.4927]])
    >>> soft_pool2d([[1000.0, 1001.0], [-1000.0, 0.0]], 2).round(4)
    array([[1000.7311]])
    """
    key = "soft", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, beta), out, device, stream)[0]


def soft_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    beta: float = 1.0,
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
    """Keep the mean, weighted by exponentials, of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`soft_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> soft_pool3d(np.arange(8.0).reshape(2, 2, 2), 2, beta=100)
    array([[[7.]]])
    """
    key = "soft", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, beta), out, device, stream)[0]


def adaptive_soft_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    beta: float = 1.0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the soft mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`soft_pool1d`.

    Examples
    --------
    >>> adaptive_soft_pool1d([1, 1, 5, 5, 5], 2, beta=100)
    array([5., 5.])
    """
    key = "soft", 1, output_size, data_format, nan, nodata, min_count, beta
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_soft_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    beta: float = 1.0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the soft mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`soft_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_soft_pool2d(np.ones((3, 5)), (1, 2))
    array([[1., 1.]])
    """
    key = "soft", 2, output_size, data_format, nan, nodata, min_count, beta
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_soft_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    beta: float = 1.0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the soft mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`soft_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_soft_pool3d(np.ones((2, 2, 2)), 1)
    array([[[1.]]])
    """
    key = "soft", 3, output_size, data_format, nan, nodata, min_count, beta
    return pool(adaptive, x, key, out, device, stream)[0]


def global_soft_pool(
    x: ArrayLike,
    *,
    beta: float = 1.0,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean, weighted by exponentials, of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`soft_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_soft_pool(np.array([[[0.0, 1.0, 2.0, 3.0]]]), keepdims=False).round(4)
    array([[2.4927]])
    """
    key = "soft", keepdims, data_format, nan, nodata, min_count, beta
    return pool(over_all, x, key, out, device, stream)[0]
