"""Sum and Lp pooling: windows that slide, and adaptive ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.functional.call import planner, pool
from numbapool.plan.choose import Plan, longest, make_plan
from numbapool.reducers import dtypes
from numbapool.reducers.dtypes import NaN, Reduction
from numbapool.run.call import Array
from numbapool.windows.axes import Ints, Padding
from numbapool.windows.layout import OutputSize, adaptive_windows, layout_of, windows_of


@planner
def sliding_sum(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    dilation: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    """Plan sum pooling."""
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    skip = dtypes.skip_for(dtype, nan, nodata)
    reduction = dtypes.total(dtype, *longest(axes), skip)
    return make_plan(layout, axes, dtype, reduction), reduction


@planner
def sliding_norm(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    norm_type: float,
    kernel_size: Any,
    stride: Any,
    ceil_mode: bool,
    padding: Any,
    dilation: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    """Plan Lp pooling."""
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    reduction = dtypes.norm(dtype, norm_type, dtypes.skip_for(dtype, nan, nodata))
    return make_plan(layout, axes, dtype, reduction), reduction


@planner
def adaptive_sum(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    output_size: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    """Plan sum pooling to a size."""
    layout = layout_of(shape, ndim, data_format)
    axes = adaptive_windows(layout, output_size)
    skip = dtypes.skip_for(dtype, nan, nodata)
    reduction = dtypes.total(dtype, *longest(axes), skip)
    return make_plan(layout, axes, dtype, reduction), reduction


@planner
def adaptive_norm(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    norm_type: float,
    output_size: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    """Plan Lp pooling to a size."""
    layout = layout_of(shape, ndim, data_format)
    axes = adaptive_windows(layout, output_size)
    reduction = dtypes.norm(dtype, norm_type, dtypes.skip_for(dtype, nan, nodata))
    return make_plan(layout, axes, dtype, reduction), reduction


def sum_pool1d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the sum of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; parameters and errors
    are those of :func:`avg_pool2d`. Sums of unsigned integers are uint64, of signed ones and
    bool int64, wrapping past 64 bits; sums of floats keep their dtype. Elements left out by
    `nan` or `nodata` add nothing: a window of none gives 0.

    Examples
    --------
    >>> sum_pool1d([1, 2, 4, 8], 2)
    array([ 3, 12])
    """
    key = (1, kernel_size, stride, padding, ceil_mode, dilation, data_format, nan, nodata)
    return pool(sliding_sum, x, key, out)[0]


def sum_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the sum of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``; parameters and errors
    are those of :func:`avg_pool2d`. Sums of unsigned integers are uint64, of signed ones and
    bool int64, wrapping past 64 bits; sums of floats keep their dtype. Elements left out by
    `nan` or `nodata` add nothing: a window of none gives 0.

    Examples
    --------
    >>> import numpy as np
    >>> sum_pool2d(np.full((2, 4), 200, np.uint8), 2)
    array([[800, 800]], dtype=uint64)
    """
    key = (2, kernel_size, stride, padding, ceil_mode, dilation, data_format, nan, nodata)
    return pool(sliding_sum, x, key, out)[0]


def sum_pool3d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the sum of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; parameters and
    errors are those of :func:`avg_pool2d`. Sums of unsigned integers are uint64, of signed ones and
    bool int64, wrapping past 64 bits; sums of floats keep their dtype. Elements left out by
    `nan` or `nodata` add nothing: a window of none gives 0.

    Examples
    --------
    >>> import numpy as np
    >>> sum_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[28]]])
    """
    key = (3, kernel_size, stride, padding, ceil_mode, dilation, data_format, nan, nodata)
    return pool(sliding_sum, x, key, out)[0]


def lp_pool1d(
    x: Any,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep ``sum(|x| ** p) ** (1 / p)`` of each window over one axis, p being `norm_type`.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. The absolute
    value is ONNX's rule; torch leaves it out, and gives NaN where an odd power's sum is
    negative. ``norm_type=inf`` keeps the largest ``|x|``. Floats keep their dtype, computed in
    float64; integers and bool give float64. Elements left out by `nan` or `nodata` add nothing. The
    other parameters and errors are those of :func:`avg_pool2d`; a `norm_type` that is not
    positive is a PoolValueError.

    Examples
    --------
    >>> lp_pool1d([3.0, -4.0, 0.0, 2.0], 2, 2)
    array([5., 2.])
    """
    key = (1, norm_type, kernel_size, stride, ceil_mode, padding, dilation, data_format)
    return pool(sliding_norm, x, (*key, nan, nodata), out)[0]


def lp_pool2d(
    x: Any,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep ``sum(|x| ** p) ** (1 / p)`` of each window over two axes, p being `norm_type`.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The absolute
    value is ONNX's rule; torch leaves it out, and gives NaN where an odd power's sum is
    negative. ``norm_type=inf`` keeps the largest ``|x|``. Floats keep their dtype, computed in
    float64; integers and bool give float64. Elements left out by `nan` or `nodata` add nothing. The
    other parameters and errors are those of :func:`avg_pool2d`; a `norm_type` that is not
    positive is a PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> lp_pool2d(np.array([[3, -4], [0, 0]]), 2, 2)
    array([[5.]])
    """
    key = (2, norm_type, kernel_size, stride, ceil_mode, padding, dilation, data_format)
    return pool(sliding_norm, x, (*key, nan, nodata), out)[0]


def lp_pool3d(
    x: Any,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    ceil_mode: bool = False,
    *,
    padding: Padding = 0,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep ``sum(|x| ** p) ** (1 / p)`` of each window over three axes, p being `norm_type`.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. The absolute
    value is ONNX's rule; torch leaves it out, and gives NaN where an odd power's sum is
    negative. ``norm_type=inf`` keeps the largest ``|x|``. Floats keep their dtype, computed in
    float64; integers and bool give float64. Elements left out by `nan` or `nodata` add nothing. The
    other parameters and errors are those of :func:`avg_pool2d`; a `norm_type` that is not
    positive is a PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> lp_pool3d(-np.ones((2, 2, 2)), 1, 2)
    array([[[8.]]])
    """
    key = (3, norm_type, kernel_size, stride, ceil_mode, padding, dilation, data_format)
    return pool(sliding_norm, x, (*key, nan, nodata), out)[0]


def adaptive_sum_pool1d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the sum of each of `output_size` windows that cover the input, over one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`sum_pool1d`.

    Examples
    --------
    >>> adaptive_sum_pool1d([1, 2, 3, 4, 5], 2)
    array([ 6, 12])
    """
    key = (1, output_size, data_format, nan, nodata)
    return pool(adaptive_sum, x, key, out)[0]


def adaptive_sum_pool2d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the sum of each of `output_size` windows that cover the input, over two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`sum_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_sum_pool2d(np.arange(15).reshape(3, 5), (1, 2))
    array([[54, 72]])
    """
    key = (2, output_size, data_format, nan, nodata)
    return pool(adaptive_sum, x, key, out)[0]


def adaptive_sum_pool3d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the sum of each of `output_size` windows that cover the input, over three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`sum_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_sum_pool3d(np.arange(8).reshape(2, 2, 2), (1, 1, None))
    array([[[12, 16]]])
    """
    key = (3, output_size, data_format, nan, nodata)
    return pool(adaptive_sum, x, key, out)[0]


def adaptive_lp_pool1d(
    x: Any,
    norm_type: float,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the norm of each of `output_size` windows that cover the input, over one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`lp_pool1d`.

    Examples
    --------
    >>> adaptive_lp_pool1d([3.0, -4.0, 0.0, 2.0], 2, 2)
    array([5., 2.])
    """
    key = (1, norm_type, output_size, data_format, nan, nodata)
    return pool(adaptive_norm, x, key, out)[0]


def adaptive_lp_pool2d(
    x: Any,
    norm_type: float,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the norm of each of `output_size` windows that cover the input, over two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`lp_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_lp_pool2d(np.array([[3, -4], [0, 0]]), 2, 1)
    array([[5.]])
    """
    key = (2, norm_type, output_size, data_format, nan, nodata)
    return pool(adaptive_norm, x, key, out)[0]


def adaptive_lp_pool3d(
    x: Any,
    norm_type: float,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the norm of each of `output_size` windows that cover the input, over three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`lp_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_lp_pool3d(-np.ones((2, 2, 2)), 1, 1)
    array([[[8.]]])
    """
    key = (3, norm_type, output_size, data_format, nan, nodata)
    return pool(adaptive_norm, x, key, out)[0]
