"""Variances and standard deviations of windows that share elements, against two passes in NumPy."""

import sys
import warnings

import numpy as np
import pytest
from agreement import assert_close, spread_scale
from guarded_pages import GUARDED
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import python
from strategies import DTYPES, PLAIN, only_plain

import numbapool as nbp
from numbapool.loops.moments_along import single_root
from numbapool.reducers.methods import close_root


def two_passes(x, kernel, stride, padding, correction=0, left_out=None):
    """Return the variances of the last axes' windows: of what lies inside and is not left out."""
    near = np.float64(x.flat[0]) if np.isfinite(x.flat[0]) else 0.0
    values = x.astype(np.float64) - near
    gone = np.zeros(x.shape, bool) if left_out is None else x == left_out
    lead = x.ndim - len(kernel)
    edges = [(0, 0)] * lead + [(pad, pad) for pad in padding]
    counts = np.pad(~gone, edges, constant_values=False)
    values = np.pad(np.where(gone, 0, values), edges)
    axes = tuple(range(lead, x.ndim))
    steps = (slice(None),) * lead + tuple(slice(None, None, step) for step in stride)
    within = tuple(range(-len(kernel), 0))
    view = np.lib.stride_tricks.sliding_window_view
    parts, held = view(values, kernel, axes)[steps], view(counts, kernel, axes)[steps]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = np.var(parts, axis=within, ddof=correction, where=held)
        finite = np.isfinite(parts).all(within)
        return np.where(finite & (held.sum(within) > correction), result, np.nan)


def drawn(rng, dtype, shape):
    """Return an array of a dtype: noise around a number, a part of it constant."""
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        low, high = limits.max - 3 if rng.random() < 0.5 else limits.min, limits.max
        return rng.integers(low, high, shape, dtype, endpoint=True)
    x = (rng.standard_normal(shape) + rng.choice([0, 30, 1000])).astype(dtype)
    x[..., : shape[-1] // 3] = x.flat[0]
    if rng.random() < 0.3:
        x[rng.random(shape) < 0.01] = rng.choice([np.nan, np.inf, -np.inf])
    return x


def check(got, want, x):
    """Check that variances are right to the last places of the elements of `x`."""
    with np.errstate(all="ignore"):
        largest = np.nan_to_num(np.abs(x.astype(np.float64)), posinf=0).max()
        assert_close(got, want.astype(got.dtype), 10 * spread_scale("var", want, largest))


@only_plain
@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None)
@given(data=st.data())
def test_any_window_is_right(dtype, data):
    ndim = data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 10000)))
    kernel = tuple(rng.integers(1, 13 if ndim < 3 else 5, ndim).tolist())
    stride = tuple(rng.integers(1, 4, ndim).tolist())
    padding = tuple(int(rng.integers(0, size // 2 + 1)) for size in kernel)
    sizes = [size + int(rng.integers(0, 9)) for size in kernel]
    sizes[-1] += 30 * stride[-1]
    x = drawn(rng, dtype, (2, *sizes))
    last = rng.random() < 0.3
    given_ = {"correction": int(rng.integers(0, 2))}
    shown = np.moveaxis(x, 0, -1)[None] if last else x
    if last:
        given_["data_format"] = {1: "NLC", 2: "NHWC", 3: "NDHWC"}[ndim]
    want = two_passes(x, kernel, stride, padding, given_["correction"])
    got = getattr(nbp, f"var_pool{ndim}d")(shown, kernel, stride, padding, **given_)
    got = np.moveaxis(got[0], -1, 0) if last else got
    check(got, want, x)


@only_plain
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint64", "float32"])
@settings(deadline=None)
@given(seed=st.integers(0, 10000))
def test_what_is_left_out_does_not_count(dtype, seed):
    rng = np.random.default_rng(seed)
    x = drawn(rng, dtype, (9, 40))
    left_out = x[4, 30] = np.nan_to_num(x[4, 30], posinf=1, neginf=1)
    kernel, padding = (int(rng.integers(1, 9)), 3), (0, 1)
    want = two_passes(x, kernel, (1, 1), padding, 0, left_out)
    got = nbp.var_pool2d(x, kernel, 1, padding, nodata=left_out)
    empty = got == left_out
    assert np.isnan(want[empty]).all() or left_out == 0
    check(got[~empty], want[~empty], x)
    if dtype == "float32":
        holes = np.where((x == left_out) | (x != x), np.float32(np.nan), x)
        skipped = nbp.var_pool2d(holes, kernel, 1, padding, nan="skip")
        known = ~empty & ~np.isnan(got)
        check(skipped[known], got[known], x)


def test_the_last_digits_do_not_cancel():
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((60, 90))
    for dtype, far, tolerance in (("float32", 1e6, 1e-6), ("float64", 1e9, 1e-12)):
        x = (noise + far).astype(dtype)
        for size in (3, 15):
            want = two_passes(x, (size, size), (1, 1), (0, 0))
            np.testing.assert_allclose(nbp.var_pool2d(x, size, 1), want, rtol=tolerance)


@only_plain
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [(3, 3), (4, 1), (11, 11), (19, 37)])
def test_a_number_far_from_all_others_takes_no_digits_of_theirs(size, dtype):
    """Distances are not measured from a raster's nodata, nor from the numbers at its border."""
    noise = np.random.default_rng(2).standard_normal((2, 20, 40)).astype(dtype)
    inside = noise[:, 1:, 3:]
    want = two_passes(inside, size, (1, 1), (0, 0)).transpose(1, 2, 0)
    x = noise.transpose(1, 2, 0).copy()
    x[0], x[:, :3] = -3.4028e38, -3.4028e38
    for rule in ({"nodata": x[0, 0, 0]}, {"nodata": 77}, {"nan": "skip"}, {}):
        got = nbp.var_pool2d(x, size, 1, data_format="HWC", **rule)[1:, 3:]
        np.testing.assert_allclose(got, want, rtol=1e-5, err_msg=str(rule))


def test_equal_elements_give_zero():
    x = np.full((40, 90), 0.1)
    x[:, 50:] = 1 / 3
    for size in (3, 15):
        got = nbp.std_pool2d(x, size, 1, size // 2)
        assert not got[:, : 50 - size // 2].any()
        assert not got[:, 50 + size // 2 :].any()
        assert got[:, 50 - size // 2 : 50 + size // 2].all()
    assert not nbp.std_pool2d(np.full((9, 9), 255, np.uint8), 3, 1).any()


def test_which_loop_serves_which_windows():
    def kernel(*window, dtype="float32", **named):
        return nbp.Pool("std", *window, **named).decide((64, 96), dtype)[0].kernel

    assert [kernel(3, 1), kernel(15, 1, 7), kernel(4, 2), kernel(2)] == ["moments"] * 4
    assert [kernel(3, 1, dtype="uint8"), kernel(15, 1, dtype="int16")] == ["rows", "running"]
    assert [kernel(3, 1, nan="skip"), kernel(3, 1, dilation=2)] == ["rows", "rows"]


@only_plain  # compiled, they are parts of kernels, which nothing else may call
def test_roots_are_right_to_their_last_places():
    rng = np.random.default_rng(3)
    numbers = np.concatenate(
        [[0.0, 4.0, 6.25, 1e-12], rng.random(200) * 10.0 ** rng.integers(-9, 9, 200)]
    )
    for number in numbers:
        want = np.sqrt(number)
        assert abs(close_root(number) - want) <= np.spacing(want)
        assert abs(single_root(number) - want) <= np.spacing(np.float32(want))
    assert [close_root(np.float64(each)) for each in (0, 4, 6.25)] == [0, 2, 2.5]
    for number in (1e-90, 3e-80, 1e70, 1e76):  # float32 holds the roots, not the squares
        want = np.float32(np.sqrt(number))
        assert abs(single_root(np.float64(number)) - want) <= np.spacing(want)
    with np.errstate(invalid="ignore", over="ignore"):
        assert np.isinf(single_root(np.float64(1e80)))
        assert np.isnan(single_root(np.float64(np.nan)))


@only_plain
@settings(deadline=None)
@given(data=st.data())
def test_large_windows_join_rows_in_fours(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10000)))
    rows, columns, step = (int(rng.integers(*limits)) for limits in ((33, 60), (1, 5), (1, 5)))
    padding = int(rng.integers(0, rows // 2 + 1)), int(rng.integers(0, columns // 2 + 1))
    x = rng.integers(-99, 99, (rows + int(rng.integers(5, 40)), 12)).astype(np.float32)
    kernel, stride = (rows, columns), (step, 1)
    edges = [(pad, pad) for pad in padding]
    view = np.lib.stride_tricks.sliding_window_view
    sums = view(np.pad(x, edges), kernel)[::step].sum((2, 3))
    np.testing.assert_array_equal(nbp.sum_pool2d(x, kernel, stride, padding), sums)
    padded = view(np.pad(x, edges, constant_values=-np.inf), kernel)[::step]
    assert nbp.Pool("sum", kernel, stride, padding).decide(x.shape, x.dtype)[1].in_fours
    got, places = nbp.max_pool2d(x, kernel, stride, padding, return_indices=True)
    np.testing.assert_array_equal(got, padded.max((2, 3)))
    np.testing.assert_array_equal(x.flat[places], got)


def test_what_float32_is_added_up_in():
    def lane(*window):
        return nbp.Pool("avg", *window).decide((200, 220), "float32")[1].lanes[0]

    assert [lane(31), lane(101, 1), lane(101, 8, 50)] == ["float32"] * 3
    assert [lane(33), lane(101, 20), lane(113, 1)] == [
        "float64"
    ] * 3  # more in one row of additions
    x = np.random.default_rng(4).random((70, 60), np.float32) + 1000
    want = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (50, 50)).mean((2, 3))
    np.testing.assert_allclose(nbp.avg_pool2d(x, 50, 1), want, rtol=3e-7)


def test_windows_share_powers():
    """Each power is taken twice at most, however high the window."""
    for pool in (nbp.Pool("lp", 3, 1, norm_type=2.5), nbp.Pool("gem", 3, 1, p=4)):
        assert pool.decide((64, 96), "float32")[0].kernel == "running"
    x = np.random.default_rng(2).random((20, 50), np.float32)
    parts = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (5, 5))
    norms = (parts**2.5).sum((2, 3)) ** 0.4
    np.testing.assert_allclose(nbp.lp_pool2d(x, 2.5, 5, 1), norms, rtol=1e-6)
    means = (parts**4).mean((2, 3)) ** 0.25
    np.testing.assert_allclose(nbp.gem_pool2d(x, 5, 1, p=4), means, rtol=1e-6)


COMPILED = """
import numba

def spreads(x, k, s, p):
    out_h, out_w = ((n + 2 * p - k) // s + 1 for n in x.shape)
    made = np.empty((out_h, out_w))
    for i, j in itertools.product(range(out_h), range(out_w)):
        top, left = i * s - p, j * s - p
        part = x[max(top, 0) : top + k, max(left, 0) : left + k].astype(np.float64)
        made[i, j] = part.std()
    return made

rng = np.random.default_rng(0)
count = 0
for dtype, (k, s, p) in itertools.product(("uint8", "float32"), ((3, 1, 1), (6, 2, 3), (13, 1, 6))):
    for shape in ((20, 40), (31, 150), (17, 1100)):
        x = before_the_end(shape, dtype)
        x[...] = rng.integers(0, 255, shape)
        want = spreads(x, k, s, p)
        out = before_the_end(want.shape, "float32" if dtype == "float32" else "float64")
        for threads in (1, 2):
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            nbp.std_pool2d(x, k, s, p, out=out)
            np.testing.assert_allclose(out, want, rtol=1e-6)
            first = out.copy() if threads == 1 else first
            assert out.tobytes() == first.tobytes()
        count += 1
print(count)
"""


@pytest.mark.skipif(PLAIN, reason="of compiled kernels")
@pytest.mark.skipif(sys.platform != "linux", reason="calls mprotect as Linux has it")
def test_compiled_loops_are_right_up_to_the_last_byte():
    """The page behind the input, and behind the result, cannot be read or written."""
    assert python(GUARDED + COMPILED) == "18"
