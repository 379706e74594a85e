"""Mean pooling: over sliding windows, to a size, over whole channels."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import adaptive, over_all, sliding
from numbapool.pooling.weighed import weighed
from numbapool.reducers.dtypes import NaN
from numbapool.reducers.means import Rounding
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import OutputSize, Padding

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "global_avg_pool",
]


def avg_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Ints = 1,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    rounding: Rounding = "half_up",
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`avg_pool2d`.

    Examples
    --------
    >>> avg_pool1d([1.0, 2.0, 4.0, 8.0], 2)
    array([1.5, 6. ])
    """
    key = "avg", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    own = count_include_pad, divisor_override, rounding
    counted = data_format, nan, nodata, min_count
    return weighed(sliding, x, weights, (*key, *counted, *own), out, device, stream)[0]


def avg_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Ints = 1,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    rounding: Rounding = "half_up",
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean of each window over two axes.

    The windows are those of :func:`max_pool2d`, as in torch.nn.AvgPool2d.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        bool, integers, float16, float32 or float64, in any layout and byte order.
    kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint,
    data_format
        As in :func:`max_pool2d`; the padding counts as zeros.
    count_include_pad : bool
        Divide by the window's taps inside the padded input, else by its taps inside the input.
        Taps of a ceil window past the padding never count, nor does "same" padding without a
        `padding_mode`. With one all padding counts, and False is an error.
    divisor_override : int, optional
        Divide by this number instead.
    nan : {"propagate", "skip"}
        Whether NaN makes its windows NaN, or is left out of both sum and divisor.
    nodata : number, optional
        A value to leave out in the same way; a window of nothing else gives this value.
    rounding : {"half_up", "half_even", "floor"}
        How the mean of integers becomes an integer. It is computed from the exact sum, and kept
        within the dtype's range if `divisor_override` or negative weights would lead outside.
    weights : array_like, optional
        Numbers that x's elements weigh, as in :func:`numpy.average`: an array that broadcasts to x,
        or one of the pooled axes alone, for all channels. The mean is ``sum(w * x) / sum(w)``. A
        weight of 0 leaves its element out, even if that is NaN. What lies outside the input weighs
        nothing, or with a `padding_mode` by name as much as its own element. If a window's weights
        add up to 0, it gives `nodata`, or NaN, or 0 if x holds neither. For integers and whole
        weights the mean is rounded once, from the exact quotient; else it is computed in float64.
        NaN and infinite weights propagate; means of integers refuse them.
    out : ndarray, optional
        Where to write the result: of its shape and dtype, not overlapping `x`.
    device, stream
        As in :func:`max_pool2d`.

    Returns
    -------
    ndarray of the input's dtype; float32 for bool
        Windows of float32 are added up in float32 as long as few additions follow one another, up
        to some dozens of rows, or a hundred if windows overlap; higher ones in float64. float16 is
        added up in float32.

    Raises
    ------
    PoolValueError, PoolTypeError
        As :func:`max_pool2d`, for a `divisor_override` of zero, and for `weights` of another
        shape, with a `divisor_override` or on a GPU.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1.0, 17.0).reshape(4, 4)
    >>> avg_pool2d(x, 2)
    array([[ 3.5,  5.5],
           [11.5, 13.5]])
    >>> avg_pool2d(np.array([[0, 1], [1, 0]], np.uint8), 2)  # 0.5, rounded half up
    array([[1]], dtype=uint8)
    >>> avg_pool2d(x, 2, weights=[3, 1, 0, 1])  # the third column weighs nothing
    array([[ 3.25,  6.  ],
           [11.25, 14.  ]])
    """
    key = "avg", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    own = count_include_pad, divisor_override, rounding
    counted = data_format, nan, nodata, min_count
    return weighed(sliding, x, weights, (*key, *counted, *own), out, device, stream)[0]


def avg_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Ints = 1,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    rounding: Rounding = "half_up",
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
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
    key = "avg", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    own = count_include_pad, divisor_override, rounding
    counted = data_format, nan, nodata, min_count
    return weighed(sliding, x, weights, (*key, *counted, *own), out, device, stream)[0]


def adaptive_avg_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    rounding: Rounding = "half_up",
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean of each of `output_size` windows that cover the input, over one axis.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes, dtypes, the other parameters and errors are those of
    :func:`avg_pool1d`.

    Examples
    --------
    >>> adaptive_avg_pool1d([1.0, 2.0, 3.0, 4.0, 5.0], 2)
    array([2., 4.])
    """
    key = "avg", 1, output_size, data_format, nan, nodata, min_count, rounding
    return weighed(adaptive, x, weights, key, out, device, stream)[0]


def adaptive_avg_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    rounding: Rounding = "half_up",
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean of each of `output_size` windows that cover the input, over two axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes, dtypes, the other parameters and errors are those of
    :func:`avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.arange(15.0).reshape(3, 5), (1, 2))
    array([[6., 8.]])
    """
    key = "avg", 2, output_size, data_format, nan, nodata, min_count, rounding
    return weighed(adaptive, x, weights, key, out, device, stream)[0]


def adaptive_avg_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    rounding: Rounding = "half_up",
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean of each of `output_size` windows that cover the input, over three axes.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes, dtypes, the other parameters and errors are those of
    :func:`avg_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool3d(np.arange(8.0).reshape(2, 2, 2), (1, 1, None))
    array([[[3., 4.]]])
    """
    key = "avg", 3, output_size, data_format, nan, nodata, min_count, rounding
    return weighed(adaptive, x, weights, key, out, device, stream)[0]


def global_avg_pool(
    x: ArrayLike,
    *,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    rounding: Rounding = "half_up",
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mean of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_avg_pool(np.arange(12.0).reshape(1, 2, 3, 2), keepdims=False)
    array([[2.5, 8.5]])
    """
    key = "avg", keepdims, data_format, nan, nodata, min_count, rounding
    return weighed(over_all, x, weights, key, out, device, stream)[0]
