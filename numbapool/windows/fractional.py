"""Windows of fractional pooling: of one size, at steps that random numbers shift per plane."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import viewed
from numbapool.windows.layout import Layout
from numbapool.windows.numbers import Ints, per_axis

Numbers = np.ndarray[Any, np.dtype[Any]]


def starts(size: int, taps: int, out: int, shifts: Numbers) -> Numbers:
    """Return where the windows begin along an axis: one row per plane, from its random number.

    Window i begins at ``int((i + u) * step) - int(u * step)``, with a step of
    ``(size - taps) / (out - 1)``, and the last window at ``size - taps``. Like torch, this is
    computed in float32, since rounding decides where a window begins.

    >>> starts(7, 2, 3, np.array([0.3, 0.7], np.float32))
    array([[0, 3, 5],
           [0, 3, 5]])
    """
    last = size - taps
    found = np.full((len(shifts), out), last, np.int64)
    if out > 1:
        step = np.float32(last) / np.float32(out - 1)
        moved = (np.arange(out - 1, dtype=np.float32) + shifts[:, np.newaxis]) * step
        found[:, :-1] = moved.astype(np.int64) - (shifts * step).astype(np.int64)[:, np.newaxis]
    return found


def output_sizes(
    layout: Layout, taps: tuple[int, ...], output_size: Any, output_ratio: Any
) -> tuple[int, ...]:
    """Return how many windows each axis gets, from `output_size` or `output_ratio`.

    Raises
    ------
    PoolValueError, PoolTypeError
        If both or none are given, if a number is out of range, or if an axis has too few elements.
    """
    ndim = len(taps)
    if (output_size is None) == (output_ratio is None):
        raise PoolValueError("fractional pooling needs either output_size or output_ratio")
    if output_size is not None:
        outs = per_axis(output_size, ndim, "output_size", 1)
    else:
        shares = tuple(output_ratio) if isinstance(output_ratio, Iterable) else (output_ratio,)
        shares = shares * ndim if len(shares) == 1 else shares
        if not all(isinstance(each, float | int | np.floating) for each in shares):
            raise PoolTypeError(f"output_ratio takes numbers, not {shown(output_ratio)}")
        if len(shares) != ndim or not all(0 < each < 1 for each in shares):
            raise PoolValueError(
                f"output_ratio takes a number between 0 and 1, or {ndim}, not {shown(output_ratio)}"
            )
        pairs = zip(layout.spatial, shares, strict=True)
        outs = tuple(max(int(size * share), 1) for size, share in pairs)
    for n, (size, k, out) in enumerate(zip(layout.spatial, taps, outs, strict=True)):
        if out + k - 1 > size:
            raise PoolValueError(
                f"{layout.axis_name(n)} has size {size}: too few for {out} windows of {k}, which "
                f"need {out + k - 1}; use a smaller output_size or kernel_size"
            )
    return outs


def shifts_of(layout: Layout, samples: Any, seed: Any) -> Numbers:
    """Return the random numbers: one row per plane, with one number per axis in torch's order.

    Raises
    ------
    PoolValueError, PoolTypeError
        If the samples have another shape or lie outside [0, 1), or if the seed is not valid.
    """
    ndim = len(layout.spatial)
    lead = (*layout.lead, *layout.channels)
    planes = layout.outer * layout.inner
    if samples is None:
        try:
            generator = np.random.default_rng(seed)
        except (TypeError, ValueError):
            raise PoolValueError(
                f"seed must be a whole number from 0 on, not {shown(seed)}"
            ) from None
        return generator.random((planes, ndim), np.float32)
    if seed is not None:
        raise PoolValueError("samples are random numbers already: leave out the seed")
    given = viewed(samples)
    if given.dtype.kind not in "fiu":
        raise PoolTypeError(f"samples must be numbers, not {given.dtype}")
    if given.shape not in ((*lead, ndim), (1, *lead, ndim)):
        raise PoolValueError(f"samples must have shape {(*lead, ndim)}, not {given.shape}")
    shifts = given.astype(np.float32).reshape(planes, ndim)
    if not ((shifts >= 0) & (shifts < 1)).all():
        raise PoolValueError("samples must lie from 0 to below 1, as float32 holds them")
    return shifts


def places(
    layout: Layout, kernel_size: Ints, output_size: Any, output_ratio: Any, shifts: Numbers
) -> tuple[tuple[int, ...], tuple[Numbers, ...]]:
    """Return a window's taps along each axis, and where windows begin: one row per plane."""
    taps = per_axis(kernel_size, len(layout.spatial), "kernel_size", 1)
    outs = output_sizes(layout, taps, output_size, output_ratio)
    # torch's samples are for width, then height; in 3-D for depth, height, then width.
    order = (1, 0) if len(taps) == 2 else range(len(taps))
    numbers = zip(layout.spatial, taps, outs, order, strict=True)
    return taps, tuple(starts(size, k, out, shifts[:, n]) for size, k, out, n in numbers)
