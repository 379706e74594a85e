"""Arguments of the library for the windows of an input."""

from typing import Any

import click

from .exits import FileError
from .job import OutputSize, Window

Arguments = dict[str, Any]
"""Keyword arguments of the library; `fitted_size` in place of its `output_size` is of --fit."""

_MOST_ENLARGED = 1 << 27  # pixels; a larger output is taken for a typing error


def window_arguments(window: Window, lengths: tuple[int, ...], picture: bool) -> Arguments:
    """Return the keyword arguments of the library for an input of this (height, width).

    Arrays may have another number of axes.
    """
    if window.parts:
        return {"output_size": (window.parts,) * len(lengths)}
    if window.size or window.fit or window.fit_window:
        height, width = _sides(lengths, "--size and --fit are")
    elif window.axes not in (0, len(lengths)):
        raise FileError(other_axes(window.axes, len(lengths)))
    partial = window.ceil or (window.edge or ("partial" if picture else "trim")) == "partial"
    if window.fit:
        return {"fitted_size": fitted(height, width, window.fit)}
    if window.size:
        high, wide = window.size.of(height, width)
        if high * wide > max(height * width, _MOST_ENLARGED):
            raise FileError(
                f"--size {window.size} would enlarge {width}×{height} past {_MOST_ENLARGED:,} "
                "pixels: give a smaller one"
            )
        return {"output_size": (high, wide)}
    kernel_size, stride = window.kernel_size, window.stride
    if window.fit_window:
        kernel_size = fitting(height, window.fit_window.height, partial)
        kernel_size = max(kernel_size, fitting(width, window.fit_window.width, partial))
        stride = None
    return {
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": window.padding,
        "padding_mode": window.padding_mode,
        "footprint": window.footprint,
        "dilation": window.dilation,
        # "same" and the like decide the size of the output themselves.
        "ceil_mode": partial and not isinstance(window.padding, str),
    }


_AXES = {1: "one axis", 2: "height and width", 3: "depth, height and width"}


def _sides(lengths: tuple[int, ...], what: str) -> tuple[int, int]:
    """Return height and width; refuse other axes."""
    if len(lengths) != 2:
        raise FileError(f"{what} of height and width, and it has {_AXES[len(lengths)]}: give -k")
    return lengths[0], lengths[1]


def other_axes(numbers: int, axes: int) -> str:
    """Return why a window of so many numbers does not suit so many axes."""
    other = "DHW, CDHW" if numbers == 3 else "HW, CHW"
    return (
        f"its windows have {_AXES[axes]}, and -k, -s, -p or -d gives {numbers} numbers: give one "
        f"number{' per axis' if axes > 1 else ''}, or other axes with --data-format, as {other}"
    )


def size_of(arguments: Arguments) -> tuple[int, int] | None:
    """Return the (height, width) that windows are to give; None for windows that slide."""
    size: tuple[int, int] | None = arguments.get("fitted_size", arguments.get("output_size"))
    return size


def fitted(height: int, width: int, box: OutputSize) -> tuple[int, int]:
    """Return the largest (height, width) within a box that keeps a shape, and is no larger."""
    if height <= box.height and width <= box.width:
        return height, width
    if box.width * height <= box.height * width:
        return _scaled(height, box.width, width), box.width
    return box.height, _scaled(width, box.height, height)


def _scaled(length: int, new: int, old: int) -> int:
    """Return a length times new / old, rounded to the nearest pixel, and at least 1."""
    return max(1, (2 * length * new + old) // (2 * old))


def fitting(length: int, most: int, partial: bool) -> int:
    """Return the smallest window that makes at most `most` windows side by side of `length`."""
    return max(1, -(-length // most) if partial else length // (most + 1) + 1)


def refuse_impossible(window: Window) -> None:
    """Let the library refuse windows that suit no input, before any input is read."""
    size = window.kernel_size
    if window == Window(size, edge=window.edge) and isinstance(size, int) and size > 0:
        return  # without the library, which takes a while to be imported
    from numbapool import pool2d_shape
    from numbapool.errors import PoolError

    numbers = (window.kernel_size, window.stride, window.padding, window.dilation)
    if len({len(each) for each in numbers if isinstance(each, tuple)}) > 1:
        raise click.UsageError("-k, -s, -p and -d give different counts of numbers: give one each.")
    huge = (1 << 15,) * 3 if window.axes == 3 else (1 << 40,) * 2
    try:
        arguments = window_arguments(window, huge, picture=False)
        if window.axes == 3:
            from numbapool import Pool

            Pool("max", **arguments, data_format="DHW").shape(huge)
        else:
            pool2d_shape(huge, **arguments)
    except PoolError as error:
        raise click.UsageError(str(error)) from error
