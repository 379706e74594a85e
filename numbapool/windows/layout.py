"""From any shape to the kernels' view of it: (outer, depth, height, width, inner), contiguous.

Channels-first arrays have inner = 1, and outer holds every axis before the spatial axes.
Channels-last arrays have their channels in inner. Nothing here imports numba, so a result's shape
costs no compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

from numbapool.errors import PoolValueError, shown
from numbapool.records import dataclass
from numbapool.windows.axes import Axis

FORMATS = {
    1: ("NCL", "NLC", "CL", "LC", "L"),
    2: ("NCHW", "NHWC", "CHW", "HWC", "HW"),
    3: ("NCDHW", "NDHWC", "CDHW", "DHWC", "DHW"),
}
"""The formats of each number of spatial axes. The first two take any number of axes before the
named axes, and N and C are optional; the others name all axes of an array."""

ALL_FORMATS = [name for formats in FORMATS.values() for name in formats]

OTHERS = {a: b for first, last, c, d, _ in FORMATS.values() for a, b in ((first, last), (c, d))}
OTHERS |= {last: first for first, last in OTHERS.items()}
"""Each format with channels, and the format with the channels at the other end."""

AXIS_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


@dataclass(frozen=True)
class Layout:
    """The spatial axes of an array, as its format names them."""

    lead: tuple[int, ...]
    spatial: tuple[int, ...]
    channels: tuple[int, ...]
    format: str

    @property
    def outer(self) -> int:
        """The number of volumes, which follow one another."""
        return prod(self.lead)

    @property
    def inner(self) -> int:
        """The number of elements at one place."""
        return prod(self.channels)

    def axis_name(self, axis: int) -> str:
        """Return an error's name for the spatial axis: its number and meaning."""
        name = AXIS_NAMES[len(self.spatial)][axis]
        return f"axis {len(self.lead) + axis} ({name})"

    def shape(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Return the array's shape with other spatial sizes."""
        return (*self.lead, *spatial, *self.channels)


def known_format(data_format: Any, names: Sequence[str]) -> str:
    """Return a format as it stands in `names`; for None, the first of `names`.

    Raises
    ------
    PoolValueError
        For a format that is not in `names`.
    """
    if data_format is None:
        return names[0]
    found = data_format.upper() if isinstance(data_format, str) else None
    if found is None or found not in names:
        raise PoolValueError(
            f"data_format must be one of {', '.join(names)}, not {shown(data_format)}"
        )
    return found


def refuse_other_axes(shape: tuple[int, ...], name: str, least: int) -> None:
    """Raise if a format needs more axes, or if it names all axes and their number differs."""
    has = f"an array of shape {shape} has {len(shape)} axes; {name}"
    if name.startswith("N"):
        if len(shape) < least:
            raise PoolValueError(f"{has} needs at least {least}")
    elif len(shape) != len(name):
        more = f"N{name}" if "C" in name else f"NC{name}"
        raise PoolValueError(
            f"{has} names {len(name)}: {more} takes any number of axes before these"
        )


def layout_of(shape: tuple[int, ...], ndim: int, data_format: str | None) -> Layout:
    """Find the `ndim` spatial axes of a shape.

    Raises
    ------
    PoolValueError
        For an unknown format, or for a number of axes that does not fit it.
    """
    return _layout_of(shape, ndim, known_format(data_format, FORMATS[ndim]))


@lru_cache(maxsize=1024)
def _layout_of(shape: tuple[int, ...], ndim: int, name: str) -> Layout:
    channels_last = name.endswith("C")
    refuse_other_axes(shape, name, ndim + channels_last)
    stop = len(shape) - channels_last
    return Layout(shape[: stop - ndim], shape[stop - ndim : stop], shape[stop:], name)


MOST_ELEMENTS = 1 << 46
"""The most elements of a result. A larger result is refused at once: no memory holds it."""


def refuse_too_large(shape: tuple[int, ...]) -> None:
    """Raise if no memory could hold a result of this shape."""
    if prod(shape) > MOST_ELEMENTS:
        raise PoolValueError(f"the result is too large for any memory: it has shape {shape}")


def refuse_empty_windows(layout: Layout, axes: Sequence[Axis], what: str) -> None:
    """Raise if a window holds no input at all: `what` is undefined there."""
    for n, axis in enumerate(axes):
        at = axis.empty_window
        if at is not None:
            raise PoolValueError(
                f"window {at} of {layout.axis_name(n)} holds no input, only padding: "
                f"{what} is undefined there; use less padding or dilation"
            )


def refuse_empty_footprints(counts: Any, what: str) -> None:
    """Raise if a footprint takes no element of a window at a border: `what` is undefined there."""
    if not counts.all():
        raise PoolValueError(
            f"the footprint takes no element inside the input from a window at its border: {what} "
            "is undefined there; use less padding, or a padding_mode"
        )
