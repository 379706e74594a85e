"""Pooling with a padding mode, from its definition: NumPy pads the array, then it is pooled."""

import naive
import numpy as np
from naive_operators import KEEP
from naive_windows import AxisWindow, channels_last, out_size, pad_pairs, per_axis, spatial_shape

PADS = {
    "reflect": "reflect",
    "mirror": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "edge": "edge",
    "circular": "wrap",
    "wrap": "wrap",
}
"""NumPy's word for each mode, except for zeros and numbers."""

SHORTEST = {"reflect": 1, "mirror": 1, "symmetric": 0, "circular": 0, "wrap": 0}
"""How much longer than its padding an axis must be."""


def padded(x, ndim, pads, mode, last):
    """Return an array with what a mode puts around its pooled axes."""
    lead = x.ndim - ndim - last
    every = [(0, 0)] * lead + pads + [(0, 0)] * last
    if mode in PADS:
        return np.pad(x, every, mode=PADS[mode])
    return np.pad(x, every, constant_values=0 if mode == "zeros" else mode)


def windows_of(x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format, mode):
    """Return the padding of each pooled axis, and the windows of the axis once it is padded."""
    sizes = spatial_shape(x, ndim, data_format)
    kernel = per_axis(kernel_size, ndim, 1)
    stride = kernel if stride is None or stride == () else per_axis(stride, ndim, 1)
    dilation = per_axis(dilation, ndim, 1)
    if isinstance(padding, int):  # it may be wider than half a window, as pairs may
        padding = [(padding, padding)] * ndim
    elif not isinstance(padding, str) and isinstance(padding[0], int):
        padding = [(pad, pad) for pad in per_axis(padding, ndim, 0)]
    pads = [tuple(pair) for pair in pad_pairs(padding, sizes, kernel, stride, dilation)]
    windows = []
    for size, k, s, d, (before, after) in zip(sizes, kernel, stride, dilation, pads, strict=True):
        if mode in SHORTEST and size < max(before, after) + SHORTEST[mode]:
            raise ValueError("the axis is too short for the mode")
        axis = []
        for i in range(out_size(size, k, s, before, after, d, ceil_mode)):
            taps = [i * s + j * d for j in range(k)]
            taps = [tap for tap in taps if tap < before + size + after]
            axis.append(AxisWindow(taps, len(taps)))
        windows.append(axis)
    if [] in windows:
        raise ValueError("a window is larger than the padded input")
    return pads, windows


def sliding(
    op, x, ndim, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, *,
    padding_mode, data_format=None, nan="propagate", nodata=None, **own,
):  # fmt: skip
    """Return the result of an operator of the table."""
    given = x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format, padding_mode
    pads, windows = windows_of(*given)
    held = padded(x, ndim, pads, padding_mode, channels_last(data_format))
    return KEEP[op](held, windows, data_format, nan, nodata, True, **own)


def places(x, ndim, kernel_size, better, padding_mode, *, data_format=None, **arguments):
    """Return the place of the best element of each window in the array without padding."""
    defaults = {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False} | arguments
    pads, windows = windows_of(x, ndim, kernel_size, *defaults.values(), data_format, padding_mode)
    last = channels_last(data_format)
    sizes = spatial_shape(x, ndim, data_format)
    held = padded(x, ndim, pads, padding_mode, last)
    plane = padded(np.arange(np.prod(sizes)).reshape(sizes), ndim, pads, padding_mode, False)
    found = naive.extreme(held, windows, better, True, "propagate", None, data_format)[1]
    return plane.reshape(-1)[found]
