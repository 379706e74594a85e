"""Pool small work by NumPy while its kernel is not compiled yet: windows of bytes, side by side.

Compiling a kernel takes seconds, and NumPy halves a photo of 12 megapixels in less than a tenth of
one. Its results are the same to the bit: whole numbers have one maximum and one rounded mean.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job import Values, pair_of
from ..windows import Arguments

Numbers = NDArray[Any]

_FOLDS = {"max": np.maximum, "min": np.minimum, "avg": np.add}
"""What joins two elements of a window, by the operators that are pooled here."""

_NOT_HERE = ("padding", "padding_mode", "footprint")
_SPATIAL = ((2, "NCHW"), (3, "NHWC"))
"""How many axes and which formats begin with height and width."""


def suits(
    array: Numbers, operator: str, arguments: Arguments, values: Values, data_format: str
) -> bool:
    """Say whether :func:`tiled` pools an array."""
    if operator not in _FOLDS or array.dtype not in (np.uint8, np.uint16):
        return False
    if (array.ndim, data_format) not in _SPATIAL or not array.size:
        return False
    kernel = arguments.get("kernel_size")
    if kernel is None or arguments.get("stride") not in (None, kernel):
        return False
    if arguments["dilation"] != 1 or any(arguments[name] for name in _NOT_HERE):
        return False
    asked = (values.nodata, values.min_count, values.divisor_override)
    plain = asked == (None, None, None) and values.rounding == "half_up"
    sides = zip(pair_of(kernel), array.shape[:2], strict=True)
    return plain and values.device == "cpu" and all(taps <= length for taps, length in sides)


def tiled(array: Numbers, operator: str, arguments: Arguments) -> Numbers:
    """Pool an array that suits."""
    taps = pair_of(arguments["kernel_size"])
    if operator != "avg":
        return np.ascontiguousarray(_joined(array, operator, arguments, array.dtype))
    room = np.min_scalar_type((2 * _most(array) + 1) * prod(taps))
    total = _joined(array, operator, arguments, room)
    sides = zip(array.shape[:2], taps, strict=True)
    counts = [_counts(length, size, arguments["ceil_mode"], room) for length, size in sides]
    count = np.multiply.outer(*counts).reshape(total.shape[:2] + (1,) * (array.ndim - 2))
    if (count == prod(taps)).all():
        count = room.type(prod(taps))  # NumPy takes less time for one divisor
    return np.ascontiguousarray((2 * total + count) // (2 * count), array.dtype)


def tiled_by_alpha(array: Numbers, alpha: int, arguments: Arguments) -> Numbers:
    """Pool pixels that suit by a mean that weighs their colours by their alpha.

    If a window is fully transparent, its colour is the plain mean.
    """
    taps, most = pair_of(arguments["kernel_size"]), _most(array)
    room = np.min_scalar_type((2 * most + 1) * most * prod(taps))
    opacity = array[..., alpha : alpha + 1]
    weights = opacity.astype(room)
    weight = _joined(weights, "avg", arguments, room)
    bands = []
    for band in range(array.shape[-1]):
        colour = array[..., band : band + 1]
        if band == alpha:
            bands.append(tiled(opacity, "avg", arguments))
            continue
        total = _joined(colour * weights, "avg", arguments, room)
        mixed = (2 * total + weight) // np.maximum(2 * weight, 1)
        if not weight.all():
            mixed = np.where(weight != 0, mixed, tiled(colour, "avg", arguments))
        bands.append(mixed.astype(array.dtype))
    return np.concatenate(bands, axis=-1)


def _most(array: Numbers) -> int:
    return int(np.iinfo(array.dtype).max)


def _joined(array: Numbers, operator: str, arguments: Arguments, room: np.dtype[Any]) -> Numbers:
    """Join the elements of each window, in a dtype that has room for it."""
    high, wide = pair_of(arguments["kernel_size"])
    fold, partial = _FOLDS[operator], arguments["ceil_mode"]
    rows = _folded(array, high, fold, partial, room)
    return _folded(rows.swapaxes(0, 1), wide, fold, partial, room).swapaxes(0, 1)


def _folded(array: Numbers, size: int, fold: Any, partial: bool, room: np.dtype[Any]) -> Numbers:
    """Join each `size` neighbours along the first axis, and the fewer ones that are left."""
    whole = len(array) // size
    blocks = array[: whole * size].reshape(whole, size, *array.shape[1:])
    left = array[whole * size :]
    found = np.empty((whole + (partial and len(left) > 0), *array.shape[1:]), room)
    _join(blocks.swapaxes(0, 1), fold, found[:whole])
    if len(found) > whole:
        _join(left[:, None], fold, found[whole:])
    return found


def _join(elements: Numbers, fold: Any, out: Numbers) -> None:
    out[...] = elements[0]
    for element in elements[1:]:
        fold(out, element, out=out)


def _counts(length: int, size: int, partial: bool, room: np.dtype[Any]) -> Numbers:
    """Return how many elements each window has along an axis."""
    whole, left = divmod(length, size)
    return np.array([size] * whole + [left] * (partial and left > 0), room)
