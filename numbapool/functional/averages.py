"""Mean pooling: windows that slide, adaptive and global ones."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numbapool.functional.call import planner, pool
from numbapool.plan.choose import Plan, longest, make_plan
from numbapool.reducers import dtypes
from numbapool.reducers.dtypes import NaN, Reduction, Rounding
from numbapool.run.call import Array
from numbapool.windows.axes import Axis, Ints, Padding
from numbapool.windows.layout import (
    Layout,
    OutputSize,
    adaptive_windows,
    global_windows,
    layout_of,
    refuse_empty_windows,
    windows_of,
)

WHOLE = dtypes.Skip()
"""All of a window counts."""


@planner
def sliding_mean(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
    dilation: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
    rounding: Rounding,
) -> tuple[Plan, Reduction]:
    """Plan mean pooling by a window that slides."""
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    override = None
    if divisor_override is not None:
        override = dtypes.whole_number(divisor_override, "divisor_override")
    counted = count_include_pad and padding not in ("same", "same_lower")
    if not counted and override is None:
        refuse_empty_windows(layout, axes, "a mean without padding")
    skip = dtypes.skip_for(dtype, nan, nodata)
    divisor = prod(axis.taps for axis in axes) if counted else prod(longest(axes))
    reduction = dtypes.mean(dtype, *longest(axes), divisor, rounding, override, skip)
    return make_plan(layout, axes, dtype, reduction, counted, override), reduction


def plain_mean(
    dtype: np.dtype[Any],
    layout: Layout,
    axes: tuple[Axis, ...],
    shape: tuple[int, ...] | None = None,
    rounding: Rounding = "half_up",
    skip: dtypes.Skip = WHOLE,
) -> tuple[Plan, Reduction]:
    """Plan means over windows without padding."""
    reduction = dtypes.mean(dtype, *longest(axes), prod(longest(axes)), rounding, None, skip)
    return make_plan(layout, axes, dtype, reduction, shape=shape), reduction


@planner
def adaptive_mean(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    output_size: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
    rounding: Rounding,
) -> tuple[Plan, Reduction]:
    """Plan mean pooling to a size."""
    layout = layout_of(shape, ndim, data_format)
    axes = adaptive_windows(layout, output_size)
    skip = dtypes.skip_for(dtype, nan, nodata)
    return plain_mean(dtype, layout, axes, rounding=rounding, skip=skip)


@planner
def global_mean(
    shape: tuple[int, ...], dtype: np.dtype[Any], data_format: str | None, keepdims: bool
) -> tuple[Plan, Reduction]:
    """Plan the mean of all that share a sample and a channel."""
    return plain_mean(dtype, *global_windows(shape, data_format, keepdims))


def avg_pool1d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    rounding: Rounding = "half_up",
    out: Array | None = None,
) -> Array:
    """Keep the mean of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`avg_pool2d`.

    Examples
    --------
    >>> avg_pool1d([1.0, 2.0, 4.0, 8.0], 2)
    array([1.5, 6. ])
    """
    key = (1, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return pool(sliding_mean, x, (*key, dilation, data_format, nan, nodata, rounding), out)[0]


def avg_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    rounding: Rounding = "half_up",
    out: Array | None = None,
) -> Array:
    """Keep the mean of each window over two axes.

    The windows are those of :func:`max_pool2d`, as torch.nn.AvgPool2d's.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        bool, integers, float16, float32 or float64, in any layout and byte order.
    kernel_size, stride, padding, dilation, ceil_mode, data_format
        As in :func:`max_pool2d`; the padding counts as zeros.
    count_include_pad : bool
        Divide by the window's taps inside the padded input, else by those inside the input.
        What a ceil window has past the padding never counts, nor does "same" padding.
    divisor_override : int, optional
        Divide by this instead.
    nan : {"propagate", "skip"}
        Whether NaN makes its windows NaN, or is left out: of the sum and of the divisor.
    nodata : number, optional
        A value to leave out in the same way; a window of nothing else gives it.
    rounding : {"half_up", "half_even", "floor"}
        How the mean of integers becomes an integer. It is made from the exact sum, and kept
        within the dtype's range where `divisor_override` leads out of it.
    out : ndarray, optional
        Where to write the result: of its shape and dtype, not overlapping `x`.

    Returns
    -------
    ndarray of the input's dtype; float32 for bool
        float32 is added up in float32 over up to some dozens of rows, past that in float64;
        float16 in float32.

    Raises
    ------
    PoolValueError, PoolTypeError
        As :func:`max_pool2d`, and for a `divisor_override` of zero.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1.0, 17.0).reshape(4, 4)
    >>> avg_pool2d(x, 2)
    array([[ 3.5,  5.5],
           [11.5, 13.5]])
    >>> avg_pool2d(np.array([[0, 1], [1, 0]], np.uint8), 2)  # 0.5, rounded half up
    array([[1]], dtype=uint8)
    """
    key = (2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return pool(sliding_mean, x, (*key, dilation, data_format, nan, nodata, rounding), out)[0]


def avg_pool3d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    rounding: Rounding = "half_up",
    out: Array | None = None,
) -> Array:
    """Keep the mean of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> avg_pool3d(np.arange(8.0).reshape(2, 2, 2), 2)
    array([[[3.5]]])
    """
    key = (3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return pool(sliding_mean, x, (*key, dilation, data_format, nan, nodata, rounding), out)[0]


def adaptive_avg_pool1d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    rounding: Rounding = "half_up",
    out: Array | None = None,
) -> Array:
    """Keep the mean of each of `output_size` windows that cover the input, over one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's; None keeps an axis's size. Shapes, dtypes, the other parameters
    and errors are those of :func:`avg_pool1d`.

    Examples
    --------
    >>> adaptive_avg_pool1d([1.0, 2.0, 3.0, 4.0, 5.0], 2)
    array([2., 4.])
    """
    key = (1, output_size, data_format, nan, nodata, rounding)
    return pool(adaptive_mean, x, key, out)[0]


def adaptive_avg_pool2d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    rounding: Rounding = "half_up",
    out: Array | None = None,
) -> Array:
    """Keep the mean of each of `output_size` windows that cover the input, over two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's; None keeps an axis's size. Shapes, dtypes, the other parameters
    and errors are those of :func:`avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.arange(15.0).reshape(3, 5), (1, 2))
    array([[6., 8.]])
    """
    key = (2, output_size, data_format, nan, nodata, rounding)
    return pool(adaptive_mean, x, key, out)[0]


def adaptive_avg_pool3d(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    rounding: Rounding = "half_up",
    out: Array | None = None,
) -> Array:
    """Keep the mean of each of `output_size` windows that cover the input, over three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as
    torch's; None keeps an axis's size. Shapes, dtypes, the other parameters
    and errors are those of :func:`avg_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool3d(np.arange(8.0).reshape(2, 2, 2), (1, 1, None))
    array([[[3., 4.]]])
    """
    key = (3, output_size, data_format, nan, nodata, rounding)
    return pool(adaptive_mean, x, key, out)[0]


def global_avg_pool(
    x: Any, *, data_format: str | None = None, keepdims: bool = True, out: Array | None = None
) -> Array:
    """Keep the mean of each channel of each sample.

    The spatial axes are those from 2 on, or with ``data_format="NHWC"`` (or "NLC", "NDHWC") 1
    to -2. "CHW" and "HWC" are one sample's, "HW" one plane's, and so with L and DHW in place of
    HW. `keepdims` leaves the spatial axes in the shape as 1. Dtypes are :func:`avg_pool2d`'s.

    Examples
    --------
    >>> import numpy as np
    >>> global_avg_pool(np.arange(12.0).reshape(1, 2, 3, 2), keepdims=False)
    array([[2.5, 8.5]])
    """
    return pool(global_mean, x, (data_format, keepdims), out)[0]
