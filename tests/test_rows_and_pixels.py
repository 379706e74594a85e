"""Rows long enough for vectors, pairs of columns, pixels and tiles, against the oracle."""

import itertools

import naive
import numpy as np
import pytest
import strategies as draws
from agreement import assert_equal

import numbapool as nbp
from numbapool import kernels
from numbapool.reducers.means import MiddleMean, ShortMean
from numbapool.reducers.selectors import mode_of_four

NARROW = ["bool", "uint8", "int8", "uint16", "int16", "float16"]
WIDE = ["uint32", "int32", "int64", "float32", "float64"]
every_size = ["uint8", "float32"]
every_dtype = pytest.mark.parametrize("dtype", NARROW + WIDE if draws.PLAIN else every_size)


def whole_numbers(dtype, *shape):
    """Return small whole numbers, whose sums are exact in every dtype."""
    low, high = (0, 2) if dtype == "bool" else (0, 60) if dtype[0] == "u" else (-40, 40)
    return np.random.default_rng(len(shape)).integers(low, high, shape).astype(dtype)


def check(ndim, x, *window, data_format=None, **more):
    """Compare maxima, sums and means of whole numbers, to the bit."""
    for name in ("max", "sum", "avg"):
        got = getattr(nbp, f"{name}_pool{ndim}d")(x, *window, data_format=data_format, **more)
        want = getattr(naive, f"{name}_pool")(x, ndim, *window, data_format=data_format, **more)
        if name == "avg" and want.dtype.kind == "f":
            tolerance = 1e-3 if want.dtype == np.float16 else 1e-6
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, strict=True)
        else:
            assert_equal(got, want)


@every_dtype
@pytest.mark.parametrize("window", [(2,), (4,), (4, 2, 2), (6, 4, 2), ((3, 2), (2, 4)), (8, 2, 4)])
def test_pairs_of_columns(dtype, window):
    check(2, whole_numbers(dtype, 2, 12, 74), *window)


@every_dtype
@pytest.mark.parametrize("width", [73, 75])
def test_odd_widths_are_no_pairs(dtype, width):
    check(2, whole_numbers(dtype, 9, width)[None], 2, ceil_mode=True)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_pairs_of_one_row_and_of_three_axes(dtype):
    check(1, whole_numbers(dtype, 2, 300), 4)
    check(1, whole_numbers(dtype, 2, 300), 4, 2, 2)
    check(3, whole_numbers(dtype, 1, 4, 6, 40), 2)


@pytest.mark.parametrize("offset", range(3))
def test_pairs_need_no_alignment(offset):
    bytes_held = np.arange(4 * 64 + offset, dtype=np.uint8)
    x = bytes_held[offset:].reshape(4, 64)
    assert_equal(nbp.avg_pool2d(x, 2), naive.avg_pool(x, 2, 2))


@pytest.mark.parametrize("dtype", draws.KINDS)
@pytest.mark.parametrize("channels", [2, 3, 4, 5])
@pytest.mark.parametrize("k", [2, 3, 4, 6])
def test_pixels(dtype, channels, k):
    x = whole_numbers(dtype, 2 * k, 37 * k + 1, channels)
    check(2, x, k, data_format="NHWC")


@pytest.mark.parametrize("window", [(4, 2, 2), (3, 2, 1), (6, 6, 3), (2, 2, 1), (9, 9, 0), (12,)])
@pytest.mark.parametrize("channels", [3, 4])
def test_pixels_with_borders(window, channels):
    x = whole_numbers("uint8", 13, 97, channels)
    check(2, x, *window, ceil_mode=True, data_format="NHWC")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_rows_in_tiles(dtype):
    """Rows longer than a strip, whose borders lie in the first tile and the last."""
    check(2, whole_numbers(dtype, 6, 9000), (3, 5), (2, 4), (1, 2))
    check(2, whole_numbers(dtype, 6, 9001), 2, ceil_mode=True)
    check(2, whole_numbers(dtype, 4, 3001, 3), 2, ceil_mode=True, data_format="NHWC")


@pytest.mark.parametrize("rows", range(1, 12))
def test_every_number_of_rows(rows):
    check(2, whole_numbers("float32", 2 * rows, 40), (rows, 2))


def test_short_means_are_exact():
    for reducer, largest, divisors in ((ShortMean, 255, 128), (MiddleMean, 65535, 32)):
        op = reducer(np.uint16(0) if reducer is ShortMean else np.int32(0))
        for d in range(1, divisors + 1):
            scale = op.prepare(d)
            total = largest * d
            near = (q * d + d // 2 + off for q in range(0, largest + 1, 7) for off in (-1, 0, 1))
            for n in {0, 1, total - 1, total, *(n for n in near if 0 <= n <= total)}:
                got = op.finish(op.start.dtype.type(n), scale)
                assert int(got) == (2 * n + d) // (2 * d), (reducer, n, d)


def test_the_mode_of_four():
    for window in itertools.product(range(4), repeat=4):
        most = max(map(window.count, window))
        assert mode_of_four(*window) == min(v for v in window if window.count(v) == most)


@pytest.mark.parametrize("width", [10240 + 2, 10240 + 36])
def test_the_last_tile_may_be_short(width):
    """Every row's end is that of the array, of a thread's share, or of the next row."""
    x = whole_numbers("uint8", 4, width)
    out = np.full((3, 2, width // 2), 7, np.uint8)
    nbp.avg_pool2d(x, 2, out=out[1])
    assert_equal(out[1], naive.avg_pool(x, 2, 2))
    assert (out[0] == 7).all()
    assert (out[2] == 7).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_long_runs_are_joined_in_fours(dtype):
    """Whole strips, and rests of each length; one run per plane, or the channels of all pixels."""
    rng = np.random.default_rng(4)
    for size in (513, 640, 1000):
        x = rng.integers(0, 200, (2, size)).astype(dtype)
        assert nbp.global_sum_pool(x, data_format="CL").tolist() == x.sum(1, keepdims=True).tolist()
        assert nbp.global_max_pool(x, data_format="CL").tolist() == x.max(1, keepdims=True).tolist()
        pixels = rng.integers(0, 200, (size, 3)).astype(dtype)
        total = nbp.global_sum_pool(pixels, data_format="LC")
        assert total.tolist() == pixels.sum(0, keepdims=True).tolist()


ORDERS = [("NCHW", (2, 3, 8, 12), "direct"), ("NCHW", (2, 3, 7, 9), "rows")]
ORDERS += [("NHWC", (2, 40, 64, 3), "thinned")]


@pytest.mark.parametrize(("form", "shape", "loop"), ORDERS)
def test_floats_are_added_in_the_order_that_the_loop_says(form, shape, loop):
    """The command adds them so, while a kernel is not compiled: numbers of many sizes show it."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * 10.0 ** rng.integers(-4, 5, shape)).astype(np.float32)
    pool = nbp.Pool("avg", 2, data_format=form)
    assert kernels.loop_of(pool, shape, "float32") == loop
    rows = x if form == "NHWC" else np.moveaxis(x, 1, -1)
    high, wide = (size // 2 * 2 for size in rows.shape[1:3])
    a, b, c, d = (rows[:, i:high:2, j:wide:2] for i in (0, 1) for j in (0, 1))
    want = ((a + c) + (b + d) if loop == "rows" else (a + b) + (c + d)) / np.float32(4)
    got = pool(x)
    np.testing.assert_array_equal(got if form == "NHWC" else np.moveaxis(got, 1, -1), want)
