"""Mixed mean pooling: over sliding windows, to a size, over whole channels."""

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
    "adaptive_mixed_pool1d",
    "adaptive_mixed_pool2d",
    "adaptive_mixed_pool3d",
    "global_mixed_pool",
    "mixed_pool1d",
    "mixed_pool2d",
    "mixed_pool3d",
]


def mixed_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    alpha: float = 0.5,
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
    """Keep a mixture of the largest element and the mean of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`mixed_pool2d`.

    Examples
    --------
    >>> mixed_pool1d([0.0, 1.0, 2.0, 3.0], 2)
    array([0.75, 2.75])
    """
    key = "mixed", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, alpha), out, device, stream)[0]


def mixed_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    alpha: float = 0.5,
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
    """Keep a mixture of the largest element and the mean of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. A mixed mean is
    ``alpha * max + (1 - alpha) * mean`` (Lee and others, 2016). Floats keep their dtype, computed
    in float64; integers and bool give float64. Padding never counts; the other parameters and
    errors are those of :func:`max_pool2d`; an `alpha` outside 0 to 1 is a PoolValueError.

    Examples
    --------
    >>> mixed_pool2d([[0, 1], [2, 3]], 2, alpha=0.25)
    array([[1.875]])
    """
    key = "mixed", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, alpha), out, device, stream)[0]


def mixed_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    alpha: float = 0.5,
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
    """Keep a mixture of the largest element and the mean of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`mixed_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> mixed_pool3d(np.arange(8.0).reshape(2, 2, 2), 2, alpha=1)
    array([[[7.]]])
    """
    key = "mixed", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, alpha), out, device, stream)[0]


def adaptive_mixed_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    alpha: float = 0.5,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mixed mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`mixed_pool1d`.

    Examples
    --------
    >>> adaptive_mixed_pool1d([0.0, 1.0, 2.0, 3.0], 2)
    array([0.75, 2.75])
    """
    key = "mixed", 1, output_size, data_format, nan, nodata, min_count, alpha
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_mixed_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    alpha: float = 0.5,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mixed mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`mixed_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_mixed_pool2d(np.ones((3, 5)), (1, 2))
    array([[1., 1.]])
    """
    key = "mixed", 2, output_size, data_format, nan, nodata, min_count, alpha
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_mixed_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    alpha: float = 0.5,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the mixed mean of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`mixed_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_mixed_pool3d(np.ones((2, 2, 2)), 1)
    array([[[1.]]])
    """
    key = "mixed", 3, output_size, data_format, nan, nodata, min_count, alpha
    return pool(adaptive, x, key, out, device, stream)[0]


def global_mixed_pool(
    x: ArrayLike,
    *,
    alpha: float = 0.5,
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep a mixture of the largest element and the mean of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`mixed_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_mixed_pool(np.array([[[0.0, 1.0, 2.0, 3.0]]]), keepdims=False)
    array([[2.25]])
    """
    key = "mixed", keepdims, data_format, nan, nodata, min_count, alpha
    return pool(over_all, x, key, out, device, stream)[0]
