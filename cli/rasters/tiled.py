"""Pool by NumPy while the kernel is not compiled yet: windows side by side, and shares of an area.

Compiling a kernel takes seconds, and NumPy halves a photo of 12 megapixels in less than a tenth of
one. Its results are the same to the bit: whole numbers have one maximum and one rounded mean, and
so have floats one maximum, but for NaN and for zeros of two signs. Floats are added in the
kernel's order.
"""

from math import prod
from operator import le
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job import Values, pair_of
from ..windows import Arguments

Numbers = NDArray[Any]
Axes = tuple[int, int]
"""The axes of height and width, from the last."""

_FOLDS = {"max": np.maximum, "min": np.minimum, "avg": np.add}
"""What joins two elements of a window, by the operators that are pooled here."""

SHARED, BY_ALPHA = 8, 2
"""How many times longer than a plain mean shares of an area take here, and means by alpha."""

_AVERAGED = (np.uint8, np.uint16)
_ADDED = (np.float32, np.float64)

ALONG_FIRST = {"direct": True, "thinned": True, "rows": False}
"""Loops that add windows in a known order: along the rows first, or down the columns."""

_NOT_HERE = ("padding", "padding_mode", "footprint")


def suits(
    array: Numbers, operator: str, arguments: Arguments, values: Values, data_format: str
) -> bool:
    """Say whether :func:`tiled` pools an array."""
    axes = axes_of(array, data_format)
    if operator not in _FOLDS or axes is None or not array.size:
        return False
    asked = (values.nodata, values.min_count, values.divisor_override)
    if asked != (None, None, None) or (values.rounding, values.device) != ("half_up", "cpu"):
        return False
    sides = [array.shape[axis] for axis in axes]
    if "fitted_size" in arguments:
        smaller = all(map(le, arguments["fitted_size"], sides))
        return operator == "avg" and smaller and array.dtype in _AVERAGED
    kernel = arguments.get("kernel_size")
    if kernel is None or arguments.get("stride") not in (None, kernel):
        return False
    if arguments["dilation"] != 1 or any(arguments[name] for name in _NOT_HERE):
        return False
    if operator == "avg" and not (array.dtype in _AVERAGED or max(pair_of(kernel)) <= 2):
        return False
    return all(map(le, pair_of(kernel), sides)) and _is_plain(array, operator)


def shape_of(
    form: tuple[tuple[int, ...], np.dtype[Any]],
    operator: str,
    arguments: Arguments,
    values: Values,
    data_format: str,
) -> tuple[int, ...] | None:
    """Return the shape of the results of whole numbers that suit, in an array of a shape and dtype.

    None stands for other arrays. The results have the array's dtype.
    """
    array = np.broadcast_to(np.zeros((), form[1]), form[0])
    if form[1].kind == "f" or not suits(array, operator, arguments, values, data_format):
        return None
    axes = axes_of(array, data_format)
    assert axes is not None
    if "fitted_size" in arguments:
        sizes = arguments["fitted_size"]
    else:
        taps = pair_of(arguments["kernel_size"])
        lengths = zip((array.shape[axis] for axis in axes), taps, strict=True)
        partial = arguments["ceil_mode"]
        sizes = [-(-length // size) if partial else length // size for length, size in lengths]
    shape = list(array.shape)
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    return tuple(shape)


def axes_of(array: Numbers, data_format: str) -> Axes | None:
    """Return the axes of height and width; None for arrays of other axes."""
    if "HW" not in data_format or "D" in data_format or array.ndim < 2:
        return None
    last = data_format.endswith("C")
    return None if last and array.ndim < 3 else (-2 - last, -1 - last)


def _is_plain(array: Numbers, operator: str) -> bool:
    """Say whether windows have one result: not so NaN, nor the maximum of zeros of two signs."""
    if array.dtype.kind in "iu" and (operator != "avg" or array.dtype in _AVERAGED):
        return array.dtype.isnative
    if array.dtype not in _ADDED or not array.dtype.isnative:
        return False
    least = array.min()
    if operator == "avg":
        return not np.isnan(least)
    return bool(least > 0 or (least <= 0 and not np.signbit(array[array == 0]).any()))


def tiled(
    array: Numbers, operator: str, arguments: Arguments, data_format: str, along: bool = False
) -> Numbers:
    """Pool an array that suits; floats are added down the columns first, or `along` the rows."""
    axes = axes_of(array, data_format)
    assert axes is not None
    if "fitted_size" in arguments:
        return _shared(array, arguments["fitted_size"], axes)
    if operator != "avg":
        return np.ascontiguousarray(_joined(array, operator, arguments, axes, array.dtype))
    if array.dtype.kind == "f":
        with np.errstate(all="ignore"):
            total = _joined(array, operator, arguments, axes, array.dtype, along)
        return np.ascontiguousarray(total / _count(array, arguments, axes, array.dtype))
    room = np.min_scalar_type((2 * _most(array) + 1) * prod(pair_of(arguments["kernel_size"])))
    total = _joined(array, operator, arguments, axes, room)
    count = _count(array, arguments, axes, room)
    return np.ascontiguousarray((2 * total + count) // (2 * count), array.dtype)


def _count(array: Numbers, arguments: Arguments, axes: Axes, room: np.dtype[Any]) -> Any:
    """Return how many elements each window has; one number if all have as many."""
    taps, partial = pair_of(arguments["kernel_size"]), arguments["ceil_mode"]
    sides = zip((array.shape[axis] for axis in axes), taps, strict=True)
    count = np.multiply.outer(*(_counts(length, size, partial, room) for length, size in sides))
    if (count == prod(taps)).all():
        return room.type(prod(taps))  # NumPy takes less time for one divisor
    return count[..., None] if axes[1] < -1 else count


def tiled_by_alpha(array: Numbers, alpha: int, arguments: Arguments, data_format: str) -> Numbers:
    """Pool pixels that suit by a mean that weighs their colours by their alpha.

    If a window is fully transparent, its colour is the plain mean.
    """
    axes = axes_of(array, data_format)
    assert axes is not None
    taps, most = pair_of(arguments["kernel_size"]), _most(array)
    room = np.min_scalar_type((2 * most + 1) * most * prod(taps))
    opacity = array[..., alpha : alpha + 1]
    weights = opacity.astype(room)
    weight = _joined(weights, "avg", arguments, axes, room)
    bands = []
    for band in range(array.shape[-1]):
        colour = array[..., band : band + 1]
        if band == alpha:
            bands.append(tiled(opacity, "avg", arguments, data_format))
            continue
        total = _joined(colour * weights, "avg", arguments, axes, room)
        mixed = (2 * total + weight) // np.maximum(2 * weight, 1)
        if not weight.all():
            mixed = np.where(weight != 0, mixed, tiled(colour, "avg", arguments, data_format))
        bands.append(mixed.astype(array.dtype))
    return np.concatenate(bands, axis=-1)


def _most(array: Numbers) -> int:
    return int(np.iinfo(array.dtype).max)


def _joined(
    array: Numbers,
    operator: str,
    arguments: Arguments,
    axes: Axes,
    room: np.dtype[Any],
    along: bool = False,
) -> Numbers:
    """Join the elements of each window, in a dtype that has room for it: down, or `along` first."""
    fold, partial = _FOLDS[operator], arguments["ceil_mode"]
    pairs = list(zip(axes, pair_of(arguments["kernel_size"]), strict=True))
    for axis, size in reversed(pairs) if along else pairs:
        array = _folded(array, axis, size, fold, partial, room)
    return array


def _folded(
    array: Numbers, axis: int, size: int, fold: Any, partial: bool, room: np.dtype[Any]
) -> Numbers:
    """Join each `size` neighbours along an axis, and the fewer ones that are left at its end."""
    whole, left = divmod(array.shape[axis], size)
    parts = [_every(array, axis, n, whole * size, size) for n in range(size)]
    found = _together(parts, fold, room)
    if not (partial and left):
        return found
    parts = [_every(array, axis, whole * size + n, None, size) for n in range(left)]
    return np.concatenate([found, _together(parts, fold, room)], axis)


def _every(array: Numbers, axis: int, first: int, end: int | None, step: int) -> Numbers:
    """Return every `step`-th element along an axis that is counted from the last."""
    return array[(..., slice(first, end, step), *[slice(None)] * (-1 - axis))]


def _together(parts: list[Numbers], fold: Any, room: np.dtype[Any]) -> Numbers:
    found = parts[0].astype(room)
    for part in parts[1:]:
        fold(found, part, out=found)
    return found


def _counts(length: int, size: int, partial: bool, room: np.dtype[Any]) -> Numbers:
    """Return how many elements each window has along an axis."""
    whole, left = divmod(length, size)
    return np.array([size] * whole + [left] * (partial and left > 0), room)


def _shared(array: Numbers, sizes: Axes, axes: Axes) -> Numbers:
    """Return the mean over each share of an area: elements at its edges count by their parts."""
    area = prod(array.shape[axis] for axis in axes)
    found, most = array, _most(array)
    for axis, size in zip(axes, sizes, strict=True):
        most *= array.shape[axis] + 2 * size
        found = _shares(found, axis, size, np.min_scalar_type(most))
    found = found.astype(np.uint64, copy=False)
    return np.ascontiguousarray((2 * found + area) // (2 * area), array.dtype)


def _shares(array: Numbers, axis: int, size: int, room: np.dtype[Any]) -> Numbers:
    """Return the sums over `size` equal shares of an axis, each times `size`."""
    length = array.shape[axis]
    turned = np.moveaxis(array, axis, 0)
    first, part = np.divmod(np.arange(size + 1) * length, size)
    last = np.minimum(first, length - 1)
    column = (-1, *[1] * (array.ndim - 1))
    edges = part.reshape(column).astype(room) * turned[last]
    sums = np.add.reduceat(turned, first[:-1], axis=0, dtype=room)
    sums *= room.type(size)
    sums += edges[1:]
    sums -= edges[:-1]
    return np.moveaxis(sums, 0, axis)
