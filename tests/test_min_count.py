"""Windows with too few counted elements: against the definition, and pandas, bottleneck, xarray."""

import naive_operators as naive
import numpy as np
import pytest
import strategies as draws
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

import numbapool as nbp
from numbapool.operators import OPERATORS

NAN = np.nan


def gappy(shape, dtype, seed=0):
    """Return small whole numbers of which a third is 3, or NaN if the dtype has it."""
    by = np.random.default_rng(seed)
    x = by.integers(0, 9, shape).astype(dtype)
    x[by.random(shape) < 1 / 3] = NAN if x.dtype.kind == "f" else 3
    return x


def wanted(values, counted, inside, min_count, mark):
    """Return the results with the mark where fewer elements count than must."""
    if isinstance(min_count, int):
        few = counted < min_count
    else:
        few = (inside == 0) | (counted / np.maximum(inside, 1) < min_count)
    return np.where(few, values.dtype.type(mark), values)


@draws.only_plain
@pytest.mark.parametrize("op", OPERATORS)
def test_all_operators_and_forms(op):
    needs = naive.SAMPLES.get(op, {})
    if op in ("any", "all"):
        x, left, mark = gappy((2, 5, 7), "uint8"), {"nodata": 1}, 1
    else:
        x, left, mark = gappy((2, 5, 7), "float32"), {"nan": "skip", "nodata": -1}, -1
    forms = [
        (naive.sliding, nbp.Pool, (3, 2, 1)),
        (naive.adaptive, nbp.Pool.adaptive, (3,)),
        (naive.over_all, nbp.Pool.over_all, ()),
    ]
    for min_count in (5, 0.8, 0, 1.0):
        for form, make, window in forms:
            where = {"data_format": "HWC"} if form is naive.over_all else {}
            rest = (2, *window) if window else ()
            arguments = {**where, **left}
            got = make(op, *window, **arguments, **needs, min_count=min_count)(x)
            values = form(op, x, *rest, **arguments, **needs)
            counted = form("count", x, *rest, **arguments)
            inside = form("count", x, *rest, **where)
            want = wanted(values, counted, inside, min_count, mark)
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, 1e-6)


@draws.only_plain
@draws.fewer(20)
@given(st.data())
def test_shares_of_windows_of_any_size(data):
    ndim = data.draw(st.integers(1, 3))
    x = gappy(data.draw(st.tuples(*[st.integers(1, 5)] * (ndim + 2))), "int16")
    share = data.draw(st.sampled_from([0.01, 0.07, 0.1, 0.29, 1 / 3, 0.5, 2 / 3, 0.7, 1.0]))
    last = ("NLC", "NHWC", "NDHWC")[ndim - 1]
    window = {"kernel_size": 2, "padding": 1, "ceil_mode": True, "data_format": last}
    got = nbp.Pool("sum", **window, nodata=3, min_count=share)(x)
    values, counted = (naive.sliding(op, x, ndim, **window, nodata=3) for op in ("sum", "count"))
    inside = naive.sliding("count", x, ndim, **window)
    np.testing.assert_array_equal(got, wanted(values, counted, inside, share, 3))


def test_a_share_is_the_decimal_that_was_written():
    x = np.full((1, 100), NAN, np.float32)
    for hundredth in range(1, 101):
        x[0, hundredth - 1] = 1
        for share, given_ in ((hundredth / 100, True), (np.nextafter(hundredth / 100, 2), False)):
            if share <= 1:
                got = nbp.sum_pool1d(x, 100, nan="skip", min_count=share)
                assert np.isfinite(got).all() == given_, share


def test_functions_blocks_and_out_take_it():
    x = np.array([[1, NAN, 2, 3, 2, 3, 1, NAN], [NAN, NAN, 4, 5, 4, 5, NAN, NAN]], np.float32)
    got = nbp.avg_pool2d(x, 2, nan="skip", min_count=2)
    np.testing.assert_array_equal(got, [[NAN, 3.5, 3.5, NAN]])
    got_ = nbp.pool2d(x, "max", 2, nan="skip", min_count=0.3)
    np.testing.assert_array_equal(got_, [[NAN, 5, 5, NAN]])
    got_ = nbp.pool2d(x, "max", 2, nan="skip", min_count=0.25)
    np.testing.assert_array_equal(got_, [[1, 5, 5, 1]])
    blocks = nbp.block_reduce(x, (1, 2), "sum", nan="skip", min_count=1)
    np.testing.assert_array_equal(blocks, [[1, 5, 5, 1], [NAN, 9, 9, NAN]])
    out = np.zeros((1, 8), np.float32)[:, ::2]
    assert nbp.avg_pool2d(x, 2, nan="skip", min_count=2, out=out) is out
    np.testing.assert_array_equal(out, got)
    pool = nbp.Pool("avg", 2, nan="skip", min_count=2)
    assert pool != nbp.Pool("avg", 2, nan="skip") and "min_count=2" in repr(pool)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_count": 2}, "min_count needs nan='skip' or nodata"),
        ({"min_count": True, "nodata": 1}, "a whole number or a share, not True"),
        ({"min_count": "half", "nodata": 1}, "a whole number or a share, not 'half'"),
        ({"min_count": -1, "nodata": 1}, "not -1"),
        ({"min_count": 2.0, "nodata": 1}, "above 0 and up to 1.0 as a float, not 2.0"),
        ({"min_count": 0.0, "nodata": 1}, "not 0.0"),
        ({"min_count": NAN, "nodata": 1}, "not nan"),
        ({"min_count": 2, "nan": "skip"}, "results of uint8 cannot hold: give a nodata"),
        ({"min_count": 2, "nodata": -1}, "marks windows by -1, which results of uint8"),
        ({"min_count": 2, "nodata": 1, "return_indices": True}, "return_indices: a mark has no"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.max_pool2d(np.ones((4, 4), np.uint8), 2, **arguments)


def test_compiled_code_takes_it_and_prepared_calls_refuse_it():
    x = np.ones((4, 8), np.float32)
    x[0, 0] = 5

    @njit
    def pooled(x, least):
        return nbp.sum_pool2d(x, 2, nodata=1.0, min_count=least)

    if not draws.PLAIN:
        for least in (1, 2, 0.25, 0.3):
            np.testing.assert_array_equal(pooled(x, least), pooled.py_func(x, least))
        with pytest.raises(nbp.PoolValueError, match="not -1"):
            pooled(x, -1)
    call = nbp.kernels.prepare(nbp.sum_pool2d, x.shape, x.dtype, 2, nodata=1)
    with pytest.raises(nbp.PoolTypeError, match="a call with min_count has no record"):
        nbp.kernels.prepare(nbp.sum_pool2d, x.shape, x.dtype, 2, nodata=1, min_count=2)
    assert call.shape == (2, 4)


@pytest.mark.parametrize("least", [1, 3, 5])
def test_pandas_and_bottleneck_count_alike(least):
    pandas = pytest.importorskip("pandas")
    x = gappy(200, "float64")
    rolling = pandas.Series(x).rolling(5, min_periods=least)
    for op, theirs in (("sum", "sum"), ("max", "max"), ("avg", "mean"), ("median", "median")):
        own = {"count_include_pad": False} if op == "avg" else {}
        got = nbp.Pool(op, 5, 1, [(4, 0)], data_format="L", nan="skip", min_count=least, **own)(x)
        np.testing.assert_allclose(got, getattr(rolling, theirs)(), 1e-12)
    moving = pytest.importorskip("bottleneck")
    got = nbp.sum_pool1d(x, 5, 1, [(4, 0)], nan="skip", min_count=least)
    np.testing.assert_allclose(got, moving.move_sum(x, 5, least), 1e-12)


@pytest.mark.parametrize("least", [1, 7, 12])
def test_xarray_counts_alike(least):
    xarray = pytest.importorskip("xarray")
    x = gappy((4, 9), "float64")
    blocks = xarray.DataArray(x.reshape(4, 3, 3), dims=("y", "block", "x"))
    got = nbp.sum_pool2d(x, (4, 3), nan="skip", min_count=least)
    np.testing.assert_allclose(got[0], blocks.sum(("y", "x"), min_count=least))
