"""What TensorFlow, Keras, JAX and flax document of their poolings, written out in NumPy.

Each name stands for the package's own, so the same text of a call runs with either.
"""

import math
from types import SimpleNamespace

import numpy as np


def pads(padding, sizes, size, step, dilation):
    """Return each axis's padding: "SAME" gives ceil(n / step) windows, an odd one at the end."""
    if not isinstance(padding, str):
        return [tuple(pair) for pair in padding]
    if padding.upper() == "VALID":
        return [(0, 0)] * len(sizes)
    pairs = []
    for n, k, s, d in zip(sizes, size, step, dilation, strict=True):
        total = max((math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pair = (total // 2, total - total // 2)
        pairs.append(pair[::-1] if padding.upper() == "SAME_LOWER" else pair)
    return pairs


def windows(x, fill, size, step, padding, dilation):
    """Return the windows of all axes: an array of results' axes, then the windows' own."""
    x = np.pad(x, pads(padding, x.shape, size, step, dilation), constant_values=fill)
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(x, reach)
    return seen[tuple(slice(None, None, s) for s in (*step, *dilation))]


def reduce_window(x, start, function, size, step, padding, *, window_dilation=None):
    seen = windows(x, start, size, step, padding, window_dilation or (1,) * x.ndim)
    return function.reduce(seen, tuple(range(-x.ndim, 0)))


def pooled(x, function, size, step, padding, dilation=1, counts_padding=False):
    """Pool all axes of `x` but the first and the last; the mean is that of what lies inside."""
    ndim = x.ndim - 2

    def each(value):
        return (1, *([value] * ndim if isinstance(value, int) else value), 1)

    window = {"size": each(size), "step": each(step), "padding": padding}
    if not isinstance(padding, str) and len(padding) == ndim:
        window["padding"] = [(0, 0), *padding, (0, 0)]
    window["window_dilation"] = each(dilation)
    if function == "max":
        return reduce_window(x, -np.inf, np.maximum, **window)
    inside = reduce_window(np.ones_like(x), 0, np.add, **window)
    count = math.prod(each(size)) if counts_padding else inside
    return reduce_window(x, 0, np.add, **window) / count


def argmax(x, ksize, strides, padding):
    """Return where each largest lies in its image: (y * width + x) * channels + channel."""
    places = np.broadcast_to(np.arange(x[0].size).reshape(x.shape[1:]), x.shape)
    each = ((1, ksize, ksize, 1), (1, strides, strides, 1), padding, (1, 1, 1, 1))
    values, seen = windows(x, -np.inf, *each), windows(places, -1, *each)
    flat = (*values.shape[:4], -1)
    best = values.reshape(flat).argmax(-1)[..., None]
    return np.take_along_axis(seen.reshape(flat), best, -1)[..., 0]


def shares(n, parts):
    """Return (parts, n): of each element the share of each part that it fills."""
    ends = np.arange(parts + 1) * (n / parts)
    upper = np.minimum(ends[1:, None], np.arange(1, n + 1))
    lower = np.maximum(ends[:-1, None], np.arange(n))
    return np.maximum(upper - lower, 0) / (n / parts)


def resize(x, size, method):
    assert method == "area"
    rows, columns = (shares(n, parts) for n, parts in zip(x.shape[1:3], size, strict=True))
    return np.einsum("yh,xw,nhwc->nyxc", rows, columns, x).astype(x.dtype)


def of_tensorflow(function):
    def pool(x, ksize, strides, padding):
        return pooled(x, function, ksize, strides, padding)

    return pool


TENSORFLOW = SimpleNamespace(
    nn=SimpleNamespace(
        max_pool1d=of_tensorflow("max"),
        max_pool2d=of_tensorflow("max"),
        avg_pool2d=of_tensorflow("mean"),
        avg_pool3d=of_tensorflow("mean"),
        pool=lambda x, window_shape, pooling_type, dilations: pooled(
            x, pooling_type.lower(), window_shape, 1, "VALID", dilations
        ),
        max_pool_with_argmax=lambda *call: SimpleNamespace(argmax=argmax(*call)),
    ),
    reduce_mean=lambda x, axis: x.mean(tuple(axis)),
    image=SimpleNamespace(resize=resize),
)

# ------------------------------------------------------------------------------------- Keras


def of_keras(function):
    def layer(pool_size, strides=None, padding="valid", data_format="channels_last"):
        def pool(x):
            first = data_format == "channels_first"
            x = np.moveaxis(x, 1, -1) if first else x
            result = pooled(x, function, pool_size, strides or pool_size, padding)
            return np.moveaxis(result, -1, 1) if first else result

        return pool

    return layer


def adaptive(output_size):
    """Return the layer: part i goes from floor(i n / parts) to ceil((i + 1) n / parts)."""

    def pool(x):
        for axis, parts in enumerate(output_size, 1):
            n = x.shape[axis]
            bounds = [(i * n // parts, -(-(i + 1) * n // parts)) for i in range(parts)]
            means = [x.take(range(*pair), axis).mean(axis, keepdims=True) for pair in bounds]
            x = np.concatenate(means, axis)
        return x

    return pool


def masked_mean():
    return lambda x, mask: (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True, dtype=x.dtype)


LAYERS = SimpleNamespace(
    MaxPooling2D=of_keras("max"),
    AveragePooling1D=of_keras("mean"),
    AveragePooling2D=of_keras("mean"),
    MaxPooling3D=of_keras("max"),
    AdaptiveAveragePooling2D=adaptive,
    GlobalAveragePooling1D=masked_mean,
    GlobalAveragePooling2D=lambda: lambda x: x.mean((1, 2)),
    GlobalMaxPooling2D=lambda keepdims: lambda x: x.max((1, 2), keepdims=keepdims),
)

# ------------------------------------------------------------------------------ JAX and flax

LAX = SimpleNamespace(reduce_window=reduce_window, max=np.maximum, min=np.minimum, add=np.add)

LINEN = SimpleNamespace(
    max_pool=lambda x, window_shape, strides=1, padding="VALID": pooled(
        x, "max", window_shape, strides, padding
    ),
    avg_pool=lambda x, window_shape, strides=1, padding="VALID", count_include_pad=True: pooled(
        x, "mean", window_shape, strides, padding, counts_padding=count_include_pad
    ),
)

FORMULAS = {
    "TensorFlow": {"tf": TENSORFLOW},
    "Keras": {"layers": LAYERS},
    "JAX": {"lax": LAX, "jnp": np, "nn": LINEN},
}
"""What the calls of a package name, written out."""
