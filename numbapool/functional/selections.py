"""Median, mode and percentile of each window."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.errors import PoolValueError
from numbapool.functional.call import planner, pool
from numbapool.plan.choose import Plan, selection_plan
from numbapool.reducers import dtypes
from numbapool.reducers.dtypes import NaN, Reduction
from numbapool.run.call import Array
from numbapool.windows.axes import Ints, Padding
from numbapool.windows.layout import (
    OutputSize,
    adaptive_windows,
    layout_of,
    refuse_empty_windows,
    windows_of,
)


@planner
def sliding_selection(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    name: str,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    data_format: str | None,
    nan: str,
    nodata: float | None,
    *parameters: Any,
) -> tuple[Plan, Reduction]:
    """Plan a selection by a window that slides."""
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    refuse_empty_windows(layout, axes, f"a {name}")
    skip = dtypes.skip_for(dtype, nan, nodata)
    reduction = dtypes.selection(dtype, name, skip, *parameters)
    return selection_plan(layout, axes, reduction), reduction


@planner
def adaptive_selection(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    name: str,
    output_size: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    """Plan a selection to a size."""
    layout = layout_of(shape, ndim, data_format)
    axes = adaptive_windows(layout, output_size)
    reduction = dtypes.selection(dtype, name, dtypes.skip_for(dtype, nan, nodata))
    return selection_plan(layout, axes, reduction), reduction


def median_pool1d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the median of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. Floats give the mean of the
    two middle elements where their number is even; integers and bool the lower one, in
    their own dtype. Padding never counts; the other parameters and errors are those of
    :func:`max_pool2d`.

    Examples
    --------
    >>> median_pool1d([3.0, 1.0, 2.0, 9.0], 2)
    array([2. , 5.5])
    """
    key = (1, "median", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata), out)[0]


def median_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the median of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. Floats give the mean
    of the two middle elements where their number is even; integers and bool the lower one,
    in their own dtype. Padding never counts; the other parameters and errors are those of
    :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> median_pool2d(np.array([[1, 200], [3, 2]], np.uint8), 2)
    array([[2]], dtype=uint8)
    """
    key = (2, "median", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata), out)[0]


def median_pool3d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the median of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. Floats give
    the mean of the two middle elements where their number is even; integers and bool the
    lower one, in their own dtype. Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> median_pool3d(np.arange(8.0).reshape(2, 2, 2), 2)
    array([[[3.5]]])
    """
    key = (3, "median", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata), out)[0]


def mode_pool1d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the most frequent element of each window over one axis, the smallest of several.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. The result has the input's
    dtype: labels stay labels. Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> mode_pool1d([4, 2, 2, 7, 7, 4], 3)
    array([2, 7])
    """
    key = (1, "mode", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata), out)[0]


def mode_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the most frequent element of each window over two axes, the smallest of several.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The result has the
    input's dtype: labels stay labels. Padding never counts; the other parameters and errors
    are those of :func:`max_pool2d`.

    Examples
    --------
    >>> mode_pool2d([[5, 1], [1, 5]], 2)
    array([[1]])
    """
    key = (2, "mode", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata), out)[0]


def mode_pool3d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the most frequent element of each window over three axes, the smallest of several.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. The result has
    the input's dtype: labels stay labels. Padding never counts; the other parameters and
    errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> mode_pool3d(np.array([0, 1, 1, 2, 2, 2, 3, 3]).reshape(2, 2, 2), 2)
    array([[[2]]])
    """
    key = (3, "mode", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata), out)[0]


def percentile_pool2d(
    x: Any,
    q: float,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the `q`-th percentile of each window over two axes, 0 <= q <= 100.

    Of n sorted elements it is number ``q * (n - 1) / 100``, counted from 0 and computed in
    float64; between two elements it is interpolated, as numpy.percentile's "linear". An element
    that is met exactly is the result, whatever its neighbours: of 1, 2 and inf it is 2 at 50.
    Between a number and an infinity it is that infinity, between both infinities NaN. Floats keep
    their dtype, integers and bool give float64. Shapes are (..., H, W), or (..., H, W, C) with
    ``data_format="NHWC"``. Padding never counts; the other parameters and errors are those of
    :func:`max_pool2d`, and a `q` out of range is a PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_pool2d(np.array([[1, 2], [3, 5]]), 75, 2)
    array([[3.5]])
    """
    q = dtypes.real_number(q, "q")
    if not 0 <= q <= 100:
        raise PoolValueError(f"q lies between 0 and 100, not {q!r}")
    key = (2, "percentile", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, q), out)[0]


def adaptive_median_pool1d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the median of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`median_pool1d`.

    Examples
    --------
    >>> adaptive_median_pool1d([3, 1, 2, 9, 9], 2)
    array([2, 9])
    """
    key = (1, "median", output_size, data_format, nan, nodata)
    return pool(adaptive_selection, x, key, out)[0]


def adaptive_median_pool2d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the median of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`median_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_median_pool2d(np.arange(15.0).reshape(3, 5), (1, 2))
    array([[6., 8.]])
    """
    key = (2, "median", output_size, data_format, nan, nodata)
    return pool(adaptive_selection, x, key, out)[0]


def adaptive_median_pool3d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the median of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`median_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_median_pool3d(np.arange(8.0).reshape(2, 2, 2), 1)
    array([[[3.5]]])
    """
    key = (3, "median", output_size, data_format, nan, nodata)
    return pool(adaptive_selection, x, key, out)[0]


def adaptive_mode_pool1d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the most frequent element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`mode_pool1d`.

    Examples
    --------
    >>> adaptive_mode_pool1d([4, 2, 2, 7, 7], 2)
    array([2, 7])
    """
    key = (1, "mode", output_size, data_format, nan, nodata)
    return pool(adaptive_selection, x, key, out)[0]


def adaptive_mode_pool2d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the most frequent element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`mode_pool2d`.

    Examples
    --------
    >>> adaptive_mode_pool2d([[5, 1], [1, 5]], 1)
    array([[1]])
    """
    key = (2, "mode", output_size, data_format, nan, nodata)
    return pool(adaptive_selection, x, key, out)[0]


def adaptive_mode_pool3d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the most frequent element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's adaptive poolings; None keeps an axis's size. Shapes, dtypes, the other
    parameters and errors are those of :func:`mode_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_mode_pool3d(np.array([0, 1, 1, 2, 2, 2, 3, 3]).reshape(2, 2, 2), 1)
    array([[[2]]])
    """
    key = (3, "mode", output_size, data_format, nan, nodata)
    return pool(adaptive_selection, x, key, out)[0]
