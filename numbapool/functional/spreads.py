"""Standard deviation and range pooling: over sliding windows, to a size, over whole channels."""

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
    "adaptive_range_pool1d",
    "adaptive_range_pool2d",
    "adaptive_range_pool3d",
    "adaptive_std_pool1d",
    "adaptive_std_pool2d",
    "adaptive_std_pool3d",
    "global_range_pool",
    "global_std_pool",
    "range_pool1d",
    "range_pool2d",
    "range_pool3d",
    "std_pool1d",
    "std_pool2d",
    "std_pool3d",
]


def std_pool1d(
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
    """Keep the standard deviation of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. It is the root of the result of
    :func:`var_pool1d`. Padding never counts; the other parameters and errors are those of
    :func:`max_pool2d`.

    Examples
    --------
    >>> std_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = "std", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, correction), out, device, stream)[0]


def std_pool2d(
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
    """Keep the standard deviation of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. It is the root of the
    result of :func:`var_pool2d`. Padding never counts; the other parameters and errors are those of
    :func:`max_pool2d`.

    Examples
    --------
    >>> std_pool2d([[0, 4], [0, 4]], 2)
    array([[2.]])
    """
    key = "std", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, correction), out, device, stream)[0]


def std_pool3d(
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
    """Keep the standard deviation of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. It is the root of
    the result of :func:`var_pool3d`. Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> std_pool3d(np.ones((2, 2, 2)), 2)
    array([[[0.]]])
    """
    key = "std", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, correction), out, device, stream)[0]


def adaptive_std_pool1d(
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
    """Keep the standard deviation of each of `output_size` windows that cover one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`std_pool1d`.

    Examples
    --------
    >>> adaptive_std_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = "std", 1, output_size, data_format, nan, nodata, min_count, correction
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_std_pool2d(
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
    """Keep the standard deviation of each of `output_size` windows that cover two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`std_pool2d`.

    Examples
    --------
    >>> adaptive_std_pool2d([[0, 4], [0, 4]], 1)
    array([[2.]])
    """
    key = "std", 2, output_size, data_format, nan, nodata, min_count, correction
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_std_pool3d(
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
    """Keep the standard deviation of each of `output_size` windows that cover three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`std_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_std_pool3d(np.ones((2, 2, 2)), 1)
    array([[[0.]]])
    """
    key = "std", 3, output_size, data_format, nan, nodata, min_count, correction
    return pool(adaptive, x, key, out, device, stream)[0]


def global_std_pool(
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
    """Keep the standard deviation of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`std_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_std_pool(np.array([[[1.0, 3.0], [5.0, 5.0]]]), keepdims=False)
    array([[1., 0.]])
    """
    key = "std", keepdims, data_format, nan, nodata, min_count, correction
    return pool(over_all, x, key, out, device, stream)[0]


def range_pool1d(
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
    """Keep the largest minus the smallest element of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`range_pool2d`.

    Examples
    --------
    >>> range_pool1d([3.0, 1.0, 2.0, 9.0], 2)
    array([2., 7.])
    """
    key = "range", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def range_pool2d(
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
    """Keep the largest minus the smallest element of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. Floats, unsigned
    integers and bool keep their dtype. Signed integers give the unsigned dtype of their
    width, which holds every difference. It holds no `nodata` below zero, so that is an error.
    The difference of two equal infinities is NaN. Padding never counts; the
    other parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> range_pool2d(np.array([[-128, 0], [3, 127]], np.int8), 2)
    array([[255]], dtype=uint8)
    """
    key = "range", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def range_pool3d(
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
    """Keep the largest minus the smallest element of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`range_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> range_pool3d(np.arange(8.0).reshape(2, 2, 2), 2)
    array([[[7.]]])
    """
    key = "range", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def adaptive_range_pool1d(
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
    """Keep the range of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`range_pool1d`.

    Examples
    --------
    >>> adaptive_range_pool1d([3, 1, 2, 9, 9], 2)
    array([2, 7], dtype=uint64)
    """
    key = "range", 1, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_range_pool2d(
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
    """Keep the range of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`range_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_range_pool2d(np.arange(15.0).reshape(3, 5), (1, 2))
    array([[12., 12.]])
    """
    key = "range", 2, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_range_pool3d(
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
    """Keep the range of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`range_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_range_pool3d(np.arange(8.0).reshape(2, 2, 2), 1)
    array([[[7.]]])
    """
    key = "range", 3, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def global_range_pool(
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
    """Keep the largest minus the smallest element of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`range_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_range_pool(np.arange(12.0).reshape(1, 2, 3, 2), keepdims=False)
    array([[5., 5.]])
    """
    key = "range", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]
