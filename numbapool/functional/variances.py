"""Variance and standard deviation of each window."""

from __future__ import annotations

from typing import Any

from numbapool.functional.call import pool
from numbapool.functional.selections import sliding_selection
from numbapool.reducers.dtypes import NaN, real_number
from numbapool.run.call import Array
from numbapool.windows.axes import Ints, Padding


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
    from the mean, in float64 and two passes, so that a large mean does no harm; the divisor
    is the number of elements less `correction` (NaN where that is not positive). Floats
    keep their dtype, integers and bool give float64. Padding never counts; the other
    parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> var_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = (1, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    less = real_number(correction, "correction")
    return pool(sliding_selection, x, (*key, nan, nodata, less, False), out)[0]


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
    distance from the mean, in float64 and two passes, so that a large mean does no harm;
    the divisor is the number of elements less `correction` (NaN where that is not positive).
    Floats keep their dtype, integers and bool give float64. Padding never counts; the other
    parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> var_pool2d(np.arange(4.0).reshape(2, 2), 2)
    array([[1.25]])
    """
    key = (2, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    less = real_number(correction, "correction")
    return pool(sliding_selection, x, (*key, nan, nodata, less, False), out)[0]


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
    positive). Floats keep their dtype, integers and bool give float64. Padding never
    counts; the other parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> var_pool3d(np.arange(8).reshape(2, 2, 2), 2, correction=1)
    array([[[6.]]])
    """
    key = (3, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    less = real_number(correction, "correction")
    return pool(sliding_selection, x, (*key, nan, nodata, less, False), out)[0]


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
    :func:`var_pool1d` gives. Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> std_pool1d([1.0, 3.0, 5.0, 5.0], 2)
    array([1., 0.])
    """
    key = (1, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    less = real_number(correction, "correction")
    return pool(sliding_selection, x, (*key, nan, nodata, less, True), out)[0]


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
    :func:`var_pool2d` gives. Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> std_pool2d([[0, 4], [0, 4]], 2)
    array([[2.]])
    """
    key = (2, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    less = real_number(correction, "correction")
    return pool(sliding_selection, x, (*key, nan, nodata, less, True), out)[0]


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
    what :func:`var_pool3d` gives. Padding never counts; the other parameters and errors are
    those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> std_pool3d(np.ones((2, 2, 2)), 2)
    array([[[0.]]])
    """
    key = (3, "var", kernel_size, stride, padding, dilation, ceil_mode, data_format)
    less = real_number(correction, "correction")
    return pool(sliding_selection, x, (*key, nan, nodata, less, True), out)[0]
