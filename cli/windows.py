"""Arguments of the library for the windows of an input."""

from typing import Any

import click

from .exits import FileError
from .job import Window

Arguments = dict[str, Any]

_MOST_ENLARGED = 1 << 27  # pixels; a larger output is taken for a typing error


def window_arguments(window: Window, spatial: tuple[int, int], picture: bool) -> Arguments:
    """Return the keyword arguments of the library for an input of this (height, width)."""
    height, width = spatial
    partial = window.ceil or (window.edge or ("partial" if picture else "trim")) == "partial"
    if window.size:
        high, wide = window.size.of(height, width)
        if high * wide > max(height * width, _MOST_ENLARGED):
            raise FileError(
                f"--size {window.size} would enlarge {width} x {height} past {_MOST_ENLARGED:,} "
                "pixels: give a smaller one"
            )
        return {"output_size": (high, wide)}
    kernel_size, stride = window.kernel_size, window.stride
    if window.fit:
        kernel_size = fitting(height, window.fit.height, partial)
        kernel_size = max(kernel_size, fitting(width, window.fit.width, partial))
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
