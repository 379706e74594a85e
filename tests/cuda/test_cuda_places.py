"""Unpooling on a device, and blocks of an array of any number of axes."""

import numpy as np
import pytest
from on_device import assert_equal, run
from strategies import DTYPES, fill

import numbapool as nbp
from numbapool.errors import PoolValueError


def unpooled(x, places, ndim, data_format, windows):
    from numbapool.cuda.places import unpool_call

    call = unpool_call(x.shape, x.dtype, ndim, data_format, windows)
    return run(call, x, places)[0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_unpool(dtype):
    cases = [
        (2, (2, 4, 6), None, (2, None, 0, None)),
        (2, (1, 5, 5, 2), "NHWC", (3, 2, 1, (5, 5))),
        (1, (2, 7), None, (3, 1, 0, None)),  # a place is that of several maxima
        (3, (1, 4, 4, 2), None, (2, 2, 0, None)),
    ]
    for n, (ndim, shape, form, windows) in enumerate(cases):
        x = fill(shape, dtype, "plain", n)
        kernel, stride, padding, size = windows
        pool, back = getattr(nbp, f"max_pool{ndim}d"), getattr(nbp, f"max_unpool{ndim}d")
        values, places = pool(x, kernel, stride, padding, return_indices=True, data_format=form)
        values = fill(values.shape, dtype, "plain", n + 1)  # equal places, but unequal values
        want = back(values, places, kernel, stride, padding, size, data_format=form)
        for kind in ("int64", "int32", "uint8"):
            got = unpooled(values, places.astype(kind), ndim, form, windows)
            np.testing.assert_array_equal(got, want)
            assert got.dtype == want.dtype


@pytest.mark.parametrize(("wrong", "kind"), [(-1, "int8"), (16, "uint8"), (2**63, "uint64")])
def test_an_index_outside(wrong, kind):
    x, places = np.ones((2, 2), np.float32), np.array([[0, 1], [2, wrong]], kind)
    with pytest.raises(PoolValueError, match="points outside an output plane"):
        unpooled(x, places, 2, None, (2, None, 0, None))


BLOCKS = [  # shape, block, edge
    ((5, 7), 2, "partial"),
    ((5, 7), (2, 3), "trim"),
    ((5, 7, 2), (2, 3, 1), "pad"),
    ((4, 6), (2, 3), "error"),
    ((3, 1, 4, 5), (2, 1, 1, 2), "partial"),
    ((3, 2, 5, 2, 3), (2, 1, 2, 1, 2), "partial"),  # axes that are no neighbours
    ((3, 2, 5, 2, 3), (2, 1, 2, 1, 2), "pad"),
    ((3, 2, 5, 2, 3), (2, 1, 2, 1, 2), "trim"),
    ((7,), 3, "partial"),
    ((0, 4), (1, 2), "partial"),
]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "float32"])
def test_blocks(dtype):
    from numbapool.cuda.blocks import block_call

    for n, (shape, block, edge) in enumerate(BLOCKS):
        x = fill(shape, dtype, "ties", n)
        for op, own in (("mean", {}), ("median", {"nodata": 1}), ("percentile", {"q": 30})):
            want = nbp.block_reduce(x, block, op, edge=edge, **own)
            call = block_call(x.shape, x.dtype, block, op, edge, own)
            assert call.outs == (want.dtype,)
            assert call.shape == want.shape
            assert_equal(run(call, x)[0], want, ordered=False)


def test_blocks_that_do_not_fit():
    from numbapool.cuda.blocks import block_call

    for edge, message in (("error", "do not tile"), ("none", "edge must be one of")):
        with pytest.raises(PoolValueError, match=message):
            block_call((5, 7), np.dtype("u1"), 2, "max", edge)
