"""Root mean square pooling: over sliding windows, to a size, over whole channels."""

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
    "adaptive_rms_pool1d",
    "adaptive_rms_pool2d",
    "adaptive_rms_pool3d",
    "global_rms_pool",
    "rms_pool1d",
    "rms_pool2d",
    "rms_pool3d",
]


def rms_pool1d(
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
    """Keep the root mean square of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`rms_pool2d`.

    Examples
    --------
    >>> rms_pool1d([3.0, 3.0, 1.0, 7.0], 2)
    array([3., 5.])
    """
    key = "rms", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def rms_pool2d(
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
    """Keep the root mean square of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The mean is that of
    the squares of all elements, added up in float64; a square past its largest number is infinite.
    Floats keep their dtype, all else gives float64. Padding never counts. The other parameters and
    errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> rms_pool2d([[1, 1], [1, 5]], 2)
    array([[2.64575131]])
    """
    key = "rms", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def rms_pool3d(
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
    """Keep the root mean square of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`rms_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> rms_pool3d(np.full((2, 2, 2), -3.0), 2)
    array([[[3.]]])
    """
    key = "rms", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def adaptive_rms_pool1d(
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
    """Keep the root mean square of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`rms_pool1d`.

    Examples
    --------
    >>> adaptive_rms_pool1d([3, 3, 3, 1, 7], 2)
    array([3.        , 4.43471157])
    """
    key = "rms", 1, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_rms_pool2d(
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
    """Keep the root mean square of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`rms_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_rms_pool2d(np.full((3, 5), 2.0), (1, 2))
    array([[2., 2.]])
    """
    key = "rms", 2, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_rms_pool3d(
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
    """Keep the root mean square of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`rms_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_rms_pool3d(np.full((2, 2, 2), -3.0), 1)
    array([[[3.]]])
    """
    key = "rms", 3, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def global_rms_pool(
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
    """Keep the root mean square of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`rms_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_rms_pool(np.array([[[1.0, 7.0], [-2.0, 2.0]]]), keepdims=False, data_format="NCL")
    array([[5., 2.]])
    """
    key = "rms", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]
