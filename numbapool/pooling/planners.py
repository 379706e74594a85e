"""The planners of windows that slide, cover an input, share it, hold all of it, or blur.

Each planner says where windows lie, and the results' shape; `decide` then chooses the reduction
and the plan. No planner reads an array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.operators import ADAPTIVE, AREA, BLUR, BLURRING, GLOBAL, SLIDING, Operator, find
from numbapool.plan.area import area_plan
from numbapool.plan.choose import Plan, joins_fours, longest, make_plan
from numbapool.plan.footprints import footprint_plan
from numbapool.plan.selections import filled_plan, selection_plan
from numbapool.plan.weighted import weighted_plan
from numbapool.pooling.marks import mark_of, min_count_of
from numbapool.records import dataclass
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import Skip, skip_for
from numbapool.windows.area import Area
from numbapool.windows.axes import Axis
from numbapool.windows.borders import MODES
from numbapool.windows.layout import (
    Layout,
    layout_of,
    refuse_empty_footprints,
    refuse_empty_windows,
)
from numbapool.windows.weighted import Blur, WeightedAxis
from numbapool.windows.window import Cover, Whole, Window

DType: TypeAlias = "np.dtype[Any]"
Shape: TypeAlias = tuple[int, ...]
Windows: TypeAlias = Window | Cover | Area | Whole | Blur
Decision: TypeAlias = tuple[Plan, Reduction]


@dataclass(frozen=True)
class Request:
    """The parts of a request besides the windows."""

    operator: Operator
    own: tuple[tuple[str, Any], ...]
    """The operator's own parameters, already checked."""
    data_format: str | None
    nan: str
    nodata: Any
    min_count: int | float | None = None
    """How many elements of a window must count, or which share of them."""

    def reduction(self, dtype: DType, **sizes: Any) -> Reduction:
        """Return the reduction for a dtype; `sizes` are fields of a :class:`Case`.

        Raises
        ------
        PoolValueError
            If the results cannot hold what they need to.
        """
        made = self.operator.reduce(Case(dtype, self.skip(dtype), **sizes), **dict(self.own))
        if self.min_count is not None:
            mark_of(made.outs[0], self.nodata)
        return made

    def counting(self) -> Request:
        """Return the request for how many elements of each window count."""
        return replace(self, operator=find("count"), own=(), min_count=None)

    def skip(self, dtype: DType) -> Skip:
        """Return which values to leave out of an array.

        Raises
        ------
        PoolTypeError
            If the operator cannot leave out values.
        """
        if not self.operator.leaves_out and (self.nan != "propagate" or self.nodata is not None):
            raise PoolTypeError(
                f"nan and nodata do not go with {self.operator.name}, a reducer of your own: "
                "leave elements out in its lift"
            )
        return skip_for(dtype, self.nan, self.nodata)


class Placed(NamedTuple):
    """Where the windows of an array lie."""

    layout: Layout
    axes: tuple[Any, ...]
    """Each is an `Axis`, or each a `WeightedAxis` if taps have weights."""
    shape: Shape
    """The results' shape."""


def slide(shape: Shape, window: Window, request: Request) -> Placed:
    """Place a sliding window."""
    layout = layout_of(shape, len(window.kernel_size), request.data_format)
    axes = window.axes(layout)
    filled = window.counts_padding or window.padding_mode is not None
    fixed = dict(request.own).get("divisor_override") is not None
    if request.operator.of_nothing is None and not (filled or fixed):
        refuse_empty_windows(layout, axes, request.operator.noun)
    taken = window.taken(axes)
    free = request.operator.of_nothing is not None or fixed or window.padding_mode is not None
    if taken is not None and not free:
        refuse_empty_footprints(taken.counts(window.counts_padding), request.operator.noun)
    return Placed(layout, axes, layout.shape(tuple(axis.out for axis in axes)))


def cover(shape: Shape, windows: Cover | Area, request: Request) -> Placed:
    """Place windows that cover the input, or that share it."""
    layout = layout_of(shape, len(windows.output_size), request.data_format)
    axes = windows.axes(layout)
    return Placed(layout, axes, layout.shape(tuple(axis.out for axis in axes)))


def whole(shape: Shape, windows: Whole, request: Request) -> Placed:
    """Place the one window that holds all elements of a channel of a sample."""
    return Placed(*windows.axes(shape, request.data_format))


def blurred(shape: Shape, windows: Blur, request: Request) -> Placed:
    """Place windows whose taps have binomial weights."""
    layout = layout_of(shape, len(windows.filter_size), request.data_format)
    axes = windows.axes(layout)
    return Placed(layout, axes, layout.shape(tuple(axis.out for axis in axes)))


PLANNERS: dict[type, Callable[..., Placed]] = {
    Window: slide,
    Cover: cover,
    Area: cover,
    Whole: whole,
    Blur: blurred,
}


def place(shape: Shape, windows: Windows, request: Request) -> Placed:
    """Return where the windows of an array of a shape lie, by the planner of their kind."""
    return PLANNERS[type(windows)](shape, windows, request)


def weighs(axes: tuple[Any, ...]) -> bool:
    """Say whether the taps of windows along these axes have weights."""
    return any(isinstance(axis, WeightedAxis) for axis in axes)


class Chosen(NamedTuple):
    """What a call computes, on whatever device: where windows lie, and what they keep."""

    placed: Placed
    reduction: Reduction
    counted: bool
    """Whether padding counts in a mean's divisor."""
    override: int | None
    """The divisor of all windows, if the call gives one."""


def choose(
    shape: Shape, dtype: DType, windows: Windows, request: Request, in_fours: bool = False
) -> Chosen:
    """Return what a call computes for arrays of a shape and a dtype.

    `in_fours` says whether the device joins rows in fours where :func:`joins_fours` says so.
    """
    placed = place(shape, windows, request)
    rows, columns = longest(placed.axes)
    if weighs(placed.axes):
        sums = {"rows": rows, "columns": columns, "divisor": rows * columns}
        return Chosen(placed, request.reduction(dtype, **sums, weighs=True), False, None)
    counted = isinstance(windows, Window) and windows.counts_padding
    in_fours = in_fours and isinstance(windows, Window) and windows.footprint is None
    divisor = prod(axis.taps for axis in placed.axes) if counted else rows * columns
    reduction = request.reduction(
        dtype, rows=rows, columns=columns, plane=prod(placed.layout.spatial), divisor=divisor,
        in_fours=in_fours and joins_fours(placed.axes),
    )  # fmt: skip
    override = dict(request.own).get("divisor_override")
    return Chosen(placed, reduction, counted, override)


def decide(shape: Shape, dtype: DType, windows: Windows, request: Request) -> Decision:
    """Return the plan and the reduction for arrays of a shape and a dtype."""
    chosen = choose(shape, dtype, windows, request, in_fours=True)
    return plan_of(chosen, dtype, windows), chosen.reduction


def plan_of(
    chosen: Chosen, dtype: DType, windows: Windows, like: tuple[Axis, ...] | None = None
) -> Plan:
    """Return the plan; if the axes are parts of other axes, those are `like`."""
    (layout, axes, result), reduction, counted, override = chosen
    if isinstance(windows, Blur):
        return weighted_plan(result, layout, axes, reduction)
    if weighs(axes):
        return area_plan(result, layout, axes, reduction)
    taken = windows.taken(axes) if isinstance(windows, Window) else None
    if taken is not None:
        divisors = taken.counts(counted and reduction.weighted)
        if override is not None:
            divisors = np.full_like(divisors, override)
        return footprint_plan(result, layout, taken, reduction, divisors)
    if reduction.gathers:
        return selection_plan(result, layout, axes, dtype, reduction)
    return make_plan(result, layout, axes, dtype, reduction, counted, override, like)


def decide_filled(shape: Shape, dtype: DType, window: Window, request: Request) -> Decision | None:
    """Return the plan and the reduction if one loop fills the padding too, by a padding mode."""
    alone = window.footprint is None and request.min_count is None
    if window.padding_mode not in MODES or not alone:
        return None
    placed, reduction, *_ = choose(shape, dtype, window, request)
    layout, axes, result = placed
    number = 1 + MODES.index(window.padding_mode)
    plan = filled_plan(result, layout, axes, dtype, reduction, number)
    return None if plan is None else (plan, reduction)


# These read a call's arguments, in one order for all operators, as windows and a request.


def read_sliding(op: Any, ndim: int, *key: Any) -> tuple[Window, Request]:
    """Read the arguments of `Window.of`, then those of `requested`."""
    request = requested(find(op), SLIDING, *key[7:])
    own = dict(request.own)
    window = Window.of(ndim, *key[:7])
    counted = own.pop("count_include_pad", False)
    if window.padding_mode is not None:
        refuse_contradiction(window.padding_mode, request)
    window = replace(window, count_include_pad=counted)
    return window, replace(request, own=tuple(own.items()))


def refuse_contradiction(mode: Any, request: Request) -> None:
    """Raise if an own parameter of an operator contradicts a padding mode."""
    own = dict(request.own)
    if own.get("count_include_pad") is False:
        raise PoolValueError(
            f"padding_mode {shown(mode)} fills the padding with elements, and "
            "count_include_pad=False leaves it out: give one of them"
        )
    if own.get("return_indices") and (mode == "zeros" or not isinstance(mode, str)):
        raise PoolValueError(
            f"return_indices names elements of the input, and padding_mode {shown(mode)} puts "
            "others around it: leave padding_mode out, or give 'replicate' or 'reflect'"
        )


def read_adaptive(op: Any, ndim: int, output_size: Any, *key: Any) -> tuple[Cover, Request]:
    """Read output_size, and the arguments of `requested`."""
    return Cover.of(ndim, output_size), requested(find(op), ADAPTIVE, *key)


def read_area(op: Any, ndim: int, output_size: Any, *key: Any) -> tuple[Area, Request]:
    """Read output_size, and the arguments of `requested`, for a mean or a sum."""
    return Area.of(ndim, output_size), requested(find(op), AREA, *key)


def read_global(op: Any, keepdims: bool, *key: Any) -> tuple[Whole, Request]:
    """Read keepdims, and the arguments of `requested`."""
    return Whole(bool(keepdims)), requested(find(op), GLOBAL, *key)


def read_blurring(
    op: Any, ndim: int, filter_size: Any, stride: Any, padding_mode: Any, data_format: Any
) -> tuple[Blur, Request]:
    """Read filter_size, stride, padding_mode and data_format."""
    request = Request(BLUR, (), data_format, "propagate", None)
    return Blur.of(ndim, filter_size, stride, padding_mode), request


def requested(
    operator: Operator,
    form: str,
    data_format: Any,
    nan: Any,
    nodata: Any,
    min_count: Any,
    *own: Any,
) -> Request:
    """Return the request; `own` are all own parameters of the operator, in the table's order."""
    pairs = zip(operator.own(form), own, strict=True)
    checked = tuple((each.name, each.checked(value)) for each, value in pairs)
    least = min_count_of(min_count, nan, nodata)
    if least is not None and dict(checked).get("return_indices"):
        raise PoolTypeError("min_count does not go with return_indices: a mark has no place")
    request = Request(operator, checked, data_format, nan, nodata, least)
    request.skip(np.dtype(np.float32))  # refuses values that no array can leave out
    return request


READERS: dict[str, Callable[..., tuple[Windows, Request]]] = {
    SLIDING: read_sliding,
    ADAPTIVE: read_adaptive,
    AREA: read_area,
    GLOBAL: read_global,
    BLURRING: read_blurring,
}

COMMON, COMMON_DEFAULTS = (
    ("data_format", "nan", "nodata", "min_count"),
    (None, "propagate", None, None),
)

ARGUMENTS: dict[str, tuple[tuple[str, ...], tuple[Any, ...]]] = {
    SLIDING: (
        (
            *("kernel_size", "stride", "padding", "dilation", "ceil_mode", "padding_mode"),
            *("footprint", *COMMON),
        ),
        (None, None, 0, 1, False, None, None, *COMMON_DEFAULTS),
    ),
    ADAPTIVE: (("output_size", *COMMON), (NotImplemented, *COMMON_DEFAULTS)),
    AREA: (("output_size", *COMMON), (NotImplemented, *COMMON_DEFAULTS)),
    GLOBAL: (("keepdims", *COMMON), (True, *COMMON_DEFAULTS)),
    BLURRING: (("filter_size", "stride", "padding_mode", "data_format"), (3, 2, "reflect", None)),
}
"""The parameters of each form besides the operator's own, with their defaults.

A key holds the operator, the number of pooled axes but for GLOBAL, these, and the operator's own.
"""
