"""The oracle of every operator in every form: one table, read by what tests all operators."""

import math
from fractions import Fraction

import naive
import numpy as np
from naive_windows import before_space, channels_last, kernel_windows

# Of each operator: what it keeps of the windows of `x`. `padded` says whether padding counts.


def keep_max(x, windows, data_format, nan, nodata, padded):
    return naive.extreme(x, windows, lambda a, b: a > b, False, nan, nodata, data_format)


def keep_min(x, windows, data_format, nan, nodata, padded):
    return naive.extreme(x, windows, lambda a, b: a < b, False, nan, nodata, data_format)


def keep_avg(x, windows, data_format, nan, nodata, padded, rounding="half_up"):
    return naive.mean(x, windows, padded, None, rounding, data_format, nan, nodata)


def keep_sum(x, windows, data_format, nan, nodata, padded):
    return naive.total(x, windows, data_format, nan, nodata)


def keep_lp(x, windows, data_format, nan, nodata, padded, norm_type):
    return naive.norm(x, windows, norm_type, data_format, nan, nodata)


def keep_median(x, windows, data_format, nan, nodata, padded):
    return naive.median(x, windows, data_format, nan, nodata)


def keep_mode(x, windows, data_format, nan, nodata, padded):
    return naive.mode(x, windows, data_format, nan, nodata)


def keep_percentile(x, windows, data_format, nan, nodata, padded, q):
    def pick(values):
        rank = Fraction(q) / 100 * (len(values) - 1)
        low = math.floor(rank)
        if rank == low:
            return values[low]
        return naive.between(values[low], values[low + 1], rank - low)

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def keep_var(x, windows, data_format, nan, nodata, padded, correction=0):
    def pick(values):
        return naive.variance(values, correction)

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def keep_std(x, windows, data_format, nan, nodata, padded, correction=0):
    def pick(values):
        return math.sqrt(naive.stored(naive.variance(values, correction), np.float64))

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def keep_range(x, windows, data_format, nan, nodata, padded):
    def pick(values):
        return values[-1] - values[0]

    dtype = x.dtype.newbyteorder("=")
    dtype = np.dtype(f"u{dtype.itemsize}") if dtype.kind == "i" else dtype
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def keep_soft(x, windows, data_format, nan, nodata, padded, beta=1.0):
    def pick(values):
        lead = values[-1] if beta > 0 else values[0]
        if math.isinf(lead):
            return lead
        weights = [math.exp(beta * (value - lead)) for value in values]
        parts = [weight * value for weight, value in zip(weights, values, strict=True) if weight]
        return math.fsum(parts) / math.fsum(weights)

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def keep_gem(x, windows, data_format, nan, nodata, padded, p=3.0, eps=1e-6):
    def pick(values):
        lead = max(values[-1], eps)
        if math.isinf(lead) or lead == 0:
            return float(lead)
        parts = [(max(value, eps) / lead) ** p for value in values]
        return lead * (math.fsum(parts) / len(parts)) ** (1 / p)

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def keep_logavgexp(x, windows, data_format, nan, nodata, padded, r=1.0):
    def pick(values):
        lead = values[-1] if r > 0 else values[0]
        if math.isinf(lead):
            return lead
        parts = [math.exp(r * (value - lead)) for value in values]
        return lead + math.log(math.fsum(parts) / len(parts)) / r

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


KEEP = {
    "max": keep_max,
    "min": keep_min,
    "avg": keep_avg,
    "sum": keep_sum,
    "lp": keep_lp,
    "median": keep_median,
    "mode": keep_mode,
    "percentile": keep_percentile,
    "var": keep_var,
    "std": keep_std,
    "range": keep_range,
    "soft": keep_soft,
    "gem": keep_gem,
    "logavgexp": keep_logavgexp,
}

INF, NAN = math.inf, math.nan

WORKED = {
    "max": [([1, 2, 7, -3], "int8", {}, [2, 7])],
    "avg": [
        ([1, 2, -1, -2], "int8", {}, [2, -1]),
        ([1, 3, 3, 3], "uint8", {"nodata": 3}, [1, 3]),
        ([1, 3], "uint8", {"divisor_override": 0}, "divisor_override must not be zero"),
    ],
    "sum": [([200, 100], "uint8", {}, [300]), ([1, 1], "int8", {"nodata": 1}, [0])],
    "range": [
        ([-128, 127, 127, 127, 0, -128], "int8", {}, [255, 0, 128]),
        ([-128, 127, 127, 127, 0, -128], "int8", {"nodata": 127}, [0, 127, 128]),
        ([-128, 127], "int8", {"nodata": -1}, "uint8, which cannot hold nodata -1: convert"),
        ([-(2**63), 2**63 - 1, -1, 0], "int64", {}, [2**64 - 1, 1]),
        ([False, True, True, True], "bool", {}, [True, False]),
        ([INF, INF, -INF, INF, NAN, 1, -0.0, 0.0], "float16", {}, [NAN, INF, NAN, 0]),
        ([INF, INF, -INF, INF, NAN, 1, NAN, NAN], "float32", {"nan": "skip"}, [NAN, INF, 0, NAN]),
        ([NAN, 1, 1, NAN, 7, 5], "float32", {"nan": "skip", "nodata": 1}, [1, 1, 2]),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a range is undefined there"),
    ],
    "soft": [
        ([7, 7, 800, 0, -800, 0], "int16", {}, [7, 800, 0]),
        ([3e38, 3e38, 3e38, -3e38], "float32", {"beta": -1}, [3e38, -3e38]),
        ([INF, 1, -INF, 1, INF, -INF, -INF, -INF], "float32", {}, [INF, 1, INF, -INF]),
        ([INF, INF, NAN, 1, INF, NAN, 0, NAN], "float16", {}, [INF, NAN, NAN, NAN]),
        ([5, NAN, 1, NAN, 1, 1], "float32", {"nan": "skip", "nodata": 1}, [5, 1, 1]),
        ([2**63 + 1, 2**63], "uint64", {"nodata": 2**63 + 1}, [2.0**63]),
        ([1, 2], "float32", {"beta": 0}, "not zero, which is the mean, not 0"),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a soft mean is undefined there"),
    ],
    "gem": [
        ([8, 8, 0, 0, -9, -9], "int8", {"eps": 0}, [8, 0, 0]),
        ([3e38, 3e38, INF, 1, -INF, -INF], "float32", {"eps": 2}, [3e38, INF, 2]),
        ([3e38, 3e38, 0, 0], "float32", {"p": 1024, "eps": 0}, [3e38, 0]),
        ([1, 3, 3, 9], "float32", {"p": 1}, [2, 6]),
        ([NAN, 1, INF, NAN, 0, NAN], "float16", {}, [NAN, NAN, NAN]),
        ([4, NAN, 1, NAN, 1, 1], "float32", {"nan": "skip", "nodata": 1}, [4, 1, 1]),
        ([2**63 + 1, 1], "uint64", {"nodata": 2**63 + 1}, [1]),
        ([1, 2], "float32", {"p": 0}, "p lies above 0 and below inf, which is the maximum, not 0"),
        ([1, 2], "float32", {"eps": -1}, "eps is a number from 0 on, not -1"),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a generalised mean is undefined there"),
    ],
    "logavgexp": [
        ([7, 7, -800, -800], "int16", {}, [7, -800]),
        ([3e38, 3e38, 3e38, -3e38], "float32", {"r": -1}, [3e38, -3e38]),
        ([INF, 1, -INF, 1, INF, -INF], "float32", {"r": 1e9}, [INF, 1, INF]),
        ([-INF, -INF, INF, INF, NAN, 1, INF, NAN], "float16", {}, [-INF, INF, NAN, NAN]),
        ([5, NAN, 1, NAN, 1, 1], "float32", {"nan": "skip", "nodata": 1}, [5, 1, 1]),
        ([2**63 + 1, 2**63], "uint64", {"nodata": 2**63 + 1}, [2.0**63]),
        ([1, 2], "float32", {"r": 0}, "r is a number and not zero, which is the mean, not 0"),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a log-mean-exp is undefined there"),
    ],
}
"""Rules worked by hand: numbers, their dtype, arguments, and what windows of 2 give or refuse."""

SAMPLES = {"lp": {"norm_type": 2.0}, "percentile": {"q": 40.0}}
"""A value of each parameter that an operator needs."""


def sliding(
    op, x, ndim, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, *,
    data_format=None, nan="propagate", nodata=None, **own,
):  # fmt: skip
    windows = kernel_windows(
        x, ndim, kernel_size, stride, padding, dilation, ceil_mode, data_format
    )
    padded = padding not in ("same", "same_lower")
    return KEEP[op](x, windows, data_format, nan, nodata, padded, **own)


def adaptive(op, x, ndim, output_size, *, data_format=None, nan="propagate", nodata=None, **own):
    windows = naive.adaptive_windows(x, ndim, output_size, data_format)
    return KEEP[op](x, windows, data_format, nan, nodata, False, **own)


def over_all(op, x, *, data_format=None, keepdims=True, nan="propagate", nodata=None, **own):
    last = channels_last(data_format)
    lead = len(before_space(data_format or "NCL"))
    ndim = x.ndim - lead - last
    windows = naive.adaptive_windows(x, ndim, 1, data_format)
    result = KEEP[op](x, windows, data_format, nan, nodata, False, **own)
    return result if keepdims else result.squeeze(tuple(range(lead, lead + ndim)))


def blocks(op, x, block_size, *, nan="propagate", nodata=None, **own):
    pairs = [(0, -size % k) for size, k in zip(x.shape, block_size, strict=True)]
    windows = kernel_windows(x, x.ndim, block_size, None, pairs, 1, False, None)
    return KEEP[op](x, windows, None, nan, nodata, False, **own)
