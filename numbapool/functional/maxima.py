"""Max pooling: over sliding windows, to a size, and over whole channels."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.functional.signatures import adapts, slides
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import Pair, adaptive, over_all, pool, sliding, unpair
from numbapool.reducers.dtypes import NaN
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import OutputSize, Padding

__all__ = [
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "global_max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]


@slides
def max_pool1d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of each window over one axis.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`max_pool2d`.

    Examples
    --------
    >>> max_pool1d([3, 1, 4, 1, 5, 9], 2)
    array([3, 4, 9])
    """
    key = "max", 1, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return unpair(pool(sliding, x, (*key, *counted, return_indices), out, device, stream))


@slides
def max_pool2d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of each window over two axes.

    The output has ``floor((L + before + after - dilation * (k - 1) - 1) / stride) + 1`` windows
    along an axis of L elements, as in torch.nn.MaxPool2d.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        bool, integers, float16, float32 or float64, in any layout and byte order. Tensors of torch
        and xarray's arrays come back as such.
    kernel_size : int or (int, int)
        The window's size.
    stride : int or (int, int), default `kernel_size`
        The step from window to window.
    padding : int, (int, int), ((top, bottom), (left, right)), "valid", "same" or "same_lower"
        The padding around the input, which is never kept. Given as ints it is at most half a
        window, as in torch; pairs may be wider, and so may padding with a `padding_mode`. "same"
        makes ``ceil(L / stride)`` windows.
    dilation : int or (int, int)
        The distance between a window's taps.
    ceil_mode : bool
        Round the number of windows up: the last may reach past the input.
    return_indices : bool
        Return each element's place too: its flat place within its plane, without channels.
    padding_mode : str or number, optional
        The elements in the padding, which then count as elements of the input do, also to `nan`
        and `nodata`. "zeros", or a number that the dtype holds; "reflect" (or "mirror"): the input
        mirrored at its outermost element; "symmetric": the same with that element repeated;
        "replicate" (or "edge"): the outermost element; "circular" (or "wrap"): the other end of
        the input. By default the padding is left out. It works on arrays in the CPU's memory, and
        `return_indices` needs a mode that keeps to the input's elements.
    footprint : array_like of bool, "disk", "cross" or "ring", optional
        The elements of the window that it takes: an array of the shape `kernel_size`, or a shape by
        name, as large as `kernel_size`, which is odd. A disk of size ``2 * r + 1`` holds what lies
        within r of its centre, a cross what lies straight along an axis, a ring the disk's edge.
        It works on arrays in the CPU's memory.
    data_format : {"NCHW", "NHWC", "CHW", "HWC", "HW"}, in any case
        The order of the axes; "NCHW" if not given. A name with N takes any number of axes before
        the others, so "NHWC" serves a picture too; a name without N must name every axis. In
        functions over one axis L stands in place of HW, in functions over three axes DHW.
    nan : {"propagate", "skip"}
        Whether NaN comes before every number, or is left out (a window of NaN alone gives NaN).
    nodata : number, optional
        A value to leave out; a window of nothing else gives this value. It is compared in the
        input's own dtype: a float is rounded to that dtype, and a number that the dtype cannot
        hold leaves nothing out.
    min_count : int or float, optional
        How many elements of a window must count: a whole number, or as a float up to 1.0 the share
        of the window's elements inside the input. A window with fewer gives `nodata`, or NaN if
        there is none; it is an error if the result's dtype cannot hold that. It goes with `nan`
        or `nodata`, not with `return_indices`, and the CPU alone has it.
    out : ndarray, optional
        Where to write the result: of its shape and dtype, not overlapping `x`. With
        `return_indices`, a pair. For an array on a GPU it lies there too.
    device : {"cpu", "cuda", "auto"}, optional
        Where to pool. By default an array on a CUDA device (of torch, CuPy, JAX, numba) is pooled
        there and comes back as its library's, any other array on the CPU. "cuda" sends an array
        of the host to the GPU and back, "auto" only where that takes less time.
    stream : stream of torch, CuPy or numba, or its handle, optional
        The stream to pool an array on a GPU on; by default the current one of its library.

    Returns
    -------
    ndarray of the input's dtype, and with `return_indices` one of int64
        The place is that of the first of equal elements in row-major order, or of the last NaN.

    Raises
    ------
    PoolValueError
        For a parameter out of range, a window larger than the padded input, a window of padding
        that is left out, or an axis shorter than its padding (its elements mirrored or from the
        other end reach no further). It is a ValueError.
    PoolTypeError
        For a dtype that is not pooled, and masked arrays. It is a TypeError.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1, 17).reshape(1, 1, 4, 4)
    >>> max_pool2d(x, 2)[0, 0]
    array([[ 6,  8],
           [14, 16]])
    >>> values, places = max_pool2d(x, 2, return_indices=True)
    >>> places[0, 0]
    array([[ 5,  7],
           [13, 15]])
    >>> max_pool2d(x, 3, 1, footprint="cross")[0, 0]
    array([[10, 11],
           [14, 15]])
    """
    key = "max", 2, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return unpair(pool(sliding, x, (*key, *counted, return_indices), out, device, stream))


@slides
def max_pool3d(
    x: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of each window over three axes.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> max_pool3d(np.arange(8).reshape(2, 2, 2), 2)
    array([[[7]]])
    """
    key = "max", 3, kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    counted = data_format, nan, nodata, min_count
    return unpair(pool(sliding, x, (*key, *counted, return_indices), out, device, stream))


@adapts
def adaptive_max_pool1d(
    x: ArrayLike,
    output_size: OutputSize,
    return_indices: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes and the rest are as in :func:`max_pool1d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_max_pool1d(np.arange(5).reshape(5), 2).ravel()
    array([2, 4])
    """
    key = "max", 1, output_size, data_format, nan, nodata, min_count, return_indices
    return unpair(pool(adaptive, x, key, out, device, stream))


@adapts
def adaptive_max_pool2d(
    x: ArrayLike,
    output_size: OutputSize,
    return_indices: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes and the rest are as in :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_max_pool2d(np.arange(25).reshape(5, 5), 2).ravel()
    array([12, 14, 22, 24])
    """
    key = "max", 2, output_size, data_format, nan, nodata, min_count, return_indices
    return unpair(pool(adaptive, x, key, out, device, stream))


@adapts
def adaptive_max_pool3d(
    x: ArrayLike,
    output_size: OutputSize,
    return_indices: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    out: Array | Pair | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array | Pair:
    """Keep the largest element of each of `output_size` windows that cover the input.

    Window i of O over L elements spans ``floor(i * L / O)`` to ``ceil((i + 1) * L / O)``, as in
    torch. None keeps an axis's size. Shapes and the rest are as in :func:`max_pool3d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_max_pool3d(np.arange(125).reshape(5, 5, 5), 2).ravel()
    array([ 62,  64,  72,  74, 112, 114, 122, 124])
    """
    key = "max", 3, output_size, data_format, nan, nodata, min_count, return_indices
    return unpair(pool(adaptive, x, key, out, device, stream))


def global_max_pool(
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
    """Keep the largest element of each channel of each sample.

    The spatial axes are the axes from 2 on; with ``data_format="NHWC"`` (or "NLC", "NDHWC") they
    are the axes 1 to -2. "CHW" and "HWC" name one sample, "HW" one plane; L or DHW may stand in
    place of HW. `keepdims` keeps the spatial axes, with size 1. The other parameters, dtypes and
    errors are those of :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> global_max_pool(np.arange(12).reshape(1, 2, 3, 2), keepdims=False)
    array([[ 5, 11]])
    """
    key = "max", keepdims, data_format, nan, nodata, min_count
    return pool(over_all, x, key, out, device, stream)[0]
