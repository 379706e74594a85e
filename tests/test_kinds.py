"""Windows of other kinds: blurs, against the definitions and worked examples."""

import itertools

import naive_kinds
import numpy as np
import pytest
import strategies as draws
from agreement import answer, assert_close, assert_equal, both_refuse, magnitudes
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

import numbapool as nbp

SQUARE = np.arange(1.0, 17.0).reshape(4, 4)
MODES = ["reflect", "zeros", "replicate", "symmetric", "circular"]


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        ((2,), [[3.5, 5.5], [11.5, 13.5]]),
        ((3,), [[3.5, 5], [9.5, 11]]),
        ((4,), [[4.75, 6.25], [10.75, 12.25]]),
        ((5,), [[4.75, 5.875], [9.25, 10.375]]),
        ((3, 2, "zeros"), [[1.5, 3.25], [7, 11]]),
        ((3, 2, "replicate"), [[2.25, 4], [9.25, 11]]),
    ],
)
def test_blurs_worked_by_hand(arguments, want):
    for dtype in ("float64", "float32", "float16"):
        got = nbp.blur_pool2d(SQUARE.astype(dtype), *arguments)
        assert_equal(got, np.array(want, dtype))
    got = nbp.blur_pool2d(SQUARE.astype(np.uint8), *arguments)
    assert_equal(got, np.floor(np.array(want) + 0.5).astype(np.uint8))


def test_blurs_after_maxima_worked_by_hand():
    assert_equal(nbp.max_blur_pool2d(SQUARE), np.array([[8.5, 9.5], [12.5, 13.5]]))
    got = nbp.max_blur_pool2d(np.eye(5), padding_mode="zeros")
    assert_equal(got, np.array([[0.5625, 0.3125], [0.3125, 0.875]]))


@pytest.mark.parametrize("dtype", draws.KINDS)
@draws.fewer(2)
@given(st.data())
def test_blurs(dtype, data):
    draw = data.draw
    sizes = [draw(st.integers(1, 9)) for _ in range(2)]
    x, window = draw(draws.calls(2, dtype, st.just(draws.Window(2, tuple(sizes), None))))
    arguments = {
        "filter_size": draw(st.one_of(st.integers(1, 6), st.tuples(*[st.integers(1, 6)] * 2))),
        "stride": draw(st.one_of(st.integers(1, 4), st.tuples(*[st.integers(1, 4)] * 2))),
        "padding_mode": draw(st.sampled_from(MODES)),
        **window.arguments,
    }
    got = answer(nbp.blur_pool2d, x, **arguments)
    want = answer(naive_kinds.blur_pool2d, x, **arguments)
    if both_refuse(got, want):
        return
    if want.dtype.kind != "f":
        assert_equal(got, want)
    else:
        assert_close(got, want, naive_kinds.blur_pool2d(magnitudes(np.nan_to_num(x)), **arguments))


@pytest.mark.parametrize("mode", MODES)
def test_blurs_of_short_axes(mode):
    """Neighbouring windows may be the same there, once their padding is folded."""
    for size, taps, step in itertools.product(range(1, 6), range(1, 7), range(1, 4)):
        x = np.random.default_rng(size).integers(0, 255, (2, size), np.uint8)
        arguments = ((1, taps), (1, step), mode)
        got = answer(nbp.blur_pool2d, x, *arguments)
        want = answer(naive_kinds.blur_pool2d, x, *arguments)
        if not both_refuse(got, want):
            assert_equal(got, want)


@pytest.mark.parametrize("dtype", draws.KINDS)
@pytest.mark.parametrize("mode", ["reflect", "replicate"])
def test_a_constant_stays_one(dtype, mode):
    x = np.full((2, 9, 8), 1 if dtype == "bool" else 101, dtype) / np.ones(1, dtype)
    x = x.astype(dtype)
    for taps in range(1, 9):
        got = nbp.blur_pool2d(x, taps, 2, mode)
        np.testing.assert_array_equal(got, np.full(got.shape, x.ravel()[0], got.dtype))


def test_the_largest_integers_do_not_overflow():
    for dtype in ("uint8", "int8", "int32", "uint64", "int64") if draws.PLAIN else ("uint64",):
        for value in (np.iinfo(dtype).max, np.iinfo(dtype).min):
            x = np.full((5, 6), value, dtype)
            assert_equal(nbp.blur_pool2d(x, 16, 1, "replicate"), x)


def test_compiled_code_blurs():
    @njit
    def calls(x):
        return (
            nbp.blur_pool2d(x),
            nbp.blur_pool2d(x, (3, 2), 1, padding_mode="zeros", data_format="NHWC"),
            nbp.max_blur_pool2d(x, 3, filter_size=2),
        )

    x = np.random.default_rng(0).integers(0, 9, (2, 6, 7)).astype(np.float32)
    want = (
        naive_kinds.blur_pool2d(x),
        naive_kinds.blur_pool2d(x, (3, 2), 1, "zeros", data_format="NHWC"),
        naive_kinds.max_blur_pool2d(x, 3, 2),
    )
    for one, other in zip(calls(x), want, strict=True):
        assert_equal(one, other)


def test_blurs_write_into_out_and_are_layers():
    x = np.random.default_rng(0).normal(size=(1, 3, 9, 8)).astype(np.float32)
    pool = nbp.Pool.blur(5, padding_mode="replicate")
    out = np.empty(pool.shape(x.shape), pool.dtype(x.dtype))
    assert nbp.blur_pool2d(x, 5, padding_mode="replicate", out=out) is out
    np.testing.assert_array_equal(pool(x), out)
    assert eval(repr(pool), {"Pool": nbp.Pool}) == pool
    assert nbp.blur_pool2d(x[:0]).shape == (0, 3, 5, 4)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((4, 4), {"padding_mode": 0}, "padding_mode must be one of .*, not 0"),
        ((2, 4), {"filter_size": 5}, r"axis 0 \(height\) has size 2, which is too short"),
        ((4, 0), {}, r"axis 1 \(width\) has size 0"),
        ((4, 4), {"filter_size": 17}, "filter_size must be at most 16, not 17"),
        ((4, 4), {"filter_size": 0}, "filter_size must be at least 1"),
        ((4, 4), {"stride": 0}, "stride must be at least 1"),
        (
            (4, 4),
            {"padding_mode": "constant"},
            "padding_mode must be one of zeros, reflect, symmetric",
        ),
        ((4, 4), {"data_format": "NCL"}, "data_format must be one of"),
    ],
)
def test_blurs_that_are_refused(shape, arguments, message):
    for blur in (nbp.blur_pool2d, nbp.max_blur_pool2d):
        if shape == (2, 4) and blur is nbp.max_blur_pool2d:
            continue  # one row is left of two
        with pytest.raises(nbp.PoolError, match=message):
            blur(np.ones(shape), **arguments)
