"""Means over exact areas: to any size, with the parts of elements at the windows' borders."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import sharing
from numbapool.pooling.weighed import weighed
from numbapool.reducers.dtypes import NaN
from numbapool.reducers.means import Rounding
from numbapool.windows.window import OutputSize

__all__ = ["area_pool2d"]


def area_pool2d(
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
    """Keep the mean over the exact area of each window, to a size, over two axes.

    Along an axis of L elements, window i of O holds what lies between ``i * L / O`` and
    ``(i + 1) * L / O``. An element at a window's border counts with the part of it that lies in the
    window, so all windows weigh the same and each element counts once. It is the right way to make
    pictures smaller by factors that are not whole; OpenCV calls it INTER_AREA. The windows of
    :func:`adaptive_avg_pool2d` hold whole elements and overlap.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        bool, integers, float16, float32 or float64, in any layout and byte order.
    output_size : int, or pair of int or None
        The results' height and width; None keeps the input's.
    data_format, out, device, stream
        As in :func:`max_pool2d`.
    nan, nodata
        As in :func:`avg_pool2d`: what is left out leaves its part out of the divisor, too.
    min_count : int or float, optional
        How many elements must count in a window, parts added up, or which share of its area:
        windows with less give `nodata`, or NaN.
    rounding : {"half_up", "half_even", "floor"}
        How the mean of integers becomes an integer; it is computed from the exact sum.
    weights
        As in :func:`avg_pool2d`; an element's part in a window is multiplied by its weight.

    Returns
    -------
    ndarray of the input's dtype; float32 for bool
        Floats are added up in float64. If both sides are multiples of the result's, windows hold
        whole elements, and the result is that of :func:`avg_pool2d`.

    Raises
    ------
    PoolValueError, PoolTypeError
        If a parameter is out of range, for arrays that are not pooled, and if H and W are so large,
        and have so little in common with the result's, that the parts of a window are past 31 bits
        where they must be counted: for integers of 32 and more bits, and if elements are left out.

    Examples
    --------
    >>> import numpy as np
    >>> area_pool2d(np.array([[0.0, 3.0, 6.0]]), (1, 2))  # (0 + 3 / 2) / 1.5, (3 / 2 + 6) / 1.5
    array([[1., 5.]])
    >>> area_pool2d(np.array([[0, 9, 9]], np.uint8), (1, 2))
    array([[3, 9]], dtype=uint8)
    """
    key = "avg", 2, output_size, data_format, nan, nodata, min_count, rounding
    return weighed(sharing, x, weights, key, out, device, stream)[0]
