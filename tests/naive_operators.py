"""The oracle of every operator in every form: one table, read by what tests all operators."""

import itertools
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


def keep_rms(x, windows, data_format, nan, nodata, padded):
    def pick(values):
        if not all(map(math.isfinite, values)):
            return INF
        squares = [Fraction(value) ** 2 for value in values]
        return math.sqrt(naive.exact_sum(squares) / len(squares))

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def asked(x, windows, data_format, nan, nodata, dtype, answer):
    """Pool by ``answer(values)`` of the values that count, in row-major order."""
    nodata = naive.as_held(nodata, x.dtype)

    def reduce(values, places, padded):
        return answer([values[i] for i in naive.left(values, nan, nodata)])

    return naive.slide(x, windows, reduce, dtype, data_format)


def keep_first(x, windows, data_format, nan, nodata, padded):
    naive.refuse_empty(windows)

    def answer(values):
        return values[0] if values else naive.nothing(naive.as_held(nodata, x.dtype))

    return asked(x, windows, data_format, nan, nodata, x.dtype.newbyteorder("="), answer)


def keep_count(x, windows, data_format, nan, nodata, padded):
    return asked(x, windows, data_format, nan, nodata, np.int64, len)


def keep_any(x, windows, data_format, nan, nodata, padded):
    return asked(x, windows, data_format, nan, nodata, np.bool_, any)


def keep_all(x, windows, data_format, nan, nodata, padded):
    return asked(x, windows, data_format, nan, nodata, np.bool_, all)


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


def keep_mixed(x, windows, data_format, nan, nodata, padded, alpha=0.5):
    def pick(values):
        parts = [(alpha, values[-1]), (1 - alpha, naive.exact_sum(values) / len(values))]
        return sum(float(share * value) for share, value in parts if share)

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def keep_detail(x, windows, data_format, nan, nodata, padded, alpha=0.0, lam=1.0, asymmetric=False):
    def pick(values):
        if math.isinf(values[0]) or math.isinf(values[-1]):
            return math.nan
        mean = math.fsum(values) / len(values)
        seen = [max(value - mean, 0) if asymmetric else value - mean for value in values]
        weights = [alpha + math.hypot(far, 1e-3) ** lam for far in seen]
        parts = [weight * value for weight, value in zip(weights, values, strict=True)]
        return math.fsum(parts) / math.fsum(weights)

    dtype = naive.float_dtype(x.dtype)
    return naive.of_sorted(x, windows, pick, dtype, nan, nodata, data_format)


def scattered(bits):
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB % 2**64
    return bits ^ bits >> 31


def chance(seed, number):
    """Return SplitMix64's number of a seed, as a share of 1."""
    golden = 0x9E3779B97F4A7C15
    state = scattered((seed + golden) % 2**64) + number * golden
    return Fraction(scattered((state + golden) % 2**64) >> 11, 2**53)


def keep_stochastic(x, windows, data_format, nan, nodata, padded, seed=0, mode="sample"):
    naive.refuse_empty(windows)
    nodata = naive.as_held(nodata, x.dtype)
    channels = x.shape[-1] if channels_last(data_format) else 1
    each = math.prod(len(axis) for axis in windows)
    count = itertools.count()

    def reduce(values, places, padded):
        plane, window = divmod(next(count), each)
        counted = [values[i] for i in naive.left(values, nan, nodata)]
        if not counted:
            return naive.nothing(nodata)
        if any(map(naive.is_nan, counted)):
            return NAN
        if INF in counted:
            return INF
        sizes = [Fraction(max(value, 0)) for value in counted]
        if mode == "expected":
            return sum(size * size for size in sizes) / sum(sizes) if any(sizes) else 0
        number = (plane // channels * each + window) * channels + plane % channels
        rest = sum(sizes) * chance(seed, number)
        for size in sizes:
            rest -= size
            if rest < 0:
                return size
        return 0

    return naive.slide(x, windows, reduce, naive.float_dtype(x.dtype), data_format)


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
    "rms": keep_rms,
    "first": keep_first,
    "count": keep_count,
    "any": keep_any,
    "all": keep_all,
    "soft": keep_soft,
    "gem": keep_gem,
    "logavgexp": keep_logavgexp,
    "mixed": keep_mixed,
    "stochastic": keep_stochastic,
    "detail_preserving": keep_detail,
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
    "rms": [
        ([1, 7, -128, -128, 0, 0], "int8", {}, [5, 128, 0]),
        ([1, 7, -7, 1], "float16", {"padding": [(1, 1)], "ceil_mode": True}, [1, 7, 1]),
        ([3e38, 3e38, -INF, 1, NAN, INF], "float32", {}, [3e38, INF, NAN]),
        ([4, NAN, NAN, 1, 1, 7], "float32", {"nan": "skip", "nodata": 1}, [4, 1, 7]),
        ([2**63 + 1, 2**63], "uint64", {"nodata": 2**63 + 1}, [2.0**63]),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a root mean square is undefined there"),
    ],
    "first": [
        ([5, 1, 0, 7, 3], "uint8", {"ceil_mode": True}, [5, 0, 3]),
        ([5, 1, 3, 7], "uint8", {"padding": 1}, [5, 1, 7]),
        ([5, 1, 5, 5, 1, 5], "int16", {"nodata": 5}, [1, 5, 1]),
        ([NAN, 1, 1, NAN, INF, 2], "float16", {}, [NAN, 1, INF]),
        ([NAN, 1, 1, NAN, NAN, NAN], "float32", {"nan": "skip"}, [1, 1, NAN]),
        ([NAN, 1, 1, NAN, 2, 3], "float32", {"nan": "skip", "nodata": 1}, [1, 1, 2]),
        ([2**63 + 1, 2**63], "uint64", {"nodata": 2**63 + 1}, [2**63]),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a first element is undefined there"),
    ],
    "count": [
        ([5, 1, 0, 7, 3], "uint8", {"ceil_mode": True}, [2, 2, 1]),
        ([5, 1, 5, 5, 1, 1], "int16", {"nodata": 5}, [1, 0, 2]),
        ([5, 5], "uint8", {"nodata": 5, "padding": [(2, 0)]}, [0, 0]),
        ([NAN, 1, NAN, NAN], "float16", {}, [2, 2]),
        ([NAN, 1, -0.0, 0.0, NAN, NAN], "float16", {"nan": "skip", "nodata": 0}, [1, 0, 0]),
        ([2**63 + 1, 2**63], "uint64", {"nodata": 2**63 + 1}, [1]),
        ([False, True, True, True], "bool", {"nodata": 1}, [1, 0]),
    ],
    "any": [
        ([0, 0, 0, 7, -1], "int8", {"ceil_mode": True}, [False, True, True]),
        ([0.0, -0.0, NAN, 0, -INF, 0], "float16", {}, [False, True, True]),
        ([0, 5e-324, 0, 0], "float64", {}, [True, False]),
        ([NAN, 0, NAN, NAN, 1, 0], "float32", {"nan": "skip", "nodata": 1}, [False] * 3),
        ([0, 2**32, 3, 3], "uint64", {"nodata": 3}, [True, False]),
        ([0, 1], "uint8", {"padding": [(2, 0)]}, [False, True]),
    ],
    "all": [
        ([1, 0, 2, 7, -1], "int8", {"ceil_mode": True}, [False, True, True]),
        ([1.0, -0.0, NAN, 1, -INF, 2], "float16", {}, [False, True, True]),
        ([1, 5e-324, 0, 1], "float64", {}, [True, False]),
        ([NAN, 0, NAN, NAN, 0, 2], "float32", {"nan": "skip", "nodata": 0}, [True] * 3),
        ([1, 2**32, 0, 3], "uint64", {"nodata": 3}, [True, False]),
        ([0, 1], "uint8", {"padding": [(2, 0)]}, [True, False]),
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
        (
            [1, 2],
            "float32",
            {"p": 0},
            "p must lie above 0 and below inf, which is the maximum, not 0",
        ),
        ([1, 2], "float32", {"eps": -1}, "eps must be a number from 0 on, not -1"),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a generalised mean is undefined there"),
    ],
    "logavgexp": [
        ([7, 7, -800, -800], "int16", {}, [7, -800]),
        ([3e38, 3e38, 3e38, -3e38], "float32", {"r": -1}, [3e38, -3e38]),
        ([INF, 1, -INF, 1, INF, -INF], "float32", {"r": 1e9}, [INF, 1, INF]),
        ([-INF, -INF, INF, INF, NAN, 1, INF, NAN], "float16", {}, [-INF, INF, NAN, NAN]),
        ([5, NAN, 1, NAN, 1, 1], "float32", {"nan": "skip", "nodata": 1}, [5, 1, 1]),
        ([2**63 + 1, 2**63], "uint64", {"nodata": 2**63 + 1}, [2.0**63]),
        ([1, 2], "float32", {"r": 0}, "r must be finite and not zero, which is the mean, not 0"),
        ([1, 2], "float32", {"padding": [(2, 0)]}, "a log-mean-exp is undefined there"),
    ],
    "mixed": [
        ([0, 4, -8, 0], "int8", {"alpha": 0.25}, [2.5, -3]),
        ([-INF, 5, INF, 1, INF, NAN], "float32", {"alpha": 1}, [5, INF, NAN]),
        ([1, 5, INF, 1], "float32", {"alpha": 0}, [3, INF]),
        ([4, NAN, 1, NAN, 1, 1], "float32", {"nan": "skip", "nodata": 1}, [4, 1, 1]),
        ([1, 2], "float32", {"alpha": 1.5}, "alpha must lie between 0 and 1, not 1.5"),
        ([1, 2], "float32", {"alpha": NAN}, "alpha must lie between 0 and 1, not nan"),
    ],
    "stochastic": [
        ([0, 4, -8, 0, 7, 7], "int8", {}, [4, 0, 7]),
        ([1, 3, -8, 2], "int8", {"mode": "expected"}, [2.5, 2]),
        ([-INF, 5, INF, 1, INF, NAN], "float32", {}, [5, INF, NAN]),
        ([4, NAN, 1, NAN, 1, 1], "float32", {"nan": "skip", "nodata": 1}, [4, 1, 1]),
        ([1, 2], "float32", {"seed": -1}, "seed must lie between 0 and 2\\*\\*64 - 1, not -1"),
        ([1, 2], "float32", {"seed": 0.5}, "seed must be a whole number, not 0.5"),
        ([1, 2], "float32", {"mode": "train"}, "mode must be 'sample' or 'expected', not 'train'"),
    ],
    "detail_preserving": [
        ([7, 7, 0, 0], "uint8", {}, [7, 0]),
        ([0, 4, 1, 2], "float32", {"lam": 0}, [2, 1.5]),
        ([INF, 1, NAN, 1], "float32", {}, [NAN, NAN]),
        ([4, NAN, 1, NAN, 1, 1], "float32", {"nan": "skip", "nodata": 1}, [4, 1, 1]),
        ([1, 2], "float32", {"alpha": -1}, "alpha must be a number from 0 on, not -1"),
        ([1, 2], "float32", {"lam": INF}, "lam must be a number from 0 on, not inf"),
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
