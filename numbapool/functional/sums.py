"""Sum and log-mean-exp pooling: over sliding windows, to a size, and over whole channels."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import adaptive, over_all, pool, sliding
from numbapool.pooling.weighed import weighed
from numbapool.reducers.dtypes import NaN
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import OutputSize, Padding

__all__ = [
    "adaptive_logavgexp_pool1d",
    "adaptive_logavgexp_pool2d",
    "adaptive_logavgexp_pool3d",
    "adaptive_sum_pool1d",
    "adaptive_sum_pool2d",
    "adaptive_sum_pool3d",
    "global_logavgexp_pool",
    "global_sum_pool",
    "logavgexp_pool1d",
    "logavgexp_pool2d",
    "logavgexp_pool3d",
    "sum_pool1d",
    "sum_pool2d",
    "sum_pool3d",
]


def sum_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    dilation: Ints = 1,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the sum of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; parameters and errors are those
    of :func:`avg_pool2d`. Sums of unsigned integers are uint64; sums of signed integers and bool
    are int64; both wrap past 64 bits. Sums of floats keep their dtype. Elements left out by `nan`
    or `nodata` add nothing; a window without elements gives 0.

    Examples
    --------
    >>> sum_pool1d([1, 2, 4, 8], 2)
    array([ 3, 12])
    """
    key = "sum", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return weighed(
        sliding, x, weights, (*key, data_format, nan, nodata, min_count), out, device, stream
    )[0]


def sum_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    dilation: Ints = 1,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the sum of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``; parameters and errors are
    those of :func:`avg_pool2d`. Sums of unsigned integers are uint64; sums of signed integers and
    bool are int64; both wrap past 64 bits. Sums of floats keep their dtype. Elements left out by
    `nan` or `nodata` add nothing; a window without elements gives 0.

    With `weights`, as in :func:`avg_pool2d`, it is ``sum(w * x)``: of integers float64 if the
    weights are floats, and int64 if they are signed.

    Examples
    --------
    >>> import numpy as np
    >>> sum_pool2d(np.full((2, 4), 200, np.uint8), 2)
    array([[800, 800]], dtype=uint64)
    """
    key = "sum", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return weighed(
        sliding, x, weights, (*key, data_format, nan, nodata, min_count), out, device, stream
    )[0]


def sum_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    dilation: Ints = 1,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the sum of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; parameters and
    errors are those of :func:`avg_pool2d`. Sums of unsigned integers are uint64; sums of signed
    integers and bool are int64; both wrap past 64 bits. Sums of floats keep their dtype. Elements
    left out by `nan` or `nodata` add nothing; a window without elements gives 0.

    Examples
    --------
    >>> import numpy as np
    >>> sum_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[28]]])
    """
    key = "sum", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return weighed(
        sliding, x, weights, (*key, data_format, nan, nodata, min_count), out, device, stream
    )[0]


def adaptive_sum_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the sum of each of `output_size` windows that cover the input, over one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`sum_pool1d`.

    Examples
    --------
    >>> adaptive_sum_pool1d([1, 2, 3, 4, 5], 2)
    array([ 6, 12])
    """
    key = "sum", 1, output_size, data_format, nan, nodata, min_count
    return weighed(adaptive, x, weights, key, out, device, stream)[0]


def adaptive_sum_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the sum of each of `output_size` windows that cover the input, over two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`sum_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_sum_pool2d(np.arange(15).reshape(3, 5), (1, 2))
    array([[54, 72]])
    """
    key = "sum", 2, output_size, data_format, nan, nodata, min_count
    return weighed(adaptive, x, weights, key, out, device, stream)[0]


def adaptive_sum_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the sum of each of `output_size` windows that cover the input, over three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`sum_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_sum_pool3d(np.arange(8).reshape(2, 2, 2), (1, 1, None))
    array([[[12, 16]]])
    """
    key = "sum", 3, output_size, data_format, nan, nodata, min_count
    return weighed(adaptive, x, weights, key, out, device, stream)[0]


def global_sum_pool(
    x: ArrayLike,
    *,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the sum of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`sum_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_sum_pool(np.arange(12).reshape(1, 2, 3, 2), keepdims=False)
    array([[15, 51]])
    """
    key = "sum", keepdims, data_format, nan, nodata, min_count
    return weighed(over_all, x, weights, key, out, device, stream)[0]


def logavgexp_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    r: float = 1.0,
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
    """Keep the logarithm of the mean exponential of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`logavgexp_pool2d`.

    Examples
    --------
    >>> logavgexp_pool1d([0.0, 1.0, 2.0, 3.0], 4).round(4)
    array([2.0539])
    """
    key = "logavgexp", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, r), out, device, stream)[0]


def logavgexp_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    r: float = 1.0,
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
    """Keep the logarithm of the mean exponential of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. It is
    ``log(mean(exp(r * x))) / r``: near the mean for an `r` near 0, near the largest element for a
    large `r`, near the smallest for a very negative `r`. Large elements do not overflow. Floats
    keep their dtype; integers and bool give float64. Padding never counts; the other parameters
    and errors are those of :func:`max_pool2d`. An `r` that is zero or not finite is a
    PoolValueError.

    Examples
    --------
    >>> logavgexp_pool2d([[0.0, 1.0], [2.0, 3.0]], 2).round(4)
    array([[2.0539]])
    >>> logavgexp_pool2d([[0.0, 1.0], [2.0, 3.0]], 2, r=5).round(4)
    array([[2.7241]])
    """
    key = "logavgexp", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, r), out, device, stream)[0]


def logavgexp_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    r: float = 1.0,
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
    """Keep the logarithm of the mean exponential of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`logavgexp_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> logavgexp_pool3d(np.ones((2, 2, 2)), 2)
    array([[[1.]]])
    """
    key = "logavgexp", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, r), out, device, stream)[0]


def adaptive_logavgexp_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    r: float = 1.0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the log-mean-exp of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`logavgexp_pool1d`.

    Examples
    --------
    >>> adaptive_logavgexp_pool1d([3.0, 5.0, 7.0], 3)
    array([3., 5., 7.])
    """
    key = "logavgexp", 1, output_size, data_format, nan, nodata, min_count, r
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_logavgexp_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    r: float = 1.0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the log-mean-exp of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`logavgexp_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_logavgexp_pool2d(np.ones((3, 5)), (1, 2))
    array([[1., 1.]])
    """
    key = "logavgexp", 2, output_size, data_format, nan, nodata, min_count, r
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_logavgexp_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    r: float = 1.0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the log-mean-exp of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`logavgexp_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_logavgexp_pool3d(np.ones((2, 2, 2)), 1)
    array([[[1.]]])
    """
    key = "logavgexp", 3, output_size, data_format, nan, nodata, min_count, r
    return pool(adaptive, x, key, out, device, stream)[0]


def global_logavgexp_pool(
    x: ArrayLike,
    *,
    r: float = 1.0,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the logarithm of the mean exponential of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`logavgexp_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_logavgexp_pool(np.array([[[0.0, 1.0, 2.0, 3.0]]]), keepdims=False).round(4)
    array([[2.0539]])
    """
    key = "logavgexp", keepdims, data_format, nan, nodata, min_count, r
    return pool(over_all, x, key, out, device, stream)[0]
