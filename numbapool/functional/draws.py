"""Stochastic pooling: over sliding windows, to a size, and over whole channels."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import adaptive, over_all, pool, sliding
from numbapool.reducers.dtypes import NaN
from numbapool.reducers.mixtures import Drawing
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import OutputSize, Padding

__all__ = [
    "adaptive_stochastic_pool1d",
    "adaptive_stochastic_pool2d",
    "adaptive_stochastic_pool3d",
    "global_stochastic_pool",
    "stochastic_pool1d",
    "stochastic_pool2d",
    "stochastic_pool3d",
]


def stochastic_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    seed: int = 0,
    mode: Drawing = "sample",
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
    """Keep a randomly drawn element of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`stochastic_pool2d`.

    Examples
    --------
    >>> stochastic_pool1d([0.0, 5.0, -2.0, 0.0], 2)
    array([5., 0.])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "stochastic", 1, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, seed, mode), out, device, stream)[0]


def stochastic_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    seed: int = 0,
    mode: Drawing = "sample",
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
    """Keep a randomly drawn element of each window over two axes.

    Shapes are (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``. An element x is drawn
    with the chance ``max(x, 0) / sum(max(x, 0))``; a window without elements above 0 gives 0
    (Zeiler and Fergus, 2013). ``mode="expected"`` gives the average of the draws, for use after
    training. Each result has a draw of its own, from its place among the results and `seed`, so
    threads change nothing. Floats keep their dtype; integers and bool give float64. inf gives inf.
    Padding never counts; the other parameters and errors are those of :func:`max_pool2d`; a `seed`
    below 0 or past 64 bits, or an unknown `mode`, is a PoolValueError.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.6, 0.0, 0.0], [0.0, 1.2, 0.0], [0.0, 0.0, 1.2]])
    >>> stochastic_pool2d(x, 3, mode="expected").round(2)
    array([[1.36]])
    >>> stochastic_pool2d(np.tile(x, (1, 4)), 3, seed=1)
    array([[1.6, 1.2, 1.6, 1.2]])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "stochastic", 2, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, seed, mode), out, device, stream)[0]


def stochastic_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    seed: int = 0,
    mode: Drawing = "sample",
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
    """Keep a randomly drawn element of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`stochastic_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> stochastic_pool3d(np.ones((2, 2, 2)), 2)
    array([[[1.]]])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = "stochastic", 3, *window
    counted = data_format, nan, nodata, min_count
    return pool(sliding, x, (*key, *counted, seed, mode), out, device, stream)[0]


def adaptive_stochastic_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    seed: int = 0,
    mode: Drawing = "sample",
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep a randomly drawn element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`stochastic_pool1d`.

    Examples
    --------
    >>> adaptive_stochastic_pool1d([1.0, 1.0, 2.0, 2.0], 2)
    array([1., 2.])
    """
    key = "stochastic", 1, output_size, data_format, nan, nodata, min_count, seed, mode
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_stochastic_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    seed: int = 0,
    mode: Drawing = "sample",
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep a randomly drawn element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`stochastic_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_stochastic_pool2d(np.ones((3, 5)), (1, 2))
    array([[1., 1.]])
    """
    key = "stochastic", 2, output_size, data_format, nan, nodata, min_count, seed, mode
    return pool(adaptive, x, key, out, device, stream)[0]


def adaptive_stochastic_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    *,
    seed: int = 0,
    mode: Drawing = "sample",
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep a randomly drawn element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch's adaptive poolings. None keeps an axis's size. Shapes, dtypes, the other parameters and
    errors are those of :func:`stochastic_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_stochastic_pool3d(np.ones((2, 2, 2)), 1)
    array([[[1.]]])
    """
    key = "stochastic", 3, output_size, data_format, nan, nodata, min_count, seed, mode
    return pool(adaptive, x, key, out, device, stream)[0]


def global_stochastic_pool(
    x: ArrayLike,
    *,
    seed: int = 0,
    mode: Drawing = "sample",
    data_format: str | None = None,
    keepdims: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep a randomly drawn element of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`stochastic_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_stochastic_pool(np.array([[[0.0, 1.0, 2.0, 3.0]]]), mode="expected").round(4)
    array([[[2.3333]]])
    """
    key = "stochastic", keepdims, data_format, nan, nodata, min_count, seed, mode
    return pool(over_all, x, key, out, device, stream)[0]
