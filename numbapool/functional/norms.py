"""Lp and generalised-mean pooling: over sliding windows, to a size, and over whole channels."""

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
    "adaptive_gem_pool1d",
    "adaptive_gem_pool2d",
    "adaptive_gem_pool3d",
    "adaptive_lp_pool1d",
    "adaptive_lp_pool2d",
    "adaptive_lp_pool3d",
    "gem_pool1d",
    "gem_pool2d",
    "gem_pool3d",
    "global_gem_pool",
    "global_lp_pool",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
]


def lp_pool1d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: Ints = 1,
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
    """Keep ``sum(|x| ** p) ** (1 / p)`` of each window over one axis, p being `norm_type`.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. The absolute value follows ONNX;
    torch leaves it out, and gives NaN if the sum of odd powers is negative. ``norm_type=inf`` keeps
    the largest ``|x|``. Floats keep their dtype, computed in float64; integers and bool give
    float64. Elements left out by `nan` or `nodata` add nothing. The other parameters and errors are
    those of :func:`avg_pool2d`; a `norm_type` that is not positive is a PoolValueError.

    Examples
    --------
    >>> lp_pool1d([3.0, -4.0, 0.0, 2.0], 2, 2)
    array([5., 2.])
    """
    key = "lp", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, norm_type), out, device, stream)[0]


def lp_pool2d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: Ints = 1,
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
    """Keep ``sum(|x| ** p) ** (1 / p)`` of each window over two axes, p being `norm_type`.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The absolute value
    follows ONNX; torch leaves it out, and gives NaN if the sum of odd powers is negative.
    ``norm_type=inf`` keeps the largest ``|x|``. Floats keep their dtype, computed in float64;
    integers and bool give float64. Elements left out by `nan` or `nodata` add nothing. The other
    parameters and errors are those of :func:`avg_pool2d`; a `norm_type` that is not positive is a
    PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> lp_pool2d(np.array([[3, -4], [0, 0]]), 2, 2)
    array([[5.]])
    """
    key = "lp", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, norm_type), out, device, stream)[0]


def lp_pool3d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: Ints = 1,
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
    """Keep ``sum(|x| ** p) ** (1 / p)`` of each window over three axes, p being `norm_type`.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. The absolute value
    follows ONNX; torch leaves it out, and gives NaN if the sum of odd powers is negative.
    ``norm_type=inf`` keeps the largest ``|x|``. Floats keep their dtype, computed in float64;
    integers and bool give float64. Elements left out by `nan` or `nodata` add nothing. The other
    parameters and errors are those of :func:`avg_pool2d`; a `norm_type` that is not positive is a
    PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> lp_pool3d(-np.ones((2, 2, 2)), 1, 2)
    array([[[8.]]])
    """
    key = "lp", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, norm_type), out, device, stream)[0]


def adaptive_lp_pool1d(
    x: ArrayLike,
    norm_type: float,
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
    """Keep the norm of each of `output_size` windows that cover the input, over one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`lp_pool1d`.

    Examples
    --------
    >>> adaptive_lp_pool1d([3.0, -4.0, 0.0, 2.0], 2, 2)
    array([5., 2.])
    """
    key = "lp", 1, output_size, data_format, nan, nodata, min_count, norm_type
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_lp_pool2d(
    x: ArrayLike,
    norm_type: float,
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
    """Keep the norm of each of `output_size` windows that cover the input, over two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`lp_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_lp_pool2d(np.array([[3, -4], [0, 0]]), 2, 1)
    array([[5.]])
    """
    key = "lp", 2, output_size, data_format, nan, nodata, min_count, norm_type
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_lp_pool3d(
    x: ArrayLike,
    norm_type: float,
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
    """Keep the norm of each of `output_size` windows that cover the input, over three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`lp_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_lp_pool3d(-np.ones((2, 2, 2)), 1, 1)
    array([[[8.]]])
    """
    key = "lp", 3, output_size, data_format, nan, nodata, min_count, norm_type
    return pool(adaptive, x, key, out, device, stream)[0]


def global_lp_pool(
    x: ArrayLike,
    norm_type: float,
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
    """Keep the norm of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`lp_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_lp_pool(np.array([[[3.0, -4.0, 0.0]]]), 2, keepdims=False)
    array([[5.]])
    """
    key = "lp", keepdims, data_format, nan, nodata, min_count, norm_type
    return pool(over_all, x, key, out, device, stream)[0]


def gem_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    p: float = 3.0,
    eps: float = 1e-6,
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
    """Keep the generalised mean of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`gem_pool2d`.

    Examples
    --------
    >>> gem_pool1d([0.0, 1.0, 2.0, 3.0], 4).round(4)
    array([2.0801])
    """
    key = "gem", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, p, eps), out, device, stream)[0]


def gem_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    p: float = 3.0,
    eps: float = 1e-6,
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
    """Keep the generalised mean of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The generalised mean is
    ``mean(max(x, eps) ** p) ** (1 / p)``: the mean for a `p` of 1, tending to the largest element
    as `p` grows (Radenović and others, 2018). It is computed in float64, and no power overflows.
    Floats keep their dtype; integers and bool give float64. Padding never counts; the other
    parameters and errors are those of :func:`max_pool2d`; a `p` that is not positive and finite,
    or an `eps` below 0, is a PoolValueError.

    Examples
    --------
    >>> gem_pool2d([[0.0, 1.0], [2.0, 3.0]], 2).round(4)
    array([[2.0801]])
    >>> gem_pool2d([[-8.0, 1.0], [2.0, 3.0]], 2, p=100).round(4)
    array([[2.9587]])
    """
    key = "gem", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, p, eps), out, device, stream)[0]


def gem_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    p: float = 3.0,
    eps: float = 1e-6,
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
    """Keep the generalised mean of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`gem_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> gem_pool3d(np.arange(8.0).reshape(2, 2, 2), 2, p=1, eps=0).round(4)
    array([[[3.5]]])
    """
    key = "gem", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, p, eps), out, device, stream)[0]


def adaptive_gem_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    p: float = 3.0,
    eps: float = 1e-6,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the generalised mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`gem_pool1d`.

    Examples
    --------
    >>> adaptive_gem_pool1d([3.0, 5.0, 7.0], 3).round(4)
    array([3., 5., 7.])
    """
    key = "gem", 1, output_size, data_format, nan, nodata, min_count, p, eps
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_gem_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    p: float = 3.0,
    eps: float = 1e-6,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the generalised mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`gem_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_gem_pool2d(np.ones((3, 5)), (1, 2)).round(4)
    array([[1., 1.]])
    """
    key = "gem", 2, output_size, data_format, nan, nodata, min_count, p, eps
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_gem_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    p: float = 3.0,
    eps: float = 1e-6,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the generalised mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`gem_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_gem_pool3d(np.ones((2, 2, 2)), 1).round(4)
    array([[[1.]]])
    """
    key = "gem", 3, output_size, data_format, nan, nodata, min_count, p, eps
    return pool(adaptive, x, key, out, device, stream)[0]


def global_gem_pool(
    x: ArrayLike,
    *,
    p: float = 3.0,
    eps: float = 1e-6,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the generalised mean of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`gem_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_gem_pool(np.array([[[0.0, 1.0, 2.0, 3.0]]]), keepdims=False).round(4)
    array([[2.0801]])
    """
    key = "gem", keepdims, data_format, nan, nodata, min_count, p, eps
    return pool(over_all, x, key, out, device, stream)[0]
