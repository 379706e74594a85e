"""Footprints: windows that take some elements of a rectangle, against the definition and peers."""

import itertools
import math
import pickle
import sys
from unittest import mock

import naive_borders
import naive_operators
import numpy as np
import pytest
import strategies as draws
from agreement import answer, both_refuse
from guarded_pages import GUARDED
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from processes import python

import numbapool as nbp
from numbapool.operators import OPERATORS
from numbapool.plan.footprints import exchanges
from numbapool.pooling import bordered
from numbapool.pooling.call import sliding

NAMES = {1: "L", 2: "HW", 3: "DHW"}


def taps_of(x, marks, at, dilation):
    """Return the elements that a window takes, in row-major order."""
    values = []
    for tap in np.argwhere(marks):
        place = [begin + off * d for begin, off, d in zip(at, tap, dilation, strict=True)]
        if all(0 <= here < size for here, size in zip(place, x.shape, strict=True)):
            values.append(x[tuple(place)])
    return values


def naive(op, x, marks, stride, pads, dilation, **own):
    """Return what an operator keeps of each window of one plane."""
    sizes = zip(x.shape, marks.shape, stride, pads, dilation, strict=True)
    starts = [
        range(-before, size + after - d * (k - 1), s) for size, k, s, (before, after), d in sizes
    ]
    results = []
    for at in itertools.product(*starts):
        values = taps_of(x, marks, at, dilation)
        if not values and OPERATORS[op].of_nothing is None:
            raise ValueError("a window takes nothing")
        row = np.array([values], x.dtype)
        if values:
            results.append(naive_operators.over_all(op, row, data_format="CL", **own).item())
        else:
            results.append(OPERATORS[op].of_nothing)
    return np.array(results, np.float64).reshape([len(each) for each in starts])


@st.composite
def windows(draw, ndim):
    """Draw the shape of an array, a footprint, strides, padding and dilation."""
    kernel = tuple(draw(st.integers(1, 4)) for _ in range(ndim))
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(ndim))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    sizes = tuple(r + draw(st.integers(0, 6 if ndim < 3 else 2)) for r in reach)
    bits = draw(st.lists(st.booleans(), min_size=math.prod(kernel), max_size=math.prod(kernel)))
    marks = np.array(bits).reshape(kernel)
    if not marks.any():
        marks.flat[draw(st.integers(0, marks.size - 1))] = True
    stride = tuple(draw(st.integers(1, 3)) for _ in range(ndim))
    pads = tuple((draw(st.integers(0, r)), draw(st.integers(0, r))) for r in reach)
    return sizes, marks, stride, pads, dilation


@draws.only_plain
@pytest.mark.parametrize("op", OPERATORS)
@draws.fewer(8)
@given(st.data())
def test_random_calls(op, data):
    ndim, dtype = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(draws.FEW))
    sizes, marks, stride, pads, dilation = data.draw(windows(ndim))
    x = draws.fill(sizes, dtype, data.draw(st.sampled_from(["ties", "few"])), len(sizes))
    own = naive_operators.SAMPLES.get(op, {}) | data.draw(st.sampled_from(draws.LEFT_OUT))
    if op == "stochastic":
        own["mode"] = "expected"
    more = {"count_include_pad": False} if op == "avg" else {}
    window = {"kernel_size": marks.shape, "stride": stride, "padding": pads, "dilation": dilation}
    pool = nbp.Pool(op, **window, **own, **more, footprint=marks, data_format=NAMES[ndim])
    got = answer(pool, x)
    want = answer(naive, op, x, marks, stride, pads, dilation, **own)
    if both_refuse(got, want):
        return
    assert got.dtype == pool.dtype(dtype) and got.shape == want.shape == pool.shape(x.shape)
    off = 2e-3 if dtype == "float16" else 1e-5
    np.testing.assert_allclose(got.astype(np.float64), want, off, off)


@draws.only_plain
@draws.fewer(3)
@given(st.data())
def test_channels_last_and_places(data):
    sizes, marks, stride, pads, dilation = data.draw(windows(2))
    planes = [draws.fill(sizes, "float32", "ties", n) for n in range(3)]
    last = np.stack(planes, axis=-1)
    window = {"kernel_size": marks.shape, "stride": stride, "padding": pads, "dilation": dilation}
    given_ = window | {"footprint": marks}
    for op in ("max", "median", "first"):
        got = answer(nbp.pool2d, last, op, **given_, data_format="HWC")
        want = [answer(nbp.pool2d, plane, op, **given_) for plane in planes]
        if not both_refuse(got, want[0]):
            np.testing.assert_array_equal(got, np.stack(want, axis=-1))
    found = answer(nbp.max_pool2d, planes[0], return_indices=True, **given_)
    if not isinstance(found, ValueError):
        values, places = found
        np.testing.assert_array_equal(planes[0].ravel()[places], values)


@draws.only_plain
@pytest.mark.parametrize("mode", ["zeros", "reflect", "symmetric", "replicate", "circular", 7])
@pytest.mark.parametrize("op", ["max", "avg", "median", "count"])
def test_padding_modes(mode, op):
    x = np.arange(2.0 * 7 * 8).reshape(2, 7, 8) * 7 % 97
    held = naive_borders.padded(x, 2, [(2, 2)] * 2, mode, False)
    want = nbp.pool2d(held, op, 5, 1, footprint="ring")
    for boxes in (
        {"SMALL": 1 << 14},
        {"SMALL": 0, "MOST_OUTSIDE": 1.0},
    ):  # copied as a whole, or by boxes
        sliding.cache_clear()
        with mock.patch.multiple(bordered, **boxes):
            got = nbp.pool2d(x, op, 5, 1, 2, padding_mode=mode, footprint="ring")
        np.testing.assert_array_equal(got, want)


def test_shapes_by_name():
    def marks(name, kernel):
        found = nbp.Pool("max", kernel, footprint=name, data_format=NAMES[len(kernel)]).window
        return np.array(found.footprint).reshape(kernel).astype(int).tolist()

    assert marks("cross", (3, 5)) == [[0, 0, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]]
    assert marks("disk", (5, 3)) == [[0, 1, 0], [0, 1, 0], [1, 1, 1], [0, 1, 0], [0, 1, 0]]
    assert marks("ring", (3, 3)) == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert marks("ring", (5,)) == [1, 0, 0, 0, 1]
    whole = nbp.Pool("max", 5, data_format="L", footprint="disk")
    assert whole == nbp.Pool("max", 5, data_format="L") and whole.window.footprint is None
    assert nbp.Pool("max", 3, footprint=np.ones((3, 3), int)) == nbp.Pool("max", 3)


def test_a_pool_keeps_its_footprint():
    given_ = np.array([[1, 0], [1, 1]], bool)
    pool = nbp.Pool("max", 2, footprint=given_)
    assert pool == nbp.Pool("max", (2, 2), footprint=given_.tolist()) != nbp.Pool("max", 2)
    assert eval(repr(pool), {"Pool": nbp.Pool}) == pool
    assert pickle.loads(pickle.dumps(pool)) == pool and hash(pool) == hash(
        pickle.loads(pickle.dumps(pool))
    )
    np.testing.assert_array_equal(pool([[1, 9], [5, 3]]), [[5]])


def test_means_with_padding_and_divisors():
    x = np.array([[6.0, 6, 6], [6, 6, 6], [6, 6, 6]])
    cross = {"footprint": "cross", "stride": 1, "padding": 1}
    whole = nbp.avg_pool2d(x, 3, **cross)
    np.testing.assert_allclose(whole[0], [3.6, 4.8, 3.6])
    np.testing.assert_allclose(nbp.avg_pool2d(x, 3, **cross, count_include_pad=False), x)
    fixed = nbp.avg_pool2d(x, 3, **cross, divisor_override=6)
    np.testing.assert_allclose(fixed, [[3, 4, 3], [4, 5, 4], [3, 4, 3]])
    # The last windows reach past the padding, where no tap counts.
    last = nbp.avg_pool2d(x, 3, 3, 1, True, footprint="cross")
    np.testing.assert_allclose(last, [[3.6, 1.5], [1.5, 0]])
    whole_numbers = nbp.avg_pool2d(np.full((3, 3), 200, np.uint8), 3, **cross)
    np.testing.assert_array_equal(whole_numbers[0], [120, 160, 120])


def test_min_count_and_weights():
    x = np.arange(1.0, 17).reshape(4, 4)
    x[1, 1] = np.nan
    given_ = {"kernel_size": 3, "stride": 1, "padding": 1, "footprint": "cross", "nan": "skip"}
    got = nbp.sum_pool2d(x, **given_, min_count=1.0)
    assert np.isnan(got).sum() == 5 and got[0, 0] == 1 + 2 + 5
    assert np.isnan(nbp.sum_pool2d(x, **given_, min_count=4)).sum() == 6
    weights = np.arange(16.0).reshape(4, 4)
    marks = np.array([[0, 1], [1, 0]], bool)
    got = nbp.avg_pool2d(x, 2, weights=weights, nan="skip", footprint=marks)
    np.testing.assert_allclose(got[0, 0], (2 * 1 + 5 * 4) / 5)


@pytest.mark.parametrize("size", [2, 3, 7, 10])
def test_networks_pick_their_ranks(size):
    for low in range(size):
        listed = exchanges(size, low, min(low + 1, size - 1))
        for ones in range(2**size):  # what sorts zeros and ones sorts all
            row = [ones >> n & 1 for n in range(size)]
            for a, b, needed in listed:
                pair = min(row[a], row[b]), max(row[a], row[b])
                row[a], row[b] = [pair, (pair[0], None), (None, pair[1])][needed]
            want = sorted(ones >> n & 1 for n in range(size))
            assert row[low] == want[low]
            assert low + 1 == size or row[low + 1] == want[low + 1]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ("star", "footprint must be an array of bool or one of disk, cross, ring, not 'star'"),
        (np.ones((2, 2)) / 2, "an array of bool, or of 0 and 1: others are weights"),
        (np.ones((3, 2), bool), r"has shape \(3, 2\), and kernel_size is \(3, 3\)"),
        (np.zeros((3, 3), bool), "takes no element"),
        ([[1], [1, 0]], "footprint must be an array of bool"),
    ],
)
def test_what_is_refused(given_, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.max_pool2d(np.ones((5, 5)), 3, footprint=given_)


def test_what_else_is_refused():
    x, corner = np.ones((5, 5)), np.eye(3)[[0]].T @ np.eye(3)[[0]] > 0
    with pytest.raises(nbp.PoolValueError, match=r"a disk has a centre: .* odd, not \(4, 3\)"):
        nbp.max_pool2d(x, (4, 3), footprint="disk")
    for op in ("max", "avg", "median"):
        with pytest.raises(nbp.PoolValueError, match="takes no element inside the input from a"):
            nbp.pool2d(
                x,
                op,
                3,
                1,
                1,
                footprint=corner,
                **{"count_include_pad": False} if op == "avg" else {},
            )
    assert nbp.count_pool2d(x, 3, 1, 1, footprint=corner)[0].tolist() == [0] * 5
    assert nbp.avg_pool2d(x, 3, 1, 1, footprint=corner)[0].tolist() == [0] * 5
    assert nbp.max_pool2d(x, 3, 1, 1, footprint=corner, padding_mode=0)[0].tolist() == [0] * 5
    with pytest.raises(nbp.PoolValueError, match="a footprint of 2001 x 999 is too large"):
        nbp.max_pool2d(x, (2001, 999), footprint="disk")
    with pytest.raises(nbp.PoolTypeError, match="no 'footprint'"):
        nbp.block_reduce(x, 2, "max", footprint="disk")


@pytest.mark.skipif(draws.PLAIN, reason="this is of machine code")
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_compiled_kernels(dtype):
    """Tiles of long rows, channels, borders, NaN: against windows picked by NumPy."""
    rng = np.random.default_rng(3)
    x = rng.integers(0, 9, (70, 1100)).astype(dtype)
    if dtype == "float32":
        x[rng.random(x.shape) < 1e-3] = np.nan
    marks = np.array(nbp.Pool("max", 5, footprint="disk").window.footprint).reshape(5, 5)
    held = np.lib.stride_tricks.sliding_window_view(x, (5, 5))[..., marks]
    ordered = np.sort(held, axis=-1)[..., 6]
    ordered = (
        np.where((held != held).any(-1), ordered.dtype.type(np.nan), ordered)
        if dtype == "float32"
        else ordered
    )
    for op, want in (("max", held.max(-1)), ("median", ordered)):
        for stride in (1, 2, 3):
            got = nbp.pool2d(x, op, 5, stride, footprint="disk")
            np.testing.assert_array_equal(got, want[::stride, ::stride])
        bordered = nbp.pool2d(x, op, 5, 1, 2, footprint="disk")
        np.testing.assert_array_equal(bordered[2:-2, 2:-2], want)
        few = nbp.pool2d(x[:6, :7], op, 5, 1, 2, footprint="disk")
        np.testing.assert_array_equal(few[:4, :5], bordered[:4, :5])
        last = nbp.pool2d(np.stack([x, x], -1), op, 5, 1, 2, footprint="disk", data_format="HWC")
        np.testing.assert_array_equal(last[..., 1], bordered)


@pytest.mark.skipif(draws.PLAIN, reason="this is of machine code")
def test_compiled_code():
    @njit
    def calls(x, marks, name):
        return (
            nbp.max_pool2d(x, 3, footprint="cross"),
            nbp.pool2d(x, "median", 2, footprint=marks),
            nbp.max_pool2d(x, 3, footprint=name),
        )

    x, marks = (
        np.arange(36, dtype=np.float32).reshape(6, 6),
        np.array([[True, False], [True, True]]),
    )
    for one, other in zip(calls(x, marks, "disk"), calls.py_func(x, marks, "disk"), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    call = nbp.kernels.prepare(nbp.max_pool2d, x.shape, x.dtype, 3, footprint="cross")
    out = np.empty(call.shape, np.float32)
    nbp.kernels.run(call.record, x, (out,))
    np.testing.assert_array_equal(out, calls(x, marks, "ring")[0])
    with pytest.raises(nbp.PoolValueError, match="footprint must be an array of bool or one of"):
        calls(x, marks, "star")


def test_filters_of_scipy():
    """SciPy's median of an even number is the upper of the middle two, so its footprint is odd."""
    filters = pytest.importorskip("scipy.ndimage")
    x = np.random.default_rng(0).integers(0, 99, (30, 40)).astype(np.float32)
    marks = np.random.default_rng(1).random((5, 5)) < 0.5
    marks[2, 2] ^= marks.sum() % 2 == 0
    for op, name in (("max", "maximum"), ("min", "minimum"), ("median", "median")):
        want = getattr(filters, f"{name}_filter")(x, footprint=marks, mode="mirror")
        got = nbp.pool2d(x, op, 5, 1, 2, padding_mode="reflect", footprint=marks)
        np.testing.assert_array_equal(got, want)
    even = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool)
    ranked = [filters.rank_filter(x, rank, footprint=even, mode="nearest") for rank in (1, 2)]
    given_ = {"kernel_size": 3, "stride": 1, "padding": 1, "padding_mode": "replicate"}
    got = nbp.median_pool2d(x, **given_, footprint="ring")
    np.testing.assert_array_equal(got, (ranked[0] + ranked[1]) / 2)
    np.testing.assert_array_equal(
        filters.median_filter(x, footprint=even, mode="nearest"), ranked[1]
    )
    whole = nbp.median_pool2d(x.astype(np.uint8), **given_, footprint="ring")
    np.testing.assert_array_equal(whole, ranked[0])  # of integers the lower one
    means = nbp.avg_pool2d(x, **given_, footprint="ring")
    np.testing.assert_allclose(means, filters.convolve(x, even / 4, mode="nearest"), 1e-5)


def test_disks_of_scikit_image():
    shapes = pytest.importorskip("skimage.morphology")
    for radius in range(1, 12):
        size = 2 * radius + 1
        window = nbp.Pool("max", size, footprint="disk").window
        assert (np.array(window.footprint) == shapes.disk(radius).ravel()).all()
        window = nbp.Pool("max", (size,) * 3, footprint="disk").window
        assert (np.array(window.footprint) == shapes.ball(radius).ravel()).all()


GUARDED_CALLS = """
count = 0
rng = np.random.default_rng(0)
for dtype, op in itertools.product(("uint8", "float32"), ("max", "median")):
    for shape, stride, padding in (((20, 20), 1, 2), ((31, 150), 2, 2), ((5, 1100), 1, 0)):
        x = before_the_end(shape, dtype)
        x[...] = rng.integers(0, 255, shape)
        want = nbp.pool2d(x.copy(), op, 5, stride, padding, footprint="disk")
        out = before_the_end(want.shape, dtype)
        nbp.pool2d(x, op, 5, stride, padding, footprint="disk", out=out)
        assert np.array_equal(out, want), (dtype, op, shape)
        count += 1
print(count)
"""


@pytest.mark.skipif(sys.platform != "linux" or draws.PLAIN, reason="machine code on Linux")
def test_nothing_past_the_end_is_read_or_written():
    """The page behind the input, and behind the result, cannot be read or written."""
    assert python(GUARDED + GUARDED_CALLS) == "12"
