"""Padding modes: what lies outside the input counts as elements, in every operator."""

import operator
import pickle
from typing import NamedTuple
from unittest import mock

import naive_borders
import naive_operators
import numpy as np
import pytest
import strategies as draws
from agreement import answer, assert_equal, assert_form, both_refuse
from hypothesis import given
from hypothesis import strategies as st

import numbapool as nbp
from numbapool.functional import max_pool2d
from numbapool.kernels import prepare
from numbapool.operators import OPERATORS
from numbapool.pooling import bordered
from numbapool.pooling.call import sliding
from numbapool.windows.window import pool2d_shape

pytestmark = pytest.mark.skipif(not draws.PLAIN, reason="run as plain Python by tests/quick.py")

MODES = ["zeros", "reflect", "symmetric", "replicate", "circular", "mirror", "edge", "wrap", 1]
NAMED = ["reflect", "symmetric", "replicate", "circular"]

by_boxes = mock.patch.multiple(bordered, SMALL=0, MOST_OUTSIDE=1.0)
"""Lets small arrays take the way of large ones: the inside first, then the boxes around it."""


@st.composite
def calls(draw, ndim, dtype):
    """Draw an array, windows, and a mode; the padding may be wider than half a window."""
    window = draw(draws.windows(ndim, largest_kernel=3, longest=12 if ndim < 3 else 6))
    pads = window.arguments.get("padding")
    if not isinstance(pads, str) and draw(st.booleans()):
        window.arguments["padding"] = draw(st.integers(0, 4))
    if not isinstance(pads, str) and draw(st.integers(0, 3)) == 0:
        window.arguments["padding"] = [(draw(st.integers(0, 3)), 1) for _ in range(ndim)]
    x, window = draw(draws.calls(ndim, dtype, st.just(window), st.just("ties")))
    return x, window, draw(st.sampled_from(MODES))


def pooled(boxes, function, *given, **named):
    """Return a function's answer, by boxes or with its own choice."""
    sliding.cache_clear()
    if not boxes:
        return answer(function, *given, **named)
    with by_boxes:
        return answer(function, *given, **named)


@pytest.mark.parametrize("op", OPERATORS)
@given(st.data())
def test_random_calls(op, data):
    ndim, dtype = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(draws.FEW))
    x, window, mode = data.draw(calls(ndim, dtype))
    left_out = data.draw(st.sampled_from(draws.LEFT_OUT))
    arguments = window.arguments | left_out | naive_operators.SAMPLES.get(op, {})
    arguments["padding_mode"] = mode
    pool = getattr(nbp, f"pool{ndim}d")
    got = pooled(data.draw(st.booleans()), pool, x, op, window.kernel_size, **arguments)
    want = answer(naive_borders.sliding, op, x, ndim, window.kernel_size, **arguments)
    if both_refuse(got, want):
        return
    assert_form(got, want)
    off = 2e-3 if dtype == "float16" else 1e-5
    tolerance = off if want.dtype.kind == "f" else 0
    np.testing.assert_allclose(got, want, tolerance, tolerance)


@pytest.mark.parametrize(("name", "better"), [("max", operator.gt), ("min", operator.lt)])
@given(st.data())
def test_places_are_those_of_the_input(name, better, data):
    ndim, dtype = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(draws.FEW))
    x, window, _ = data.draw(calls(ndim, dtype))
    arguments = window.arguments | {"padding_mode": data.draw(st.sampled_from(NAMED))}
    pool, boxes = getattr(nbp, f"{name}_pool{ndim}d"), data.draw(st.booleans())
    got = pooled(boxes, pool, x, window.kernel_size, return_indices=True, **arguments)
    want = answer(naive_borders.places, x, ndim, window.kernel_size, better, **arguments)
    if not both_refuse(got, want):
        assert_equal(got[1], want)


def test_what_lies_outside_worked_by_hand():
    """Of the axis 1 2 3 4, a window of 5 around the first element reads two elements outside."""
    x = np.array([1, 2, 3, 4])
    first = {"zeros": 0, "reflect": 5, "symmetric": 3, "replicate": 2, "circular": 7, 10: 20}
    for mode, outside in first.items():
        assert nbp.sum_pool1d(x, 5, 1, 2, padding_mode=mode)[0] == 6 + outside


def test_a_mean_divides_by_all_that_its_window_holds():
    x = np.array([6.0, 6.0, 6.0])
    np.testing.assert_array_equal(nbp.avg_pool1d(x, 3, 1, 1, padding_mode="zeros"), [4, 6, 4])
    np.testing.assert_array_equal(nbp.avg_pool1d(x, 3, 1, 1, padding_mode=9), [7, 6, 7])
    np.testing.assert_array_equal(nbp.avg_pool1d(x, 3, 1, "same", padding_mode=9), [7, 6, 7])
    # A window that reaches past the padding, as the last does with ceil_mode, holds less.
    last = nbp.avg_pool1d(x, 4, 3, 1, ceil_mode=True, padding_mode=0)
    np.testing.assert_array_equal(last, [4.5, 3])


def test_elements_outside_are_left_out_as_those_inside():
    x = np.array([5, 7, 9], np.int16)
    skipped = nbp.avg_pool1d(x, 3, 1, 1, padding_mode="zeros", nodata=0)
    np.testing.assert_array_equal(skipped, [6, 7, 8])


def test_large_arrays_are_pooled_by_boxes():
    x = np.random.default_rng(0).integers(0, 99, (2, 96, 97)).astype(np.float32)
    call = sliding(x.shape, x.dtype, *nbp.Pool("max", 3, 1, 1, padding_mode="wrap")._key)
    assert call.inside is not None and len(call.parts) == 4
    got = call.fresh(x)[0]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="wrap")
    np.testing.assert_array_equal(got, nbp.max_pool2d(padded, 3, 1))


def test_results_go_into_out_in_any_layout():
    x = np.asfortranarray(np.arange(30.0).reshape(5, 6))
    want = nbp.max_pool2d(x, 3, 2, 1, padding_mode="reflect")
    for out in (np.empty(want.shape), np.empty(want.shape, order="F")):
        assert nbp.max_pool2d(x, 3, 2, 1, padding_mode="reflect", out=out) is out
        np.testing.assert_array_equal(out, want)
    with pytest.raises(nbp.PoolValueError, match="out must have shape"):
        nbp.max_pool2d(x, 3, 2, 1, padding_mode="reflect", out=np.empty((1, 1)))


def test_a_pool_keeps_its_mode():
    pool = nbp.Pool("max", 3, 1, padding=2, padding_mode="mirror")
    assert pool == nbp.Pool("max", 3, 1, padding=2, padding_mode="reflect")
    assert pool != nbp.Pool("max", 3, 1, padding=((2, 2), (2, 2)))
    assert "padding_mode='mirror'" in repr(pool)
    assert eval(repr(pool), {"Pool": nbp.Pool}) == pool
    assert pickle.loads(pickle.dumps(pool)) == pool
    assert pool.shape((5, 6)) == (7, 8) == pool(np.ones((5, 6))).shape
    assert pool2d_shape((5, 6), 3, 1, 2, padding_mode="mirror") == (7, 8)


class Total(NamedTuple):
    """A reducer of a user's."""

    def neutral(self):
        return 0.0

    def combine(self, a, b):
        return a + b


def test_a_reducer_of_a_user_reads_them_too():
    got = nbp.reduce_pool1d([1.0, 2.0, 3.0], Total(), 3, 1, 1, padding_mode="circular")
    np.testing.assert_array_equal(got, [6, 6, 6])


@pytest.mark.parametrize(
    ("dtype", "mode"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("int16", 0.5),
        ("bool", 2),
        ("float16", 1e6),
        ("int8", np.nan),
    ],
)
def test_a_number_must_fit_the_dtype(dtype, mode):
    with pytest.raises(nbp.PoolValueError, match=f"does not fit into {dtype}"):
        nbp.max_pool1d(np.ones(3, dtype), 2, padding_mode=mode)


def test_numbers_that_fit():
    assert nbp.max_pool1d(np.ones(2, "uint8"), 3, 1, 1, padding_mode=255.0)[0] == 255
    assert nbp.max_pool1d(np.zeros(2, "bool"), 3, 1, 1, padding_mode=True)[0]
    assert np.isnan(nbp.max_pool1d(np.ones(2), 3, 1, 1, padding_mode=np.float32("nan"))[0])
    assert nbp.max_pool1d(np.ones(2, "f2"), 3, 1, 1, padding_mode=np.inf)[0] == np.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"padding_mode": "constant"}, "padding_mode must be one of zeros, reflect, .*'constant'"),
        ({"padding_mode": (1, 2)}, r"padding_mode must be one of .*, not \(1, 2\); a number"),
        ({"padding_mode": "reflect", "padding": 3}, r"axis 0 \(height\) has size 3.*by 3 with"),
        ({"padding_mode": "symmetric", "padding": 4}, "padded by 4 with padding_mode 'symmetric'"),
        ({"padding_mode": "wrap", "padding": 4}, "padded by 4 with padding_mode 'circular'"),
        (
            {"padding_mode": 0, "padding": 1 << 40, "stride": 1 << 40},
            "at most 67108864 places are filled",
        ),
        ({"padding_mode": "zeros", "return_indices": True}, "return_indices names elements of"),
        ({"padding_mode": 7, "return_indices": True}, "padding_mode 7 puts others around it"),
        ({"padding": 2}, r"give pairs \(before, after\), or a padding_mode, if you mean that"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(nbp.PoolValueError, match=message):
        nbp.max_pool2d(np.ones((3, 5)), 3, **{"stride": 1} | arguments)


def test_padding_that_counts_cannot_be_left_out():
    with pytest.raises(nbp.PoolValueError, match="count_include_pad=False leaves it out"):
        nbp.avg_pool2d(np.ones((3, 5)), 3, 1, 1, padding_mode="edge", count_include_pad=False)


def test_no_record_stands_for_them():
    with pytest.raises(nbp.PoolTypeError, match="a pooling with a padding_mode has no record"):
        prepare(max_pool2d, (4, 4), np.float32, 3, 1, 1, padding_mode="reflect")


@pytest.mark.parametrize("mode", ["reflect", "zeros"])
@pytest.mark.parametrize("min_count", [9, 0.95])
def test_what_stands_outside_counts_among_the_least_elements(mode, min_count):
    x = np.arange(48.0).reshape(6, 8)
    x[[0, 2, 5], [0, 3, 7]] = np.nan
    padded = np.pad(x, 1, **({"mode": "reflect"} if mode == "reflect" else {}))
    given_ = {"nan": "skip", "min_count": min_count}
    with mock.patch.object(bordered, "SMALL", 0):
        got = nbp.avg_pool2d(x, 3, 1, 1, padding_mode=mode, **given_)
    np.testing.assert_array_equal(got, nbp.avg_pool2d(padded, 3, 1, **given_))
    assert np.isnan(got).any() and not np.isnan(got).all()
