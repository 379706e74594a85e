"""What equals nodata past float64, by machine code: whole numbers of 64 bits stay what they are."""

from typing import NamedTuple

import naive
import numpy as np
import pytest
from checks import check_exactness as check
from numba import njit
from strategies import EDGE, NEIGHBOURS

import numbapool as nbp


@njit
def largest(x, nodata):
    return nbp.max_pool2d(x, (2, 1), nodata=nodata)


@njit
def in_floats(x, nodata):
    return nbp.lp_pool2d(x, 1, (2, 1), nodata=nodata), nbp.var_pool2d(x, (2, 1), nodata=nodata)


def column(values, dtype):
    """Return the values one below the other, as often side by side as a short loop takes."""
    return np.repeat(np.array(values, dtype)[:, np.newaxis], 16, 1)


@pytest.mark.parametrize("dtype", NEIGHBOURS)
def test_compiled_code(dtype):
    x = column(NEIGHBOURS[dtype], dtype)
    for nodata in x[:, 0]:
        check("max", largest(x, nodata), naive.max_pool(x, 2, (2, 1), nodata=int(nodata)))


def test_what_floats_are_made_of_in_compiled_code():
    """Without a sign, as these mix with numbers that have one; `test_nodata.py` has both."""
    x = column(NEIGHBOURS["uint64"], "uint64")
    for nodata in x[:, 0]:
        norm, variance = in_floats(x, nodata)
        check("lp", norm, naive.lp_pool(x, 2, 1, (2, 1), nodata=int(nodata)))
        check("var", variance, naive.var_pool(x, 2, (2, 1), nodata=int(nodata)))


def test_a_constant_past_63_bits_in_compiled_code():
    most = column([2**64 - 1, 5], np.uint64)
    got = njit(lambda x: nbp.max_pool2d(x, (2, 1), nodata=2**64 - 1))(most)
    assert got.tolist() == [[5] * 16]


class Count(NamedTuple):
    """How many elements are `what`, told apart in 64 bits."""

    what: int
    accumulates = np.int64
    gives = np.int64

    def neutral(self):
        return 0

    def lift(self, value, row):
        return 1 if value == self.what else 0

    def combine(self, a, b):
        return a + b


def test_reducers_of_users_get_the_accumulators_type():
    x = np.array([EDGE, EDGE + 1, EDGE + 1, EDGE])
    assert nbp.reduce_pool1d(x, Count(np.int64(EDGE + 1)), 4).tolist() == [2]
