"""Arguments of the library for the windows of an input."""

from typing import Any

import click

from .exits import FileError
from .job import OutputSize, Window

Arguments = dict[str, Any]
"""Keyword arguments of the library; `fitted_size` in place of its `output_size` is of --fit."""

_MOST_ENLARGED = 1 << 27  # pixels; a larger output is taken for a typing error


def window_arguments(window: Window, spatial: tuple[int, int], picture: bool) -> Arguments:
    """Return the keyword arguments of the library for an input of this (height, width)."""
    height, width = spatial
    partial = window.ceil or (window.edge or ("partial" if picture else "trim")) == "partial"
    if window.fit:
        return {"fitted_size": fitted(height, width, window.fit)}
    if window.size:
        high, wide = window.size.of(height, width)
        if high * wide > max(height * width, _MOST_ENLARGED):
            raise FileError(
                f"--size {window.size} would enlarge {width} x {height} past {_MOST_ENLARGED:,} "
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
    from numbapool import pool2d_shape
    from numbapool.errors import PoolError

    huge = 1 << 40
    try:
        pool2d_shape((huge, huge), **window_arguments(window, (huge, huge), picture=False))
    except PoolError as error:
        raise click.UsageError(str(error)) from error
