"""Detail-preserving pooling: over sliding windows, to a size, over whole channels."""

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
    "adaptive_detail_preserving_pool1d",
    "adaptive_detail_preserving_pool2d",
    "adaptive_detail_preserving_pool3d",
    "detail_preserving_pool1d",
    "detail_preserving_pool2d",
    "detail_preserving_pool3d",
    "global_detail_preserving_pool",
]


def detail_preserving_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    alpha: float = 0.0,
    lam: float = 1.0,
    asymmetric: bool = False,
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
    """Keep the mean, weighted towards elements that stand out, of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`detail_preserving_pool2d`.

    Examples
    --------
    >>> detail_preserving_pool1d([0.0, 1.0, 2.0, 9.0], 4).round(4)
    array([4.8333])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "detail_preserving", 1, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, alpha, lam, asymmetric), out, device, stream)[0]


def detail_preserving_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    alpha: float = 0.0,
    lam: float = 1.0,
    asymmetric: bool = False,
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
    """Keep the mean, weighted towards elements that stand out, of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. Each element weighs
    ``alpha + sqrt(d * d + eps * eps) ** lam``, where d is its distance from the window's mean
    and eps is 0.001. So elements that stand out still do in the result (Saeedan and others, 2018).
    With `asymmetric`, d is 0 for elements below the mean, so bright detail is kept. Floats keep
    their dtype, computed in float64; integers and bool give float64; an infinity gives NaN. Padding
    never counts; the other parameters and errors are those of :func:`max_pool2d`. An `alpha` or
    `lam` below 0 is a PoolValueError.

    Examples
    --------
    >>> detail_preserving_pool2d([[0, 1], [2, 3]], 2, asymmetric=True).round(4)
    array([[2.7478]])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "detail_preserving", 2, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, alpha, lam, asymmetric), out, device, stream)[0]


def detail_preserving_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    alpha: float = 0.0,
    lam: float = 1.0,
    asymmetric: bool = False,
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
    """Keep the mean, weighted towards elements that stand out, of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`detail_preserving_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> detail_preserving_pool3d(np.ones((2, 2, 2)), 2)
    array([[[1.]]])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "detail_preserving", 3, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, alpha, lam, asymmetric), out, device, stream)[0]


def adaptive_detail_preserving_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    alpha: float = 0.0,
    lam: float = 1.0,
    asymmetric: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the detail-preserving mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`detail_preserving_pool1d`.

    Examples
    --------
    >>> adaptive_detail_preserving_pool1d([1.0, 1.0, 2.0, 2.0], 2)
    array([1., 2.])
    """
    counted = data_format, nan, nodata, min_count
    key = "detail_preserving", 1, output_size, *counted, alpha, lam, asymmetric
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_detail_preserving_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    alpha: float = 0.0,
    lam: float = 1.0,
    asymmetric: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the detail-preserving mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`detail_preserving_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_detail_preserving_pool2d(np.ones((3, 5)), (1, 2))
    array([[1., 1.]])
    """
    counted = data_format, nan, nodata, min_count
    key = "detail_preserving", 2, output_size, *counted, alpha, lam, asymmetric
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_detail_preserving_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    alpha: float = 0.0,
    lam: float = 1.0,
    asymmetric: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the detail-preserving mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`detail_preserving_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_detail_preserving_pool3d(np.ones((2, 2, 2)), 1)
    array([[[1.]]])
    """
    counted = data_format, nan, nodata, min_count
    key = "detail_preserving", 3, output_size, *counted, alpha, lam, asymmetric
    return pool(adaptive, x, key, out, device, stream)[0]


def global_detail_preserving_pool(
    x: ArrayLike,
    *,
    alpha: float = 0.0,
    lam: float = 1.0,
    asymmetric: bool = False,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean, weighted towards elements that stand out, of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`detail_preserving_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[0.0, 1.0, 2.0, 3.0]]])
    >>> global_detail_preserving_pool(x, lam=2, asymmetric=True).round(4)
    array([[[2.9]]])
    """
    key = "detail_preserving", keepdims, data_format, nan, nodata, min_count, alpha, lam, asymmetric
    return pool(over_all, x, key, out, device, stream)[0]
