"""Poolings to a size other than max and mean, and what is left out of them, against the oracle."""

import naive
import numpy as np
import pytest
import strategies as draws
from agreement import assert_close, assert_equal, finite_mass, magnitudes, mass_of_all
from hypothesis import assume, given
from hypothesis import strategies as st

import numbapool as nbp

every_ndim = pytest.mark.parametrize("ndim", [1, 2, 3])
few_dtypes = pytest.mark.parametrize("dtype", draws.FEW)
left_out = st.sampled_from(draws.LEFT_OUT)


@every_ndim
@few_dtypes
@draws.fewer(4)
@given(st.data())
def test_adaptive_min(ndim, dtype, data):
    x, size, arguments = data.draw(draws.adaptive_calls(ndim, dtype))
    arguments |= data.draw(left_out)
    pool = getattr(nbp, f"adaptive_min_pool{ndim}d")
    want = naive.adaptive_min_pool(x, ndim, size, True, **arguments)
    got = pool(x, size, True, **arguments)
    assert_equal(got[0], want[0])
    assert_equal(got[1], want[1])
    assert_equal(pool(x, size, **arguments), want[0])


@every_ndim
@few_dtypes
@draws.fewer(4)
@given(st.data())
def test_adaptive_sum(ndim, dtype, data):
    x, size, arguments = data.draw(draws.adaptive_calls(ndim, dtype))
    arguments |= data.draw(left_out)
    got = getattr(nbp, f"adaptive_sum_pool{ndim}d")(x, size, **arguments)
    want = naive.adaptive_sum_pool(x, ndim, size, **arguments)
    if want.dtype.kind != "f":
        assert_equal(got, want)
        return
    form = {"data_format": arguments["data_format"]} if "data_format" in arguments else {}
    mass = naive.adaptive_sum_pool(finite_mass(x), ndim, size, **form)
    assert_close(got, want, mass, mass)


@every_ndim
@few_dtypes
@draws.fewer(4)
@given(st.data())
def test_adaptive_lp(ndim, dtype, data):
    x, size, arguments = data.draw(draws.adaptive_calls(ndim, dtype))
    assume(np.dtype(dtype).kind != "f" or finite_mass(x).max(initial=0) < 1e4)
    arguments |= data.draw(left_out)
    p = data.draw(st.sampled_from([2, 3]))
    got = getattr(nbp, f"adaptive_lp_pool{ndim}d")(x, p, size, **arguments)
    want = naive.adaptive_lp_pool(x, ndim, p, size, **arguments)
    assert_close(got, want, 5 * np.nan_to_num(want.astype(np.float64), posinf=0))


@pytest.mark.parametrize("name", ["median", "mode"])
@every_ndim
@few_dtypes
@draws.fewer(4)
@given(st.data())
def test_adaptive_selections(name, ndim, dtype, data):
    x, size, arguments = data.draw(draws.adaptive_calls(ndim, dtype))
    arguments |= data.draw(left_out)
    if name == "mode":
        assume(not np.isnan(x).any())
    got = getattr(nbp, f"adaptive_{name}_pool{ndim}d")(x, size, **arguments)
    want = getattr(naive, f"adaptive_{name}_pool")(x, ndim, size, **arguments)
    if want.dtype.kind == "f" and name == "median":
        assert_close(got, want, np.abs(np.nan_to_num(want.astype(np.float64), posinf=0, neginf=0)))
    else:
        assert_equal(got, want)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@draws.fewer(2)
@given(st.data())
def test_what_is_left_out_of_adaptive_means_and_maxima(dtype, data):
    x, size, arguments = data.draw(draws.adaptive_calls(2, dtype))
    arguments |= data.draw(left_out)
    assert_equal(
        nbp.adaptive_max_pool2d(x, size, **arguments),
        naive.adaptive_max_pool(x, 2, size, **arguments),
    )
    rounding = {"rounding": data.draw(st.sampled_from(["half_up", "half_even", "floor"]))}
    got = nbp.adaptive_avg_pool2d(x, size, **arguments, **rounding)
    want = naive.adaptive_avg_pool(x, 2, size, **arguments, **rounding)
    if want.dtype.kind != "f":
        assert_equal(got, want)
        return
    form = {"data_format": arguments["data_format"]} if "data_format" in arguments else {}
    scale = naive.adaptive_avg_pool(magnitudes(x, nodata=arguments.get("nodata")), 2, size, **form,
                                    nan="skip")  # fmt: skip
    assert_close(got, want, np.nan_to_num(scale), mass_of_all(x, want.shape))


@pytest.mark.parametrize("name", ["min", "sum", "median", "mode", "lp"])
def test_sizes_that_are_none_are_refused(name):
    first = (2,) if name == "lp" else ()
    for size in [-1, 0, (2, 2, 2), ()]:
        with pytest.raises(ValueError, match="output_size"):
            getattr(nbp, f"adaptive_{name}_pool2d")(np.ones((4, 4)), *first, size)


@draws.fewer(2)
@given(st.data())
def test_norms_of_what_is_not_nan(data):
    x, window = data.draw(draws.calls(2, "float32", values=st.just("ties")))
    x = np.where(x == 1, np.float32(np.nan), x)
    arguments = window.arguments | {"nan": "skip"}
    try:
        want = naive.lp_pool(x, 2, 2, window.kernel_size, **arguments)
    except ValueError:
        return
    got = nbp.lp_pool2d(x, 2, window.kernel_size, **arguments)
    assert_close(got, want, 5 * want.astype(np.float64))
