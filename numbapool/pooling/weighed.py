"""Means and sums of elements that have weights: two sums and, for a mean, their quotient.

The sums are those of the poolings without weights, of products. They are exact for whole numbers,
and float64 for all else. A weight of 0 leaves its element out, even if that is NaN.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.arrays import LAZY, Device, host_kind, place_of
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array, ArrayLike, as_array, as_numbers, frozen, viewed
from numbapool.operators import BLURRING, GLOBAL
from numbapool.plan.choose import longest
from numbapool.pooling import planners
from numbapool.pooling.call import FORM_OF, Decider, pool, pool_alike
from numbapool.pooling.least import least_of, parts_of
from numbapool.pooling.marks import mark_of
from numbapool.pooling.planners import ARGUMENTS, COMMON, READERS, Placed, Request
from numbapool.reducers.dtypes import DType, Skip, limits
from numbapool.reducers.means import FLOOR, HALF_EVEN, ROUNDINGS
from numbapool.run.call import checked_outs
from numbapool.windows.layout import Layout
from numbapool.windows.window import Window

LOW = 32
"""The bits of the lower half of a sum that 64 bits do not hold."""

MASK = (1 << LOW) - 1

INTEGERS = tuple(np.dtype(f"{kind}{size}") for size in (2, 4, 8) for kind in "ui")
"""Dtypes of products, the narrowest first."""

WEIGHED = ("avg", "sum", "blur")
"""The operators that take weights."""


class Sums:
    """Poolings of one request's windows by sums, wherever they are to run."""

    def __init__(self, decider: Decider, key: tuple[Any, ...], device: Device) -> None:
        form = FORM_OF[decider]
        self._decider, self._device, self._key = decider, device, key
        if form != BLURRING:  # a blur is a sum of its own, and takes no values to leave out
            stop = (1 if form == GLOBAL else 2) + len(ARGUMENTS[form][0]) - len(COMMON) + 1
            self._key = "sum", *key[1:stop], "propagate", None, None

    def __call__(self, array: Array) -> Array:
        """Return the windows' sums of an array."""
        return pool(self._decider, array, self._key, None, self._device)[0]


class Elements(NamedTuple):
    """An array and its weights, which broadcast to it along all axes but the pooled ones."""

    x: Array
    weights: Array


def weighed(
    decider: Decider,
    x: Any,
    weights: ArrayLike | None,
    key: tuple[Any, ...],
    out: Any = None,
    device: Device = None,
    stream: Any = None,
) -> tuple[Array, ...]:
    """Pool `x` as :func:`numbapool.pooling.call.pool` does, by weights if there are any.

    Raises
    ------
    PoolValueError, PoolTypeError
        For weights that do not fit the array or the operator.
    """
    if weights is None:
        return pool(decider, x, key, out, device, stream)
    kind = host_kind(x)
    if kind is not None:
        more: Any = {"weights": weights, "device": device, "stream": stream}
        return pool_alike(kind, weighed, decider, x, key, out, **more)
    if place_of(x) == LAZY:
        raise PoolTypeError("weights do not go with arrays of Dask: pass x.compute()")
    if place_of(x) is not None or place_of(weights) is not None or stream is not None:
        raise PoolTypeError("weights are for arrays in the CPU's memory: copy both there first")
    held = viewed(x)
    array = as_array(held)
    key = tuple(map(frozen, key))
    window, request = READERS[FORM_OF[decider]](*key)
    refuse_senseless(window, request)
    placed = planners.place(array.shape, window, request)
    given = Elements(array, beside(weights, array, placed.layout))
    try:
        result = result_of(given, Sums(decider, key, device), placed, request)
    except MemoryError:
        raise PoolValueError("there is not enough memory for the products by weights") from None
    if out is None:
        return (result,)
    targets = checked_outs(out, result.shape, (result.dtype,), held)
    targets[0][...] = result
    return targets


def refuse_senseless(window: Any, request: Request) -> None:
    """Raise if the operator takes no weights, or if other parameters contradict them."""
    if request.operator.name not in WEIGHED:
        raise PoolTypeError(f"weights go with avg and sum, not with {request.operator.name}")
    if dict(request.own).get("divisor_override") is not None:
        raise PoolTypeError("a mean by weights divides by their sum: leave divisor_override out")
    mode = window.padding_mode if isinstance(window, Window) else None
    if mode is not None and not isinstance(mode, str) and mode != 0:
        raise PoolValueError(
            f"padding_mode {shown(mode)} has no weight: give a name, which pads the weights as it "
            "pads x, or pad both arrays first"
        )


def beside(given: ArrayLike, array: Array, layout: Layout) -> Array:
    """Return weights with the array's axes: as long as it along the pooled axes, else maybe 1.

    Raises
    ------
    PoolValueError
        If they do not broadcast to the array, nor are of its pooled axes.
    """
    weights = as_numbers(given)
    shape = weights.shape
    first, stop = len(layout.lead), array.ndim - len(layout.channels)
    if layout.channels and weights.ndim == stop - first:
        weights = weights[..., np.newaxis]
    missing = array.ndim - weights.ndim
    pairs = zip(weights.shape, array.shape[max(missing, 0) :], strict=False)
    if missing < 0 or any(own not in (1, size) for own, size in pairs):
        raise PoolValueError(
            f"weights of shape {shape} do not broadcast to x, which has shape "
            f"{array.shape}, nor to its pooled axes, {array.shape[first:stop]}"
        )
    weights = weights.reshape((1,) * missing + weights.shape)
    pooled = array.shape[first:stop]
    return np.broadcast_to(weights, (*weights.shape[:first], *pooled, *weights.shape[stop:]))


def weighed_dtype(op: str, dtype: DType, weights: DType, unweighted: DType) -> DType:
    """Return the dtype of results: as without weights, but that of sums hangs on both dtypes."""
    if op != "sum" or dtype.kind == "f":
        return unweighted
    if weights.kind == "f":
        return np.dtype(np.float64)
    return np.dtype(np.uint64 if dtype.kind == "u" and weights.kind != "i" else np.int64)


def result_of(given: Elements, sums: Sums, placed: Placed, request: Request) -> Array:
    """Return the pooled array."""
    x, skip, name = given.x, request.skip(given.x.dtype), request.operator.name
    dtype = weighed_dtype(name, x.dtype, given.weights.dtype, request.reduction(x.dtype).outs[0])
    given = kept(given, skip)
    whole = x.dtype.kind != "f" and given.weights.dtype.kind != "f" and name != "blur"
    if name == "sum":
        # Whole numbers wrap past 64 bits, as sums without weights do.
        result = sums(product(given, dtype)) if whole else float_sums(given, sums).astype(dtype)
    else:
        rounding = ROUNDINGS[dict(request.own).get("rounding", "half_up")]
        if whole and dtype.kind != "f":
            taps = np.prod([int(n) for n in longest(placed.axes)], dtype=object)
            means, divisor = whole_means(given, sums, rounding, int(taps))
        else:
            means, divisor = float_means(given, sums, rounding, dtype)
        nothing = skip.value if skip.value is not None else np.nan if dtype.kind == "f" else 0
        result = np.where(divisor == 0, dtype.type(nothing), means).astype(dtype)
    if request.min_count is not None:
        mark_few(result, given, sums, request, parts_of(placed.axes))
    return result


def kept(given: Elements, skip: Skip) -> Elements:
    """Return elements with a weight of 0 for each that is left out."""
    x, weights = given
    gone = None if skip.value is None else x == skip.value
    if skip.nan:
        gone = x != x if gone is None else gone | (x != x)
    if gone is None or not gone.any():
        return given
    return Elements(x, np.where(gone, weights.dtype.type(0), weights))


def product(given: Elements, dtype: DType) -> Array:
    """Return each element times its weight, in a dtype; 0 if the weight is 0."""
    x, weights = given
    with np.errstate(invalid="ignore", over="ignore"):
        if x.dtype.kind != "f":
            return np.multiply(x, weights, dtype=dtype, casting="unsafe")
        made = np.zeros(x.shape, dtype)
        np.multiply(x, weights, out=made, where=weights != 0, dtype=dtype, casting="unsafe")
        return made


def float_sums(given: Elements, sums: Sums) -> Array:
    """Return the sums of products in float64."""
    return sums(product(given, np.dtype(np.float64)))


def float_means(given: Elements, sums: Sums, rounding: int, dtype: DType) -> tuple[Array, Array]:
    """Return means by weights in float64, rounded if `dtype` is of integers, and their divisors."""
    if dtype.kind != "f" and not np.isfinite(given.weights).all():
        raise PoolValueError(
            f"weights are NaN or infinite, and no mean of {dtype} can be that: give 0 to elements "
            "that are to be left out"
        )
    divisor = sums(np.ascontiguousarray(given.weights, np.float64))
    with np.errstate(all="ignore"):
        means = float_sums(given, sums) / divisor
        if dtype.kind != "f":
            half = {HALF_EVEN: np.rint, FLOOR: np.floor}
            means = half[rounding](means) if rounding in half else np.floor(means + 0.5)
            low, high = (float(limit) for limit in limits(dtype))
            means = np.clip(means, low, np.nextafter(high, 0) if high > 2**53 else high)
        return means, divisor


def whole_means(given: Elements, sums: Sums, rounding: int, taps: int) -> tuple[Array, Array]:
    """Return means of whole numbers by whole weights, rounded once from exact sums.

    Raises
    ------
    PoolValueError
        For weights that are too large for sums in 64 bits.
    """
    x, weights = given
    low, high = (int(limit) for limit in limits(x.dtype))
    least, most = int(weights.min(initial=0)), int(weights.max(initial=0))
    heaviest = max(-least, most)
    largest = (max(-low, high) + 1) * heaviest
    divisor = sums(np.ascontiguousarray(weights)).astype(np.int64)
    weight = np.where(divisor == 0, 1, divisor)
    sign = np.sign(weight) if least < 0 else 1
    weight *= sign
    if taps * largest < 1 << 63:
        total = sums(product(given, narrowest(largest, min(low, least) < 0))).astype(np.int64)
        means = divided(total * sign, weight, rounding)
        if least < 0:
            means = np.clip(means, low, high)
        return means.astype(x.dtype), divisor
    if taps * heaviest >= 1 << 31:
        raise PoolValueError(
            f"weights up to {heaviest} are too large for an exact mean of {x.dtype}: make them "
            "smaller, or floats"
        )
    wide = x.astype(np.int64 if x.dtype.kind == "i" else np.uint64)
    halves = (wide >> wide.dtype.type(LOW), wide & wide.dtype.type(MASK))
    upper, lower = (
        sums(product(Elements(half, weights), np.dtype(np.int64))) * sign for half in halves
    )
    return quotients(upper, lower, weight, rounding, x.dtype), divisor


def narrowest(largest: int, signed: bool) -> DType:
    """Return the narrowest integer dtype that holds numbers of a size."""
    fits = [kind for kind in INTEGERS if largest <= np.iinfo(kind).max]
    return next(kind for kind in fits if kind.kind == "i" or not signed)


def divided(total: Array, weight: Array, rounding: int) -> Array:
    """Return ``total / weight``, rounded; the weights are above 0."""
    if rounding == FLOOR:
        return np.asarray(total // weight)
    total = total + weight // 2
    means = np.asarray(total // weight)
    if rounding == HALF_EVEN:
        means -= (weight % 2 == 0) & (total % weight == 0) & (means % 2 == 1)
    return means


def quotients(upper: Array, lower: Array, weight: Array, rounding: int, dtype: DType) -> Array:
    """Return ``(upper * 2**32 + lower) / weight``, rounded and kept within a dtype's limits.

    It needs 0 < weight < 2**31.
    """
    upper, lower = upper + (lower >> LOW), lower & MASK
    high, rest = np.divmod(upper, weight)
    low = divided((rest << LOW) + lower, weight, rounding)
    high, low = high + (low >> LOW), low & MASK
    unsigned = dtype == np.uint64
    least, most = (0, MASK) if unsigned else (-(1 << 31), (1 << 31) - 1)
    low = np.where(high < least, 0, np.where(high > most, MASK, low))
    means = ((np.clip(high, least, most) << LOW) | low).astype(np.uint64 if unsigned else np.int64)
    return np.asarray(np.clip(means, *limits(dtype)).astype(dtype))


def mark_few(result: Array, given: Elements, sums: Sums, request: Request, parts: int) -> None:
    """Mark the results of windows with too few elements that count: those with a weight.

    Windows count `parts` parts of an element.
    """
    x, weights = given
    counted = sums(np.broadcast_to(weights != 0, x.shape).astype(np.uint8)).astype(np.int64)
    inside = sums(np.ones(x.shape, np.uint8)).astype(np.int64)
    wanted = request.min_count
    few = counted < least_of(inside, wanted * parts if isinstance(wanted, int) else wanted)
    result[few] = mark_of(result.dtype, request.nodata)
