"""The oracle itself: against worked examples, and NumPy, SciPy and torch where they agree."""

import itertools

import naive
import numpy as np
import pytest

RNG = np.random.default_rng(20)

SPECIAL = np.array([1, 2, np.nan, -1, np.inf, 2, np.nan, -np.inf, 0], np.float32)


def few_values(shape):
    return RNG.choice(SPECIAL, shape)


def test_the_border_rules_on_a_worked_example():
    x = np.arange(1.0, 17).reshape(4, 4)
    included = naive.avg_pool(x, 2, 3, 2, 1, True)
    np.testing.assert_allclose(
        included, [[14 / 9, 10 / 3, 2], [19 / 3, 11, 6], [4.5, 7.5, 4]], rtol=1e-15
    )
    excluded = naive.avg_pool(x, 2, 3, 2, 1, True, False)
    np.testing.assert_array_equal(excluded, [[3.5, 5, 6], [9.5, 11, 12], [13.5, 15, 16]])


def test_means_of_integers_round():
    x = np.array([[0, 1], [1, 4], [-2, -1], [-1, 0]], np.int8)
    for rounding, want in {
        "half_up": [1, 3, -1, 0],
        "half_even": [0, 2, -2, 0],
        "floor": [0, 2, -2, -1],
    }.items():
        got = naive.avg_pool(x, 1, 2, rounding=rounding)
        np.testing.assert_array_equal(got.ravel(), want)
        assert got.dtype == np.int8


def test_what_a_negative_divisor_and_a_small_one_make_of_integers():
    x = np.array([100, 100, 100], np.int8)
    assert naive.avg_pool(x, 1, 3, divisor_override=-4).item() == -75
    assert naive.avg_pool(x, 1, 3, divisor_override=1).item() == 127
    assert naive.avg_pool(x, 1, 3, divisor_override=-1).item() == -128


def test_sums_wrap_past_64_bits():
    top = np.array([2**63 - 1, 1], np.int64)
    assert naive.sum_pool(top, 1, 2).item() == -(2**63)
    assert naive.sum_pool(np.array([2**64 - 1, 3], np.uint64), 1, 2).item() == 2


def test_nan_is_left_out_where_asked():
    x = np.array([np.nan, 1, 3, np.nan, np.nan, np.nan], np.float32)
    np.testing.assert_array_equal(naive.avg_pool(x, 1, 3, nan="skip"), [2, np.nan])
    np.testing.assert_array_equal(naive.sum_pool(x, 1, 3, nan="skip"), [4, 0])
    np.testing.assert_array_equal(naive.max_pool(x, 1, 3, nan="skip"), [3, np.nan])
    values, places = naive.max_pool(x, 1, 3, return_indices=True)
    assert np.isnan(values).all()
    np.testing.assert_array_equal(places, [0, 5])


def test_nodata_is_left_out():
    x = np.array([0, 1, 4, 0, 0, 0], np.uint8)
    np.testing.assert_array_equal(naive.avg_pool(x, 1, 3, nodata=0), [3, 0])
    np.testing.assert_array_equal(naive.min_pool(x, 1, 3, nodata=0), [1, 0])
    np.testing.assert_array_equal(naive.median_pool(x, 1, 3, nodata=0), [1, 0])


def test_a_window_without_input_is_refused():
    x = np.ones(1)
    with pytest.raises(ValueError, match="no input"):
        naive.max_pool(x, 1, 2, 1, 1, dilation=2)
    with pytest.raises(ValueError, match="no input"):
        naive.avg_pool(x, 1, 2, 1, 1, False, False, dilation=2)
    assert naive.avg_pool(x, 1, 2, 1, 1, dilation=2).item() == 0
    assert naive.sum_pool(x, 1, 2, 1, 1, dilation=2).item() == 0


def test_paddings_name_the_same_windows():
    x = RNG.standard_normal((2, 5, 7))
    for a, b in [
        (1, ((1, 1), (1, 1))),
        ((1, 0), ((1, 1), (0, 0))),
        ("valid", 0),
        ("same", ((1, 1), (1, 1))),
        ("same_lower", ((1, 1), (1, 1))),
    ]:
        np.testing.assert_array_equal(naive.max_pool(x, 2, 3, 2, a), naive.max_pool(x, 2, 3, 2, b))
    x = np.arange(4.0)
    np.testing.assert_array_equal(naive.max_pool(x, 1, 2, 1, "same"), [1, 2, 3, 3])
    np.testing.assert_array_equal(naive.max_pool(x, 1, 2, 1, "same_lower"), [0, 1, 2, 3])
    np.testing.assert_array_equal(naive.avg_pool(x, 1, 2, 1, "same"), [0.5, 1.5, 2.5, 3])


def test_channels_last_is_channels_first_moved():
    x = few_values((2, 3, 6, 5))
    last = np.moveaxis(x, 1, -1)
    for pool in (naive.max_pool, naive.avg_pool, naive.median_pool):
        np.testing.assert_array_equal(
            np.moveaxis(pool(last, 2, 3, 2, 1, data_format="NHWC"), -1, 1), pool(x, 2, 3, 2, 1)
        )


def test_block_edges():
    x = np.arange(1.0, 6)
    for edge, want in {
        "partial": [1.5, 3.5, 5],
        "trim": [1.5, 3.5],
        "pad": [1.5, 3.5, 2.5],
    }.items():
        np.testing.assert_array_equal(naive.block_reduce(x, 2, "mean", edge=edge), want)
    with pytest.raises(ValueError, match="tile"):
        naive.block_reduce(x, 2, "mean", edge="error")


def test_statistics_are_numpys():
    x = RNG.standard_normal((3, 24))
    blocks = x.reshape(3, 4, 6)
    np.testing.assert_allclose(naive.median_pool(x, 1, 6), np.median(blocks, -1), rtol=1e-15)
    np.testing.assert_allclose(naive.var_pool(x, 1, 6), blocks.var(-1), rtol=1e-14)
    np.testing.assert_allclose(naive.std_pool(x, 1, 6), blocks.std(-1), rtol=1e-14)
    np.testing.assert_allclose(
        naive.var_pool(x, 1, 6, correction=1), blocks.var(-1, ddof=1), rtol=1e-14
    )
    for q in (0, 10, 33.3, 50, 100):
        np.testing.assert_allclose(
            naive.percentile_pool(x, 1, q, 6), np.percentile(blocks, q, -1), rtol=1e-14
        )


def test_modes_are_scipys():
    stats = pytest.importorskip("scipy.stats")
    x = RNG.integers(0, 4, (5, 36))
    want = stats.mode(x.reshape(5, 6, 6), axis=-1).mode
    np.testing.assert_array_equal(naive.mode_pool(x, 1, 6), want)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_maxima_are_torchs(ndim):
    torch = pytest.importorskip("torch")
    pool = getattr(torch.nn.functional, f"max_pool{ndim}d")
    x = few_values((2, 2, *(6, 5, 4)[:ndim]))
    for k, s, p, d, ceil in itertools.product([1, 2, 3], [1, 2, 3], [0, 1], [1, 2], [0, 1]):
        if p > (d * (k - 1) + 1) // 2 or d * (k - 1) + 1 > 4 + 2 * p or (k, p, d) == (2, 1, 2):
            continue
        values, places = pool(torch.tensor(x), k, s, p, d, bool(ceil), return_indices=True)
        got = naive.max_pool(x, ndim, k, s, p, d, bool(ceil), True)
        np.testing.assert_array_equal(got[0], values.numpy())
        np.testing.assert_array_equal(got[1], places.numpy())


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_means_are_torchs(ndim):
    torch = pytest.importorskip("torch")
    pool = getattr(torch.nn.functional, f"avg_pool{ndim}d")
    x = RNG.standard_normal((2, 2, *(6, 5, 4)[:ndim]))
    for k, s, p, ceil, include in itertools.product([1, 2, 3], [1, 2, 3], [0, 1], [0, 1], [0, 1]):
        if p > k // 2:
            continue
        arguments = (k, s, p, bool(ceil), bool(include))
        want = pool(torch.tensor(x), *arguments).numpy()
        np.testing.assert_allclose(naive.avg_pool(x, ndim, *arguments), want, rtol=1e-12)
        if ndim > 1:
            want = pool(torch.tensor(x), *arguments, divisor_override=-5).numpy()
            got = naive.avg_pool(x, ndim, *arguments, -5)
            np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_adaptive_windows_are_torchs(ndim):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x = few_values((2, 2, *(7, 5, 4)[:ndim]))
    y = RNG.standard_normal(x.shape)
    for out in [1, 2, 3, 4, 9]:
        values, places = getattr(functional, f"adaptive_max_pool{ndim}d")(
            torch.tensor(x), out, return_indices=True
        )
        got = naive.adaptive_max_pool(x, ndim, out, True)
        np.testing.assert_array_equal(got[0], values.numpy())
        np.testing.assert_array_equal(got[1], places.numpy())
        want = getattr(functional, f"adaptive_avg_pool{ndim}d")(torch.tensor(y), out).numpy()
        np.testing.assert_allclose(naive.adaptive_avg_pool(y, ndim, out), want, rtol=1e-12)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_norms_of_positive_numbers_are_torchs(ndim):
    torch = pytest.importorskip("torch")
    x = RNG.random((2, 2, *(7, 5, 4)[:ndim]))
    for p, k, s in itertools.product([1, 2, 3, 0.5], [1, 2, 3], [1, 2]):
        want = getattr(torch.nn.functional, f"lp_pool{ndim}d")(torch.tensor(x), p, k, s).numpy()
        np.testing.assert_allclose(naive.lp_pool(x, ndim, p, k, s), want, rtol=1e-12)


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_unpooling_is_torchs(ndim):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x = RNG.standard_normal((2, 2, *(7, 6, 5)[:ndim]))
    unpool = getattr(functional, f"max_unpool{ndim}d")
    for k, s, p in [(2, 2, 0), (3, 2, 1), (3, 3, 0)]:
        values, places = getattr(functional, f"max_pool{ndim}d")(
            torch.tensor(x), k, s, p, return_indices=True
        )
        want = unpool(values, places, k, s, p, x.shape[2:])
        got = naive.max_unpool(values.numpy(), ndim, places.numpy(), k, s, p, x.shape[2:])
        np.testing.assert_array_equal(got, want.numpy())
        zeros = torch.zeros_like(places)
        want = unpool(values, zeros, k, s, p)
        got = naive.max_unpool(values.numpy(), ndim, zeros.numpy(), k, s, p)
        assert got.shape == tuple(want.shape)


def test_onnx_and_tensorflow_numbering():
    indices = np.array([[[[5]], [[4]]], [[[0]], [[11]]]])  # (2, 2, 1, 1) of planes of 3 x 4
    got = naive.to_onnx_indices(indices, 2, (3, 4))
    np.testing.assert_array_equal(got.ravel(), [5, 16, 24, 47])
    got = naive.to_onnx_indices(indices, 2, (3, 4), storage_order=1)
    np.testing.assert_array_equal(got.ravel(), [1 * 3 + 1, 12 + 1, 24, 36 + 11])
    last = np.moveaxis(indices, 1, -1)
    got = naive.to_tf_indices(last, 2, (3, 4))
    np.testing.assert_array_equal(got.ravel(), [5 * 2, 4 * 2 + 1, 0, 11 * 2 + 1])
    got = naive.to_tf_indices(last, 2, (3, 4), include_batch=True)
    np.testing.assert_array_equal(got.ravel(), [10, 9, 24, 12 * 2 + 11 * 2 + 1])
