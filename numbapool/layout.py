"""From any array to the kernels' view of it: (outer, depth, height, width, inner), contiguous.

Channels-first arrays have inner = 1 and every axis before the spatial ones in outer;
channels-last ones have their channels in inner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError

FORMATS = {1: ("NCL", "NLC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}
"""Each number of spatial axes with its two formats: channels first, and channels last."""

AXIS_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}

DTYPES = frozenset(
    map(np.dtype, ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
)


@dataclass(frozen=True)
class Layout:
    """Where an array's spatial axes are."""

    lead: tuple[int, ...]
    spatial: tuple[int, ...]
    channels: tuple[int, ...]

    @property
    def outer(self) -> int:
        """How many volumes lie one behind the other."""
        return prod(self.lead)

    @property
    def inner(self) -> int:
        """How many elements share a place."""
        return prod(self.channels)

    def axis_name(self, axis: int) -> str:
        """Return what an error calls the spatial axis: its number and what it means."""
        name = AXIS_NAMES[len(self.spatial)][axis]
        return f"axis {len(self.lead) + axis} ({name})"

    def shape(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Return the array's shape with other spatial sizes."""
        return (*self.lead, *spatial, *self.channels)


@lru_cache(maxsize=1024)
def layout_of(shape: tuple[int, ...], ndim: int, data_format: str | None) -> Layout:
    """Find the `ndim` spatial axes of a shape.

    Raises
    ------
    PoolValueError
        For an unknown format, or too few axes for it.
    """
    first, last = FORMATS[ndim]
    if data_format not in (None, first, last):
        raise PoolValueError(f"data_format is {first!r} or {last!r}, not {data_format!r}")
    channels_last = data_format == last
    need = ndim + channels_last
    if len(shape) < need:
        raise PoolValueError(
            f"an array of shape {shape} has {len(shape)} axes; "
            f"{data_format or first} needs at least {need}"
        )
    stop = len(shape) - channels_last
    return Layout(shape[: stop - ndim], shape[stop - ndim : stop], shape[stop:])


def as_array(x: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """Return anything array-like as a C-contiguous array in native byte order.

    Raises
    ------
    PoolTypeError
        For masked arrays and for dtypes that are not pooled.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise PoolTypeError(
            "a masked array would lose its mask: pass x.filled(v) with nodata=v, "
            "or x.filled(nan) with nan='skip'"
        )
    array = np.asarray(x)
    if array.dtype not in DTYPES:
        native = array.dtype.newbyteorder("=")
        if native not in DTYPES:
            raise PoolTypeError(
                f"arrays of dtype {array.dtype} are not pooled; bool, integers up to 64 bits, "
                "float16, float32 and float64 are"
            )
        array = array.astype(native)
    if array.ndim == 0:
        raise PoolValueError("a number has no axes to pool along")
    return np.ascontiguousarray(array)
