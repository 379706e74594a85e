"""Single rules of the 2-D poolings, each with the numbers that show it.

Those of numbers that machine code could get wrong are in `test_exact_numbers.py`.
"""

import re

import numpy as np
import pytest
import strategies as draws
from agreement import assert_equal

import numbapool as nbp

POOLS = ["max_pool2d", "min_pool2d", "avg_pool2d", "sum_pool2d"]

every_pool = pytest.mark.parametrize("name", POOLS)


def row(*values, dtype="float32"):
    return np.array([values], dtype)


def test_borders_of_a_mean():
    x = np.arange(1, 17, dtype=np.float32).reshape(4, 4)
    got = nbp.avg_pool2d(x, 3, 2, 1, ceil_mode=True)
    np.testing.assert_allclose(
        got, [[14 / 9, 10 / 3, 2], [19 / 3, 11, 6], [4.5, 7.5, 4]], rtol=1e-6
    )
    got = nbp.avg_pool2d(x, 3, 2, 1, True, False)
    np.testing.assert_array_equal(got, [[3.5, 5, 6], [9.5, 11, 12], [13.5, 15, 16]])


def test_the_readings_of_three_axes():
    x = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32).reshape(1, 1, 3, 3)
    np.testing.assert_array_equal(nbp.avg_pool2d(x, 2), [[[[3]]]])
    with pytest.raises(ValueError, match="NCHW"):
        nbp.avg_pool2d(x, 2, data_format="NHWC")


def test_padding_is_never_seen_by_an_extreme():
    x = -np.ones((1, 1), np.float32)
    for padding in (1, "same", ((2, 0), (0, 2))):
        assert (nbp.max_pool2d(x, 3, 1, padding) == -1).all()
    low = np.full((2, 2), -np.inf, np.float32)
    assert (nbp.max_pool2d(low, 2, 2, 1) == -np.inf).all()
    least = np.full((2, 2), np.iinfo(np.int64).min)
    assert (nbp.max_pool2d(least, 2, 2, 1) == least[0, 0]).all()
    most = np.full((2, 2), np.iinfo(np.uint64).max, np.uint64)
    assert (nbp.min_pool2d(most, 2, 2, 1) == most[0, 0]).all()


def test_booleans():
    x = row(1, 0, 0, 0, 1, 1, dtype="bool")
    assert_equal(nbp.max_pool2d(x, (1, 2)), row(1, 0, 1, dtype="bool"))
    assert_equal(nbp.min_pool2d(x, (1, 2)), row(0, 0, 1, dtype="bool"))
    assert_equal(nbp.avg_pool2d(x, (1, 2)), row(0.5, 0, 1))
    assert_equal(nbp.sum_pool2d(x, (1, 2)), row(1, 0, 2, dtype="int64"))


@every_pool
def test_a_result_goes_where_it_is_told(name):
    pool = getattr(nbp, name)
    for dtype in draws.KINDS:
        x = draws.fill((3, 8, 10), dtype, "plain", 3)
        want = pool(x, 2)
        out = np.empty_like(want)
        assert pool(x, 2, out=out) is out
        assert_equal(out, want)
    wide = np.zeros((3, 8, 20), want.dtype)
    view = wide[:, ::2, ::4]
    assert pool(x, 2, out=view) is view
    np.testing.assert_array_equal(view, want)
    assert not wide[:, 1::2].any()


@every_pool
def test_a_place_for_the_result_that_does_not_fit_is_refused(name):
    pool = getattr(nbp, name)
    x = np.zeros((4, 6), np.float32)
    with pytest.raises(ValueError, match="shape"):
        pool(x, 2, out=np.empty((2, 2), np.float32))
    with pytest.raises((TypeError, ValueError), match=r"float64|dtype"):
        pool(x, 2, out=np.empty((2, 3), np.float64))
    with pytest.raises(ValueError, match=r"overlap|memory"):
        pool(x, 2, out=x[:2, :3])
    locked = np.empty((2, 3), np.float32)
    locked.flags.writeable = False
    with pytest.raises(ValueError, match=r"read-only|writ"):
        pool(x, 2, out=locked)


@every_pool
@pytest.mark.parametrize(
    "x",
    [
        np.zeros((4, 4), np.complex64),
        np.zeros((4, 4), object),
        np.zeros((4, 4), "U3"),
        np.zeros((4, 4), "datetime64[s]"),
        np.zeros((4, 4), [("a", "i4")]),
        np.zeros((4, 4), np.longdouble),
        np.ma.masked_array(np.zeros((4, 4)), np.eye(4)),
    ],
    ids=["complex", "object", "string", "datetime", "structured", "longdouble", "masked"],
)
def test_what_is_not_pooled_is_named(name, x):
    if x.dtype == np.float64 and not isinstance(x, np.ma.MaskedArray):
        pytest.skip("long double is double here")
    named = "mask" if isinstance(x, np.ma.MaskedArray) else re.escape(str(x.dtype))
    with pytest.raises(TypeError, match=named):
        getattr(nbp, name)(x, 2)


@every_pool
def test_what_numpy_takes_is_taken(name):
    pool = getattr(nbp, name)

    class Wrapped:
        def __array__(self, dtype=None, copy=None):
            return np.ones((4, 4), np.float32)

    assert pool(Wrapped(), 2).dtype == np.float32
    assert pool([[1.0, 2.0], [3.0, 5.0]], 2).shape == (1, 1)
    assert pool([[1, 2], [3, 5]], np.int64(2)).shape == (1, 1)
    assert pool(np.ones((4, 4)), np.array([2, 2]), [2, 2]).shape == (2, 2)


@every_pool
@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((), (1,)),
        ((5,), (1,)),
        ((0, 4), (1,)),
        ((4, 0), (1,)),
        ((2, 3, 0, 4), (1,)),
        ((4, 4), (0,)),
        ((4, 4), (-1,)),
        ((4, 4), (5,)),
        ((4, 4), ((2, 2, 2),)),
        ((4, 4), (2, 0)),
        ((4, 4), (2, -1)),
        ((4, 4), (2, (1, 1, 1))),
        ((4, 4), (2, 2, -1)),
        ((4, 4), (2, 2, 2)),
        ((4, 4), (3, 2, (1, 2))),
        ((4, 4), (2, 2, "SAME")),
        ((4, 4), (2, 2, ((1, 1),) * 3)),
        ((4, 4), (2, 2, ((1, -1), (0, 0)))),
    ],
)
def test_what_no_window_can_be_made_of_is_refused(name, shape, arguments):
    with pytest.raises(ValueError):
        getattr(nbp, name)(np.zeros(shape, np.float32), *arguments)


@every_pool
def test_words_that_are_not_known_are_refused(name):
    pool = getattr(nbp, name)
    x = np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match="NHCW"):
        pool(x, 2, data_format="NHCW")
    with pytest.raises(ValueError, match="drop"):
        pool(x, 2, nan="drop")
    with pytest.raises(TypeError, match=r"2\.5"):
        pool(x, 2.5)
    if name == "avg_pool2d":
        with pytest.raises(ValueError, match="nearest"):
            pool(x, 2, rounding="nearest")
        with pytest.raises(ValueError, match="divisor"):
            pool(x, 2, divisor_override=0)


def test_a_window_without_input_is_refused_where_it_has_no_answer():
    x = np.ones((1, 1), np.float32)
    empty = {"kernel_size": 2, "stride": 1, "padding": 1, "dilation": 2}
    for pool in (nbp.max_pool2d, nbp.min_pool2d):
        with pytest.raises(ValueError, match="no input"):
            pool(x, **empty)
    with pytest.raises(ValueError, match="no input"):
        nbp.avg_pool2d(x, **empty, count_include_pad=False)
    assert nbp.avg_pool2d(x, **empty).tolist() == [[0]]
    assert nbp.sum_pool2d(x, **empty).tolist() == [[0]]


def test_a_ceil_window_may_hang_over_an_input_smaller_than_it():
    x = row(1, 2)
    assert nbp.max_pool2d(x, (1, 3), (1, 2), ceil_mode=True).tolist() == [[2]]
    assert nbp.avg_pool2d(x, (1, 3), (1, 2), ceil_mode=True).tolist() == [[1.5]]


@every_pool
def test_huge_numbers_are_only_numbers(name):
    pool = getattr(nbp, name)
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert pool(x, 1, 2**62).tolist() == [[0]]
    assert pool(x, 2, 1, ((0, 2**31), (0, 2**31)), dilation=2**31).shape == (3, 4)
    with pytest.raises(ValueError, match="larger"):
        pool(x, 2**62)
    with pytest.raises(ValueError, match="larger"):
        pool(x, 2, 1, dilation=2**62)


@every_pool
def test_the_input_is_left_as_it_was(name):
    for layout in draws.LAYOUTS:
        x = draws.lay_out(draws.fill((3, 6, 7), "float32", "specials", 9), layout)
        before = np.array(x)
        getattr(nbp, name)(x, 3, 2, 1)
        np.testing.assert_array_equal(np.array(x), before)


def test_a_nodata_that_the_dtype_cannot_hold_leaves_nothing_out():
    x = np.array([[1, 2], [np.inf, 4]], np.float32)
    assert nbp.max_pool2d(x, 2, nodata=1e300) == np.inf
    assert nbp.max_pool2d(x, 2, nodata=np.inf) == 4
    assert nbp.max_pool2d(np.array([[1, 255]], np.uint8), (1, 2), nodata=-1) == 255


def test_a_nodata_that_is_no_number_is_named():
    with pytest.raises(TypeError, match="'none'"):
        nbp.max_pool2d(np.ones((2, 2)), 2, nodata="none")
