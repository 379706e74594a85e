"""Any and all pooling: over sliding windows, to a size, over whole channels."""

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
    "adaptive_all_pool1d",
    "adaptive_all_pool2d",
    "adaptive_all_pool3d",
    "adaptive_any_pool1d",
    "adaptive_any_pool2d",
    "adaptive_any_pool3d",
    "all_pool1d",
    "all_pool2d",
    "all_pool3d",
    "any_pool1d",
    "any_pool2d",
    "any_pool3d",
    "global_all_pool",
    "global_any_pool",
]


def any_pool1d(
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
    """Keep whether any element is true of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`any_pool2d`.

    Examples
    --------
    >>> any_pool1d([0, 0, 4, 0], 2)
    array([False,  True])
    """
    key = "any", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def any_pool2d(
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
    """Keep whether any element is true of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. Results are
    bool. A number is true if it is not zero; so NaN is true, as in NumPy. Elements that
    ``nan="skip"`` or `nodata` leave out are not asked. A window without elements gives False. The
    other parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> any_pool2d([[0.0, 0.5], [0.0, 0.0]], 2)
    array([[ True]])
    """
    key = "any", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def any_pool3d(
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
    """Keep whether any element is true of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`any_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> any_pool3d(np.zeros((2, 2, 2)), 2)
    array([[[False]]])
    """
    key = "any", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def adaptive_any_pool1d(
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
    """Keep whether any element is true of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`any_pool1d`.

    Examples
    --------
    >>> adaptive_any_pool1d([0, 0, 0, 1, 5], 2)
    array([False,  True])
    """
    key = "any", 1, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_any_pool2d(
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
    """Keep whether any element is true of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`any_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_any_pool2d(np.arange(15).reshape(3, 5) > 13, (1, 2))
    array([[False,  True]])
    """
    key = "any", 2, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_any_pool3d(
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
    """Keep whether any element is true of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`any_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_any_pool3d(np.arange(8).reshape(2, 2, 2), 1)
    array([[[ True]]])
    """
    key = "any", 3, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def global_any_pool(
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
    """Keep whether any element is true of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`any_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_any_pool(np.arange(12).reshape(1, 2, 3, 2) > 8, keepdims=False)
    array([[False,  True]])
    """
    key = "any", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]


def all_pool1d(
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
    """Keep whether all elements are true of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`all_pool2d`.

    Examples
    --------
    >>> all_pool1d([1, 0, 4, 2], 2)
    array([False,  True])
    """
    key = "all", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def all_pool2d(
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
    """Keep whether all elements are true of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. Results are
    bool. A number is true if it is not zero; so NaN is true, as in NumPy. Elements that
    ``nan="skip"`` or `nodata` leave out are not asked. A window without elements gives True. The
    other parameters and errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> all_pool2d([[0.5, 0.5], [1.0, 0.0]], 2)
    array([[False]])
    """
    key = "all", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def all_pool3d(
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
    """Keep whether all elements are true of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`all_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> all_pool3d(np.ones((2, 2, 2)), 2)
    array([[[ True]]])
    """
    key = "all", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    return pool(sliding, x, (*key, data_format, nan, nodata, min_count), out, device, stream)[0]


def adaptive_all_pool1d(
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
    """Keep whether all elements are true of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`all_pool1d`.

    Examples
    --------
    >>> adaptive_all_pool1d([0, 0, 2, 1, 5], 2)
    array([False,  True])
    """
    key = "all", 1, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_all_pool2d(
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
    """Keep whether all elements are true of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`all_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_all_pool2d(np.arange(15).reshape(3, 5) > 1, (1, 2))
    array([[False,  True]])
    """
    key = "all", 2, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_all_pool3d(
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
    """Keep whether all elements are true of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`all_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_all_pool3d(np.arange(8).reshape(2, 2, 2), 1)
    array([[[False]]])
    """
    key = "all", 3, output_size, data_format, nan, nodata, min_count
    return pool(adaptive, x, key, out, device, stream)[0]


def global_all_pool(
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
    """Keep whether all elements are true of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`all_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_all_pool(np.arange(12).reshape(1, 2, 3, 2) > 5, keepdims=False)
    array([[False,  True]])
    """
    key = "all", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]
