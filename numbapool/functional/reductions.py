"""Pooling by a user's own reducer."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import pool, sliding
from numbapool.reducers.users import as_reducer
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import Padding

__all__ = ["reduce_pool1d", "reduce_pool2d", "reduce_pool3d"]


def reduce_pool1d(
    x: ArrayLike,
    reducer: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Reduce each window over one axis by a reducer of your own.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`reduce_pool2d`.
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = as_reducer(reducer), 1, *window
    return pool(sliding, x, (*key, data_format, "propagate", None, None), out, device, stream)[0]


def reduce_pool2d(
    x: ArrayLike,
    reducer: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Reduce each window over two axes by a reducer of your own.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        As in :func:`max_pool2d`.
    reducer : instance of a NamedTuple class
        Its fields are numbers. Its methods are plain Python that Numba compiles:

        - ``neutral(self)`` returns the accumulator that changes nothing when combined;
        - ``combine(self, a, b)`` joins two accumulators, in any order and grouping;
        - ``lift(self, value)`` turns an element, as a number of the accumulator's type, into an
          accumulator (default: the element itself). A third parameter is for numbapool's own use;
        - ``prepare(self, weight)`` returns the scale that `finish` needs for windows of `weight`
          elements;
        - ``finish(self, acc, scale)`` returns the result of an accumulator and the scale from
          `prepare` (default: the accumulator itself).

        Two class attributes may set dtypes. ``accumulates`` is the accumulator's dtype (default:
        float64), or a tuple of up to three for accumulators that are tuples. ``gives`` is the
        result's dtype (default: that of `x` if it is a float, else float64).
    kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint,
    data_format
        As in :func:`max_pool2d`. Padding counts only with a `padding_mode`.
    out, device, stream
        As in :func:`max_pool2d`.

    Returns
    -------
    ndarray

    Raises
    ------
    PoolValueError
        As :func:`max_pool2d`.
    PoolTypeError
        For an object that is no reducer, with a right one.

    Notes
    -----
    The kernel of a reducer is kept between processes. It is known by the methods' code and by all
    that this code refers to: constants, defaults, class attributes, globals, closures, and the
    functions of Numba's that it calls. If one of these is an object that can change, such as a
    list, each process compiles the kernel anew.

    Examples
    --------
    >>> import numpy as np
    >>> from typing import NamedTuple
    >>> class GeometricMean(NamedTuple):
    ...     def neutral(self):
    ...         return 0.0
    ...     def lift(self, value):
    ...         return np.log(value)
    ...     def combine(self, a, b):
    ...         return a + b
    ...     def prepare(self, weight):
    ...         return weight
    ...     def finish(self, acc, scale):
    ...         return np.exp(acc / scale)
    >>> reduce_pool2d([[1.0, 2.0], [4.0, 8.0]], GeometricMean(), 2).round(6)
    array([[2.828427]])
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = as_reducer(reducer), 2, *window
    return pool(sliding, x, (*key, data_format, "propagate", None, None), out, device, stream)[0]


def reduce_pool3d(
    x: ArrayLike,
    reducer: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Reduce each window over three axes by a reducer of your own.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`reduce_pool2d`.
    """
    window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    key = as_reducer(reducer), 3, *window
    return pool(sliding, x, (*key, data_format, "propagate", None, None), out, device, stream)[0]
