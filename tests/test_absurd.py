"""Absurd numbers, and what no memory holds: a PoolError, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from processes import python

import numbapool as nbp


def test_every_parameter_of_every_function():
    script = Path(__file__).with_name("absurd_numbers.py")
    count = python(script, options=["-W", "ignore"], NUMBA_DISABLE_JIT=1)
    assert int(count) > 5000


@pytest.mark.parametrize("size", [2**27, 2**40, 2**62, 2**63, 2**100])
def test_a_result_that_is_too_large_is_named(size):
    for name in ("avg", "max", "sum", "median"):
        pool = getattr(nbp, f"adaptive_{name}_pool1d")
        with pytest.raises(nbp.PoolValueError, match=rf"too large.*\b{size}\b"):
            pool(np.arange(5.0), size)
    with pytest.raises(nbp.PoolValueError, match=f"{size}"):
        nbp.adaptive_avg_pool2d(np.zeros((3, 5)), (1, size))
    with pytest.raises(nbp.PoolValueError, match="too large"):
        nbp.adaptive_avg_pool2d(np.zeros((5, 5)), (2**25, 2**25))


def test_there_is_not_enough_memory(monkeypatch):
    """What NumPy cannot allocate is a PoolError."""

    def refuse(*arguments, **keywords):
        raise MemoryError

    call = nbp.max_pool2d
    assert call(np.zeros((4, 4)), 2).shape == (2, 2)
    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(nbp.PoolValueError, match=r"not enough memory .* \(2, 2\)"):
        call(np.zeros((4, 4)), 2)


# Blocks over many axes


@pytest.mark.parametrize("axes", [33, 40, 64])
@pytest.mark.parametrize("op", ["max", "mean", "sum"])
def test_blocks_over_many_axes(axes, op):
    shape = (2,) * 5 + (1,) * (axes - 10) + (3,) * 5
    x = np.arange(2**5 * 3**5).reshape(shape)
    for block in ((2,) * axes, (2, 1) * 2 + (1,) * (axes - 4), (1,) * (axes - 3) + (3, 3, 3)):
        got = nbp.block_reduce(x, block, op)
        assert got.shape == tuple(-(-n // k) for n, k in zip(shape, block, strict=True))
        first = getattr(np, op)(x[tuple(slice(k) for k in block)])
        assert got[(0,) * axes] == (np.floor(first + 0.5) if op == "mean" else first)


def test_blocks_of_which_numpy_holds_no_padded_array():
    x = np.broadcast_to(np.uint8(0), (2,) * 3 + (1,) * 60)
    assert nbp.block_reduce(x, 2, "max").shape == (1,) * 63
    with pytest.raises(nbp.PoolValueError, match="too large"):
        nbp.block_reduce(x, 2, "max", edge="pad")


@pytest.mark.parametrize("op", ["max", "mean", "sum", "median", "var"])
def test_blocks_of_nothing(op):
    got = nbp.block_reduce(np.zeros((0, 4, 4, 4, 4), np.uint8), (1, 2, 2, 2, 2), op)
    assert got.shape == (0, 2, 2, 2, 2)
    assert got.dtype == nbp.block_reduce(np.zeros(4, np.uint8), 2, op).dtype
    with pytest.raises(nbp.PoolValueError, match="no block"):
        nbp.block_reduce(np.zeros((0, 4)), 2, op)


# Places


@pytest.mark.parametrize(
    ("indices", "shape"),
    [
        (np.zeros((1, 1, 2, 2), int), (1, 1, 2**40, 2**40)),
        (np.zeros((1, 1, 2, 2), int), (2, 1, 4, 4)),
        (np.zeros((1, 1, 2, 2), int), (1, 1, 4)),
        (np.full((1, 1, 2, 2), 99), (1, 1, 4, 4)),
        (np.zeros(4, int), (4,)),
    ],
)
def test_numberings_of_what_does_not_fit(indices, shape):
    for order in (0, 1):
        with pytest.raises(nbp.PoolValueError):
            nbp.to_onnx_indices(indices, shape, storage_order=order)
    if indices.max() < 99:
        with pytest.raises(nbp.PoolValueError):
            nbp.to_tf_indices(indices, shape)


def test_unpooling_takes_unsigned_places_and_one_size():
    values, places = np.array([5, 7]), np.array([1, 3], np.uint64)
    assert nbp.max_unpool1d(values, places, 2).tolist() == [0, 5, 0, 7]
    assert nbp.max_unpool1d(values, places, 2, output_size=5).tolist() == [0, 5, 0, 7, 0]
    with pytest.raises(nbp.PoolValueError, match="cannot be made"):
        nbp.max_unpool1d(values, places, 1, 1, 9)
