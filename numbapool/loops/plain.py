"""Kernels to import: pooling loops to call from your own compiled code.

Each is compiled by ``@njit(parallel=True, nogil=True)`` and kept in numbapool's guarded folder.
``kernel(x, out, kernel, stride, pads)`` fills `out` and returns nothing. Only the types are
checked:

- `x` and `out` are C-contiguous arrays of numbers (no float16), of the same number of axes, and
  share no memory; their last axes are pooled, the others have the same sizes;
- `kernel`, `stride` and `pads` are tuples of one number per pooled axis: a window's size, how far
  it moves, and the padding before the first element. `out`'s shape says how many windows there
  are, and so how much padding follows the last element.

Padding never counts: a window's result comes from its elements inside `x`. A window without
elements gives the neutral number: the least number for a maximum, 0 for a sum, NaN for a mean of
floats.

These are the loops of :mod:`numbapool.loops.windowed`, with the same reducers as all other loops.
They go window by window, so they are slower than :func:`numbapool.max_pool2d` and its siblings,
which take any array and any option.

>>> import numpy as np
>>> from numba import njit
>>> from numbapool.kernels import max_pool2d
>>> @njit
... def halved(x):
...     out = np.empty((x.shape[0] // 2, x.shape[1] // 2), x.dtype)
...     max_pool2d(x, out, (2, 2), (2, 2), (0, 0))
...     return out
>>> halved(np.arange(16.0).reshape(4, 4))
array([[ 5.,  7.],
       [13., 15.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange, types
from numba.extending import intrinsic, overload

from numbapool.loops.forms import Native
from numbapool.loops.geometry import AT, AXIS, BORDER, HEAD, Geometry
from numbapool.loops.options import JIT
from numbapool.loops.pointers import geometry_type
from numbapool.loops.windowed import pool_windows, select_windows
from numbapool.reducers.extremes import Extreme
from numbapool.reducers.means import HALF_UP, Mean, RoundedMean
from numbapool.reducers.selectors import LowerMedian, Median
from numbapool.reducers.sums import Sum
from numbapool.reducers.ways import Keep, Largest, Smallest, variant

kernel_options: dict[str, Any] = {"parallel": True, "nogil": True}


@njit(**kernel_options)
def max_pool2d(x, out, kernel, stride, pads):
    """Set each element of `out` to the largest of its window; a NaN in it is the largest.

    >>> x, out = np.array([[1, 5, 2, 0], [3, 4, 8, 6]]), np.empty((1, 2), np.int64)
    >>> max_pool2d(x, out, (2, 2), (2, 2), (0, 0))
    >>> out
    array([[5, 8]])
    """
    numbers, rows = windows(x, out, kernel, stride, pads)
    lanes = lane_like(x)
    for row in prange(rows):
        pool_row(largest(x), lanes, x, out, numbers, row)


@njit(**kernel_options)
def min_pool2d(x, out, kernel, stride, pads):
    """Set each element of `out` to the smallest of its window; a NaN in it is the smallest.

    >>> x, out = np.array([[1.0, 5.0, 2.0], [3.0, 4.0, 8.0]]), np.empty((2, 3))
    >>> min_pool2d(x, out, (1, 3), (1, 1), (0, 1))
    >>> out
    array([[1., 1., 2.],
           [3., 3., 4.]])
    """
    numbers, rows = windows(x, out, kernel, stride, pads)
    lanes = lane_like(x)
    for row in prange(rows):
        pool_row(smallest(x), lanes, x, out, numbers, row)


@njit(**kernel_options)
def sum_pool2d(x, out, kernel, stride, pads):
    """Set each element of `out` to its window's sum, added up in `out`'s dtype.

    >>> x, out = np.full((1, 4), 200, np.int16), np.empty((1, 2), np.int64)
    >>> sum_pool2d(x, out, (1, 2), (1, 2), (0, 0))
    >>> out
    array([[400, 400]])
    """
    numbers, rows = windows(x, out, kernel, stride, pads)
    lanes = lane_like(out)
    for row in prange(rows):
        pool_row(total(out), lanes, x, out, numbers, row)


@njit(**kernel_options)
def avg_pool2d(x, out, kernel, stride, pads):
    """Set each element of `out` to its window's mean; an `out` of integers is rounded half up.

    Floats add up in float64. Integers add up exactly while sums stay below 2**50.

    >>> x, out = np.array([[1, 2, 4, 8]], np.int16), np.empty((1, 2))
    >>> avg_pool2d(x, out, (1, 2), (1, 2), (0, 0))
    >>> out
    array([[1.5, 6. ]])
    """
    numbers, rows = windows(x, out, kernel, stride, pads)
    lanes = mean_lane(out)
    for row in prange(rows):
        pool_row(mean(out), lanes, x, out, numbers, row)


@njit(**kernel_options)
def median_pool2d(x, out, kernel, stride, pads):
    """Set each element of `out` to its window's median; if `out` is of integers, the lower median.

    >>> x, out = np.array([[1.0, 9.0, 2.0, 4.0]]), np.empty((1, 2))
    >>> median_pool2d(x, out, (1, 3), (1, 1), (0, 0))
    >>> out
    array([[2., 4.]])
    """
    numbers, rows = windows(x, out, kernel, stride, pads)
    taps = 1
    for size in kernel:
        taps *= size
    for row in prange(rows):
        select_row(median(out), taps, x, out, numbers, row)


max_pool1d = max_pool3d = max_pool2d
min_pool1d = min_pool3d = min_pool2d
sum_pool1d = sum_pool3d = sum_pool2d
avg_pool1d = avg_pool3d = avg_pool2d
median_pool1d = median_pool3d = median_pool2d

KERNELS = (max_pool2d, min_pool2d, sum_pool2d, avg_pool2d, median_pool2d)
"""Each serves one, two and three axes."""


# The parts of the kernels.

LARGEST, SMALLEST = variant(Extreme, Largest, Keep), variant(Extreme, Smallest, Keep)
TOTAL_OF = variant(Sum, Keep)
LOWER_MEDIAN, MEDIAN = variant(LowerMedian, Keep), variant(Median, Keep)


def largest(x):
    """Return the reducer to the largest element of `x`."""
    low = ends(x.dtype)[0]
    return LARGEST(low, low)


def smallest(x):
    """Return the reducer to the smallest element of `x`."""
    high = ends(x.dtype)[1]
    return SMALLEST(high, high)


def total(out):
    """Return the reducer to a sum of `out`'s dtype."""
    zero = out.dtype.type(0)
    return TOTAL_OF(zero, zero)


def mean(out):
    """Return the reducer to a mean."""
    if out.dtype.kind == "f":
        return Mean(np.float64(0.0))
    low, high = (np.float64(end) for end in ends(out.dtype))
    return RoundedMean(np.int64(0), np.int64(HALF_UP), low, high)


def mean_lane(out):
    """Return a lane for a mean: the loops look at its type alone."""
    return (np.empty(1, np.float64 if out.dtype.kind == "f" else np.int64),)


def median(out):
    """Return the selector of a median."""
    zero = out.dtype.type(0)
    return MEDIAN(zero, zero) if out.dtype.kind == "f" else LOWER_MEDIAN(zero, zero)


def ends(dtype):
    """Return a dtype's least and greatest number."""
    if dtype.kind == "f":
        return dtype.type(-np.inf), dtype.type(np.inf)
    if dtype.kind == "b":
        return np.False_, np.True_
    return dtype.type(np.iinfo(dtype).min), dtype.type(np.iinfo(dtype).max)


@overload(largest)
def _largest(x):
    kind, low = x.dtype, ends(np.dtype(str(x.dtype)))[0]
    return lambda x: LARGEST(kind(low), kind(low))


@overload(smallest)
def _smallest(x):
    kind, high = x.dtype, ends(np.dtype(str(x.dtype)))[1]
    return lambda x: SMALLEST(kind(high), kind(high))


@overload(total)
def _total(out):
    kind = out.dtype
    return lambda out: TOTAL_OF(kind(0), kind(0))


@overload(mean)
def _mean(out):
    if isinstance(out.dtype, types.Float):
        return lambda out: Mean(0.0)
    low, high = map(float, ends(np.dtype(str(out.dtype))))
    return lambda out: RoundedMean(np.int64(0), np.int64(HALF_UP), low, high)


@overload(mean_lane)
def _mean_lane(out):
    kind = np.float64 if isinstance(out.dtype, types.Float) else np.int64
    return lambda out: (np.empty(1, kind),)


@overload(median)
def _median(out):
    kind = out.dtype
    if isinstance(kind, types.Float):
        return lambda out: MEDIAN(kind(0), kind(0))
    return lambda out: LOWER_MEDIAN(kind(0), kind(0))


@njit(**JIT)
def lane_like(x):
    """Return a lane of an array's dtype: the loops look at its type alone."""
    return (np.empty(1, x.dtype),)


TOTAL, PIECES, INNER = (HEAD.index(name) for name in ("total", "pieces", "inner"))
SIZE, OUT, DILATION, BORDERS = (AXIS.index(n) for n in ("size", "out", "dilation", "borders"))
AXIS_COUNT, FIRST_AXIS = len(AXIS), AT["depth"]
END = FIRST_AXIS + len(AT) * AXIS_COUNT


@njit(**JIT)
def windows(x, out, kernel, stride, pads):
    """Return the geometry, with every window in the table of borders, and the rows of `out`."""
    pooled = len(kernel)
    count = 3 - pooled
    for n in range(pooled):
        count += out.shape[out.ndim - pooled + n]
    numbers = np.zeros(END + BORDER * count, np.int64)
    rows = out.size // out.shape[out.ndim - 1] if out.size > 0 else 0
    numbers[TOTAL], numbers[PIECES], numbers[INNER] = x.size, rows, 1
    at = END
    for n in range(3):
        size, results, taps, step, before = 1, 1, 1, 1, 0
        own = n - (3 - pooled)
        if own >= 0:
            size, results = x.shape[x.ndim - pooled + own], out.shape[out.ndim - pooled + own]
            taps, step, before = kernel[own], stride[own], pads[own]
        block = FIRST_AXIS + n * AXIS_COUNT
        numbers[block + SIZE], numbers[block + OUT] = size, results
        numbers[block + DILATION], numbers[block + BORDERS] = 1, at
        for i in range(results):
            first = max(i * step - before, 0)
            held = max(min(i * step - before + taps, size) - first, 0)
            numbers[at], numbers[at + 1], numbers[at + 2] = first, held, held
            at += BORDER
    return numbers, rows


@njit(**JIT)
def pool_row(op, lanes, x, out, numbers, row):
    """Fill one row of `out`."""
    flat, outs = x.reshape(-1), (out.reshape(-1),)
    pool_windows(op, Native(), flat, outs, geometry_of(numbers), lanes, 0, row, row + 1)


@njit(**JIT)
def select_row(op, taps, x, out, numbers, row):
    """Fill one row of `out` by a selector, which needs all elements of a window at once."""
    flat, outs = x.reshape(-1), (out.reshape(-1),)
    lanes = (np.empty(taps + 1, x.dtype),)
    select_windows(op, Native(), flat, outs, geometry_of(numbers), lanes, 0, row, row + 1)


def geometry_of(numbers):
    """Return the numbers as the loops read them."""
    return Geometry(numbers)


@intrinsic
def _geometry_of(typingctx, numbers):
    def codegen(context, builder, signature, args):
        return context.make_array(numbers)(context, builder, args[0]).data

    return geometry_type(numbers), codegen


@overload(geometry_of)
def _pointer_of(numbers):
    return lambda numbers: _geometry_of(numbers)
