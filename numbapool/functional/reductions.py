"""Pooling by a reducer that the user defines."""

from __future__ import annotations

from typing import Any

from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import pool, sliding
from numbapool.reducers.users import as_reducer
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
    data_format: str | None = None,
    out: Array | None = None,
) -> Array:
    """Reduce each window over one axis by a reducer of your own.

    Shapes are (..., L), or (..., L, C) with ``data_format="NLC"``; all else is as in
    :func:`reduce_pool2d`.
    """
    key = as_reducer(reducer), 1, kernel_size, stride, padding, dilation, ceil_mode
    return pool(sliding, x, (*key, data_format, "propagate", None), out)[0]


def reduce_pool2d(
    x: ArrayLike,
    reducer: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    data_format: str | None = None,
    out: Array | None = None,
) -> Array:
    """Reduce each window over two axes by a reducer of your own.

    Parameters
    ----------
    x : array_like of shape (..., H, W), or (..., H, W, C) with ``data_format="NHWC"``
        What :func:`max_pool2d` takes.
    reducer : instance of a NamedTuple class
        Its fields are numbers, its methods plain Python that Numba compiles, their parameters
        named as here:

        - ``neutral(self)``: the accumulator that changes nothing when combined;
        - ``combine(self, a, b)``: two accumulators joined, in any order and grouping;
        - ``lift(self, value, row)``: an element, as a number of the accumulator's type, turned
          into an accumulator (the element itself if left out); `row` is numbapool's own;
        - ``prepare(self, weight)``: what `finish` needs for windows of that many elements;
        - ``finish(self, acc, scale)``: the result, of an accumulator and of what `prepare` gave
          (the accumulator itself if left out).

        Two class attributes may say more: ``accumulates``, the accumulator's dtype, or a tuple
        of up to three for accumulators that are tuples (float64), and ``gives``, the result's
        dtype (that of `x` if it is a float, else float64).
    kernel_size, stride, padding, dilation, ceil_mode, data_format, out
        As :func:`max_pool2d` takes them. Padding never counts.

    Returns
    -------
    ndarray

    Raises
    ------
    PoolValueError
        As :func:`max_pool2d`.
    PoolTypeError
        For a reducer that is none.

    Notes
    -----
    Such a kernel is compiled in each process that uses it: a file on disk would not show that the
    reducer, or a function that it calls, has changed.

    Examples
    --------
    >>> import numpy as np
    >>> from typing import NamedTuple
    >>> class GeometricMean(NamedTuple):
    ...     def neutral(self):
    ...         return 0.0
    ...     def lift(self, value, row):
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
    key = as_reducer(reducer), 2, kernel_size, stride, padding, dilation, ceil_mode
    return pool(sliding, x, (*key, data_format, "propagate", None), out)[0]


def reduce_pool3d(
    x: ArrayLike,
    reducer: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    data_format: str | None = None,
    out: Array | None = None,
) -> Array:
    """Reduce each window over three axes by a reducer of your own.

    Shapes are (..., D, H, W), or (..., D, H, W, C) with ``data_format="NDHWC"``; all else is as in
    :func:`reduce_pool2d`.
    """
    key = as_reducer(reducer), 3, kernel_size, stride, padding, dilation, ceil_mode
    return pool(sliding, x, (*key, data_format, "propagate", None), out)[0]
