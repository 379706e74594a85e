"""The polynomial exponential, logarithm and cube root, beside Python's."""

import math

import numpy as np
import pytest
from numba import njit

import numbapool.loops.faces  # noqa: F401 - Numba learns the functions there
from numbapool.reducers import exponentials

RNG = np.random.default_rng(3)


def places(got, want, dtype):
    """Return how many last places a number is off."""
    return abs(float(got) - want) / (abs(want) * float(np.finfo(dtype).eps))


@pytest.mark.parametrize(("dtype", "least"), [("float32", -87), ("float64", -708)])
def test_exponentials(dtype, least):
    numbers = np.concatenate([RNG.uniform(least, 0, 500), -(10.0 ** RNG.uniform(-12, 1, 500))])
    for x in numbers.astype(dtype):
        assert places(exponentials.exp(x), math.exp(x), dtype) < 1.5
    with np.errstate(all="ignore"):
        got = [exponentials.exp(x) for x in np.array([0, -np.inf, np.nan, -1e30], dtype)]
    np.testing.assert_array_equal(got, [1, 0, np.nan, 0])
    assert got[0].dtype == dtype


def test_logarithms():
    for x in np.concatenate([10.0 ** RNG.uniform(-320, 300, 500), RNG.uniform(0.5, 2, 500)]):
        assert places(exponentials.log(x), math.log(x), "float64") < 3
    got = [exponentials.log(np.float64(x)) for x in (0, 1, np.inf, np.nan)]
    np.testing.assert_array_equal(got, [-np.inf, 0, np.inf, np.nan])


def test_cube_roots():
    for x in np.concatenate([10.0 ** RNG.uniform(-300, 300, 500), RNG.uniform(1, 8, 500)]):
        assert places(exponentials.cube_root(x), np.cbrt(x), "float64") < 3
    with np.errstate(all="ignore"):
        got = [exponentials.cube_root(np.float64(x)) for x in (0, 8, np.inf, np.nan)]
    np.testing.assert_array_equal(got, [0, 2, np.inf, np.nan])


def test_powers():
    for x in np.concatenate([10.0 ** RNG.uniform(-45, 38, 500), RNG.uniform(0.5, 2, 500)]):
        for p in (0.4, 2.5, 6.0):
            off = abs(exponentials.power(x, p) - x**p) / x**p
            assert off < 3e-16 * (2 + p * abs(math.log(x)))
    with np.errstate(all="ignore"):
        got = [exponentials.power(np.float64(x), 9.0) for x in (0, 1, 1e38, np.inf, np.nan)]
    np.testing.assert_array_equal(got, [0, 1, np.inf, np.inf, np.nan])


def test_compiled_code_has_the_same():
    @njit
    def of_all(x, y):
        return exponentials.exp(x), exponentials.exp(y), exponentials.log(-x)

    double, single, logarithm = of_all(-0.75, np.float32(-0.75))
    assert places(double, math.exp(-0.75), "float64") < 1.5
    assert places(single, math.exp(-0.75), "float32") < 1.5
    assert places(logarithm, math.log(0.75), "float64") < 3
