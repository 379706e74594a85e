"""Footprints: windows that are no rectangles, as the elements of a rectangle that they take."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
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


MOST_ELEMENTS = 1 << 20
"""The most elements of a rectangle of which a footprint takes some: each pooling looks at all."""


def disk(kernel: tuple[int, ...], radii: Sequence[int]) -> Array:
    """Return which elements of a kernel lie in the ellipse around its centre, or on its edge.

    All is in whole numbers: the sum of ``(offset / radius) ** 2``, times all radii squared.
    """
    far: Any = 0
    area = prod(radius * radius for radius in radii if radius)
    inside: Any = True
    for n, (size, radius) in enumerate(zip(kernel, radii, strict=True)):
        offsets = np.arange(size).reshape([-1 if n == axis else 1 for axis in range(len(kernel))])
        offsets = offsets - size // 2
        inside = inside & (abs(offsets) <= radius)
        far = far + offsets * offsets * (area // (radius * radius) if radius else 0)
    return np.asarray(inside & (far <= area))


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
    if name == "cross":
        places = zip(np.indices(kernel), radii, strict=True)
        away = sum((place != radius).astype(int) for place, radius in places)
        held = np.asarray(away <= 1)
    else:
        held = disk(kernel, radii)
        if name == "ring" and any(radii):
            held &= ~disk(kernel, [max(radius - 1, 0) for radius in radii])
    return tuple(held.ravel().tolist())


def marks_of(given: Any, kernel: tuple[int, ...]) -> Marks | None:
    """Return a footprint as large as a kernel; None if it takes all.

    Raises
    ------
    PoolValueError, PoolTypeError
        For an unknown name, another shape, elements that are no bool, and if it takes none.
    """
    if given is None:
        return None
    if prod(kernel) > MOST_ELEMENTS:
        raise PoolValueError(
            f"a footprint of {' x '.join(map(str, kernel))} is too large: it takes up to "
            f"{MOST_ELEMENTS} elements"
        )
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
