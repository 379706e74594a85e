"""Blur pooling: sliding binomial filters, alone or after max pooling."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.functional.maxima import max_pool2d
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import blurring
from numbapool.pooling.weighed import weighed
from numbapool.windows.numbers import Ints

__all__ = ["blur_pool2d", "max_blur_pool2d"]


def blur_pool2d(
    x: ArrayLike,
    filter_size: Ints = 3,
    stride: Ints = 2,
    padding_mode: str = "reflect",
    *,
    data_format: str | None = None,
    weights: ArrayLike | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the binomial blur of each window over two axes, as anti-aliased networks do.

    Of k taps along an axis, tap i weighs ``comb(k - 1, i) / 2 ** (k - 1)`` (Zhang, 2019).
    ``(k - 1) // 2`` elements are padded before the input and ``k // 2`` after it, so L elements
    give ``ceil(L / stride)``.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        bool, integers, float16, float32 or float64, in any layout and byte order.
    filter_size : int or pair
        Taps along each axis, up to 16.
    stride : int or pair
        How far a window moves.
    padding_mode : "reflect", "zeros", "symmetric", "replicate" or "circular"
        The elements outside the input, as in :func:`max_pool2d`; zeros count.
    data_format, out, device, stream
        As in :func:`max_pool2d`.
    weights
        As in :func:`avg_pool2d`: a blur of the products, divided by a blur of the weights.

    Returns
    -------
    ndarray
        It has the input's dtype; bool gives float32. Integers come from an exact sum, rounded half
        up. NaN and infinities propagate. A constant stays constant, except that filters of more
        than three taps may change the last places of float64.

    Raises
    ------
    PoolValueError, PoolTypeError
        If a parameter is out of range, if an axis is too short for the padding mode, or for arrays
        that are not pooled.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(1.0, 17.0).reshape(4, 4)
    >>> blur_pool2d(x)
    array([[ 3.5,  5. ],
           [ 9.5, 11. ]])
    >>> blur_pool2d(x, padding_mode="zeros")
    array([[ 1.5 ,  3.25],
           [ 7.  , 11.  ]])
    """
    key = "blur", 2, filter_size, stride, padding_mode, data_format
    return weighed(blurring, x, weights, key, out, device, stream)[0]


def max_blur_pool2d(
    x: ArrayLike,
    kernel_size: Ints = 2,
    filter_size: Ints = 3,
    stride: Ints = 2,
    padding_mode: str = "reflect",
    *,
    data_format: str | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep the blur of the maxima of windows at every place: anti-aliased max pooling.

    It is ``blur_pool2d(max_pool2d(x, kernel_size, 1), filter_size, stride, padding_mode)``, with
    the same parameters, dtypes and errors.

    Examples
    --------
    >>> import numpy as np
    >>> max_blur_pool2d(np.arange(1.0, 17.0).reshape(4, 4))
    array([[ 8.5,  9.5],
           [12.5, 13.5]])
    """
    where: dict[str, Any] = {"data_format": data_format, "device": device, "stream": stream}
    largest = max_pool2d(x, kernel_size, 1, **where)
    return blur_pool2d(largest, filter_size, stride, padding_mode, out=out, **where)
