"""Arrays of Dask: pooled into arrays of Dask, each chunk what the whole gives."""

import pickle
import re
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from region_cases import case, differ
from strategies import DTYPES, PLAIN

import numbapool as nbp

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

pytestmark = pytest.mark.skipif(not PLAIN, reason="graphs know of no machine code")


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def numbers(shape, dtype="uint8"):
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


def in_chunks(random, x):
    """Return an array of Dask with chunks of any sizes."""
    chunks = []
    for size in x.shape:
        cuts = sorted({random.randint(0, size) for _ in range(random.randint(0, 3))} - {0, size})
        chunks.append(tuple(b - a for a, b in pairwise([0, *cuts, size])))
    return da.from_array(x, chunks=tuple(chunks))


def same(lazy, want):
    """Assert that an array of Dask has, once computed, what it said, to the bit."""
    assert isinstance(lazy, da.Array)
    got = lazy.compute()
    for each in (lazy, got):
        assert (each.shape, each.dtype) == (want.shape, want.dtype)
    assert got.tobytes() == want.tobytes()


@given(st.integers(0, 1 << 40))
def test_random_poolings(seed):
    made = case(Random(seed), DTYPES)
    if made is None:
        return
    op, pool, x, _, wants = made
    lazy = pool(in_chunks(Random(seed), x))
    for each, want in zip(lazy if isinstance(lazy, tuple) else (lazy,), wants, strict=True):
        with np.errstate(all="ignore"):
            got = each.compute()
        assert isinstance(each, da.Array)
        assert (each.shape, each.dtype) == (got.shape, got.dtype) == (want.shape, want.dtype)
        assert differ(op, x, got, want) in ("", "sign", "digits")


def test_functions():
    x = numbers((2, 3, 9, 12), "float32")
    lazy = da.from_array(x, chunks=(1, 2, 4, 5))
    for pool in (
        lambda x: nbp.avg_pool2d(x, 3, 2, 1),
        lambda x: nbp.adaptive_max_pool2d(x, (2, 5)),
        lambda x: nbp.global_std_pool(x),
        lambda x: nbp.area_pool2d(x, 4),
        lambda x: nbp.blur_pool2d(x),
        lambda x: nbp.pool3d(x, "median", 2),
        lambda x: nbp.spatial_pyramid_pool(x),
    ):
        same(pool(lazy), pool(x))
    for many in (
        lambda x: nbp.max_pool2d(x, 2, return_indices=True),
        lambda x: nbp.Pool(("min", "rms"), 2)(x),
        lambda x: nbp.pool_pyramid(x, "avg", 2),
    ):
        for each, want in zip(many(lazy), many(x), strict=True):
            same(each, want)


@pytest.mark.parametrize(
    ("shape", "block"),
    [
        ((9, 12), 2),
        ((2, 3, 9, 12), (1, 1, 2, 3)),
        ((9, 12, 3, 2), (2, 5, 1, 1)),
        ((5, 2, 1, 7, 3), (2, 1, 1, 2, 1)),
        ((4, 3, 2, 5, 3, 2), (1, 2, 2, 3, 1, 1)),
        ((3, 4, 5), 1),
        ((6, 2, 7), (3, 1, 2)),
    ],
)
def test_blocks(shape, block):
    x = numbers(shape, "float32") / np.float32(7)
    lazy = in_chunks(Random(1), x)
    for op, edge in (("mean", "partial"), ("max", "trim"), ("sum", "pad"), ("median", "partial")):
        if edge == "trim" and 0 in nbp.block_reduce(x, block, op, edge=edge).shape:
            continue
        same(
            nbp.block_reduce(lazy, block, op, edge=edge), nbp.block_reduce(x, block, op, edge=edge)
        )


def test_blocks_that_are_refused():
    x = da.zeros((4, 4, 4, 4, 4), chunks=2)
    with pytest.raises(nbp.PoolTypeError, match="do not lie within three"):
        nbp.block_reduce(x, (2, 1, 2, 1, 2), "max")
    with pytest.raises(nbp.PoolTypeError, match="weights do not go"):
        nbp.block_reduce(x, 2, "mean", weights=np.ones(4))


def test_sequences():
    x = numbers((7, 5, 4), "float32")
    lazy = da.from_array(x, chunks=(3, 2, 2))
    mask = np.random.default_rng(0).random((7, 5)) < 0.7
    scores = np.random.default_rng(1).random((7, 5))
    for pool in (
        lambda x: nbp.sequence_pool(x),
        lambda x: nbp.sequence_pool(x, ("max", "stats"), lengths=[1, 5, 0, 3, 2, 4, 5]),
        lambda x: nbp.sequence_pool(x, "mean", mask=mask, weights=scores, normalize=True),
        lambda x: nbp.attention_pool(x, scores, mask=mask),
    ):
        same(pool(lazy), pool(x))
    with pytest.raises(nbp.PoolTypeError, match="offsets cut"):
        nbp.sequence_pool(lazy[0], offsets=[0, 2, 5])
    with pytest.raises(nbp.PoolValueError, match=r"lengths of shape \(2,\) are not of 7"):
        nbp.sequence_pool(lazy, lengths=[1, 2])


def test_a_window_belongs_to_the_chunk_of_its_first_element():
    x = da.zeros((10, 12), chunks=((3, 7), (5, 1, 6)))
    assert nbp.max_pool2d(x, 2).chunks == ((2, 3), (3, 3))
    assert nbp.max_pool2d(x, 3, 1, 1).chunks == ((4, 6), (6, 1, 5))
    assert nbp.max_pool2d(x, 1).chunks == x.chunks
    channels_last = da.zeros((4, 4, 6), chunks=2)
    assert nbp.max_pool2d(channels_last, 2, data_format="HWC").chunks == ((1, 1), (1, 1), (6,))


def test_a_halo_larger_than_a_chunk():
    x = numbers((13, 12), "float32")
    lazy = da.from_array(x, chunks=1)
    same(nbp.avg_pool2d(lazy, 5, 1, 2), nbp.avg_pool2d(x, 5, 1, 2))
    same(nbp.min_pool2d(lazy, (9, 1), 4), nbp.min_pool2d(x, (9, 1), 4))


def test_arrays_without_elements():
    x = da.zeros((0, 4, 4), chunks=(0, 2, 2), dtype="uint8")
    same(nbp.max_pool2d(x, 2), np.zeros((0, 2, 2), "uint8"))
    filled = da.concatenate([x, da.ones((1, 4, 4), chunks=2, dtype="uint8")])
    same(nbp.max_pool2d(filled, 2), np.ones((1, 2, 2), "uint8"))


# ---------------------------------------------------------------------------------- the graph


def test_how_many_tasks_there_are():
    """Of a copy of neighbours with 137,512 tasks by map_overlap, and one task per chunk."""
    x = da.zeros((512, 4096, 4096), chunks=128, dtype="uint16")
    assert x.npartitions == 4096
    assert len(dict(nbp.avg_pool3d(x, 2).dask)) == 2 * 4096
    assert len(dict(nbp.avg_pool3d(x, 3, 2, 1).dask)) < 8 * 4096
    small = da.zeros((16, 16), chunks=4, dtype="uint8")
    assert len(dict(nbp.avg_pool2d(small, 3, 2, 1).dask)) == 2 * 16


def test_no_task_is_made_before_it_is_asked_for():
    large = nbp.max_pool3d(da.zeros((12800, 12800, 12800), chunks=128), 3, 2, 1)
    layer = large.dask.layers[large.name]
    assert large.npartitions == 1_000_000
    assert not layer.is_materialized() and len(pickle.dumps(layer)) < 50_000
    y = nbp.max_pool3d(da.zeros((80, 80, 80), chunks=8, dtype="uint8"), 2)
    layer = y.dask.layers[y.name]
    part = y[:4, 4:6, 13:17]
    tasks = part.__dask_optimize__(part.dask, part.__dask_keys__())
    assert len(dict(tasks)) < 20 and not layer.is_materialized()
    same(part, np.zeros((4, 2, 4), "uint8"))


def test_copies_of_small_parts(monkeypatch):
    """Of large blocks a neighbour takes copies of what it reads."""
    monkeypatch.setattr("numbapool.lazy.graph.LARGE_BLOCK", 1)
    x = numbers((11, 17), "float32")
    lazy = da.from_array(x, chunks=(4, 6))
    y = nbp.avg_pool2d(lazy, 3, 1, 1, padding_mode="circular")
    assert [key for key in dict(y.dask) if "-part" in key[0]]
    same(y, nbp.avg_pool2d(x, 3, 1, 1, padding_mode="circular"))


def test_names():
    x = da.from_array(numbers((4, 4)), chunks=2)
    assert nbp.max_pool2d(x, 2).name == nbp.max_pool2d(x, 2).name
    assert nbp.Pool(np.max, 2)(x).name == nbp.Pool("max", 2)(x).name
    lazy = [
        nbp.max_pool2d(x, 2),
        nbp.max_pool2d(x, 1),
        nbp.max_pool2d(x + 1, 2),
        nbp.max_pool1d(x, 2),
        nbp.min_pool2d(x, 2),
        nbp.adaptive_max_pool2d(x, 2),
    ]
    assert len({each.name for each in lazy}) == len(lazy)


class Largest(NamedTuple):
    """A reducer of the user's."""

    gives = "uint8"

    def neutral(self):
        return 0.0

    def combine(self, a, b):
        return max(a, b)


def test_a_reducer_of_one_s_own():
    x = numbers((6, 6))
    lazy = nbp.reduce_pool2d(da.from_array(x, chunks=3), Largest(), 2)
    same(lazy, nbp.reduce_pool2d(x, Largest(), 2))


# ---------------------------------------------------------------------------------- refusals


def test_refusals():
    x = da.from_array(numbers((6, 6)), chunks=3)
    unknown = x[x.sum(1) > 0]
    with pytest.raises(nbp.PoolValueError, match=r"x\.compute_chunk_sizes\(\)"):
        nbp.max_pool2d(unknown, 2)
    same(nbp.max_pool2d(unknown.compute_chunk_sizes(), 2), nbp.max_pool2d(x.compute(), 2))
    with pytest.raises(nbp.PoolTypeError, match="out does not go with arrays of Dask"):
        nbp.max_pool2d(x, 2, out=np.zeros((3, 3), "uint8"))
    with pytest.raises(nbp.PoolTypeError, match="weights do not go with arrays of Dask"):
        nbp.avg_pool2d(x, 2, weights=np.ones((6, 6)))
    with pytest.raises(nbp.PoolTypeError, match="mode='expected'"):
        nbp.stochastic_pool2d(x, 2)
    with pytest.raises(nbp.PoolTypeError, match="fractional pooling"):
        nbp.fractional_max_pool2d(x, 2, output_size=2)
    with pytest.raises(nbp.PoolTypeError, match="on the CPU"):
        nbp.max_pool2d(x, 2, device="cuda")
    with pytest.raises(nbp.PoolTypeError, match=r"blocks are of MaskedArray"):
        nbp.max_pool2d(da.ma.masked_equal(x, 3), 2)
    with pytest.raises(nbp.PoolTypeError, match=r"dtype complex128"):
        nbp.max_pool2d(x.astype(complex), 2)
    with pytest.raises(nbp.PoolValueError, match="no axes"):
        nbp.max_pool2d(x.sum(), 2)
    with pytest.raises(nbp.PoolTypeError, match=r"unpooling takes no .*x\.compute\(\)"):
        nbp.max_unpool2d(x, np.zeros((6, 6), int), 2)


def test_the_guide_s_example():
    guide = (Path(__file__).parents[1] / "numbapool" / "README.md").read_text("utf-8")
    example = guide.partition("```python\nimport dask.array\n")[2].partition("```")[0]
    names = {"dask": dask, "nbp": nbp}
    exec(example, names)
    lines = re.findall(r"^([a-z].*)  # (.+)$", example, re.MULTILINE)
    assert len(lines) == 2
    for line, said in lines:
        assert str(eval(line, names)) == said
