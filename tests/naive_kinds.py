"""Poolings by windows of other kinds, from their definitions: slow and obvious."""

import itertools
import math
from fractions import Fraction

import naive
import numpy as np
from naive_windows import channels_last


def places(size, taps, step, mode):
    """Return each window's (place, weight) pairs along an axis; a place of None is a zero."""
    before, after = (taps - 1) // 2, taps // 2
    least = {"reflect": 1, "symmetric": 0, "circular": 0}.get(mode, -taps) + max(before, after)
    if size == 0 or size < least:
        raise ValueError("nothing to blur, or to reflect")
    windows = []
    for i in range(math.ceil(size / step)):
        window = []
        for t in range(taps):
            at = i * step - before + t
            if mode == "reflect":
                at = -at if at < 0 else at
                at = 2 * (size - 1) - at if at >= size else at
            elif mode == "symmetric":
                at = -1 - at if at < 0 else at
                at = 2 * size - 1 - at if at >= size else at
            elif mode == "circular":
                at %= size
            elif mode == "replicate":
                at = min(max(at, 0), size - 1)
            elif not 0 <= at < size:
                at = None
            window.append((at, Fraction(math.comb(taps - 1, t), 2 ** (taps - 1))))
        windows.append(window)
    return windows


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def blur_pool2d(x, filter_size=3, stride=2, padding_mode="reflect", *, data_format=None):
    """Return the sum of the elements by their weights; of integers rounded, half up."""
    last = channels_last(data_format)
    planes = np.moveaxis(x, -1, -3) if last else x
    sizes = zip(planes.shape[-2:], pair(filter_size), pair(stride), strict=True)
    rows, columns = (places(*axis, padding_mode) for axis in sizes)
    dtype = naive.mean_dtype(x.dtype)
    out = np.empty((*planes.shape[:-2], len(rows), len(columns)), dtype)
    for at in np.ndindex(out.shape):
        plane = planes[at[:-2]].tolist()
        terms = [
            (a * b, plane[i][j])
            for (i, a), (j, b) in itertools.product(rows[at[-2]], columns[at[-1]])
            if i is not None and j is not None
        ]
        if all(math.isfinite(value) for _, value in terms):
            result = sum(weight * Fraction(value) for weight, value in terms)
        else:
            result = sum(float(weight) * value for weight, value in terms)
        if dtype.kind in "iu":
            result = math.floor(result + Fraction(1, 2))
        out[at] = naive.stored(result, dtype)
    return np.moveaxis(out, -3, -1) if last else out


def max_blur_pool2d(
    x, kernel_size=2, filter_size=3, stride=2, padding_mode="reflect", *, data_format=None
):
    largest = naive.max_pool(x, 2, kernel_size, 1, data_format=data_format)
    return blur_pool2d(largest, filter_size, stride, padding_mode, data_format=data_format)


def overlaps(size, out):
    """Return how much of each element lies in each window, times `out`: one row per window.

    Window i is the interval from ``i * size / out`` to ``(i + 1) * size / out``, element j that
    from j to j + 1.
    """
    i, j = np.arange(out)[:, np.newaxis], np.arange(size)
    ends = np.minimum((i + 1) * size, (j + 1) * out)
    return np.maximum(ends - np.maximum(i * size, j * out), 0)


def area_means(x, output_size):
    """Return the mean over exact areas of the last two axes, in float64."""
    rows, columns = (overlaps(*axis) for axis in zip(x.shape[-2:], output_size, strict=True))
    return rows @ x.astype(np.float64) @ columns.T / np.prod(x.shape[-2:])


def area_pool2d(
    x,
    output_size,
    *,
    data_format=None,
    nan="propagate",
    nodata=None,
    min_count=None,
    rounding="half_up",
):
    """Return the mean over exact areas, from the definition, in exact numbers where they are."""
    last = channels_last(data_format)
    planes = np.moveaxis(x, -1, -3) if last else x
    sizes = [
        here if out is None else out
        for here, out in zip(planes.shape[-2:], pair(output_size), strict=True)
    ]
    rows, columns = (overlaps(*axis) for axis in zip(planes.shape[-2:], sizes, strict=True))
    dtype = naive.mean_dtype(x.dtype)
    out = np.empty((*planes.shape[:-2], *sizes), dtype)
    for at in np.ndindex(out.shape):
        plane, parts = planes[at[:-2]], np.outer(rows[at[-2]], columns[at[-1]])
        inside = parts > 0
        held = inside & ~(plane == nodata) if nodata is not None else inside
        held = held & (plane == plane) if nan == "skip" else held
        counted = Fraction(int(parts[held].sum()), int(np.prod(sizes)))
        least = min_count or 0
        if isinstance(least, float):
            least = Fraction(str(least)) * Fraction(int(parts.sum()), int(np.prod(sizes)))
        if not counted or counted < least:
            nothing = np.nan if nodata is None else nodata
            out[at] = naive.stored(nothing, dtype)
            continue
        terms = list(zip(parts[held].tolist(), plane[held].tolist(), strict=True))
        weight = sum(part for part, _ in terms)
        if all(math.isfinite(value) for _, value in terms):
            result = sum(part * Fraction(value) for part, value in terms) / weight
        else:
            result = sum(part * value for part, value in terms) / weight
        if dtype.kind in "iu":
            half = Fraction(0) if rounding == "floor" else Fraction(1, 2)
            result = round(result) if rounding == "half_even" else math.floor(result + half)
        out[at] = naive.stored(result, dtype)
    return np.moveaxis(out, -3, -1) if last else out


def starts(size, taps, out, u):
    """Return where windows begin along an axis, by torch's arithmetic in float32."""
    if out == 1:
        return [size - taps]
    u = np.float32(u)
    step = np.float32(size - taps) / np.float32(out - 1)
    found = [int((np.float32(i) + u) * step) - int(u * step) for i in range(out - 1)]
    return [*found, size - taps]


def fractional_max_pool(x, ndim, kernel_size, output_size, samples, *, data_format=None):
    """Return the largest elements and their places; `samples` has a row per plane."""
    last = channels_last(data_format)
    planes = np.moveaxis(x, -1, -ndim - 1) if last else x
    lead, sizes = planes.shape[:-ndim], planes.shape[-ndim:]
    kernel = (kernel_size,) * ndim if isinstance(kernel_size, int) else kernel_size
    values = np.empty((*lead, *output_size), x.dtype.newbyteorder("="))
    indices = np.empty(values.shape, np.int64)
    for at in np.ndindex(*lead):
        shifts = samples[at][::-1] if ndim == 2 else samples[at]
        begins = [starts(*axis) for axis in zip(sizes, kernel, output_size, shifts, strict=True)]
        for window in np.ndindex(*output_size):
            first = [axis[n] for axis, n in zip(begins, window, strict=True)]
            taps = [range(one, one + k) for one, k in zip(first, kernel, strict=True)]
            flat = [np.ravel_multi_index(place, sizes).item() for place in itertools.product(*taps)]
            held = planes[at].reshape(-1)[flat].tolist()
            best = naive.winner(held, lambda a, b: a > b)
            values[(*at, *window)], indices[(*at, *window)] = held[best], flat[best]
    if last:
        values, indices = np.moveaxis(values, -ndim - 1, -1), np.moveaxis(indices, -ndim - 1, -1)
    return values, indices
