"""Several operators in one call: each gives what it gives alone."""

import pickle
from unittest import mock

import numpy as np
import pytest
from strategies import PLAIN

import numbapool as nbp
from numbapool.run import call

X = np.random.default_rng(0).integers(0, 9, (2, 6, 8)).astype(np.float32)
X[0, 0] = np.nan

OPS = ("mean", "max", "std", "count")


def same(got, want):
    assert isinstance(got, tuple) and len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["pool1d", "pool2d", "pool3d"] if PLAIN else ["pool2d"])
def test_each_gives_what_it_gives_alone(name):
    pool = getattr(nbp, name)
    given = {"nan": "skip", "nodata": 3, "min_count": 2}
    same(pool(X, OPS, 2, **given), [pool(X, op, 2, **given) for op in OPS])
    same(pool(X, (np.max,), 2), [pool(X, "max", 2)])


def test_a_pool_of_several():
    forms = [
        (nbp.Pool, (OPS, 3, 2, 1)),
        (nbp.Pool.adaptive, (OPS, 2)),
        (nbp.Pool.over_all, (OPS,)),
    ]
    for make, arguments in forms:
        pool = make(*arguments, data_format="HWC")
        alone = [make(op, *arguments[1:], data_format="HWC") for op in OPS]
        same(pool(X), [each(X) for each in alone])
        assert pool.shape(X.shape) == alone[0].shape(X.shape)
        assert pool.dtypes("uint8") == tuple(each.dtype("uint8") for each in alone)
        again = pickle.loads(pickle.dumps(pool))
        assert again == pool != alone[0] and hash(again) == hash(pool)
        assert eval(repr(pool), {"Pool": nbp.Pool}) == pool
        same(again(X), pool(X))
        out = tuple(np.empty(pool.shape(X.shape), kind) for kind in pool.dtypes(X.dtype))
        for got, target in zip(pool(X, out), out, strict=True):
            assert got is target
        same(out, pool(X))


@pytest.mark.parametrize("band", [1, 300, 1 << 20] if PLAIN else [300])
def test_a_band_is_any_share_of_the_pieces(band):
    """More bands than pieces, some, or one: in all layouts, beside calls of several kernels."""
    x = np.random.default_rng(1).normal(size=(4, 14, 9)).astype(np.float32)
    ops = ("max", "mean", "median", "std", "first")
    for window in ({}, {"stride": 1, "padding": 1, "padding_mode": "wrap"}, {"data_format": "HWC"}):
        alone = [nbp.Pool(op, 3, **window)(x) for op in ops]
        out = [np.empty(each.shape, np.float32, order="F") for each in alone]
        with mock.patch.object(call, "BAND_BYTES", band):
            same(nbp.Pool(ops, 3, **window)(x), alone)
            same(
                nbp.Pool(ops[:2], 3, **window)(x.tolist()),
                [nbp.Pool(op, 3, **window)(x.tolist()) for op in ops[:2]],
            )
            assert nbp.Pool(ops, 3, **window)(x, tuple(out))[0] is out[0]
        same(tuple(out), alone)
    empty = nbp.pool2d(x[:0], ("max", "min"), 2)
    assert [each.shape for each in empty] == [(0, 7, 4)] * 2


def test_each_operator_gets_the_parameters_that_it_takes():
    got = nbp.pool2d(X, ("percentile", "max", "var"), 2, q=30, correction=1)
    alone = (
        nbp.percentile_pool2d(X, 30, 2),
        nbp.max_pool2d(X, 2),
        nbp.var_pool2d(X, 2, correction=1),
    )
    same(got, alone)


@pytest.mark.parametrize(
    ("op", "own", "message"),
    [
        ((), {}, "op names no operator"),
        (("max", "largest"), {}, "op must be one of max"),
        (("max", ("min",)), {}, "op must be the name of an operator"),
        (("max", "min"), {"q": 3}, "pooling by max, min together has no 'q'"),
        (("max", "min"), {"return_indices": True}, "together has no 'return_indices'"),
        (("max", "percentile"), {}, "percentile pooling needs q"),
        (("max", "min"), {"out": np.zeros((2, 3, 4))}, "out takes 2 arrays, not 1"),
    ],
)
def test_what_several_refuse(op, own, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.pool2d(X, op, 2, **own)


def test_results_that_overlap_are_refused():
    out = np.zeros((2, 3, 4), np.float32)
    with pytest.raises(nbp.PoolValueError, match="two arrays of out overlap"):
        nbp.pool2d(X, ("max", "min"), 2, out=(out, out))


def test_what_takes_one_operator():
    pool = nbp.Pool(("max", "min"), 2)
    with pytest.raises(nbp.PoolTypeError, match="prepare takes one operator"):
        nbp.kernels.prepare(pool, X.shape, X.dtype)
    with pytest.raises(nbp.PoolTypeError, match="op must be the name"):
        nbp.block_reduce(X, 2, ("max", "min"))
