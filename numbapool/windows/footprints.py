"""Footprints: windows that are no rectangles, as the elements of a rectangle that they take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array, ArrayLike
from numbapool.windows.axes import Axis

Footprint: TypeAlias = Literal["disk", "cross", "ring"] | ArrayLike | None
"""How a caller says which elements of a rectangle a window takes; None takes all."""

Marks: TypeAlias = tuple[bool, ...]
"""Whether each element of a kernel is in a window, in row-major order."""

NAMES = ("disk", "cross", "ring")


def in_disk(offsets: Sequence[int], radii: Sequence[int]) -> bool:
    """Say whether an offset from the centre lies within an ellipse, or on it."""
    pairs = [(offset, radius) for offset, radius in zip(offsets, radii, strict=True) if radius]
    area = 1
    for _, radius in pairs:
        area *= radius * radius
    return sum(offset * offset * area // (radius * radius) for offset, radius in pairs) <= area


@lru_cache(maxsize=64)
def named(name: str, kernel: tuple[int, ...]) -> Marks:
    """Return the footprint of a name, as large as a kernel.

    A disk holds what lies no further from the centre than the kernel's half; a ring is a disk
    without the disk that is smaller by one all around; a cross holds what lies straight along an
    axis from the centre.

    >>> named("cross", (3, 3))
    (False, True, False, True, True, True, False, True, False)
    """
    if not all(size % 2 for size in kernel):
        raise PoolValueError(f"a {name} has a centre: its kernel_size is odd, not {kernel}")
    radii = [size // 2 for size in kernel]
    if any(radii) and name == "ring":
        inner = [max(radius - 1, 0) for radius in radii]

        def holds(offsets: Sequence[int]) -> bool:
            within = all(abs(o) <= r for o, r in zip(offsets, inner, strict=True))
            return in_disk(offsets, radii) and not (within and in_disk(offsets, inner))
    elif name == "cross":

        def holds(offsets: Sequence[int]) -> bool:
            return sum(offset != 0 for offset in offsets) <= 1
    else:

        def holds(offsets: Sequence[int]) -> bool:
            return in_disk(offsets, radii)

    return tuple(map(holds, product(*(range(-radius, radius + 1) for radius in radii))))


def marks_of(given: Any, kernel: tuple[int, ...]) -> Marks | None:
    """Return a footprint as large as a kernel; None if it takes all.

    Raises
    ------
    PoolValueError, PoolTypeError
        For an unknown name, another shape, elements that are no bool, and if it takes none.
    """
    if given is None:
        return None
    if isinstance(given, str):
        if given not in NAMES:
            raise PoolValueError(
                f"footprint must be an array of bool or one of {', '.join(NAMES)}, "
                f"not {shown(given)}"
            )
        marks = named(given, kernel)
    else:
        marks = of_array(given, kernel)
    return None if all(marks) else marks


def of_array(given: Any, kernel: tuple[int, ...]) -> Marks:
    """Return an array's elements, if its shape is that of the kernel."""
    try:
        array = np.asarray(given)
    except (TypeError, ValueError):
        raise PoolTypeError(f"footprint must be an array of bool, not {shown(given)}") from None
    if array.dtype.kind not in "biu" or not ((array == 0) | (array == 1)).all():
        raise PoolTypeError("footprint must be an array of bool, or of 0 and 1: others are weights")
    if array.shape != kernel:
        raise PoolValueError(
            f"footprint has shape {array.shape}, and kernel_size is {kernel}: give its shape"
        )
    if not array.any():
        raise PoolValueError("footprint takes no element: at least one must be True")
    return tuple(array.astype(bool).ravel().tolist())


def spans(axis: Axis, stride: int, padded: bool) -> Array:
    """Return the first tap and the end of the taps that windows have inside the input.

    The first row is an inner window's; the others are the border windows'. With `padded` they are
    the taps inside the input and its padding.
    """
    rows = [(0, axis.taps)]
    at = [*range(axis.lo), *range(axis.hi, axis.out)]
    for i, (first, count, extent) in zip(at, axis.borders.tolist(), strict=True):
        skipped = (first - (i * stride - axis.before)) // axis.dilation if count else 0
        rows.append((0, extent) if padded else (skipped, skipped + count))
    return np.array(rows)


class Taken(NamedTuple):
    """The elements that windows take: a footprint, and the axes that it slides along."""

    marks: Marks
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    axes: tuple[Axis, ...]

    def counts(self, padded: bool) -> Array:
        """Return how many elements windows take, with an axis per axis as :func:`spans` has them.

        With `padded`, taps in the padding count too.
        """
        sums = np.array(self.marks, np.int64).reshape(self.kernel)
        for n, (axis, stride) in enumerate(zip(self.axes, self.strides, strict=True)):
            first, end = spans(axis, stride, padded).T
            upto = np.insert(np.cumsum(sums, n), 0, 0, n)
            sums = upto.take(end, n) - upto.take(first, n)
        return sums

    def of_each(self, table: Array) -> Array:
        """Return what a table like that of :meth:`counts` says of each window."""
        for n, axis in enumerate(self.axes):
            rows = np.zeros(axis.out, np.intp)
            rows[: axis.lo] = np.arange(axis.lo) + 1
            rows[axis.hi :] = np.arange(axis.lo, axis.lo + axis.out - axis.hi) + 1
            table = table.take(rows, n)
        return table

    def taps(self) -> Array:
        """Return the offsets of a window's taps from its first place, a row per tap.

        Taps that no window has inside the input and its padding are left out.
        """
        places = np.argwhere(np.array(self.marks).reshape(self.kernel))
        reached = (places < [axis.taps for axis in self.axes]).all(axis=1)
        return places[reached] * [axis.dilation for axis in self.axes]
