"""What is left out is what equals nodata in the input's own dtype, at the ends of 64 bits too."""

import naive
import numpy as np
import pytest
from agreement import assert_close, assert_equal
from checks import check_exactness as check
from strategies import EDGE, NEIGHBOURS

import numbapool as nbp

POOLS = {
    "max": (),
    "min": (),
    "avg": (),
    "sum": (),
    "lp": (1,),
    "median": (),
    "mode": (),
    "var": (),
    "std": (),
}
"""The families with what stands before the window."""


@pytest.mark.parametrize("dtype", NEIGHBOURS)
@pytest.mark.parametrize("name", POOLS)
def test_neighbours_past_float64(name, dtype):
    x = np.array(NEIGHBOURS[dtype], dtype)
    pool, oracle = getattr(nbp, f"{name}_pool1d"), getattr(naive, f"{name}_pool")
    for nodata in NEIGHBOURS[dtype]:
        for window in ((1,), (2,), (2, 1), (8,)):
            got = pool(x, *POOLS[name], *window, nodata=nodata)
            check(name, got, oracle(x, 1, *POOLS[name], *window, nodata=nodata))


@pytest.mark.parametrize("dtype", NEIGHBOURS)
def test_neighbours_past_float64_in_other_forms(dtype):
    x = np.array(NEIGHBOURS[dtype], dtype)
    for nodata in NEIGHBOURS[dtype]:
        left_out = {"nodata": nodata}
        for name in ("max", "avg", "sum", "median", "mode"):
            got = getattr(nbp, f"adaptive_{name}_pool1d")(x, 3, **left_out)
            check(name, got, getattr(naive, f"adaptive_{name}_pool")(x, 1, 3, **left_out))
        got = nbp.adaptive_lp_pool1d(x, 2, 3, **left_out)
        check("lp", got, naive.adaptive_lp_pool(x, 1, 2, 3, **left_out))
        got = nbp.percentile_pool2d(x[None], 25, (1, 3), (1, 1), **left_out)
        check("percentile", got, naive.percentile_pool(x[None], 2, 25, (1, 3), (1, 1), **left_out))
        for op in ("max", "mean", "sum", "median", "mode", "var", "std"):
            got = nbp.block_reduce(x, 3, op, **left_out)
            check(op, got, naive.block_reduce(x, 3, op, **left_out))
        got = nbp.max_pool1d(x, 3, return_indices=True, **left_out)
        for one, other in zip(
            got, naive.max_pool(x, 1, 3, return_indices=True, **left_out), strict=True
        ):
            assert_equal(one, other)


def test_the_values_of_the_smallest_cases():
    pair = [EDGE, EDGE + 1]
    assert nbp.var_pool1d(pair, 2, nodata=EDGE).tolist() == [0]
    assert nbp.std_pool1d(pair, 2, nodata=EDGE).tolist() == [0]
    assert nbp.lp_pool1d(pair, 1, 1, nodata=EDGE).tolist() == [0, 9007199254740992.0]
    assert nbp.lp_pool1d(pair, 1, 2, nodata=EDGE).tolist() == [9007199254740992.0]
    assert nbp.lp_pool1d(pair, np.inf, 2, nodata=EDGE + 1).tolist() == [9007199254740992.0]
    most = np.array([2**64 - 1, 2**64 - 2], np.uint64)
    assert nbp.var_pool1d(most, 2, nodata=2**64 - 2).tolist() == [0]
    least = np.array([-(2**63), -(2**63) + 1])
    assert nbp.lp_pool1d(least, 1, 2, nodata=-(2**63) + 1).tolist() == [2.0**63]
    assert nbp.var_pool1d(pair, 2, nodata=EDGE + 2).tolist() == [0]  # both are EDGE in float64


def test_kernels_of_every_window_compare_so():
    """Wide windows and tall ones that overlap have kernels of their own."""
    x = np.full((40, 70), EDGE + 1)
    x[::3, ::2] = EDGE
    for window in (((1, 70),), ((20, 2), 1), ((2, 2),), (3, 2, 1)):
        for p in (1, 2.5):
            got = nbp.lp_pool2d(x, p, *window[:2], padding=window[2:] or 0, nodata=EDGE)
            want = naive.lp_pool(x, 2, p, *window[:2], padding=window[2:] or 0, nodata=EDGE)
            assert_close(got, want, want)


@pytest.mark.parametrize(
    ("x", "dtype", "nodata", "largest"),
    [
        ([2.0**64, 1], "float64", 2**64, 1),
        ([2.0**64, 1], "float32", 2**64, 1),
        ([2.0**64, 1], "float64", 2**2000, 2.0**64),
        ([65504, 1], "float16", 2**64, 65504),
        ([np.inf, 1], "float16", 2**64, np.inf),
        ([np.inf, 1], "float32", 1e39, np.inf),
        ([np.inf, 1], "float32", -1e39, np.inf),
        ([np.inf, 1], "float32", np.inf, 1),
        ([0, -1], "float32", 1e-60, 0),
        ([0, -1], "float32", -0.0, -1),
        ([0.1, -1], "float32", 0.1, -1),
        ([0.1, -1], "float32", np.float64(0.1), -1),
        ([200, 1], "uint8", -9999, 200),
        ([200, 1], "uint8", 456, 200),  # 200 + 256
        ([1, 0], "int8", 0.5, 1),
        ([1, 0], "int8", 1.0, 0),
        ([1, 0], "int8", np.inf, 1),
        ([1, 0], "int8", np.nan, 1),
        ([1, 0], "int8", -np.inf, 1),
        ([2**63 - 1, 0], "int64", 2.0**63, 2**63 - 1),
        ([2**63 - 1, 0], "int64", np.float64(2.0**63), 2**63 - 1),
        ([2**64 - 1, 0], "uint64", np.float64(2.0**64), 2**64 - 1),
        ([2**63, 0], "uint64", np.float32(2.0**63), 0),
        ([2**64 - 1, 0], "uint64", -1, 2**64 - 1),
        ([-1, -2], "int64", 2**64 - 1, -1),
        ([True, False], "bool", 5, True),
        ([True, False], "bool", 1, False),
        ([True, False], "bool", True, False),
    ],
)
def test_what_a_dtype_holds(x, dtype, nodata, largest):
    x = np.array(x, dtype)
    assert nbp.max_pool1d(x, 2, nodata=nodata).tolist() == [np.array(largest, dtype).tolist()]
    want = naive.max_pool(x, 1, 2, nodata=nodata)
    assert_equal(nbp.max_pool1d(x, 2, nodata=nodata), want)


@pytest.mark.parametrize("nodata", ["7", 1j, np.complex128(7), [7], np.array([7, 8]), {7}])
def test_what_is_no_number(nodata):
    with pytest.raises(nbp.PoolTypeError):
        nbp.max_pool1d([7, 8], 2, nodata=nodata)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("window", "q", "want"),
    [
        ([1, 2, np.inf], 50, 2),
        ([np.inf, 1, 2], 0, 1),
        ([1, 2, np.inf], 100, np.inf),
        ([1, 2, np.inf], 75, np.inf),
        ([-np.inf, 2, 3], 50, 2),
        ([-np.inf, 2, 3], 25, -np.inf),
        ([-np.inf, 2, np.inf], 50, 2),
        ([-np.inf, np.inf, -np.inf], 50, -np.inf),
        ([np.inf, np.inf, 1], 75, np.inf),
        ([-np.inf, np.inf], 50, np.nan),
        ([-np.inf, np.inf], 0, -np.inf),
        ([1, 2, 3, 4, np.inf], 75, 4),
        ([1, np.nan, 2], 50, np.nan),
    ],
)
def test_percentiles_beside_infinities(window, q, want, dtype):
    x = np.array([window], dtype)
    assert_equal(nbp.percentile_pool2d(x, q, (1, len(window))), np.array([[want]], dtype))
    assert_equal(naive.percentile_pool(x, 2, q, (1, len(window))), np.array([[want]], dtype))
    if q == 50:
        assert_equal(nbp.median_pool2d(x, (1, len(window))), np.array([[want]], dtype))
