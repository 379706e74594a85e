"""The windows of a pooling, before an array's size is known: plain whole numbers.

There are three kinds: the windows of a sliding kernel, a given number of windows that cover an
input, and one window that holds all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, Literal, TypeAlias

from numbapool.errors import PoolValueError, shown
from numbapool.inputs import frozen
from numbapool.records import dataclass
from numbapool.windows.axes import Axis, adaptive, same_padding, sliding
from numbapool.windows.borders import PaddingMode, mode_of, refuse_too_far
from numbapool.windows.footprints import Footprint, Marks, Taken, marks_of
from numbapool.windows.layout import (
    ALL_FORMATS,
    OTHERS,
    Layout,
    known_format,
    layout_of,
    refuse_other_axes,
    refuse_too_large,
)
from numbapool.windows.numbers import Ints, per_axis, whole_numbers

Padding: TypeAlias = (
    int | Sequence[int] | Sequence[tuple[int, int]] | Literal["valid", "same", "same_lower"]
)
OutputSize: TypeAlias = int | Sequence[int | None] | None
PadPairs: TypeAlias = tuple[tuple[int, int] | Literal["same", "same_lower"], ...]


def pad_pairs(
    padding: Padding, kernel: tuple[int, ...], dilation: tuple[int, ...], filled: bool = False
) -> PadPairs:
    """Return each axis's padding as (before, after), or as the name of a rule that makes it.

    Raises
    ------
    PoolValueError
        For an unknown name, a negative padding, or a padding given as ints that is more than half
        the kernel (torch's rule; pairs, and padding that is filled with elements, may be wider).
    """
    ndim = len(kernel)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * ndim
        if padding == "same":
            return tuple("same" for _ in kernel)
        if padding == "same_lower":
            return tuple("same_lower" for _ in kernel)
        raise PoolValueError(
            "padding must be a number, pairs, 'valid', 'same' or 'same_lower', "
            f"not {shown(padding)}"
        )
    entries = padding if isinstance(padding, Iterable) else (padding,)
    if any(isinstance(entry, Sequence) for entry in entries):
        pairs = tuple(per_axis(pair, 2, "padding's pair", 0) for pair in entries)
        if len(pairs) != ndim:
            raise PoolValueError(
                f"padding takes {ndim} pairs (before, after), not {shown(padding)}"
            )
        return tuple((before, after) for before, after in pairs)
    pads = per_axis(padding, ndim, "padding", 0)  # type: ignore[arg-type]
    for pad, taps, spread in zip(pads, kernel, dilation, strict=True):
        reach = spread * (taps - 1) + 1
        if pad > reach // 2 and not filled:
            raise PoolValueError(
                f"padding {shown(padding)} is more than half of a window, which spans {reach}; "
                "give pairs (before, after), or a padding_mode, if you mean that"
            )
    return tuple((pad, pad) for pad in pads)


@dataclass(frozen=True)
class Window:
    """A sliding kernel: one number per axis, and one pair of padding per axis."""

    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: PadPairs
    dilation: tuple[int, ...]
    ceil_mode: bool = False
    count_include_pad: bool = False
    """Whether padding counts in a mean's divisor."""
    padding_mode: Any = None
    """The elements outside the input, as a name or a number; None leaves out what lies there."""
    footprint: Marks | None = None
    """The elements of the kernel that a window takes; None takes all."""

    @classmethod
    def of(
        cls,
        ndim: int,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Padding = 0,
        dilation: Ints = 1,
        ceil_mode: bool = False,
        padding_mode: PaddingMode = None,
        footprint: Footprint = None,
    ) -> Window:
        """Return the window over `ndim` axes from the parameters of a pooling function.

        Raises
        ------
        PoolValueError, PoolTypeError
            If a parameter is out of range, or is no number.

        >>> Window.of(2, 3, padding=1).stride
        (3, 3)
        """
        kernel = steps = per_axis(kernel_size, ndim, "kernel_size", 1)
        if stride is not None and not (isinstance(stride, tuple | list) and len(stride) == 0):
            steps = per_axis(stride, ndim, "stride", 1)
        spread = per_axis(dilation, ndim, "dilation", 1)
        mode = mode_of(padding_mode)
        pads = pad_pairs(padding, kernel, spread, mode is not None)
        marks = marks_of(footprint, kernel)
        how = {"padding_mode": mode, "footprint": marks}
        return cls(kernel, steps, pads, spread, bool(ceil_mode), **how)

    @property
    def counts_padding(self) -> bool:
        """Whether a mean's divisor counts the padding; "same" padding never counts."""
        return self.count_include_pad and not any(isinstance(pad, str) for pad in self.padding)

    def taken(self, axes: tuple[Axis, ...]) -> Taken | None:
        """Return the elements that windows take along these axes; None if they take all."""
        if self.footprint is None:
            return None
        return Taken(self.footprint, self.kernel_size, self.stride, axes)

    def pads(self, n: int, size: int) -> tuple[int, int]:
        """Return the padding before and after axis `n`, of a size."""
        pad = self.padding[n]
        if not isinstance(pad, str):
            return pad
        kernel, step, spread = self.kernel_size[n], self.stride[n], self.dilation[n]
        return same_padding(size, kernel, step, spread, pad == "same_lower")

    def axes(self, layout: Layout) -> tuple[Axis, ...]:
        """Return the windows of each spatial axis of a layout.

        Raises
        ------
        PoolValueError
            If a window fits nowhere, or an axis is too short for the padding mode.
        """

        def axis(n: int, size: int) -> Axis:
            kernel, step, spread = self.kernel_size[n], self.stride[n], self.dilation[n]
            name, pads = layout.axis_name(n), self.pads(n, size)
            found = sliding(size, kernel, step, pads, spread, self.ceil_mode, name)
            if self.padding_mode is not None:
                refuse_too_far(size, pads, self.padding_mode, name)
            return found

        try:
            return tuple(axis(n, size) for n, size in enumerate(layout.spatial))
        except PoolValueError as error:
            raise PoolValueError(f"{error}{_other_reading(layout, self.kernel_size)}") from None


def _other_reading(layout: Layout, kernel: tuple[int, ...]) -> str:
    """Return a question whether the other data format was meant, if the window fits it."""
    here, there = layout.format, OTHERS.get(layout.format)
    sizes = (*layout.lead, *layout.spatial, *layout.channels)
    spatial = sizes[-len(kernel) :] if layout.channels else sizes[-len(kernel) - 1 : -1]
    fits = len(spatial) == len(kernel) and all(k <= s for k, s in zip(kernel, spatial, strict=True))
    if there is None or not fits:
        return ""
    return f" (shape {sizes} was read as {here}: was data_format={there!r} meant?)"


@dataclass(frozen=True)
class Cover:
    """A given number of windows that cover an input: adaptive pooling."""

    output_size: tuple[int | None, ...]
    """The number of windows per axis; None keeps the axis's size."""

    @classmethod
    def of(cls, ndim: int, output_size: OutputSize) -> Cover:
        """Return the windows over `ndim` axes.

        Raises
        ------
        PoolValueError, PoolTypeError
            If a size is not positive, or there are too many or too few of them.
        """
        many = isinstance(output_size, tuple | list)
        sizes: Any = output_size if many else (output_size,) * ndim
        if len(sizes) == 1:
            sizes = tuple(sizes) * ndim
        if len(sizes) != ndim:
            raise PoolValueError(
                f"output_size takes an int or {ndim} of them, not {shown(output_size)}"
            )
        return cls(
            tuple(
                None if size is None else per_axis(size, 1, "output_size", 1)[0] for size in sizes
            )
        )

    def sizes(self, layout: Layout) -> tuple[int, ...]:
        """Return the number of windows along each spatial axis of a layout.

        Raises
        ------
        PoolValueError
            If no memory could hold the result.
        """
        sizes = zip(self.output_size, layout.spatial, strict=True)
        wanted = tuple(here if size is None else size for size, here in sizes)
        refuse_too_large(layout.shape(wanted))
        return wanted

    def axes(self, layout: Layout) -> tuple[Axis, ...]:
        """Return the windows of each spatial axis of a layout.

        Raises
        ------
        PoolValueError
            If no memory could hold the result.
        """
        pairs = zip(layout.spatial, self.sizes(layout), strict=True)
        return tuple(
            adaptive(here, size, layout.axis_name(n)) for n, (here, size) in enumerate(pairs)
        )


@dataclass(frozen=True)
class Whole:
    """One window that holds a whole channel: global pooling."""

    keepdims: bool = True

    def axes(
        self, shape: tuple[int, ...], data_format: str | None
    ) -> tuple[Layout, tuple[Axis, ...], tuple[int, ...]]:
        """Return the layout of a shape, its one window, and the result's shape.

        All spatial axes count as one axis, so there may be any number of them.
        """
        name = known_format(data_format, ALL_FORMATS)
        refuse_other_axes(shape, name, 3)
        last = name.endswith("C")
        first, stop = len(name.removesuffix("C").rstrip("LDHW")), len(shape) - last
        lead, spatial, channels = shape[:first], shape[first:stop], shape[stop:]
        size = prod(spatial)
        axis = sliding(size, size or 1, 1, name=f"axes {first} to {stop - 1}")
        ones = (1,) * len(spatial) if self.keepdims else ()
        return Layout(lead, (size,), channels, name), (axis,), (*lead, *ones, *channels)


def pool2d_shape(
    shape: Sequence[int],
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Padding = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    padding_mode: PaddingMode = None,
    footprint: Footprint = None,
    data_format: str | None = None,
) -> tuple[int, ...]:
    """Return the shape that a pooling over two axes gives an array of `shape`.

    The parameters, and the errors, are those of :func:`numbapool.max_pool2d`.

    >>> pool2d_shape((403, 603, 3), 2, ceil_mode=True, data_format="HWC")
    (202, 302, 3)
    """
    layout = layout_of(whole_numbers(shape, "shape", 0), 2, data_format)
    given = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
    axes = Window.of(2, *map(frozen, given)).axes(layout)
    return layout.shape(tuple(axis.out for axis in axes))
