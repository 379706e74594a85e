"""Every pooling, slow and obvious: the definitions, as loops over windows.

An axis's windows are lists of positions (`naive_windows`); `slide` visits each window of
each plane and hands its taps, as Python's own numbers, to a function that reduces them. Sums are
exact (``Fraction``), so a result is rounded once, when it is stored.

All functions take the number of pooled axes as `ndim`; the arguments that follow have the
library's names, defaults and meanings.
"""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
from naive_windows import (
    adaptive,
    before_space,
    channels_last,
    kernel_windows,
    per_axis,
    spatial_shape,
)

# --------------------------------------------------------------------------------- the loop


def slide(x, windows, reduce, dtype, data_format=None):
    """Return ``reduce(values, places, padded)`` for every window of every plane.

    `values` are the taps inside the input in row-major order, `places` their flat indices in
    the plane, and `padded` is the number of taps inside the input or its padding.
    """
    ndim = len(windows)
    last = channels_last(data_format)
    planes = np.moveaxis(x, -1, -ndim - 1) if last else x
    lead, sizes = planes.shape[:-ndim], planes.shape[-ndim:]
    grid = np.arange(math.prod(sizes)).reshape(sizes)
    results = []
    for plane in planes.reshape(math.prod(lead), math.prod(sizes)).tolist():
        for window in itertools.product(*windows):
            places = grid[np.ix_(*[axis.inside for axis in window])].ravel().tolist()
            padded = math.prod(axis.padded for axis in window)
            results.append(reduce([plane[place] for place in places], places, padded))
    out = np.empty(len(results), dtype)
    for i, result in enumerate(results):
        out[i] = stored(result, dtype)
    out = out.reshape(lead + tuple(len(axis) for axis in windows))
    return np.moveaxis(out, -ndim - 1, -1) if last else out


def stored(value, dtype):
    """Return a number as `dtype` holds it: floats rounded to the nearest."""
    if isinstance(value, Fraction):
        try:
            value = float(value)
        except OverflowError:
            value = math.inf if value > 0 else -math.inf
    with np.errstate(over="ignore"):
        return np.array(value).astype(dtype)


def refuse_empty(windows):
    """Raise where a window holds no input at all."""
    if any(not window.inside for axis in windows for window in axis):
        raise ValueError("a window holds no input at all")


# ----------------------------------------------------------------------------- what is kept


def is_nan(value):
    return value != value


def same(value, nodata):
    """Whether a value is the one that stands for no data; NaN may be that too."""
    return nodata is not None and (value == nodata or (is_nan(value) and is_nan(nodata)))


def as_held(nodata, dtype):
    """Return the number that stands for no data in arrays of `dtype`; None if they hold none.

    A float is rounded to a float dtype, but not to infinity or to zero. Python compares an integer
    with any number exactly.
    """
    nodata = nodata.item() if isinstance(nodata, np.generic) else nodata
    if nodata is None or is_nan(nodata) or dtype.kind != "f":
        return nodata
    try:
        rounded = float(stored(float(nodata), dtype))
    except OverflowError:
        return None
    lost = math.isinf(rounded) != math.isinf(nodata) or (rounded == 0) != (nodata == 0)
    return None if lost else rounded


def left(values, nan, nodata):
    """Return the positions in `values` of those that count."""
    return [
        i
        for i, value in enumerate(values)
        if not (nan == "skip" and is_nan(value)) and not same(value, nodata)
    ]


def nothing(nodata):
    """Return the result of a window in which nothing counts."""
    return math.nan if nodata is None else nodata


def exact_sum(values):
    """Return the sum unrounded, or the float that NaN and infinities make of it."""
    odd = [value for value in values if not math.isfinite(value)]
    return sum(odd) if odd else sum(map(Fraction, values), Fraction(0))


def rounded(value, rounding, dtype):
    """Return a Fraction as a whole number within the limits of an integer dtype."""
    if rounding == "half_up":
        whole = math.floor(value + Fraction(1, 2))
    elif rounding == "half_even":
        whole = round(value)
    elif rounding == "floor":
        whole = math.floor(value)
    else:
        raise ValueError(f"{rounding!r}")
    limits = np.iinfo(dtype)
    return min(max(whole, int(limits.min)), int(limits.max))


def winner(values, better):
    """Return the position that torch's loop ends at: the last NaN, else the first best."""
    best = 0
    for i, value in enumerate(values):
        if better(value, values[best]) or is_nan(value):
            best = i
    return best


def mean_dtype(dtype):
    return np.dtype(np.float32) if dtype.kind == "b" else dtype.newbyteorder("=")


def sum_dtype(dtype):
    wide = {"b": np.int64, "i": np.int64, "u": np.uint64}
    return np.dtype(wide.get(dtype.kind, dtype.newbyteorder("=")))


def float_dtype(dtype):
    """Return the result of what is not whole: a float's own type, float64 of all else."""
    return dtype.newbyteorder("=") if dtype.kind == "f" else np.dtype(np.float64)


# ---------------------------------------------------------------------------- the poolings


def extreme(x, windows, better, return_indices, nan, nodata, data_format):
    refuse_empty(windows)
    nodata = as_held(nodata, x.dtype)

    def position(values):
        counted = left(values, nan, nodata) or range(len(values))
        return counted[winner([values[i] for i in counted], better)]

    def value(values, places, padded):
        return values[position(values)]

    def index(values, places, padded):
        return places[position(values)]

    result = slide(x, windows, value, x.dtype.newbyteorder("="), data_format)
    if return_indices:
        return result, slide(x, windows, index, np.int64, data_format)
    return result


def max_pool(
    x, ndim, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
    return_indices=False, *, data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    return extreme(x, windows, lambda a, b: a > b, return_indices, nan, nodata, data_format)


def min_pool(
    x, ndim, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
    return_indices=False, *, data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    return extreme(x, windows, lambda a, b: a < b, return_indices, nan, nodata, data_format)


def mean(
    x, windows, count_include_pad, divisor, rounding, data_format, nan="propagate", nodata=None
):
    dtype = mean_dtype(x.dtype)
    nodata = as_held(nodata, x.dtype)
    if not count_include_pad and divisor is None:
        refuse_empty(windows)

    def reduce(values, places, padded):
        counted = [values[i] for i in left(values, nan, nodata)]
        if values and not counted:
            return nothing(nodata)
        if divisor is not None:
            by = divisor
        elif count_include_pad:
            by = padded - (len(values) - len(counted))
        else:
            by = len(counted)
        result = exact_sum(counted) / by
        return rounded(result, rounding, dtype) if dtype.kind in "iu" else result

    return slide(x, windows, reduce, dtype, data_format)


def avg_pool(
    x, ndim, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
    divisor_override=None, *, dilation=1, data_format=None, nan="propagate", nodata=None,
    rounding="half_up",
):  # fmt: skip
    if divisor_override == 0:
        raise ValueError("divisor_override must not be 0")
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    if padding in ("same", "same_lower"):
        count_include_pad = False
    return mean(x, windows, count_include_pad, divisor_override, rounding, data_format, nan, nodata)


def total(x, windows, data_format, nan, nodata):
    dtype = sum_dtype(x.dtype)
    nodata = as_held(nodata, x.dtype)

    def reduce(values, places, padded):
        result = exact_sum([values[i] for i in left(values, nan, nodata)])
        if dtype.kind == "f":
            return result
        result = int(result) % 2**64  # wraps as 64 bits do
        return result - 2**64 if dtype.kind == "i" and result >= 2**63 else result

    return slide(x, windows, reduce, dtype, data_format)


def sum_pool(
    x, ndim, kernel_size, stride=None, padding=0, ceil_mode=False, *, dilation=1,
    data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    return total(x, windows, data_format, nan, nodata)


def norm(x, windows, norm_type, data_format, nan, nodata):
    if not norm_type > 0:
        raise ValueError("norm_type must be positive")
    nodata = as_held(nodata, x.dtype)

    def reduce(values, places, padded):
        sizes = [abs(float(values[i])) for i in left(values, nan, nodata)]
        if norm_type == math.inf:
            return math.nan if any(map(is_nan, sizes)) else max(sizes, default=0.0)
        powers = [power(size, norm_type) for size in sizes]
        with np.errstate(over="ignore"):
            return power(np.sum(powers, dtype=np.float64), 1 / norm_type)

    return slide(x, windows, reduce, float_dtype(x.dtype), data_format)


def lp_pool(
    x, ndim, norm_type, kernel_size, stride=None, ceil_mode=False, *, padding=0, dilation=1,
    data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    return norm(x, windows, norm_type, data_format, nan, nodata)


def power(base, exponent):
    with np.errstate(over="ignore", under="ignore"):
        return float(np.float64(base) ** exponent)


def of_sorted(x, windows, pick, dtype, nan, nodata, data_format):
    """Pool by ``pick(values)``, given each window's values in order."""
    refuse_empty(windows)
    nodata = as_held(nodata, x.dtype)

    def reduce(values, places, padded):
        counted = [values[i] for i in left(values, nan, nodata)]
        if not counted:
            return nothing(nodata)
        return math.nan if any(map(is_nan, counted)) else pick(sorted(counted))

    return slide(x, windows, reduce, dtype, data_format)


def between(low, high, weight):
    """Return ``low + (high - low) * weight`` unrounded."""
    if low == high:
        return low
    if math.isinf(low) or math.isinf(high):
        return low * (1 - weight) + high * weight
    return Fraction(low) + (Fraction(high) - Fraction(low)) * weight


def median(x, windows, data_format, nan, nodata):
    dtype = x.dtype.newbyteorder("=")

    def pick(values):
        low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
        return between(low, high, Fraction(1, 2)) if dtype.kind == "f" else low

    return of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def median_pool(
    x, ndim, kernel_size, stride=None, padding=0, *, dilation=1, ceil_mode=False,
    data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    return median(x, windows, data_format, nan, nodata)


def percentile_pool(
    x, ndim, q, kernel_size, stride=None, padding=0, *, dilation=1, ceil_mode=False,
    data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    if not 0 <= q <= 100:
        raise ValueError("q must lie between 0 and 100")

    def pick(values):
        rank = Fraction(q) / 100 * (len(values) - 1)
        low = math.floor(rank)
        high = min(low + 1, len(values) - 1)
        return between(values[low], values[high], rank - low) if rank != low else values[low]

    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    return of_sorted(x, windows, pick, float_dtype(x.dtype), nan, nodata, data_format)


def mode(x, windows, data_format, nan, nodata):
    def pick(values):
        counts = Counter(values)
        return min(label for label in counts if counts[label] == max(counts.values()))

    return of_sorted(x, windows, pick, x.dtype.newbyteorder("="), nan, nodata, data_format)


def mode_pool(
    x, ndim, kernel_size, stride=None, padding=0, *, dilation=1, ceil_mode=False,
    data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    return mode(x, windows, data_format, nan, nodata)


def variance(values, correction):
    """Return the mean square distance from the mean, unrounded."""
    if len(values) <= correction or not all(map(math.isfinite, values)):
        return math.nan
    middle = exact_sum(values) / len(values)
    squares = [(Fraction(value) - middle) ** 2 for value in values]
    return exact_sum(squares) / (len(values) - correction)


def var_pool(
    x, ndim, kernel_size, stride=None, padding=0, *, dilation=1, ceil_mode=False, correction=0,
    data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )

    def pick(values):
        return variance(values, correction)

    return of_sorted(x, windows, pick, float_dtype(x.dtype), nan, nodata, data_format)


def std_pool(
    x, ndim, kernel_size, stride=None, padding=0, *, dilation=1, ceil_mode=False, correction=0,
    data_format=None, nan="propagate", nodata=None,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )

    def pick(values):
        return math.sqrt(stored(variance(values, correction), np.float64))

    return of_sorted(x, windows, pick, float_dtype(x.dtype), nan, nodata, data_format)


def adaptive_windows(x, ndim, output_size, data_format):
    sizes = spatial_shape(x, ndim, data_format)
    outs = (output_size,) if output_size is None or isinstance(output_size, int) else output_size
    if len(outs) == 1:
        outs = tuple(outs) * ndim
    if len(outs) != ndim or any(out is not None and out < 1 for out in outs):
        raise ValueError(f"output_size {output_size!r}")
    return [
        adaptive(size, size if out is None else out) for size, out in zip(sizes, outs, strict=True)
    ]


def adaptive_max_pool(
    x, ndim, output_size, return_indices=False, *, data_format=None, nan="propagate", nodata=None
):
    windows = adaptive_windows(x, ndim, output_size, data_format)
    return extreme(x, windows, lambda a, b: a > b, return_indices, nan, nodata, data_format)


def adaptive_min_pool(
    x, ndim, output_size, return_indices=False, *, data_format=None, nan="propagate", nodata=None
):
    windows = adaptive_windows(x, ndim, output_size, data_format)
    return extreme(x, windows, lambda a, b: a < b, return_indices, nan, nodata, data_format)


def adaptive_avg_pool(
    x, ndim, output_size, *, data_format=None, nan="propagate", nodata=None, rounding="half_up"
):
    windows = adaptive_windows(x, ndim, output_size, data_format)
    return mean(x, windows, False, None, rounding, data_format, nan, nodata)


def adaptive_sum_pool(x, ndim, output_size, *, data_format=None, nan="propagate", nodata=None):
    windows = adaptive_windows(x, ndim, output_size, data_format)
    return total(x, windows, data_format, nan, nodata)


def adaptive_lp_pool(
    x, ndim, norm_type, output_size, *, data_format=None, nan="propagate", nodata=None
):
    windows = adaptive_windows(x, ndim, output_size, data_format)
    return norm(x, windows, norm_type, data_format, nan, nodata)


def adaptive_median_pool(x, ndim, output_size, *, data_format=None, nan="propagate", nodata=None):
    windows = adaptive_windows(x, ndim, output_size, data_format)
    return median(x, windows, data_format, nan, nodata)


def adaptive_mode_pool(x, ndim, output_size, *, data_format=None, nan="propagate", nodata=None):
    windows = adaptive_windows(x, ndim, output_size, data_format)
    return mode(x, windows, data_format, nan, nodata)


def global_pool(pool, x, data_format, keepdims):
    last = channels_last(data_format)
    lead = len(before_space(data_format or "NCL"))
    ndim = x.ndim - lead - last
    result = pool(x, ndim, 1, data_format=data_format)
    spatial = range(lead, lead + ndim)
    return result if keepdims else result.squeeze(tuple(spatial))


def global_max_pool(x, *, data_format=None, keepdims=True):
    return global_pool(adaptive_max_pool, x, data_format, keepdims)


def global_avg_pool(x, *, data_format=None, keepdims=True):
    return global_pool(adaptive_avg_pool, x, data_format, keepdims)


def max_unpool(
    x, ndim, indices, kernel_size, stride=None, padding=0, output_size=None, *, data_format=None
):
    """Put each value where its index says, zeros elsewhere."""
    sizes = spatial_shape(x, ndim, data_format)
    kernel = per_axis(kernel_size, ndim, 1)
    stride = kernel if stride is None or stride == () else per_axis(stride, ndim, 1)
    pads = per_axis(padding, ndim, 0)
    if output_size is None:
        output_size = [
            (size - 1) * s - 2 * pad + k
            for size, s, pad, k in zip(sizes, stride, pads, kernel, strict=True)
        ]
    output_size = tuple(output_size)[-ndim:]
    last = channels_last(data_format)
    if last:
        x, indices = np.moveaxis(x, -1, -ndim - 1), np.moveaxis(indices, -1, -ndim - 1)
    lead = x.shape[:-ndim]
    out = np.zeros((math.prod(lead), math.prod(output_size)), x.dtype.newbyteorder("="))
    values = x.reshape(len(out), math.prod(sizes))
    places = indices.reshape(len(out), math.prod(sizes))
    for plane in range(len(out)):
        for value, place in zip(values[plane], places[plane].tolist(), strict=True):
            if not 0 <= place < out.shape[1]:
                raise ValueError("an index points outside the output")
            out[plane, place] = value
    out = out.reshape(lead + output_size)
    return np.moveaxis(out, -ndim - 1, -1) if last else out


BLOCK_OPS = {
    "max": max_pool,
    "min": min_pool,
    "mean": avg_pool,
    "sum": sum_pool,
    "median": median_pool,
    "mode": mode_pool,
    "var": var_pool,
    "std": std_pool,
}


def block_reduce(x, block_size, op, *, edge="partial", **arguments):
    """Pool blocks that tile all axes of `x`.

    At an edge that a block crosses: "partial" reduces what there is of it, "trim" leaves it out,
    "pad" fills it up with zeros that count, "error" refuses.
    """
    block = per_axis(block_size, x.ndim, 1)
    over = [-size % k for size, k in zip(x.shape, block, strict=True)]
    if edge == "trim":
        kept = [size // k * k for size, k in zip(x.shape, block, strict=True)]
        x = x[tuple(slice(stop) for stop in kept)]
    elif edge == "pad":
        x = np.pad(x, [(0, more) for more in over])
    elif edge == "error":
        if any(over):
            raise ValueError("the blocks do not tile the array")
    elif edge != "partial":
        raise ValueError(f"{edge!r}")
    pairs = [(0, -size % k) for size, k in zip(x.shape, block, strict=True)]
    if op == "mean":
        arguments["count_include_pad"] = False
    return BLOCK_OPS[op](x, x.ndim, block, padding=pairs, **arguments)


def to_onnx_indices(indices, ndim, plane, *, storage_order=0):
    """Count over the whole channels-first tensor; with storage order 1, planes by columns."""
    lead = indices.shape[:-ndim]
    out = np.empty_like(indices)
    for at in np.ndindex(indices.shape):
        place = np.unravel_index(indices[at], plane)
        if storage_order:
            inside = np.ravel_multi_index(place[::-1], plane[::-1])
        else:
            inside = np.ravel_multi_index(place, plane)
        before = np.ravel_multi_index(at[:-ndim], lead) if lead else 0
        out[at] = before * math.prod(plane) + inside
    return out


def to_tf_indices(indices, ndim, plane, *, include_batch=False):
    """Count channels too: ``((batch * H + y) * W + x) * C + c`` of channels-last indices."""
    channels = indices.shape[-1]
    lead = indices.shape[: -ndim - 1]
    out = np.empty_like(indices)
    for at in np.ndindex(indices.shape):
        before = np.ravel_multi_index(at[: -ndim - 1], lead) if lead and include_batch else 0
        out[at] = (before * math.prod(plane) + indices[at]) * channels + at[-1]
    return out
