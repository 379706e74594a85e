"""Windows to reduce in users' own kernels: functions of the device, and reducers as arguments.

A window is `rows` x `columns` elements of an array of two axes, from row `i` and column `j` on;
what lies outside the array is left out. A window without elements gives the neutral number::

    @cuda.jit
    def contrast(x, out, mean):
        i, j = cuda.grid(2)
        if i < out.shape[0] and j < out.shape[1]:
            out[i, j] = max_window(x, i, j, 3, 3) - window(mean, x, i, j, 3, 3)

    contrast[grid, block](x, out, reducer("mean", x.dtype, 3))
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np

from numbapool.cuda.device_plan import fields_of
from numbapool.cuda.faces import element, held, joined, like
from numbapool.cuda.target import is_float, overload
from numbapool.errors import PoolTypeError
from numbapool.pooling.pool import Pool, known_dtype
from numbapool.reducers.case import Case
from numbapool.reducers.methods import finish, neutral, prepare
from numbapool.windows.window import Window


class Reducer(NamedTuple):
    """A reducer as a kernel's argument: its fields, and numbers of its accumulators' types."""

    op: Any
    lanes: tuple[Any, ...]


def reducer(op: Any, dtype: Any, kernel_size: int | tuple[int, int], **own: Any) -> Reducer:
    """Return a reducer for windows of up to a size, for `window` in a kernel of your own.

    Parameters
    ----------
    op : str, NumPy function or reducer
        As in :class:`numbapool.Pool`.
    dtype : dtype_like
        The dtype of the elements.
    kernel_size : int or pair of int
        The largest window: the types of sums are chosen by it.
    **own
        `nan`, `nodata`, and the operator's own parameters.

    Raises
    ------
    PoolTypeError
        If the operator needs all elements of a window at once, as a median does.
    """
    pool, kind = Pool(op, kernel_size, **own), known_dtype(dtype)
    pool.refuse_several("reducer")
    if pool.request.min_count is not None:
        raise PoolTypeError("min_count is for the CPU: count the elements by a second reducer")
    window = cast(Window, pool.window)
    if window.footprint is not None:
        raise PoolTypeError("a footprint is for the CPU: leave elements out in your kernel")
    rows, columns = window.kernel_size
    sizes: dict[str, Any] = {"rows": rows, "columns": columns, "divisor": rows * columns}
    skip = pool.request.skip(kind)
    parameters = {k: v for k, v in pool.request.own if k != "count_include_pad"}
    found = pool.request.operator.reduce(Case(kind, skip, plane=1 << 62, **sizes), **parameters)
    if found.gathers:
        name = pool.request.operator.name
        raise PoolTypeError(f"{name} needs all elements of a window at once: pool2d has it")
    return Reducer(fields_of(found.op), tuple(lane.type(0) for lane in found.lanes))


def clipped(first, count, size):
    """Return the first and the end of the places from `first` on that lie inside an axis."""
    begin, end = max(first, 0), min(first + count, size)
    return begin, max(begin, end)


def window(by, x, i, j, rows, columns):
    """Return what a reducer keeps of a window, as a number or several: the result as it stands."""
    op, lanes = by.op, by.lanes
    top, bottom = clipped(i, rows, x.shape[0])
    left, right = clipped(j, columns, x.shape[1])
    acc = held(lanes, neutral(op))
    for row in range(top, bottom):
        for column in range(left, right):
            tap = element(op, lanes, x[row, column], row * x.shape[1] + column)
            acc = joined(op, lanes, acc, tap)
    return finish(op, acc, prepare(op, np.int64((bottom - top) * (right - left))))


def max_window(x, i, j, rows, columns):
    """Return the largest element of a window, or a NaN in it."""
    top, bottom = clipped(i, rows, x.shape[0])
    left, right = clipped(j, columns, x.shape[1])
    best = least(x)
    for row in range(top, bottom):
        for column in range(left, right):
            value = x[row, column]
            best = value if (value > best) | (value != value) else best
    return best


def sum_window(x, i, j, rows, columns):
    """Return the sum of a window: in float64, or in 64 bits for whole numbers."""
    top, bottom = clipped(i, rows, x.shape[0])
    left, right = clipped(j, columns, x.shape[1])
    total = like(zero(x), 0)
    for row in range(top, bottom):
        for column in range(left, right):
            total = like(total, total + like(total, x[row, column]))
    return total


def mean_window(x, i, j, rows, columns):
    """Return the mean of a window's elements as a float64; NaN of none."""
    top, bottom = clipped(i, rows, x.shape[0])
    left, right = clipped(j, columns, x.shape[1])
    return np.float64(sum_window(x, i, j, rows, columns)) / np.float64(
        (bottom - top) * (right - left)
    )


def least(x):
    """Return the least number of an array's dtype."""
    return _least_of(x.dtype)


def zero(x):
    """Return the zero of the dtype that sums of an array have."""
    return _zero_of(x.dtype)


def _least_of(dtype: Any) -> Any:
    if dtype.kind == "f":
        return dtype.type(-np.inf)
    return dtype.type(0 if dtype.kind == "b" else np.iinfo(dtype).min)


def _zero_of(dtype: Any) -> Any:
    return np.dtype({"f": "f8", "i": "i8"}.get(dtype.kind, "u8")).type(0)


def _dtype_of(kind: Any) -> Any:
    return np.dtype("bool" if str(kind).startswith("bool") else str(kind))


@overload(least)
def _least(x):
    kind = x.dtype
    number = -np.inf if is_float(kind) else int(_least_of(_dtype_of(kind)))
    return lambda x: kind(number)


@overload(zero)
def _zero(x):
    kind = type(_zero_of(_dtype_of(x.dtype)))
    return lambda x: kind(0)


overload(clipped)(lambda first, count, size: clipped)
overload(window)(lambda by, x, i, j, rows, columns: window)
overload(max_window)(lambda x, i, j, rows, columns: max_window)
overload(sum_window)(lambda x, i, j, rows, columns: sum_window)
overload(mean_window)(lambda x, i, j, rows, columns: mean_window)
