"""Parts of a pooling, each from the part of the input that it reads, against the whole."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from region_cases import by_parts, case, differ
from strategies import DTYPES, PLAIN, only_plain

import numbapool as nbp
from numbapool.stores.regions import cut, decided, regions
from numbapool.windows.axes import adaptive, sliding

KINDS = DTYPES if PLAIN else ["float32"]


def same(pool, x, grain):
    want = pool(x)
    wants = want if isinstance(want, tuple) else (want,)
    for got, each in zip(by_parts(pool, x, grain), wants, strict=True):
        assert got.tobytes() == each.tobytes()


@only_plain
@given(st.integers(0, 1 << 40))
def test_random_poolings(seed):
    """Every operator, form and parameter; `tests/region_cases.py --many` takes thousands."""
    made = case(Random(seed), KINDS)
    if made is None:
        return
    op, pool, x, grain, wants = made
    with np.errstate(all="ignore"):
        for got, want in zip(by_parts(pool, x, grain), wants, strict=True):
            assert differ(op, x, got, want) in ("", "sign", "digits")


def test_an_axis_is_cut():
    read, part = cut(sliding(11, 3, 2, (1, 1)), 0, 3)
    assert (read, part.size, part.out, part.before) == (slice(0, 6), 6, 3, 1)
    assert part.borders.tolist() == [[0, 2, 3]]
    read, part = cut(adaptive(10, 4), 1, 3)  # windows [2, 5) and [5, 8)
    assert (read, part.borders.tolist()) == (slice(2, 8), [[0, 3, 3], [3, 3, 3]])


def test_a_region_says_what_it_reads():
    of = decided(nbp.Pool("avg", 2), (3, 100, 80), "uint16")
    region = of.region([(1, 2), (10, 20), (0, 40)])
    assert region.reads == (slice(1, 2), slice(20, 40), slice(0, 80))
    assert [each.shape for each in regions(of, (3, 25, 40))] == [(3, 25, 40)] * 2


ORDERS = {
    "blocks of rows": (nbp.Pool("avg", (12, 3), 1), (40, 23)),
    "blocks of rows that strides meet again after some": (
        nbp.Pool("sum", (26, 2), (3, 1)),
        (90, 9),
    ),
    "norms": (nbp.Pool("lp", (7, 2), (2, 1), norm_type=2.5), (30, 9)),
    "windows that cover one part whole": (nbp.Pool("avg", (4, 20), (1, 20)), (8, 40)),
    "rows in fours": (nbp.Pool("avg", (40, 2), 1), (90, 9)),
    "long runs": (nbp.Pool("sum", (2, 80), (2, 80)), (6, 240)),
    "pairs of columns": (nbp.Pool("avg", (2, 4), (2, 4)), (8, 64)),
    "pixels": (nbp.Pool("avg", 2, data_format="NHWC"), (6, 40, 3)),
    "borders of the other end": (nbp.Pool("avg", 5, 1, 2, padding_mode="circular"), (30, 31)),
}


@pytest.mark.parametrize("name", ORDERS if PLAIN else ["blocks of rows"])
def test_floats_are_added_in_the_same_order(name):
    """Whatever the blocks: sums of float32 of different sizes show each other order."""
    pool, shape = ORDERS[name]
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4, shape)).astype(np.float32)
    for part in (1, 3, 7):
        same(pool, x, [part] * x.ndim)


@only_plain
def test_places_are_those_of_the_whole():
    x = np.random.default_rng(0).integers(0, 9, (2, 9, 14)).astype(np.uint8)
    for mode in (None, "reflect"):
        same(nbp.Pool("max", 3, 2, 1, padding_mode=mode, return_indices=True), x, (1, 2, 3))


def test_draws_are_refused():
    with pytest.raises(nbp.PoolTypeError, match="mode='expected'"):
        decided(nbp.Pool("stochastic", 2), (4, 4), "uint8")
    with pytest.raises(nbp.PoolTypeError, match="one operator"):
        decided(nbp.Pool(("max", "min"), 2), (4, 4), "uint8")
