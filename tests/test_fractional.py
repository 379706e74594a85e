"""Fractional max pooling: against the definition, torch, and what is refused."""

import naive_kinds
import numpy as np
import pytest
import strategies as draws
from agreement import assert_equal
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

import numbapool as nbp

SEVEN = np.arange(1.0, 50.0).reshape(1, 1, 7, 7)
SAMPLES = np.array([[[0.3, 0.7]]], np.float32)


def pooled(ndim, *arguments, **named):
    return getattr(nbp, f"fractional_max_pool{ndim}d")(*arguments, **named)


def test_the_worked_example():
    want = np.array([[[[9.0, 12, 14], [30, 33, 35], [44, 47, 49]]]])
    for dtype in draws.KINDS:
        if dtype != "bool":
            got = nbp.fractional_max_pool2d(SEVEN.astype(dtype), 2, 3, samples=SAMPLES)
            assert_equal(got, want.astype(dtype))
    values, indices = nbp.fractional_max_pool2d(SEVEN, 2, 3, None, True, samples=SAMPLES)
    assert_equal(values, want)
    assert_equal(indices, np.array([[[[8, 11, 13], [29, 32, 34], [43, 46, 48]]]]))
    got = nbp.fractional_max_pool2d(SEVEN[0], 2, output_ratio=0.45, samples=SAMPLES)
    assert_equal(got, want[0])


@pytest.mark.parametrize("ndim", [2, 3])
@draws.fewer(2)
@given(st.data())
def test_the_definition(ndim, data):
    draw = data.draw
    last = draw(st.booleans())
    sizes = [draw(st.integers(1, 9)) for _ in range(ndim)]
    kernel = [draw(st.integers(1, size)) for size in sizes]
    outs = [draw(st.integers(1, size - k + 1)) for size, k in zip(sizes, kernel, strict=True)]
    lead, channels = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    shape = (lead, *sizes, channels) if last else (lead, channels, *sizes)
    x = draw(draws.arrays(shape, draw(st.sampled_from(draws.KINDS))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples = rng.random((lead, channels, ndim), np.float32)
    form = draws.FORMATS[ndim][last]
    got = pooled(ndim, x, kernel, outs, None, True, samples=samples, data_format=form)
    want = naive_kinds.fractional_max_pool(x, ndim, kernel, outs, samples, data_format=form)
    assert_equal(got[0], want[0])
    assert_equal(got[1], want[1])


@pytest.mark.parametrize("ndim", [2, 3])
def test_torch(ndim):
    functional = pytest.importorskip("torch").nn.functional
    import torch

    rng = np.random.default_rng(ndim)
    for _ in range(30):
        sizes = rng.integers(3, 30 // ndim, ndim)
        kernel = [int(rng.integers(1, size)) for size in sizes]
        room = 2 if ndim == 2 else 1  # of three axes torch refuses as many windows as fit
        pairs = zip(sizes, kernel, strict=True)
        outs = [int(rng.integers(1, size - k + room)) for size, k in pairs]
        x = rng.standard_normal((2, 3, *sizes)).astype(np.float32)
        x.ravel()[rng.integers(0, x.size, 3)] = np.nan
        samples = rng.random((2, 3, ndim), np.float32)
        want = getattr(functional, f"fractional_max_pool{ndim}d")(
            torch.from_numpy(x), kernel, output_size=outs, return_indices=True,
            _random_samples=torch.from_numpy(samples),
        )  # fmt: skip
        got = pooled(ndim, x, kernel, outs, return_indices=True, samples=samples)
        for one, other in zip(got, want, strict=True):
            assert_equal(one, other.numpy())


def test_seeds():
    one, two, other = (nbp.fractional_max_pool2d(SEVEN, 2, 3, seed=seed) for seed in (5, 5, 6))
    assert_equal(one, two)
    assert not np.array_equal(one, other)
    assert nbp.fractional_max_pool2d(SEVEN, 2, output_ratio=(0.3, 0.9)).shape == (1, 1, 2, 6)


def test_it_writes_into_out_and_takes_nothing():
    out = np.empty((1, 1, 3, 3)), np.empty((1, 1, 3, 3), np.int64)
    got = nbp.fractional_max_pool2d(SEVEN, 2, 3, None, True, samples=SAMPLES, out=out)
    assert got[0] is out[0] and got[1][0, 0, 0, 0] == 8
    assert nbp.fractional_max_pool2d(SEVEN[:0], 2, 3, seed=1).shape == (0, 1, 3, 3)


def test_compiled_code():
    @njit
    def calls(x, samples):
        return nbp.fractional_max_pool2d(x, 2, 3, return_indices=True, samples=samples)

    want = nbp.fractional_max_pool2d(SEVEN, 2, 3, return_indices=True, samples=SAMPLES)
    for one, other in zip(calls(SEVEN, SAMPLES), want, strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((2,), {}, "needs either output_size or output_ratio"),
        ((2, 3, 0.5), {}, "needs either output_size or output_ratio"),
        ((2, 7), {}, r"axis 2 \(height\) has size 7: too few for 7 windows of 2, which need 8"),
        ((8, 1), {}, "too few for 1 windows of 8"),
        ((0, 3), {}, "kernel_size must be at least 1"),
        ((2, 0), {}, "output_size must be at least 1"),
        ((2, None, 1.0), {}, "output_ratio takes a number between 0 and 1"),
        ((2, None, "half"), {}, "output_ratio takes numbers"),
        ((2, 3), {"samples": [[0.3, 0.7]]}, r"samples must have shape \(1, 1, 2\), not \(1, 2\)"),
        ((2, 3), {"samples": [[[0.3, 1.0]]]}, "samples must lie from 0 to below 1"),
        ((2, 3), {"samples": [[[0.3, -0.1]]]}, "samples must lie from 0 to below 1"),
        ((2, 3), {"samples": [[[0.3, float("nan")]]]}, "samples must lie from 0 to below 1"),
        ((2, 3), {"samples": [[["a", "b"]]]}, "samples must be numbers"),
        ((2, 3), {"samples": SAMPLES, "seed": 1}, "leave out the seed"),
        ((2, 3), {"seed": -1}, "seed must be a whole number from 0 on, not -1"),
        ((2, 3), {"data_format": "HW"}, "HW names 2"),
    ],
)
def test_what_is_refused(arguments, named, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.fractional_max_pool2d(SEVEN, *arguments, **named)


def test_an_empty_axis_is_refused():
    with pytest.raises(nbp.PoolValueError, match="has size 0"):
        nbp.fractional_max_pool2d(np.ones((1, 1, 0, 4)), 1, 1, seed=0)
