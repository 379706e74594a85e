"""Several levels of one array: what each level pools, and what does not add up over levels."""

import naive_operators as naive
import numpy as np
import pytest
import strategies as draws
from agreement import assert_form
from hypothesis import given
from hypothesis import strategies as st

import numbapool as nbp
from numbapool.operators import OPERATORS

NESTED = ["max", "min", "avg", "sum", "range", "rms", "first", "count", "any", "all"]
"""The operators whose every level is what pooling level 0 gives."""


def agree(got, want):
    assert_form(got, want)
    tolerance = 0 if want.dtype.kind in "biu" else 1e-6 if want.dtype.itemsize == 4 else 1e-13
    np.testing.assert_allclose(got, want, tolerance)


@pytest.mark.parametrize("op", NESTED)
@pytest.mark.parametrize("dtype", draws.KINDS)
@draws.fewer(6)
@given(st.data())
def test_levels_pool_level_0(op, dtype, data):
    shape = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 19), st.integers(1, 19)))
    x = np.random.default_rng(1).integers(0, 9, shape).astype(dtype)
    k = data.draw(st.integers(1, 3))
    levels = data.draw(st.integers(1, 3))
    got = nbp.pool_pyramid(x, op, levels, k)
    for number, level in enumerate(got, 1):
        agree(level, naive.sliding(op, x, 2, k**number, ceil_mode=True))
    assert len(got) == levels


@pytest.mark.parametrize("op", [op for op in OPERATORS if op not in NESTED])
def test_levels_of_others_pool_the_level_before(op):
    below = np.random.default_rng(2).integers(0, 9, (1, 9, 7)).astype("float32")
    needs = naive.SAMPLES.get(op, {})
    for level in nbp.pool_pyramid(below, op, 3, **needs):
        agree(level, naive.sliding(op, below, 2, 2, ceil_mode=True, **needs))
        below = level


def test_which_operators_nest():
    assert [name for name, row in OPERATORS.items() if row.nests] == NESTED


def test_rounding_does_not_add_up():
    x = np.random.default_rng(3).integers(0, 256, (320, 512), np.uint8)
    levels = nbp.pool_pyramid(x, "avg", 5)
    assert abs(levels[-1].mean() - x.mean()) < 0.1
    again = x
    for _ in range(5):
        again = nbp.avg_pool2d(again, 2)
    assert again.mean() - x.mean() > 0.4  # what rounding at every level adds


def test_a_partial_edge_weighs_what_it_covers():
    assert nbp.pool_pyramid([0.0, 0, 0, 0, 9], "mean", 3, data_format="L")[-1] == [1.8]
    trimmed = nbp.pool_pyramid([0.0, 4, 4, 4, 9], "mean", 2, data_format="L", ceil_mode=False)
    assert [level.tolist() for level in trimmed] == [[2, 4], [3]]


def test_what_is_left_out_weighs_nothing():
    x = [[8, -1, -1, -1], [-1, -1, 2, 4]]
    levels = nbp.pool_pyramid(np.array(x, np.int16), "avg", 2, nodata=-1)
    assert [level.tolist() for level in levels] == [[[8, 3]], [[5]]]
    sums = nbp.pool_pyramid(np.array([[3, -3, 0, 5]], np.int16), "sum", 2, (1, 2), nodata=0)
    assert sums[1].tolist() == [[5]]  # the first pair's sum is no nodata


def test_a_chain_of_operators():
    x = np.arange(64.0).reshape(8, 8)
    first, second = nbp.pool_pyramid(x, ["max", np.median])
    np.testing.assert_array_equal(first, nbp.max_pool2d(x, 2))
    np.testing.assert_array_equal(second, nbp.median_pool2d(first, 2))
    assert (
        nbp.pool_pyramid(x, ["avg"] * 2)[1].tolist()
        == nbp.avg_pool2d(nbp.avg_pool2d(x, 2), 2).tolist()
    )


def test_one_and_three_axes():
    x = np.arange(64)
    assert [len(level) for level in nbp.pool_pyramid(x, "max", 9, data_format="L")] == [
        32, 16, 8, 4, 2, 1, 1, 1, 1,
    ]  # fmt: skip
    volume = x.reshape(4, 4, 4)
    assert nbp.pool_pyramid(volume, "max", 2, (2, 2, 2))[1].tolist() == [[[63]]]
    image = x.reshape(4, 4, 4)
    assert nbp.pool_pyramid(image, "max", 2, data_format="HWC")[1].tolist() == [[[60, 61, 62, 63]]]


def test_so_many_levels_that_windows_pass_64_bits():
    assert len(nbp.pool_pyramid(np.ones((3, 3)), "sum", 70)) == 70


@pytest.mark.parametrize(
    ("op", "arguments", "message"),
    [
        ("avg", {}, "pool_pyramid needs levels"),
        ("avg", {"levels": 0}, "levels must be at least 1, not 0"),
        ("avg", {"levels": 1.5}, "levels takes"),
        (["max", "avg"], {"levels": 3}, "a chain of 2 operators makes 2 levels, not 3"),
        ("largest", {"levels": 1}, "op must be one of"),
        (["max", "max"], {"return_indices": True}, "a chain has no return_indices"),
        ("avg", {"levels": 1, "kernel_size": 0}, "kernel_size must be at least 1"),
        ("avg", {"levels": 3, "ceil_mode": False}, "a window of 8 is larger than axis 0"),
        ("max", {"levels": 1, "q": 3}, "sliding max pooling has no 'q'"),
    ],
)
def test_what_is_refused(op, arguments, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.pool_pyramid(np.ones((4, 4)), op, **arguments)
