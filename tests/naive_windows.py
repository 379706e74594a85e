"""Where windows lie, from the definition: an axis's windows as lists of positions."""

import math
from fractions import Fraction
from typing import NamedTuple


class AxisWindow(NamedTuple):
    """The taps of one window along one axis."""

    inside: list[int]  # positions within the input
    padded: int  # how many lie within the input or its padding


def out_size(size, kernel, stride, before=0, after=0, dilation=1, ceil_mode=False):
    """Return how many windows fit: none that starts past the input and the padding before it."""
    room = size + before + after - (dilation * (kernel - 1) + 1)
    steps = math.ceil(Fraction(room, stride)) if ceil_mode else room // stride
    if ceil_mode and steps * stride >= size + before:
        steps -= 1
    return max(steps + 1, 0)


def same_padding(size, kernel, stride, dilation, lower):
    """Return the padding that gives ceil(size / stride) windows; an odd one goes after."""
    out = math.ceil(Fraction(size, stride))
    total = max((out - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return (total - total // 2, total // 2) if lower else (total // 2, total - total // 2)


def sliding(size, kernel, stride, before=0, after=0, dilation=1, ceil_mode=False):
    """Return the windows of an axis over which a kernel slides."""
    windows = []
    for i in range(out_size(size, kernel, stride, before, after, dilation, ceil_mode)):
        taps = [i * stride - before + j * dilation for j in range(kernel)]
        inside = [tap for tap in taps if 0 <= tap < size]
        padded = [tap for tap in taps if -before <= tap < size + after]
        windows.append(AxisWindow(inside, len(padded)))
    return windows


def adaptive(size, out):
    """Return `out` windows that cover an axis."""
    windows = []
    for i in range(out):
        start = math.floor(Fraction(i * size, out))
        stop = math.ceil(Fraction((i + 1) * size, out))
        windows.append(AxisWindow(list(range(start, stop)), stop - start))
    return windows


def per_axis(value, ndim, least):
    """Return one number an axis: from an int, a one-element tuple or a full one."""
    numbers = (value,) if isinstance(value, int) else tuple(value)
    if len(numbers) == 1:
        numbers *= ndim
    if len(numbers) != ndim or min(numbers) < least:
        raise ValueError(f"{value!r}")
    return numbers


def pad_pairs(padding, sizes, kernel, stride, dilation):
    """Return each axis's padding as (before, after)."""
    ndim = len(sizes)
    if padding == "valid":
        return [(0, 0)] * ndim
    if padding in ("same", "same_lower"):
        lower = padding == "same_lower"
        return [
            same_padding(*axis, lower) for axis in zip(sizes, kernel, stride, dilation, strict=True)
        ]
    if isinstance(padding, str):
        raise ValueError(f"{padding!r}")
    if not isinstance(padding, int) and not all(isinstance(pad, int) for pad in padding):
        if len(padding) != ndim:
            raise ValueError(f"{padding!r}")
        return [per_axis(pair, 2, 0) for pair in padding]
    pads = per_axis(padding, ndim, 0)
    for pad, k, d in zip(pads, kernel, dilation, strict=True):
        if pad > (d * (k - 1) + 1) // 2:
            raise ValueError("padding is more than half the window")
    return [(pad, pad) for pad in pads]


def channels_last(data_format):
    """Whether a format, if there is one, names the channels last."""
    return data_format is not None and data_format.upper().endswith("C")


def before_space(data_format):
    """Return what stands in a format's name before the pooled axes."""
    return data_format.upper().rstrip("C").rstrip("LDHW")


def spatial_shape(x, ndim, data_format):
    """Return the sizes of the pooled axes, which are the last, or the last but one."""
    last = channels_last(data_format)
    if x.ndim < ndim + last:
        raise ValueError("too few axes")
    if data_format is not None and "N" not in data_format.upper() and len(data_format) != x.ndim:
        raise ValueError("a format without N names all axes")
    sizes = x.shape[-ndim - 1 : -1] if last else x.shape[-ndim:]
    if 0 in sizes:
        raise ValueError("an empty axis")
    return sizes


def kernel_windows(x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format):
    """Return each pooled axis's windows."""
    sizes = spatial_shape(x, ndim, data_format)
    kernel = per_axis(kernel_size, ndim, 1)
    stride = kernel if stride is None or stride == () else per_axis(stride, ndim, 1)
    dilation = per_axis(dilation, ndim, 1)
    pads = pad_pairs(padding, sizes, kernel, stride, dilation)
    windows = [
        sliding(size, k, s, before, after, d, ceil_mode)
        for size, k, s, (before, after), d in zip(
            sizes, kernel, stride, pads, dilation, strict=True
        )
    ]
    if [] in windows:
        raise ValueError("a window is larger than the padded input")
    return windows
