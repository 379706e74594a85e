"""Medians and percentiles of small windows, which networks of minima and maxima pick."""

import sys

import naive
import naive_borders
import numpy as np
import pytest
from guarded_pages import GUARDED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import python
from strategies import DTYPES, FEW, only_plain

import numbapool as nbp
from numbapool.plan import selections
from numbapool.pooling import call
from numbapool.windows import borders

SIZES = st.integers(1, 12)


@pytest.fixture
def everywhere(networks_everywhere):
    """Let networks serve arrays of any size, in this test alone."""


def drawn(data, dtype, shape):
    """Return an array of a dtype: few values or many, in floats NaN and infinities too."""
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        few = data.draw(st.booleans())
        return rng.integers(*((0, 4) if few else (limits.min, limits.max)), shape, dtype)
    x = np.round(rng.normal(size=shape) * 3, 1).astype(dtype)
    for value in data.draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf, -0.0]), max_size=3)):
        x[rng.random(shape) < 0.05] = value
    return x


def rounding_of(x):
    """Return how far a percentile may lie from 0 if two elements cancel: rounded, in float64."""
    return np.finfo(np.float64).eps * np.abs(x[np.isfinite(x)], dtype=np.float64).max(initial=0)


@only_plain
@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_window_is_right(everywhere, dtype, data):
    kernel = data.draw(st.tuples(SIZES, SIZES))
    stride = data.draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = tuple(data.draw(st.integers(0, size // 2)) for size in kernel)
    last = data.draw(st.booleans())
    height, width = (data.draw(st.integers(size, size + 20)) for size in kernel)
    shape = (2, height, width, 3) if last else (2, 2, height, width)
    given_ = {"ceil_mode": data.draw(st.booleans()), "data_format": "NHWC" if last else "NCHW"}
    x = drawn(data, dtype, shape)
    q = data.draw(st.sampled_from([None, 0, 10, 50, 87.5, 100]))
    if q is None:
        got = nbp.median_pool2d(x, kernel, stride, padding, **given_)
        want = naive.median_pool(x, 2, kernel, stride, padding, **given_)
    else:
        got = nbp.percentile_pool2d(x, q, kernel, stride, padding, **given_)
        want = naive.percentile_pool(x, 2, q, kernel, stride, padding, **given_)
    assert got.dtype == want.dtype
    if q is None:
        np.testing.assert_array_equal(got, want)
    else:
        rtol = {"float16": 2e-3, "float32": 1e-6}.get(dtype, 1e-12)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rounding_of(x))


@only_plain
@pytest.mark.parametrize("dtype", FEW)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_window_of_several_planes_is_right(everywhere, dtype, data):
    kernel = data.draw(st.tuples(*[st.integers(1, 5)] * 3))
    stride = data.draw(st.tuples(*[st.integers(1, 3)] * 3))
    padding = tuple(data.draw(st.integers(0, size // 2)) for size in kernel)
    sizes = tuple(data.draw(st.integers(size, size + 6)) for size in kernel)
    shape, order = ((2, *sizes), "CDHW") if data.draw(st.booleans()) else ((*sizes, 2), "DHWC")
    x = drawn(data, dtype, shape)
    got = nbp.median_pool3d(x, kernel, stride, padding, data_format=order)
    want = naive.median_pool(x, 3, kernel, stride, padding, data_format=order)
    np.testing.assert_array_equal(got, want)


@only_plain
@pytest.mark.parametrize("dtype", FEW)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_padding_mode_is_right(everywhere, dtype, data):
    ndim = data.draw(st.integers(2, 3))
    kernel = data.draw(st.tuples(*[st.integers(1, 9 if ndim == 2 else 3)] * ndim))
    stride = data.draw(st.tuples(*[st.integers(1, 3)] * ndim))
    mode = data.draw(st.sampled_from(borders.MODES))
    sizes = tuple(data.draw(st.integers(taps, 24 if ndim == 2 else 7)) for taps in kernel)
    padding = tuple(
        data.draw(st.integers(0, min(size - 1, taps)))
        for size, taps in zip(sizes, kernel, strict=True)
    )
    last = data.draw(st.booleans())
    shape = (2, *sizes, 3) if last else (2, 2, *sizes)
    order = {2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}[ndim][last]
    x = drawn(data, dtype, shape)
    given_ = {"padding": padding, "padding_mode": mode, "data_format": order}
    pool = nbp.Pool("median", kernel, stride, **given_)
    want = naive_borders.sliding("median", x, ndim, kernel, stride, **given_)
    np.testing.assert_array_equal(pool(x), want)


@only_plain
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("shape", [(1, 1500), (200, 2)])
def test_windows_of_a_single_row_or_column(everywhere, monkeypatch, dtype, shape):
    """A long row is cut in parts, here of one strip."""
    monkeypatch.setattr(selections, "PART_STRIPS", 1)
    rng = np.random.default_rng(5)
    x = rng.integers(0, 200, shape).astype(dtype)
    if dtype == "float64":
        x[rng.random(shape) < 0.002] = np.nan
    for size, step, pad in ((31, 1, 15), (40, 3, 0)):
        kernel, stride, padding = ((1, each) for each in (size, step, pad))
        if shape[1] == 2:
            kernel, stride, padding = (each[::-1] for each in (kernel, stride, padding))
        padding = tuple(each if each > 1 else 0 for each in padding)
        pooling = nbp.Pool("median", kernel, stride, padding)
        assert pooling.decide(shape, dtype)[0].kernel == "networks"
        want = naive.median_pool(x, 2, kernel, stride, padding)
        np.testing.assert_array_equal(pooling(x), want)


def test_a_network_serves_windows_of_every_kind():
    """Sizes, strides, borders, channels last: of all arrays but small ones."""
    for window in ((3, 1, 1), (15, 2, 7), ((2, 5), 3, (1, 2)), (4, 4)):
        first, last = nbp.Pool("median", *window), nbp.Pool("median", *window, data_format="NHWC")
        assert first.decide((1, 1, 65, 67), "uint8")[0].kernel == "networks"
        assert last.decide((1, 65, 67, 3), "float32")[0].kernel == "networks"
        assert first.decide((1, 1, 20, 20), "uint8")[0].kernel != "networks"
    assert (
        nbp.Pool("percentile", 5, 1, q=10).decide((1, 1, 65, 67), "int16")[0].kernel == "networks"
    )
    for window in ((3, 1, 1), ((1, 5, 5), 2), ((5, 5, 5), 1, 2)):
        deep = nbp.Pool("median", *window, data_format="NCDHW")
        assert deep.decide((1, 1, 9, 65, 67), "float32")[0].kernel == "networks"
    for mode in borders.MODES:
        filled = nbp.Pool("median", 5, 1, 2, padding_mode=mode)
        made = call.decided((1, 1, 65, 67), np.dtype("uint8"), filled.window, filled.request)
        assert made.plan.kernel == "networks"
    for other in (nbp.Pool("median", 3, 1, nan="skip"), nbp.Pool("median", 3, 1, dilation=2)):
        assert other.decide((1, 1, 65, 67), "float32")[0].kernel == "selection"


COMPILED = """
from numbapool.plan import networks, selections

def sorted_medians(x, k, s, p):
    wide = np.float64 if x.dtype.kind == "f" else x.dtype
    out_h, out_w = ((n + 2 * p - k) // s + 1 for n in x.shape)
    made = np.empty((out_h, out_w), x.dtype)
    for i, j in itertools.product(range(out_h), range(out_w)):
        top, left = i * s - p, j * s - p
        part = np.sort(x[max(top, 0) : top + k, max(left, 0) : left + k], axis=None)
        low, high = part[(part.size - 1) // 2], part[part.size // 2]
        mean = low if low == high or wide != np.float64 else (np.float64(low) + high) / 2
        made[i, j] = np.nan if wide == np.float64 and np.isnan(part).any() else mean
    return made

networks.LEAST_ELEMENTS = 0
rng = np.random.default_rng(0)
count = 0
for dtype, k, s, p in (("float32", 3, 1, 1), ("uint8", 6, 2, 3), ("float32", 9, 1, 4)):
    for shape in ((20, 20), (31, 150), (9, 1100)):
        x = before_the_end(shape, dtype)
        x[...] = rng.integers(0, 255, shape)
        if dtype == "float32":
            x[rng.random(shape) < 0.001] = np.nan
        want = sorted_medians(x, k, s, p)
        out = before_the_end(want.shape, dtype)
        nbp.median_pool2d(x, k, s, p, out=out)
        assert np.array_equal(out, want, equal_nan=dtype == "float32"), (dtype, k, s, p, shape)
        count += 1
x, out = before_the_end((5, 9, 150), "int16"), before_the_end((5, 9, 150), "int16")
x[...] = rng.integers(0, 255, x.shape)
nbp.median_pool3d(x, 3, 1, 1, out=out)
for z, y, j in itertools.product(*map(range, x.shape)):
    near = [slice(max(at - 1, 0), at + 2) for at in (z, y, j)]
    part = np.sort(x[tuple(near)], axis=None)
    assert out[z, y, j] == part[(part.size - 1) // 2], (z, y, j)
print(count)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="calls mprotect as Linux has it")
def test_compiled_networks_are_right_up_to_the_last_byte():
    """The page behind the input, and behind the result, cannot be read or written."""
    assert python(GUARDED + COMPILED) == "9"


def test_opencv_gives_the_same_where_windows_are_whole():
    cv2 = pytest.importorskip("cv2")
    rng = np.random.default_rng(3)
    for dtype, size in (("uint8", 3), ("float32", 3)):
        x = rng.integers(0, 255, (90, 130)).astype(dtype)
        inner = slice(size // 2, -(size // 2))
        got = nbp.median_pool2d(x, size, 1, size // 2)
        np.testing.assert_array_equal(got[inner, inner], cv2.medianBlur(x, size)[inner, inner])


def test_bottleneck_gives_the_same_running_median():
    bottleneck = pytest.importorskip("bottleneck")
    x = np.random.default_rng(3).standard_normal(30_000)
    np.testing.assert_array_equal(nbp.median_pool1d(x, 31, 1), bottleneck.move_median(x, 31)[30:])
