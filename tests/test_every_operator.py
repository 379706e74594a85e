"""Every other pooling, and one and three axes, against the oracle."""

import naive
import numpy as np
import pytest
import strategies as draws
from agreement import answer, assert_close, assert_equal, both_refuse, magnitudes, mass_of_all
from checks import CHECKS, check_extreme, check_mean, check_selection, check_sum
from hypothesis import assume, given
from hypothesis import strategies as st

import numbapool as nbp

every_kind = pytest.mark.parametrize("dtype", draws.KINDS)
few_dtypes = pytest.mark.parametrize("dtype", draws.FEW)
every_ndim = pytest.mark.parametrize("ndim", [1, 2, 3])
any_kind = st.sampled_from(draws.KINDS)
nans = st.sampled_from(["propagate", "propagate", "skip"])
finite = st.sampled_from(["plain", "ties"])


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("ndim", [1, 3])
@given(st.data())
def test_one_and_three_axes(name, ndim, data):
    x, window = data.draw(draws.calls(ndim, data.draw(any_kind), small(ndim)))
    CHECKS[name](ndim, x, window)


@pytest.mark.parametrize("ndim", [1, 3])
@given(st.data())
def test_means_of_one_and_three_axes(ndim, data):
    x, window = data.draw(draws.calls(ndim, data.draw(any_kind), small(ndim)))
    check_mean(ndim, x, window, nan=data.draw(nans), **data.draw(draws.means(ndim)))


def small(ndim):
    return draws.windows(ndim, largest_kernel={1: 12, 2: 4, 3: 3}[ndim], longest=40 // ndim**2)


# ----------------------------------------------------------------------------------- indices


@pytest.mark.parametrize("name", ["max", "min"])
@every_kind
@given(st.data())
def test_indices(name, dtype, data):
    x, window = data.draw(draws.calls(2, dtype))
    check_extreme(name, 2, x, window, return_indices=True, nan=data.draw(nans))


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("ndim", [1, 3])
@given(st.data())
def test_indices_of_one_and_three_axes(name, ndim, data):
    x, window = data.draw(draws.calls(ndim, data.draw(any_kind), small(ndim)))
    check_extreme(name, ndim, x, window, return_indices=True, nan=data.draw(nans))


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("dtype", ["uint8", "uint64", "float32"])
@draws.fewer(4)
@given(st.data())
def test_indices_of_large_windows(name, dtype, data):
    window = draws.windows(2, largest_kernel=21, longest=24, dilated=False)
    values = st.sampled_from(["ties", "few", "specials"])
    x, window = data.draw(draws.calls(2, dtype, window, values, layouts=["C"]))
    check_extreme(name, 2, x, window, return_indices=True)


# ------------------------------------------------------------------------------------ nodata


def with_nodata(data, ndim, dtype, window=None):
    """Draw an array of few values, one of which may be its nodata."""
    values = st.sampled_from(["ties", "ties", "extremes"])
    x, window = data.draw(draws.calls(ndim, dtype, window, values))
    pool = [0, 1, 2] if np.dtype(dtype).kind != "b" else [False, True]
    if np.dtype(dtype).kind == "f":
        pool += [-1.0, 0.5, float(np.finfo(dtype).max)]
    elif dtype != "bool":
        pool += [int(np.iinfo(dtype).max), int(np.iinfo(dtype).min)]
    return x, window, data.draw(st.sampled_from(pool))


@pytest.mark.parametrize("name", ["max", "min"])
@few_dtypes
@draws.fewer(2)
@given(st.data())
def test_extremes_of_what_is_data(name, dtype, data):
    x, window, nodata = with_nodata(data, 2, dtype)
    indices = data.draw(st.booleans())
    check_extreme(name, 2, x, window, nodata=nodata, return_indices=indices)


@few_dtypes
@draws.fewer(2)
@given(st.data())
def test_means_and_sums_of_what_is_data(dtype, data):
    x, window, nodata = with_nodata(data, 2, dtype)
    check_mean(2, x, window, nodata=nodata)
    check_mean(2, x, window, nodata=nodata, count_include_pad=False)
    check_sum(2, x, window, nodata=nodata)


@pytest.mark.parametrize("name", ["median", "mode"])
@few_dtypes
@draws.fewer(4)
@given(st.data())
def test_selections_of_what_is_data(name, dtype, data):
    x, window, nodata = with_nodata(data, 2, dtype)
    check_selection(name, 2, x, window, nodata=nodata)


def test_nan_and_nodata_are_left_out_together():
    x = np.array([[np.nan, -1, 3, 5, -1, np.nan]], np.float32)
    left_out = {"nan": "skip", "nodata": -1}
    np.testing.assert_array_equal(nbp.max_pool2d(x, (1, 3), **left_out), [[3, 5]])
    np.testing.assert_array_equal(nbp.avg_pool2d(x, (1, 6), **left_out), [[4]])
    np.testing.assert_array_equal(nbp.median_pool2d(x, (1, 6), **left_out), [[4]])


# --------------------------------------------------------------------------------- the norms


@every_ndim
@every_kind
@draws.fewer(2)
@given(st.data())
def test_lp(ndim, dtype, data):
    values = st.sampled_from(["plain", "ties", "few"])
    x, window = data.draw(draws.calls(ndim, dtype, small(ndim), values))
    orders = [1, 2, 3, 4, 0.5, 2.5]
    p = data.draw(
        st.sampled_from([*orders, np.inf] if draws.PLAIN or dtype == "float32" else orders)
    )
    arguments = (p, window.kernel_size)
    got = answer(getattr(nbp, f"lp_pool{ndim}d"), x, *arguments, **window.arguments)
    want = answer(naive.lp_pool, x, ndim, *arguments, **window.arguments)
    if both_refuse(got, want):
        return
    assert_close(got, want, 5 * np.nan_to_num(want.astype(np.float64), posinf=0))


@pytest.mark.parametrize("p", [1, 2, 3])
def test_norms_are_computed_in_float64(p):
    x = np.array([[3e30, -4e30]], np.float32)
    want = (3.0**p + 4.0**p) ** (1 / p) * 1e30
    np.testing.assert_allclose(nbp.lp_pool2d(x, p, (1, 2)), [[want]], rtol=1e-6)


@pytest.mark.parametrize("p", [0, -1, float("nan")])
def test_norms_that_are_none_are_refused(p):
    with pytest.raises(ValueError, match="norm_type"):
        nbp.lp_pool2d(np.ones((2, 2)), p, 2)


# ------------------------------------------------------------------------------- adaptive


@every_ndim
@every_kind
@draws.fewer(3)
@given(st.data())
def test_adaptive_max(ndim, dtype, data):
    x, size, arguments = data.draw(draws.adaptive_calls(ndim, dtype))
    pool = getattr(nbp, f"adaptive_max_pool{ndim}d")
    want = naive.adaptive_max_pool(x, ndim, size, True, **arguments)
    got = pool(x, size, True, **arguments)
    assert_equal(got[0], want[0])
    assert_equal(got[1], want[1])
    assert_equal(pool(x, size, **arguments), want[0])


@every_ndim
@every_kind
@draws.fewer(3)
@given(st.data())
def test_adaptive_mean(ndim, dtype, data):
    x, size, arguments = data.draw(draws.adaptive_calls(ndim, dtype))
    got = getattr(nbp, f"adaptive_avg_pool{ndim}d")(x, size, **arguments)
    want = naive.adaptive_avg_pool(x, ndim, size, **arguments)
    if want.dtype.kind != "f":
        assert_equal(got, want)
        return
    scale = naive.adaptive_avg_pool(magnitudes(x), ndim, size, **arguments)
    assert_close(got, want, scale, mass_of_all(x, want.shape))


def test_adaptive_sizes_that_are_none_are_refused():
    x = np.ones((1, 4, 4), np.float32)
    for size in [-1, (2, 2, 2), ()]:
        with pytest.raises(ValueError, match="output_size"):
            nbp.adaptive_avg_pool2d(x, size)
        with pytest.raises(ValueError, match="output_size"):
            nbp.adaptive_max_pool2d(x, size)


@every_ndim
@every_kind
@draws.fewer(5)
@given(st.data())
def test_global(ndim, dtype, data):
    sizes = [data.draw(st.integers(1, {1: 60, 2: 14, 3: 7}[ndim])) for _ in range(ndim)]
    lead = (data.draw(st.integers(0, 3)), data.draw(st.integers(0, 5)))
    last = data.draw(st.booleans())
    shape = (lead[0], *sizes, lead[1]) if last else (*lead, *sizes)
    x = data.draw(draws.arrays(shape, dtype))
    arguments = {"data_format": draws.FORMATS[ndim][last], "keepdims": data.draw(st.booleans())}
    assert_equal(nbp.global_max_pool(x, **arguments), naive.global_max_pool(x, **arguments))
    got, want = nbp.global_avg_pool(x, **arguments), naive.global_avg_pool(x, **arguments)
    if want.dtype.kind != "f":
        assert_equal(got, want)
        return
    scale = naive.global_avg_pool(magnitudes(x), **arguments)
    assert_close(got, want, scale, mass_of_all(x, want.shape))


# ----------------------------------------------------------------------------- selections


@every_kind
@given(st.data())
def test_median(dtype, data):
    values = st.sampled_from(["plain", "ties", "few", "specials"])
    x, window = data.draw(draws.calls(2, dtype, values=values))
    check_selection("median", 2, x, window, nan=data.draw(nans))


@every_kind
@given(st.data())
def test_mode(dtype, data):
    x, window = data.draw(draws.calls(2, dtype))
    assume(not np.isnan(x).any())  # whether NaN equals NaN is nobody's question of labels
    check_selection("mode", 2, x, window)


@pytest.mark.parametrize("name", ["median", "mode"])
@pytest.mark.parametrize("ndim", [1, 3])
@given(st.data())
def test_selections_of_one_and_three_axes(name, ndim, data):
    dtype = data.draw(st.sampled_from(["bool", "uint8", "int16", "uint64", "float32"]))
    x, window = data.draw(draws.calls(ndim, dtype, small(ndim), finite))
    check_selection(name, ndim, x, window)


@pytest.mark.parametrize("name", ["median", "mode"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint64", "float32"])
@draws.fewer(10)
@given(st.data())
def test_selections_of_large_windows(name, dtype, data):
    window = draws.windows(2, largest_kernel=21, longest=24, dilated=False)
    x, window = data.draw(draws.calls(2, dtype, window, finite, layouts=["C"]))
    check_selection(name, 2, x, window)


@pytest.mark.parametrize("dtype", draws.INTEGERS)
def test_an_even_median_of_integers_is_the_lower_middle(dtype):
    x = np.array([[1, 9, 4, 6]], dtype)
    assert_equal(nbp.median_pool2d(x, (1, 4)), np.array([[4]], dtype))
    assert_equal(nbp.median_pool2d(x, (1, 2)), np.array([[1, 4]], dtype))


def test_ties_of_a_mode_go_to_the_smallest_label():
    x = np.array([[7, 3, 3, 7, 9, 5, 9, 5]], np.uint32)
    assert nbp.mode_pool2d(x, (1, 4)).tolist() == [[3, 5]]
    assert nbp.mode_pool2d(x[:, 4:].astype(np.int8) - 7, (1, 4)).tolist() == [[-2]]


@every_ndim
@every_kind
@draws.fewer(2)
@given(st.data())
def test_variance(ndim, dtype, data):
    x, window = data.draw(draws.calls(ndim, dtype, small(ndim), finite))
    if np.dtype(dtype).kind == "f":
        x = x + np.asarray(data.draw(st.sampled_from([0, 0, 30])), x.dtype)
    correction = data.draw(st.sampled_from([{}, {"correction": 1}]))
    arguments = window.arguments | correction
    for name in ("var", "std"):
        got = answer(getattr(nbp, f"{name}_pool{ndim}d"), x, window.kernel_size, **arguments)
        want = answer(getattr(naive, f"{name}_pool"), x, ndim, window.kernel_size, **arguments)
        if not both_refuse(got, want):
            largest = float(np.abs(x.astype(np.float64)).max(initial=0))
            noise = 1e-15 * largest if name == "std" else 1e-30 * largest**2
            tolerance = 1e-6 if got.dtype == np.float32 else 1e-13
            assert_close(got, want, 10 * np.nan_to_num(want.astype(np.float64)) + noise / tolerance)


def test_a_variance_does_not_cancel():
    x = np.array([[1e8 + 1, 1e8 + 2, 1e8 + 3]])
    np.testing.assert_allclose(nbp.var_pool2d(x, (1, 3)), [[2 / 3]], rtol=1e-12)


def test_a_variance_of_less_than_its_correction_is_nan():
    assert np.isnan(nbp.var_pool2d(np.ones((1, 1)), 1, correction=1)).all()


@every_kind
@given(st.data())
def test_percentile(dtype, data):
    x, window = data.draw(draws.calls(2, dtype, values=finite))
    q = data.draw(st.one_of(st.sampled_from([0, 25, 50, 100]), st.floats(0, 100)))
    call = (q, window.kernel_size)
    got = answer(nbp.percentile_pool2d, x, *call, **window.arguments)
    want = answer(naive.percentile_pool, x, 2, *call, **window.arguments)
    if not both_refuse(got, want):
        largest = float(np.abs(x.astype(np.float64)).max(initial=0))
        assert_close(got, want, np.full(want.shape, 10 * largest))


@pytest.mark.parametrize("q", [-0.1, 100.1, float("nan")])
def test_percentiles_that_are_none_are_refused(q):
    with pytest.raises(ValueError, match=r"q\b"):
        nbp.percentile_pool2d(np.ones((2, 2)), q, 2)


# --------------------------------------------------------------------------------- unpooling


@every_ndim
@given(st.data())
def test_unpooling_puts_maxima_back(ndim, data):
    sizes = [data.draw(st.integers(2, 12 // ndim)) for _ in range(ndim)]
    channels_last = data.draw(st.booleans())
    data_format = draws.FORMATS[ndim][channels_last]
    shape = (2, *sizes, 3) if channels_last else (2, 3, *sizes)
    dtype = data.draw(any_kind)
    x = data.draw(draws.arrays(shape, dtype))
    k = data.draw(st.integers(1, 2))
    stride = data.draw(st.integers(1, 3))
    window = {"kernel_size": k, "stride": stride}
    values, indices = naive.max_pool(
        x, ndim, return_indices=True, data_format=data_format, **window
    )
    unpool = getattr(nbp, f"max_unpool{ndim}d")
    got = unpool(values, indices, **window, output_size=sizes, data_format=data_format)
    want = naive.max_unpool(
        values, ndim, indices, **window, output_size=sizes, data_format=data_format
    )
    assert_equal(got, want)


def test_unpooling_says_where_an_index_points_outside():
    x = np.ones((1, 1, 2, 2), np.float32)
    for index in (-1, 16):
        indices = np.full(x.shape, index)
        with pytest.raises(ValueError, match=str(index)):
            nbp.max_unpool2d(x, indices, 2)


# ------------------------------------------------------------------------------------ blocks


@pytest.mark.parametrize("op", ["max", "min", "mean", "sum", "median"])
@pytest.mark.parametrize("edge", ["partial", "trim", "pad"])
@given(st.data())
def test_blocks(op, edge, data):
    ndim = data.draw(st.integers(1, 4))
    block = [data.draw(st.integers(1, 3)) for _ in range(ndim)]
    shape = [k * data.draw(st.integers(1, 2)) + data.draw(st.integers(0, k - 1)) for k in block]
    dtype = data.draw(st.sampled_from(["uint8", "int16", "float32"]))
    x = data.draw(draws.arrays(shape, dtype, finite))
    size = draws.spelt(data.draw, block)
    got = nbp.block_reduce(x, size, op, edge=edge)
    want = naive.block_reduce(x, size, op, edge=edge)
    if want.dtype.kind == "f":
        assert_close(got, want, naive.block_reduce(np.abs(x), size, "sum", edge=edge))
    else:
        assert_equal(got, want)


def test_blocks_that_do_not_tile_can_be_refused():
    with pytest.raises(ValueError, match="5"):
        nbp.block_reduce(np.ones((4, 5)), 2, "max", edge="error")
    assert nbp.block_reduce(np.ones((4, 6)), 2, "max", edge="error").shape == (2, 3)
    with pytest.raises(ValueError, match="wrap"):
        nbp.block_reduce(np.ones((4, 6)), 2, "max", edge="wrap")
    with pytest.raises(ValueError, match="largest"):
        nbp.block_reduce(np.ones((4, 6)), 2, "largest")


def test_no_block_at_all():
    with pytest.raises(ValueError, match="holds no block"):
        nbp.block_reduce(np.zeros((4, 1, 4, 4)), (2, 2, 1, 2), "max", edge="trim")


# ------------------------------------------------------------------ places and their numbering


@every_ndim
def test_indices_point_at_the_maxima(ndim):
    x = draws.fill((2, 3, *(7, 6, 5)[:ndim]), "float32", "plain", 8)
    values, indices = getattr(nbp, f"max_pool{ndim}d")(x, 2, return_indices=True)
    planes = x.reshape(2, 3, -1)
    flat = np.take_along_axis(planes, indices.reshape(2, 3, -1), -1)
    np.testing.assert_array_equal(flat.reshape(values.shape), values)
