"""Windows that share an input among themselves, each a part of exactly the same size.

Along an axis of L elements, window i of O holds what lies between ``i * L / O`` and
``(i + 1) * L / O``: whole elements, and parts of elements at both ends. In units of which an
element has O and a window L, all parts are whole numbers.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np

from numbapool.errors import PoolValueError
from numbapool.records import dataclass
from numbapool.windows.axes import MOST_LISTED, Axis
from numbapool.windows.layout import Layout
from numbapool.windows.weighted import WeightedAxis, weighted
from numbapool.windows.window import Cover, OutputSize


@lru_cache(maxsize=256)
def shares(size: int, out: int, name: str = "the axis") -> WeightedAxis:
    """Return `out` windows of ``size / out`` elements each.

    An element's weight is the part of it that lies in the window, in the largest unit that makes
    all of them whole.

    Raises
    ------
    PoolValueError
        If the axis is empty, or too long for a table of its elements.

    >>> shares(5, 3).weights
    array([[3, 2, 0],
           [1, 3, 1],
           [2, 3, 0]])
    """
    if size == 0:
        raise PoolValueError(f"{name} has size 0: there is nothing to pool along it")
    if size + 2 * out > MOST_LISTED:
        raise PoolValueError(
            f"{name} has size {size}, and {out} windows: more than {MOST_LISTED} parts of elements"
        )
    common = gcd(size, out)
    length, unit = size // common, out // common
    begin = np.arange(out, dtype=np.int64) * length
    start, stop = begin // unit, -(-(begin + length) // unit)
    places = start[:, np.newaxis] + np.arange(int((stop - start).max()))
    begin = begin[:, np.newaxis]
    parts = np.minimum((places + 1) * unit, begin + length) - np.maximum(places * unit, begin)
    return weighted(size, places, np.maximum(parts, 0), length, unit)


@dataclass(frozen=True)
class Area:
    """A given number of windows that share an input among themselves."""

    output_size: tuple[int | None, ...]
    """The number of windows per axis; None keeps the axis's size."""

    @classmethod
    def of(cls, ndim: int, output_size: OutputSize) -> Area:
        """Return the windows over `ndim` axes.

        Raises
        ------
        PoolValueError, PoolTypeError
            If a size is not positive, or there are too many or too few of them.
        """
        return cls(Cover.of(ndim, output_size).output_size)

    def axes(self, layout: Layout) -> tuple[Axis | WeightedAxis, ...]:
        """Return the windows of each spatial axis: of whole elements if that is so along all.

        Raises
        ------
        PoolValueError
            If an axis is empty or too long, or if no memory could hold the result.
        """
        cover = Cover(self.output_size)
        wanted = cover.sizes(layout)
        pairs = list(zip(layout.spatial, wanted, strict=True))
        if all(here % size == 0 for here, size in pairs):
            return cover.axes(layout)
        return tuple(shares(*pair, layout.axis_name(n)) for n, pair in enumerate(pairs))
