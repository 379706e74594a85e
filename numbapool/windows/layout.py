"""From any shape to the kernels' view of it: (outer, depth, height, width, inner), contiguous.

Channels-first arrays have inner = 1 and every axis before the spatial ones in outer;
channels-last ones have their channels in inner. Nothing here imports numba: to say what a
pooling would make of a shape costs no compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

from numbapool.errors import PoolValueError, shown
from numbapool.inputs import frozen
from numbapool.windows.axes import (
    Axis,
    Ints,
    Padding,
    adaptive,
    pad_pairs,
    per_axis,
    sliding,
    whole_numbers,
)

FORMATS = {
    1: ("NCL", "NLC", "CL", "LC", "L"),
    2: ("NCHW", "NHWC", "CHW", "HWC", "HW"),
    3: ("NCDHW", "NDHWC", "CDHW", "DHWC", "DHW"),
}
"""Each number of spatial axes with its formats. The first two take any number of axes before the
named ones and leave N and C out at will; the others name all axes of an array."""

OTHERS = {a: b for first, last, c, d, _ in FORMATS.values() for a, b in ((first, last), (c, d))}
OTHERS |= {last: first for first, last in OTHERS.items()}
"""Each format that has channels with the one that has them at the other end."""

AXIS_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


@dataclass(frozen=True)
class Layout:
    """Where an array's spatial axes are, as its format says."""

    lead: tuple[int, ...]
    spatial: tuple[int, ...]
    channels: tuple[int, ...]
    format: str

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


def known_format(data_format: Any, names: Sequence[str]) -> str:
    """Return a format as it stands among the `names`; the first of them where it is None.

    Raises
    ------
    PoolValueError
        For one that is not among them.
    """
    if data_format is None:
        return names[0]
    found = data_format.upper() if isinstance(data_format, str) else None
    if found is None or found not in names:
        raise PoolValueError(f"data_format is one of {', '.join(names)}, not {shown(data_format)}")
    return found


def refuse_other_axes(shape: tuple[int, ...], name: str, least: int) -> None:
    """Raise where a format needs more axes, or, if it names all of them, has another number."""
    has = f"an array of shape {shape} has {len(shape)} axes; {name}"
    if name.startswith("N"):
        if len(shape) < least:
            raise PoolValueError(f"{has} needs at least {least}")
    elif len(shape) != len(name):
        more = f"N{name}" if "C" in name else f"NC{name}"
        raise PoolValueError(f"{has} names {len(name)}: {more} takes any number before those")


def layout_of(shape: tuple[int, ...], ndim: int, data_format: str | None) -> Layout:
    """Find the `ndim` spatial axes of a shape.

    Raises
    ------
    PoolValueError
        For an unknown format, or another number of axes than it has.
    """
    return _layout_of(shape, ndim, known_format(data_format, FORMATS[ndim]))


@lru_cache(maxsize=1024)
def _layout_of(shape: tuple[int, ...], ndim: int, name: str) -> Layout:
    channels_last = name.endswith("C")
    refuse_other_axes(shape, name, ndim + channels_last)
    stop = len(shape) - channels_last
    return Layout(shape[: stop - ndim], shape[stop - ndim : stop], shape[stop:], name)


def windows_of(
    layout: Layout,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Padding,
    dilation: Ints,
    ceil_mode: bool,
) -> tuple[Axis, ...]:
    """Return the windows of each spatial axis for a kernel that slides.

    Raises
    ------
    PoolValueError
        Where a parameter is out of range or a window fits nowhere.
    """
    ndim = len(layout.spatial)
    kernel = per_axis(kernel_size, ndim, "kernel_size", 1)
    steps = kernel
    if stride is not None and not (isinstance(stride, tuple | list) and len(stride) == 0):
        steps = per_axis(stride, ndim, "stride", 1)
    spread = per_axis(dilation, ndim, "dilation", 1)
    pads = pad_pairs(padding, kernel, spread)

    def axis(n: int, size: int) -> Axis:
        name = layout.axis_name(n)
        return sliding(size, kernel[n], steps[n], pads[n], spread[n], ceil_mode, name)

    try:
        return tuple(axis(n, size) for n, size in enumerate(layout.spatial))
    except PoolValueError as error:
        raise PoolValueError(f"{error}{_other_reading(layout, kernel)}") from None


def _other_reading(layout: Layout, kernel: tuple[int, ...]) -> str:
    """Ask whether the other data format was meant, where the window would fit in that."""
    here, there = layout.format, OTHERS.get(layout.format)
    sizes = (*layout.lead, *layout.spatial, *layout.channels)
    spatial = sizes[-len(kernel) :] if layout.channels else sizes[-len(kernel) - 1 : -1]
    fits = len(spatial) == len(kernel) and all(k <= s for k, s in zip(kernel, spatial, strict=True))
    if there is None or not fits:
        return ""
    return f" (shape {sizes} was read as {here}: was data_format={there!r} meant?)"


MOST_ELEMENTS = 1 << 46
"""An array of more elements is refused before anything is computed: no memory holds it."""


def refuse_too_large(shape: tuple[int, ...]) -> None:
    """Raise where no memory holds a result of a shape."""
    if prod(shape) > MOST_ELEMENTS:
        raise PoolValueError(f"the result is too large for any memory: it has shape {shape}")


OutputSize: TypeAlias = int | Sequence[int | None] | None


def adaptive_windows(layout: Layout, output_size: OutputSize) -> tuple[Axis, ...]:
    """Return the windows that cover each spatial axis; None keeps an axis's size.

    Raises
    ------
    PoolValueError
        Where a size is not positive, or there are too many or too few of them.
    """
    ndim = len(layout.spatial)
    sizes = output_size if isinstance(output_size, tuple | list) else (output_size,) * ndim
    if len(sizes) == 1:
        sizes = tuple(sizes) * ndim
    if len(sizes) != ndim:
        raise PoolValueError(
            f"output_size takes an int or {ndim} of them, not {shown(output_size)}"
        )
    wanted = tuple(
        here if size is None else per_axis(size, 1, "output_size", 1)[0]
        for size, here in zip(sizes, layout.spatial, strict=True)
    )
    refuse_too_large(layout.shape(wanted))
    return tuple(
        adaptive(here, size, layout.axis_name(n))
        for n, (here, size) in enumerate(zip(layout.spatial, wanted, strict=True))
    )


def global_windows(
    shape: tuple[int, ...], data_format: str | None, keepdims: bool
) -> tuple[Layout, tuple[Axis, ...], tuple[int, ...]]:
    """Return the layout, the one window of each spatial axis, and the result's shape.

    All spatial axes count as one, so that there may be any number of them.
    """
    name = known_format(data_format, [name for names in FORMATS.values() for name in names])
    refuse_other_axes(shape, name, 3)
    last = name.endswith("C")
    before = len(name.removesuffix("C").rstrip("LDHW"))
    lead, spatial, channels = (
        shape[:before],
        shape[before : len(shape) - last],
        shape[len(shape) - last :],
    )
    size = prod(spatial)
    axis = sliding(size, size or 1, 1, name=f"axes {len(lead)} to {len(shape) - 1 - last}")
    ones = (1,) * len(spatial) if keepdims else ()
    return Layout(lead, (size,), channels, name), (axis,), (*lead, *ones, *channels)


def refuse_empty_windows(layout: Layout, axes: Sequence[Axis], what: str) -> None:
    """Raise where a window holds no input at all, and `what` is then undefined."""
    for n, axis in enumerate(axes):
        at = axis.empty_window
        if at is not None:
            raise PoolValueError(
                f"window {at} of {layout.axis_name(n)} holds no input, only padding: "
                f"{what} is undefined there; use less padding or dilation"
            )


def pool2d_shape(
    shape: Sequence[int],
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    data_format: str | None = None,
) -> tuple[int, ...]:
    """Return the shape that a pooling over two axes gives an array of `shape`.

    The parameters, and the errors, are those of :func:`numbapool.max_pool2d`.

    >>> pool2d_shape((403, 603, 3), 2, ceil_mode=True, data_format="HWC")
    (202, 302, 3)
    """
    layout = layout_of(whole_numbers(shape, "shape", 0), 2, data_format)
    window = [frozen(part) for part in (kernel_size, stride, padding, dilation, ceil_mode)]
    axes = windows_of(layout, *window)
    return layout.shape(tuple(axis.out for axis in axes))
