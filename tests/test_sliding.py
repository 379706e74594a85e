"""The 2-D poolings against the oracle: any dtype, layout, value, padding."""

import itertools

import numpy as np
import pytest
import strategies as draws
from agreement import assert_equal
from checks import CHECKS, check_extreme, check_mean, check_sum
from hypothesis import given
from hypothesis import strategies as st

import numbapool as nbp

every_kind = pytest.mark.parametrize("dtype", draws.KINDS)
nans = st.sampled_from(["propagate", "propagate", "skip"])


@every_kind
@given(st.data())
def test_max(dtype, data):
    x, window = data.draw(draws.calls(2, dtype))
    check_extreme("max", 2, x, window, nan=data.draw(nans))


@draws.only_plain
@every_kind
@given(st.data())
def test_min(dtype, data):
    x, window = data.draw(draws.calls(2, dtype))
    check_extreme("min", 2, x, window, nan=data.draw(nans))


@every_kind
@given(st.data())
def test_mean(dtype, data):
    x, window = data.draw(draws.calls(2, dtype))
    check_mean(2, x, window, **data.draw(draws.means(2)))


@pytest.mark.parametrize("dtype", draws.FLOATS_OF_KINDS)
@given(st.data())
def test_mean_of_what_is_not_nan(dtype, data):
    values = st.sampled_from(["plain", "few", "specials"])
    x, window = data.draw(draws.calls(2, dtype, values=values))
    check_mean(2, x, window, nan="skip", **data.draw(draws.means(2)))


@every_kind
@given(st.data())
def test_sum(dtype, data):
    x, window = data.draw(draws.calls(2, dtype))
    check_sum(2, x, window, nan=data.draw(nans))


every_check = pytest.mark.parametrize(
    "name", [name for name in CHECKS if draws.PLAIN or name != "min"]
)


@every_check
@every_kind
@draws.fewer(5)
@given(st.data())
def test_rows_long_enough_for_vector_code(name, dtype, data):
    window = draws.windows(2, largest_kernel=5, longest=4, wide=True)
    CHECKS[name](2, *data.draw(draws.calls(2, dtype, window, layouts=["C"])))


@every_check
@every_kind
@draws.fewer(20)
@given(st.data())
def test_large_windows(name, dtype, data):
    window = draws.windows(2, largest_kernel=21, longest=24, dilated=False)
    CHECKS[name](2, *data.draw(draws.calls(2, dtype, window, layouts=["C"])))


@every_check
@pytest.mark.parametrize("layout", draws.LAYOUTS)
def test_every_layout_gives_what_a_copy_gives(name, layout):
    for dtype in draws.KINDS:
        x = draws.lay_out(draws.fill((2, 3, 7, 9), dtype, "plain", 1), layout)
        pool = getattr(nbp, f"{name}_pool2d")
        got = pool(x, 3, 2, 1)
        assert_equal(got, pool(np.array(x, dtype), 3, 2, 1))


@every_check
@pytest.mark.parametrize("shape", [(0, 3, 5, 5), (2, 0, 5, 5), (0, 5, 5), (0, 0, 5, 5)])
def test_empty_leading_axes_give_an_empty_result(name, shape):
    pool = getattr(nbp, f"{name}_pool2d")
    got = pool(np.zeros(shape, np.float32), 2)
    assert got.shape == (*shape[:-2], 2, 2)
    got = pool(np.zeros((0, 5, 5, 3), np.uint8), 2, data_format="NHWC")
    assert got.shape == (0, 2, 2, 3)
    got = pool(np.zeros((1, 5, 5, 0), np.uint8), 2, data_format="NHWC")
    assert got.shape == (1, 2, 2, 0)


@pytest.mark.large
@every_check
def test_the_blocks_that_threads_share_fit_together(name):
    pool = getattr(nbp, f"{name}_pool2d")
    many = draws.fill((64, 16, 33, 35), "float32", "plain", 5)
    whole = pool(many, 3, 2, 1)
    for plane in itertools.product(range(0, 64, 9), range(16)):
        np.testing.assert_array_equal(whole[plane], pool(many[plane], 3, 2, 1))
    one = draws.fill((1, 1, 700, 900), "float32", "plain", 6)
    whole = pool(one, 5, 3)
    for row in range(0, whole.shape[2], 7):
        np.testing.assert_array_equal(
            whole[:, :, row], pool(one[:, :, 3 * row :][:, :, :5], 5, 3)[:, :, 0]
        )
