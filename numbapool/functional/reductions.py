"""Pooling by a reducer that the user defines."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.compile.spec import numbers_of
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.functional.call import planner, pool
from numbapool.inputs import DTYPES
from numbapool.plan.choose import Plan, make_plan
from numbapool.reducers.dtypes import Reduction
from numbapool.run.call import Array
from numbapool.windows.axes import Ints, Padding
from numbapool.windows.layout import layout_of, refuse_empty_windows, windows_of

MOST_FIELDS = 16
"""Half of the slots that a kernel's arguments have."""


def reduction_of(reducer: Any, dtype: np.dtype[Any]) -> Reduction:
    """Return what a user's reducer does to arrays of a dtype.

    Raises
    ------
    PoolTypeError
        Where it is no NamedTuple of numbers with the methods that a reducer needs.
    """
    kind = type(reducer)
    if not (isinstance(reducer, tuple) and hasattr(kind, "_fields")):
        raise PoolTypeError(f"a reducer is an instance of a NamedTuple class, not {shown(reducer)}")
    lacking = [name for name in ("neutral", "combine") if not hasattr(kind, name)]
    if lacking:
        raise PoolTypeError(f"{kind.__name__} has no method {' and no '.join(lacking)}")
    if len(numbers_of(reducer)) > MOST_FIELDS:
        raise PoolValueError(
            f"{kind.__name__} has {len(kind._fields)} fields: up to {MOST_FIELDS} can be"
        )
    given = getattr(kind, "accumulates", np.float64)
    lanes = tuple(map(np.dtype, given if isinstance(given, tuple) else (given,)))
    if not 1 <= len(lanes) <= 3:
        raise PoolValueError(f"{kind.__name__} accumulates {len(lanes)} numbers: 1 to 3 can be")
    gives = np.dtype(getattr(kind, "gives", dtype if dtype.kind == "f" else np.float64))
    wrong = [lane for lane in lanes if lane == np.float16] + [
        part for part in (*lanes, gives) if part not in DTYPES
    ]
    if wrong:
        raise PoolTypeError(f"{kind.__name__} accumulates or gives {wrong[0]}, which cannot be")
    if (gives == np.float16) != (dtype == np.float16):
        raise PoolTypeError(  # a kernel both reads and writes its bits, or neither
            f"{kind.__name__} gives {gives} and was given an array of {dtype}: "
            "convert that where one of the two is float16 and the other is not"
        )
    return Reduction(reducer, lanes, (gives,), weighted=True)


@planner
def sliding_reduction(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    reducer: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    data_format: str | None,
) -> tuple[Plan, Reduction]:
    """Plan pooling by a user's reducer with a window that slides."""
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    refuse_empty_windows(layout, axes, "a reducer's result")
    reduction = reduction_of(reducer, dtype)
    return make_plan(layout, axes, dtype, reduction), reduction


def reduce_pool1d(
    x: Any,
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
    key = (1, reducer, kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_reduction, x, key, out)[0]


def reduce_pool2d(
    x: Any,
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
          into an accumulator (the element itself where left out); `row` is numbapool's own;
        - ``prepare(self, weight)``: what `finish` needs for windows of that many elements;
        - ``finish(self, acc, scale)``: the result, of an accumulator and of what `prepare` gave
          (the accumulator itself where left out).

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
    Such a kernel is compiled in each process that uses it: what is kept on disk would not show
    that the reducer, or what it calls, had changed.

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
    key = (2, reducer, kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_reduction, x, key, out)[0]


def reduce_pool3d(
    x: Any,
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
    key = (3, reducer, kernel_size, stride, padding, dilation, ceil_mode, data_format)
    return pool(sliding_reduction, x, key, out)[0]
