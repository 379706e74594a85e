"""The polynomial exponential, logarithm and power, beside Python's."""

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
        assert places(exponentials.decay(x), math.exp(x), dtype) < 1.5
    with np.errstate(all="ignore"):
        got = [exponentials.decay(x) for x in np.array([0, -np.inf, np.nan, -1e30], dtype)]
    np.testing.assert_array_equal(got, [1, 0, np.nan, 0])
    assert got[0].dtype == dtype


def test_logarithms():
    for x in np.concatenate([10.0 ** RNG.uniform(-320, 300, 500), RNG.uniform(0.5, 2, 500)]):
        assert places(exponentials.log(x), math.log(x), "float64") < 3
    got = [exponentials.log(np.float64(x)) for x in (0, 1, np.inf, np.nan)]
    np.testing.assert_array_equal(got, [-np.inf, 0, np.inf, np.nan])


def test_powers():
    pairs = (0, 3), (1, 3), (0.5, 2), (np.nan, 2)
    with np.errstate(all="ignore"):
        got = [exponentials.power(np.float64(x), p) for x, p in pairs]
    np.testing.assert_array_equal(got, [0, 1, 0.25, np.nan])
    assert places(exponentials.power(np.float64(0.3), 0.01), 0.3**0.01, "float64") < 2


def test_compiled_code_has_the_same():
    @njit
    def of_all(x, y):
        return [exponentials.decay(x), exponentials.decay(y)], exponentials.power(-x, 3)

    (double, single), power = of_all(-0.75, np.float32(-0.75))
    assert double == exponentials.decay(np.float64(-0.75))
    assert single == exponentials.decay(np.float32(-0.75))
    assert power == exponentials.power(np.float64(0.75), 3)
