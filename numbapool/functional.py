"""The pooling functions: check the arguments, plan, run.

Names, shapes and edge rules are PyTorch's. Every function takes any number of leading axes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from numbapool import dtypes
from numbapool.dtypes import NaN, Reduction, Rounding
from numbapool.layout import Layout, as_array, layout_of
from numbapool.plan import Plan, longest, make_plan, refuse_empty_windows, windows_of
from numbapool.run import Array, check_out, run, run_into
from numbapool.windows import Ints, Padding


def frozen(value: Any) -> Any:
    """Return a parameter that can be a key: lists and arrays become tuples."""
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(frozen(part) for part in value)
    return value


def pool(planner: Any, x: Any, key: tuple[Any, ...], out: Any) -> tuple[Array, ...]:
    """Pool `x` by the plan that `planner` makes for its shape, its dtype and `key`."""
    array = as_array(x)
    try:
        plan, reduction = planner(array.shape, array.dtype, *key)
    except TypeError:  # a parameter that is no key
        plan, reduction = planner(array.shape, array.dtype, *map(frozen, key))
    if out is None:
        return run(plan, reduction, array)
    target = check_out(out, plan.shape, reduction.outs[0], x)
    if target.flags.c_contiguous and target.dtype.isnative:
        run_into(plan, reduction, array, (target,))
    else:
        target[...] = run(plan, reduction, array)[0]
    return (target,)


@lru_cache(maxsize=512)
def _extreme_plan(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    largest: bool,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    indices: bool,
    data_format: str | None,
    nan: str,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    refuse_empty_windows(layout, axes, "a maximum" if largest else "a minimum")
    skip = dtypes.skip_for(dtype, nan, nodata)
    plane = int(np.prod(layout.spatial))
    reduction = dtypes.extreme(dtype, largest, indices, plane, skip)
    return make_plan(layout, axes, reduction), reduction


@lru_cache(maxsize=512)
def _average_plan(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
    dilation: Any,
    data_format: str | None,
    nan: str,
    rounding: Rounding,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    override = None
    if divisor_override is not None:
        override = dtypes.whole_number(divisor_override, "divisor_override")
    skip = dtypes.skip_for(dtype, nan, nodata)
    counted = count_include_pad and padding not in ("same", "same_lower")
    if not counted and override is None:
        refuse_empty_windows(layout, axes, "a mean without padding")
    reduction = dtypes.mean(dtype, *longest(axes), rounding, override, skip)
    return make_plan(layout, axes, reduction, counted, override), reduction


@lru_cache(maxsize=512)
def _sum_plan(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    dilation: Any,
    data_format: str | None,
    nan: str,
    nodata: float | None,
) -> tuple[Plan, Reduction]:
    layout = layout_of(shape, ndim, data_format)
    axes = windows_of(layout, kernel_size, stride, padding, dilation, ceil_mode)
    skip = dtypes.skip_for(dtype, nan, nodata)
    reduction = dtypes.total(dtype, *longest(axes), skip)
    return make_plan(layout, axes, reduction), reduction


def max_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the largest element of each window."""
    key = (2, True, kernel_size, stride, padding, dilation, ceil_mode, False)
    return pool(_extreme_plan, x, (*key, data_format, nan, nodata), out)[0]


def min_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the smallest element of each window."""
    key = (2, False, kernel_size, stride, padding, dilation, ceil_mode, False)
    return pool(_extreme_plan, x, (*key, data_format, nan, nodata), out)[0]


def avg_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    rounding: Rounding = "half_up",
    out: Array | None = None,
) -> Array:
    """Keep the mean of each window."""
    key = (2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return pool(_average_plan, x, (*key, dilation, data_format, nan, rounding, nodata), out)[0]


def sum_pool2d(
    x: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    *,
    dilation: Ints = 1,
    data_format: str | None = None,
    nan: NaN = "propagate",
    nodata: float | None = None,
    out: Array | None = None,
) -> Array:
    """Keep the sum of each window."""
    key = (2, kernel_size, stride, padding, ceil_mode, dilation, data_format, nan, nodata)
    return pool(_sum_plan, x, key, out)[0]
