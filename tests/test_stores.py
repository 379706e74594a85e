"""Arrays in stores, pooled step by step into stores: each result is the whole's."""

import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
from strategies import PLAIN

import numbapool as nbp
from numbapool.stores.chunked import Run, grain_for
from numbapool.stores.opened import Source
from numbapool.stores.regions import decided

zarr = pytest.importorskip("zarr")

pytestmark = pytest.mark.skipif(not PLAIN, reason="stores know of no machine code")


def stored(x, chunks, place=None, **more):
    """Return a zarr array with the elements of an array."""
    made = zarr.create_array(
        {} if place is None else place, shape=x.shape, dtype=x.dtype, chunks=chunks, **more
    )
    made[...] = x
    return made


def pooled(source, *given, **more):
    """Return the results of pool_into, from a store in memory."""
    store = more.pop("store", {})
    summary = nbp.pool_into(source, store, *given, **more)
    made = zarr.open_array(store, mode="r")
    assert made.shape == summary.shape and made.dtype == summary.dtype
    assert not [key for key in store if ".numbapool" in key], "marks are left"
    return made[...]


def whole(x, *given, **more):
    return np.asarray(nbp.Pool(*given, **more)(x))


def small(dtype="uint16", shape=(12, 14, 10)):
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


@pytest.mark.parametrize("format", [2, 3])
def test_formats_and_shards(format, tmp_path):
    x = small()
    more = {"shards": (8, 8, 8)} if format == 3 else {}
    source = stored(x, (4, 4, 4), str(tmp_path / "in.zarr"), zarr_format=format, **more)
    target = tmp_path / "out.zarr"
    nbp.pool_into(str(tmp_path / "in.zarr"), target, "avg", 3, 2, 1, data_format="NCDHW")
    made = zarr.open_array(target, mode="r")
    assert made.metadata.zarr_format == format
    assert (made.chunks, made.shards) == (source.chunks, source.shards)
    assert made.compressors == source.compressors
    np.testing.assert_array_equal(made[...], whole(x, "avg", 3, 2, 1, data_format="NCDHW"))
    assert not list(tmp_path.rglob("*.mark")) and not (target / ".numbapool").exists()


def test_other_chunks_and_axes_keep_their_names():
    x = small()
    source = stored(x, (4, 4, 4), dimension_names=("z", "y", "x"))
    store = {}
    got = pooled(source, "max", 2, chunks=2, shards=4, store=store)
    made = zarr.open_array(store, mode="r")
    assert (made.chunks, made.shards) == ((2, 2, 2), (4, 4, 4))
    assert made.metadata.dimension_names == ("z", "y", "x")
    np.testing.assert_array_equal(got, whole(x, "max", 2))


def test_files_of_numpy(tmp_path):
    x = small()
    np.save(tmp_path / "in.npy", x)
    out = tmp_path / "out.npy"
    for source in (tmp_path / "in.npy", np.load(tmp_path / "in.npy", mmap_mode="r")):
        nbp.pool_into(source, out, "median", 3, 1, "same", memory=20_000)
        np.testing.assert_array_equal(np.load(out), whole(x, "median", 3, 1, "same"))
        assert {path.name for path in tmp_path.iterdir()} == {"in.npy", "out.npy"}
        with pytest.raises(nbp.PoolValueError, match=r"out\.npy already"):
            nbp.pool_into(source, out, "median", 3)
        out.unlink()


def test_a_store_of_fsspec():
    pytest.importorskip("fsspec")
    x, place = small(), "memory://numbapool-test/in.zarr"
    stored(x, (4, 5, 6), place)
    nbp.pool_into(place, "memory://numbapool-test/out.zarr", "sum", 2)
    made = zarr.open_array("memory://numbapool-test/out.zarr", mode="r")
    np.testing.assert_array_equal(made[...], whole(x, "sum", 2))


def test_values_and_their_places():
    x = small("float32")
    stores = ({}, {})
    given = {"padding": 1, "return_indices": True, "data_format": "CHW"}
    nbp.pool_into(stored(x, (3, 4, 5)), stores, "max", 3, **given)
    for store, want in zip(stores, nbp.Pool("max", 3, **given)(x), strict=True):
        np.testing.assert_array_equal(zarr.open_array(store, mode="r")[...], want)
    with pytest.raises(nbp.PoolValueError, match="2 results, and 1 targets"):
        nbp.pool_into(x, {}, "max", 3, **given)


def test_no_chunk_of_either_result_is_written_by_two(tmp_path):
    x = small("float32", (24, 24))
    values = zarr.create_array({}, shape=(12, 12), chunks=(2, 4), dtype="f4")
    places = zarr.create_array({}, shape=(12, 12), chunks=(3, 4), dtype="i8")
    pool = nbp.Pool("max", 2, return_indices=True)
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        done = nbp.pool_into(x, (values, places), pool, workers=4)
        assert done.steps == 6  # of 6 rows, which are whole chunks of both
        beside = tmp_path / "values.npy", tmp_path / "places.zarr"
        assert nbp.pool_into(x, beside, pool, chunks=(3, 4)).steps == 4
    np.testing.assert_array_equal(places[...], pool(x)[1])


def test_what_others_round_or_wrap_or_invent():
    x = np.array([[0, 255, 255, 7], [255, 255, 255, 9]], "u1")
    assert pooled(stored(x, (1, 3)), "mean", 2).tolist() == [[191, 132]]
    assert pooled(stored(x, (1, 3)), "sum", 2).tolist() == [[765, 526]]
    x = np.arange(25, dtype="u1").reshape(5, 5)
    want = [[3, 5, 7], [13, 15, 17], [21, 23, 24]]
    for chunks in (1, 2, 3, 5):
        got = pooled(stored(x, (chunks, chunks)), "mean", 2, ceil_mode=True)
        assert got.tolist() == want and got.dtype == x.dtype
    for partial, size in ((True, 302), (False, 301)):
        row = stored(np.zeros((1, 603), "u1"), (1, 100))
        assert pooled(row, "max", (1, 2), ceil_mode=partial).shape == (1, size)
    labels = np.random.default_rng(1).choice(np.array([3, 70, 9000], "u4"), (13, 11))
    assert set(np.unique(pooled(stored(labels, (4, 4)), "mode", 3, 2, 1))) <= {3, 70, 9000}


def test_what_is_left_out_across_the_borders_of_chunks():
    x = np.array([[0.5, 1.0], [2.5, -10000.0]])
    got = pooled(stored(x, (1, 1)), "mean", 2, nodata=-10000)
    np.testing.assert_allclose(got, [[4 / 3]])
    x = np.array([[1.0, np.nan, np.nan, np.nan]])
    for nan, want in (("propagate", [np.nan, np.nan]), ("skip", [1.0, np.nan])):
        got = pooled(stored(x, (1, 1)), "mean", (1, 2), nan=nan)
        np.testing.assert_array_equal(got[0], want)


def test_chunks_never_matter():
    """A halo larger than a chunk too, and windows that no chunk is a multiple of."""
    x = small("float32", (13, 12))
    want = whole(x, "avg", (5, 3), (1, 3), (2, 0))
    for chunks in ((1, 1), (8, 4), (13, 12), (7, 5)):
        got = pooled(stored(x, chunks), "avg", (5, 3), (1, 3), (2, 0), workers=2)
        assert got.tobytes() == want.tobytes()
    x = stored(np.zeros((6, 768, 2), "u1"), (4, 256, 2))
    assert pooled(x, "max", (1, 3, 1)).shape == (6, 256, 2)


def test_no_shard_is_written_by_two():
    x = small("uint8", (16, 16, 16)) + np.uint8(1)
    source = stored(x, (4, 4, 4))
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        got = pooled(source, "first", 1, chunks=4, shards=8, workers=4, data_format="DHW")
    np.testing.assert_array_equal(got, x)


def test_empty_blocks_are_neither_read_nor_written():
    store, out = {}, {}
    source = zarr.create_array(store, shape=(16, 16), dtype="f4", chunks=(4, 4), fill_value=0)
    source[:4, :4] = 1
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        summary = nbp.pool_into(source, out, "avg", 2, chunks=2)
    assert (summary.steps, summary.empty) == (16, 15)
    assert [key for key in out if not key.endswith("json")] == ["c/0/0"]
    filled = zarr.create_array({}, shape=(8, 8), dtype="i4", chunks=(4, 4), fill_value=5)
    with mock.patch.object(zarr.Array, "__getitem__", side_effect=AssertionError("read")):
        nbp.pool_into(filled, out2 := {}, "sum", 2)
    assert (zarr.open_array(out2, mode="r")[...] == 20).all()


def test_a_run_that_failed_goes_on(tmp_path):
    """One chunk is broken: the others are pooled, and a later run pools what is missing."""
    x = small("uint16", (16, 16))
    stored(x, (4, 4), str(tmp_path / "in.zarr"))
    chunk = tmp_path / "in.zarr" / "c" / "1" / "2"
    good = chunk.read_bytes()
    chunk.write_bytes(b"broken")
    given = (str(tmp_path / "in.zarr"), tmp_path / "out.zarr", "avg", 2)
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        with pytest.raises(nbp.PoolValueError, match=r"1 of 16 steps failed.*\[4:8, 8:12\]"):
            nbp.pool_into(*given, chunks=2)
        with pytest.raises(nbp.PoolValueError, match="already: remove it, or give resume"):
            nbp.pool_into(*given, chunks=2)
        chunk.write_bytes(good)
        with pytest.raises(nbp.PoolValueError, match="another plan"):
            nbp.pool_into(*given[:2], "max", 2, chunks=2, resume=True)
        seen = []
        summary = nbp.pool_into(
            *given, chunks=2, resume=True, progress=lambda *counts: seen.append(counts)
        )
    assert (summary.steps, summary.before) == (16, 15) and seen == [(16, 16)]
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "out.zarr")[...], whole(x, "avg", 2))


def test_done_is_what_a_mark_says_not_what_reads():
    """A missing chunk reads as zeros: a step without a mark is done again, one with it is not."""
    x = small("uint8", (8, 8))
    source, store = stored(x, (4, 4)), {}
    nbp_finish = Run.finish
    with (
        mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1),
        mock.patch.object(Run, "finish", lambda run: None),
    ):
        nbp.pool_into(source, store, "max", 2, chunks=2)
    marks = sorted(key for key in store if key.endswith(".mark") and "plan" not in key)
    assert len(marks) == 4
    del store[marks[0]], store["c/0/0"]
    assert Run.finish is nbp_finish
    read = []
    real = Source.read
    with (
        mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1),
        mock.patch.object(Source, "read", lambda self, part: read.append(part) or real(self, part)),
    ):
        np.testing.assert_array_equal(
            pooled(source, "max", 2, chunks=2, resume=True, store=store), whole(x, "max", 2)
        )
    assert read == [(slice(0, 4), slice(0, 4))]


def test_memory_is_bounded():
    of = decided(nbp.Pool("avg", 2, data_format="NCDHW"), (512,) * 3, "uint16")
    assert grain_for(of, (64,) * 3, None) == (128, 128, 128)
    assert grain_for(of, (64,) * 3, 3 << 20) == (64,) * 3
    x = stored(small("uint8", (64, 64)), (32, 32))
    with pytest.raises(nbp.PoolValueError, match=r"more than memory 2000: give chunks of"):
        nbp.pool_into(x, {}, "avg", 2, memory=2000)
    np.testing.assert_array_equal(pooled(x, "avg", 2, memory=11_000), whole(x[...], "avg", 2))


@pytest.mark.parametrize(
    ("given", "more", "error"),
    [
        (("avg",), {}, "needs kernel_size"),
        (("avg", 2), {"chunks": 3, "shards": 8}, "do not divide shards"),
        (("avg", 2), {"workers": -1}, "workers must be at least 1"),
        (("stochastic", 2), {}, "mode='expected'"),
        ((("avg", "max"), 2), {}, "one operator"),
    ],
)
def test_refusals(given, more, error):
    with pytest.raises(nbp.PoolError, match=error):
        nbp.pool_into(stored(small(), (4, 4, 4)), {}, *given, **more)


def test_what_is_no_array(tmp_path):
    group = zarr.create_group(tmp_path / "group.zarr")
    for name in "ab":
        group.create_array(name, shape=(4, 4), chunks=(2, 2), dtype="u1")
    for source, error in (
        (tmp_path / "group.zarr", "group of arrays: give one of a, b"),
        (tmp_path / "none.zarr", "there is no zarr array"),
        (tmp_path / "none.npy", "there is no file"),
        (7, "the source must be"),
    ):
        with pytest.raises(nbp.PoolError, match=error):
            nbp.pool_into(source, {}, "avg", 2)
    wrong = zarr.create_array({}, shape=(2, 2), chunks=(2, 2), dtype="u1")
    with pytest.raises(nbp.PoolTypeError, match="target has dtype uint8, the results int64"):
        nbp.pool_into(np.zeros((4, 4), "i8"), wrong, "max", 2)
    with pytest.raises(nbp.PoolValueError, match=r"target has shape \(2, 2\), the results \(4, 4"):
        nbp.pool_into(np.zeros((4, 4), "u1"), wrong, "max", 1)


def test_a_large_array_is_not_read_in_silence():
    large = zarr.create_array({}, shape=(1 << 13, (1 << 13) + 1), chunks=(1 << 12,) * 2, dtype="u1")
    with pytest.raises(nbp.PoolTypeError, match=r"numbapool\.pool_into.*dask\.array\.from_zarr"):
        nbp.max_pool2d(large, 2)
    x = small("uint8", (8, 8))
    np.testing.assert_array_equal(nbp.max_pool2d(stored(x, (3, 3)), 2), nbp.max_pool2d(x, 2))


def test_the_library_imports_no_zarr_and_no_dask():
    script = """
import numbapool, sys
numbapool.max_pool2d([[1]], 1)
print({"zarr", "dask", "distributed", "xarray"} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
