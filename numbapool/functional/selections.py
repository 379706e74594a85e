"""Median, mode, percentile, variance and standard deviation of each window."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool import dtypes
from numbapool.dtypes import NaN, Reduction
from numbapool.errors import PoolValueError
from numbapool.functional.call import planner, pool
from numbapool.layout import layout_of, refuse_empty_windows, windows_of
from numbapool.plan import Plan, selection_plan
from numbapool.run import Array
from numbapool.windows import Ints, Padding


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
    two middle elements where their number is even; integers and bool     the lower one, in
    their own dtype.     Padding never counts; the other parameters and errors are those of
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
    of the two middle elements where their number is even; integers and bool     the lower one,
    in their own dtype.     Padding never counts; the other parameters and errors are those of
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
    the mean of the two middle elements where their number is even; integers and bool     the
    lower one, in their own dtype.     Padding never counts; the other parameters and errors are
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
    dtype: labels stay labels.     Padding never counts; the other parameters and errors are
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
    input's dtype: labels stay labels.     Padding never counts; the other parameters and errors
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
    the input's dtype: labels stay labels.     Padding never counts; the other parameters and
    errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> mode_pool3d(np.array([0, 1, 1, 2, 2, 2, 3, 3]).reshape(2, 2, 2), 2)
    array([[[2]]])
    """
    key = (3, "mode", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata), out)[0]


def var_pool1d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: int = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the variance of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. The mean square distance
    from the mean, in float64 and two passes, so that a large mean does no     harm; the divisor
    is the number of elements less `correction` (NaN where that is not positive).     Floats
    keep their dtype, integers and bool give float64.     Padding never counts; the other
    parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> var_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = (1, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, float(correction), False), out)[0]


def var_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: int = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the variance of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The mean square
    distance from the mean, in float64 and two passes, so that a large mean does no     harm;
    the divisor is the number of elements less `correction` (NaN where that is not positive).
    Floats keep their dtype, integers and bool give float64.     Padding never counts; the other
    parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> var_pool2d(np.arange(4.0).reshape(2, 2), 2)
    array([[1.25]])
    """
    key = (2, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, float(correction), False), out)[0]


def var_pool3d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: int = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the variance of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. The mean
    square distance from the mean, in float64 and two passes, so that a large mean does no
    harm; the divisor is the number of elements less `correction` (NaN where that is not
    positive).     Floats keep their dtype, integers and bool give float64.     Padding never
    counts; the other parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> var_pool3d(np.arange(8).reshape(2, 2, 2), 2, correction=1)
    array([[[6.]]])
    """
    key = (3, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, float(correction), False), out)[0]


def std_pool1d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: int = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the standard deviation of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``. The root of what
    :func:`var_pool1d` gives.     Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> std_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = (1, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, float(correction), True), out)[0]


def std_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: int = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the standard deviation of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. The root of what
    :func:`var_pool2d` gives.     Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> std_pool2d([[0, 4], [0, 4]], 2)
    array([[2.]])
    """
    key = (2, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, float(correction), True), out)[0]


def std_pool3d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    correction: int = 0,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the standard deviation of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``. The root of
    what :func:`var_pool3d` gives.     Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> std_pool3d(np.ones((2, 2, 2)), 2)
    array([[[0.]]])
    """
    key = (3, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, float(correction), True), out)[0]


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

    Interpolated between the two nearest elements, as numpy.percentile's "linear". Floats keep
    their dtype, integers and bool give float64. Shapes are (..., H, W), or (..., H, W, C) with
    ``data_format="NHWC"``. Padding never counts; the other parameters and errors are those of
    :func:`max_pool2d`, and a `q` out of range is a PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_pool2d(np.array([[1, 2], [3, 5]]), 75, 2)
    array([[3.5]])
    """
    if not 0 <= q <= 100:
        raise PoolValueError(f"q lies between 0 and 100, not {q!r}")
    key = (2, "percentile", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_selection, x, (*key, nan, nodata, float(q)), out)[0]
