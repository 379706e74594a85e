"""Means and sums by weights: against exact fractions, NumPy's average and xarray's weighted."""

import itertools
import math
from fractions import Fraction

import naive_borders
import numpy as np
import pytest
import strategies as draws
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numba.core.errors import TypingError

import numbapool as nbp

NAN = np.nan


def exact(value):
    return Fraction(int(value) if np.asarray(value).dtype.kind in "biu" else float(value))


def rounded(mean, dtype, rounding="half_up"):
    """Return a fraction rounded to a whole number that a dtype holds."""
    if rounding == "half_even":
        number = round(mean)
    else:
        number = math.floor(mean + (Fraction(1, 2) if rounding == "half_up" else 0))
    limits = np.iinfo(dtype)
    return min(max(number, int(limits.min)), int(limits.max))


def of_window(op, values, weights, dtype, rounding="half_up", nothing=NAN):
    """Return what a window of an array of a dtype keeps."""
    pairs = [(exact(x), exact(w)) for x, w in zip(values, weights, strict=True) if w]
    total, divisor = sum((x * w for x, w in pairs), Fraction()), sum(w for _, w in pairs)
    if op == "sum":
        return total
    if not divisor:
        return nothing
    mean = total / divisor
    return rounded(mean, dtype, rounding) if np.dtype(dtype).kind in "iu" else float(mean)


def windows_of(x, kernel, stride):
    places = [range(0, size - k + 1, s) for size, k, s in zip(x.shape, kernel, stride, strict=True)]
    for at in itertools.product(*places):
        yield tuple(slice(begin, begin + k) for begin, k in zip(at, kernel, strict=True))


def numbers(data, dtype, shape):
    """Return elements of a dtype: small ones, or some at its limits."""
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return np.round(rng.normal(size=shape) * 9, 1).astype(kind)
    x = rng.integers(0, 2 if kind.kind == "b" else 100, shape).astype(kind)
    if kind.kind in "iu" and data.draw(st.booleans()):
        limits = np.iinfo(kind)
        x[rng.random(shape) < 0.5] = limits.max
        x[rng.random(shape) < 0.3] = limits.min
    return x


FORMATS = {1: "L", 2: "HW", 3: "DHW"}


@draws.only_plain
@pytest.mark.parametrize("op", ["avg", "sum"])
@pytest.mark.parametrize("dtype", draws.DTYPES)
@draws.fewer(5)
@given(st.data())
def test_random_windows(dtype, op, data):
    ndim = data.draw(st.integers(1, 3))
    sizes = data.draw(st.tuples(*[st.integers(2, 5)] * ndim))
    kernel = tuple(data.draw(st.integers(1, size)) for size in sizes)
    stride = data.draw(st.tuples(*[st.integers(1, 3)] * ndim))
    rounding = data.draw(st.sampled_from(["half_up", "half_even", "floor"]))
    x, rng = numbers(data, dtype, sizes), np.random.default_rng(data.draw(st.integers(0, 1000)))
    whole = data.draw(st.booleans())
    weights = rng.integers(-4, 5, sizes) if whole else rng.integers(0, 5, sizes) / 4
    own = {"rounding": rounding} if op == "avg" else {}
    pool = nbp.Pool(op, kernel, stride, data_format=FORMATS[ndim], **own)
    got = pool(x, weights=weights)
    kind = pool.dtype(dtype)
    if op == "sum" and kind.kind != "f":
        kind = np.dtype(np.int64 if whole else np.float64)
    assert got.dtype == kind
    nothing = NAN if kind.kind == "f" else 0
    want = [
        of_window(op, x[each].ravel(), weights[each].ravel(), kind, rounding, nothing)
        for each in windows_of(x, kernel, stride)
    ]
    if kind.kind == "f" or not whole:  # a mean of integers in float64 may lie beside a tie
        near = np.abs(x.astype(np.float64)).max() + 1
        least = {"float16": 2e-3, "float32": 1e-6}.get(kind.name, 1e-12)
        floor = int(kind.kind != "f")
        np.testing.assert_allclose(
            got.ravel().astype(np.float64), np.array(want, np.float64), least, least * near + floor
        )
    elif op == "avg":
        assert got.ravel().tolist() == want
    else:  # sums wrap
        assert got.ravel().tolist() == [(int(sum_) + 2**63) % 2**64 - 2**63 for sum_ in want]


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_means_of_64_bits_are_exact(dtype):
    rng, limits = np.random.default_rng(5), np.iinfo(dtype)
    x = rng.integers(limits.min, limits.max, (60, 8), dtype, endpoint=True)
    weights = rng.integers(0, 1 << 27, (60, 8))
    for rounding in ("half_up", "half_even", "floor"):
        got = nbp.avg_pool1d(x, 8, weights=weights, rounding=rounding)
        want = [of_window("avg", *rows, dtype, rounding) for rows in zip(x, weights, strict=True)]
        assert got.ravel().tolist() == want
    with pytest.raises(nbp.PoolValueError, match="too large for an exact mean"):
        nbp.avg_pool1d(x, 8, weights=weights << 10)
    np.testing.assert_allclose(
        nbp.avg_pool1d(x, 8, weights=(weights << 10) / 1.0).astype(float),
        nbp.avg_pool1d(x, 8, weights=weights).astype(float),
        1e-12,
    )


@draws.only_plain
@pytest.mark.parametrize("mode", ["zeros", "reflect", "symmetric", "replicate", "circular", None])
@pytest.mark.parametrize("last", [False, True])
def test_what_stands_outside_weighs_what_its_own_element_does(mode, last):
    rng = np.random.default_rng(1)
    x, weights = rng.normal(size=(2, 5, 6)), rng.random((2, 5, 6))
    held = [naive_borders.padded(each, 2, [(2, 2)] * 2, mode or 0, False) for each in (x, weights)]
    want = [nbp.sum_pool2d(each, 5, 1) for each in (held[0] * held[1], held[1])]
    window = {"kernel_size": 5, "stride": 1, "padding": 2, "padding_mode": mode}
    if last:
        got = nbp.avg_pool2d(
            np.moveaxis(x, 0, 2), **window, weights=np.moveaxis(weights, 0, 2), data_format="HWC"
        )
        got = np.moveaxis(got, 2, 0)
    else:
        got = nbp.avg_pool2d(x, **window, weights=weights)
    np.testing.assert_allclose(got, want[0] / want[1], 1e-12)


def test_forms():
    """A window of each form against numpy.average."""
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=(2, 3, 4, 6)), rng.random((4, 6))
    wide = np.broadcast_to(weights, x.shape)
    by = {"weights": weights}
    every = np.average(x, (2, 3), wide)
    np.testing.assert_allclose(nbp.global_avg_pool(x, **by, keepdims=False), every)
    np.testing.assert_allclose(nbp.adaptive_avg_pool2d(x, 1, **by)[..., 0, 0], every)
    np.testing.assert_allclose(nbp.block_reduce(x, (1, 1, 4, 6), "mean", **by)[..., 0, 0], every)
    np.testing.assert_allclose(nbp.pool2d(x, "mean", (4, 6), **by)[..., 0, 0], every)
    mean, total = nbp.Pool(("avg", "sum"), (4, 6))(x, **by)
    np.testing.assert_allclose(mean[..., 0, 0], every)
    np.testing.assert_allclose(total[..., 0, 0], (x * wide).sum((2, 3)))
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    for given_ in (weights, wide.transpose(0, 2, 3, 1), weights[..., None]):
        got = nbp.avg_pool2d(last, (4, 6), data_format="NHWC", weights=given_)
        np.testing.assert_allclose(got[:, 0, 0], every)
    by_sample = rng.random((2, 1, 4, 6))
    got = nbp.avg_pool2d(x, (4, 6), weights=by_sample)[..., 0, 0]
    np.testing.assert_allclose(got, np.average(x, (2, 3), np.broadcast_to(by_sample, x.shape)))
    blurred = nbp.blur_pool2d(x * wide) / nbp.blur_pool2d(weights)
    np.testing.assert_allclose(nbp.blur_pool2d(x, **by), blurred)
    blocks = nbp.block_reduce(x[0, 0], (2, 4), "avg", weights=weights)
    parts = [(x[0, 0, :2, 4:], weights[:2, 4:]), (x[0, 0, 2:, 4:], weights[2:, 4:])]
    np.testing.assert_allclose(blocks[:, 1], [np.average(a, weights=b) for a, b in parts])


def test_blocks_of_many_axes():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4, 2, 6, 3, 5))
    weights = rng.random((6, 1, 5))
    got = nbp.block_reduce(x, (3, 1, 4, 1, 2), "avg", weights=weights)
    wide = np.broadcast_to(weights, x.shape)
    total, divisor = (nbp.block_reduce(a, (3, 1, 4, 1, 2), "sum") for a in (x * wide, wide))
    np.testing.assert_allclose(got, total / divisor)
    padded = nbp.block_reduce(x, (3, 1, 4, 1, 2), "avg", weights=weights, edge="pad")
    np.testing.assert_allclose(padded, got)


def test_what_is_left_out_weighs_nothing():
    x = np.array([[1, NAN, 3, -9], [NAN, NAN, -9, -9]], np.float32)
    weights = [1.0, 5, 2, 7]
    got = nbp.avg_pool1d(x, 4, weights=weights, nan="skip", nodata=-9)
    np.testing.assert_allclose(got, [[7 / 3], [-9]], 1e-6)
    np.testing.assert_array_equal(nbp.avg_pool1d(x, 4, weights=weights), [[NAN], [NAN]])
    # A weight of 0 leaves out all that an element may be.
    hidden = nbp.avg_pool1d(x, 4, weights=[1, 0, 1, 0])
    np.testing.assert_array_equal(hidden, [[2], [NAN]])
    odd = np.array([np.inf, -np.inf, 2.0])
    assert nbp.avg_pool1d(odd, 3, weights=[0, 0, 1])[0] == 2
    assert nbp.sum_pool1d(odd, 3, weights=[0, 0, 1])[0] == 2
    bytes_ = np.array([[7, 9, 0, 0]], np.uint8)
    got = nbp.avg_pool1d(bytes_, 2, weights=[3, 1, 1, 1], nodata=0)
    np.testing.assert_array_equal(got, [[8, 0]])


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_weights_that_add_up_to_nothing(dtype):
    x = np.array([3, 5, 7, 9], dtype)
    got = nbp.avg_pool1d(x, 2, weights=[0, 0, 1, -1])
    np.testing.assert_array_equal(got, [0, 0] if dtype == "uint8" else [NAN, NAN])
    got = nbp.avg_pool1d(x, 2, weights=[0, 0, 1, -1], nodata=100)
    np.testing.assert_array_equal(got, [100, 100])
    assert nbp.sum_pool1d(x, 2, weights=[0, 0, 1, -1]).tolist() == [0, -2]
    # As numpy.average: a negative weight is a number as any other.
    assert nbp.avg_pool1d(x[:2].astype(float), 2, weights=[3, -1])[0] == 2
    assert nbp.avg_pool1d(x[:2], 2, weights=[-1, 2]).tolist() == [7]


def test_weights_of_nan_propagate():
    x = np.array([1.0, 2, 3, 4])
    np.testing.assert_array_equal(nbp.avg_pool1d(x, 2, weights=[NAN, 1, 1, 1]), [NAN, 3.5])
    np.testing.assert_array_equal(nbp.avg_pool1d(x, 2, weights=[np.inf, 1, 1, 1]), [NAN, 3.5])
    with pytest.raises(nbp.PoolValueError, match="NaN or infinite, and no mean of int8"):
        nbp.avg_pool1d(x.astype(np.int8), 2, weights=[NAN, 1, 1, 1])


def test_min_count_counts_what_weighs():
    x = np.array([[1.0, NAN, 3, 4, 5, 6]])
    weights = [1, 1, 0, 2, 1, 1]
    for least, want in ((2, [[NAN, NAN, 5.5]]), (0.5, [[1, 4, 5.5]]), (0.51, [[NAN, NAN, 5.5]])):
        got = nbp.avg_pool1d(x, 2, weights=weights, nan="skip", min_count=least)
        np.testing.assert_array_equal(got, want)


def test_out_and_layouts():
    rng = np.random.default_rng(4)
    x, weights = np.asfortranarray(rng.normal(size=(4, 6))), rng.random((4, 6)).T.copy().T
    want = nbp.avg_pool2d(np.ascontiguousarray(x), 2, weights=np.ascontiguousarray(weights))
    out = np.empty((2, 3), order="F")
    assert nbp.avg_pool2d(x, 2, weights=weights.astype(">f8"), out=out) is out
    np.testing.assert_array_equal(out, want)
    with pytest.raises(nbp.PoolTypeError, match="out must be an array of dtype float64"):
        nbp.sum_pool2d(np.ones((2, 2), int), 2, weights=[0.5, 1], out=np.empty((1, 1), int))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: nbp.pool2d(x, "max", 2, weights=x), "weights go with avg and sum, not with max"),
        (lambda x: nbp.pool2d(x, ("avg", "max"), 2, weights=x), "not with max"),
        (lambda x: nbp.avg_pool2d(x, 2, weights=[1, 2]), r"shape \(2,\) do not broadcast to x"),
        (lambda x: nbp.avg_pool2d(x, 2, weights=np.ones((2, 4, 4))), "do not broadcast"),
        (lambda x: nbp.block_reduce(x, 2, "avg", weights=[1, 2]), "do not broadcast"),
        (
            lambda x: nbp.avg_pool2d(x[..., None], 2, weights=np.ones((3, 4)), data_format="HWC"),
            r"do not broadcast to x, which has .* nor to its pooled axes, \(4, 4\)",
        ),
        (lambda x: nbp.avg_pool2d(x, 2, weights=x, divisor_override=3), "leave divisor_override"),
        (lambda x: nbp.avg_pool2d(x, 3, 1, 1, weights=x, padding_mode=7), "7 has no weight"),
        (lambda x: nbp.avg_pool2d(x, 2, weights=x, stream=1), "in the CPU's memory"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(nbp.PoolError, match=message):
        call(np.ones((4, 4)))


@pytest.mark.parametrize(
    ("of_x", "of_weights", "want"),
    [
        ("uint8", "uint8", "uint64"),
        ("uint8", "bool", "uint64"),
        ("uint64", "int8", "int64"),
        ("bool", "uint8", "int64"),
        ("int16", "uint64", "int64"),
        ("uint8", "float32", "float64"),
        ("float16", "int64", "float16"),
    ],
)
def test_dtypes_of_sums(of_x, of_weights, want):
    got = nbp.sum_pool1d(np.ones(4, of_x), 2, weights=np.ones(4, of_weights))
    assert got.dtype == want and got.tolist() == [2, 2]


def test_xarray_weighs_alike():
    xarray = pytest.importorskip("xarray")
    rng = np.random.default_rng(6)
    x, weights = rng.normal(size=(4, 9)), rng.random((4, 9))
    x[rng.random(x.shape) < 0.3] = NAN
    blocks, by = (xarray.DataArray(a.reshape(4, 3, 3), dims=list("ybx")) for a in (x, weights))
    for op, theirs in (("avg", "mean"), ("sum", "sum")):
        want = getattr(blocks.weighted(by), theirs)(("y", "x"))
        got = nbp.pool2d(x, op, (4, 3), weights=weights, nan="skip")
        np.testing.assert_allclose(got[0], want)


@pytest.mark.skipif(draws.PLAIN, reason="this is of machine code")
def test_compiled_code():
    @njit
    def calls(x, weights, least):
        return (
            nbp.avg_pool2d(x, 2, weights=weights),
            nbp.pool2d(x, "sum", 2, weights=weights),
            nbp.global_avg_pool(x, weights=weights, nodata=1, min_count=least),
            nbp.max_pool2d(x, 2, nodata=1, min_count=3),
        )

    x = np.arange(64, dtype=np.float32).reshape(1, 2, 4, 8)
    for given_ in (np.arange(32.0).reshape(4, 8), np.arange(32).reshape(4, 8)):
        got, want = calls(x, given_, 0.5), calls.py_func(x, given_, 0.5)
        for one, other in zip(got, want, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)

    @njit
    def no_array(x):
        return nbp.avg_pool2d(x, 2, weights=2.0)

    with pytest.raises(TypingError, match="weights must be an array"):
        no_array(x)
