"""Stores pooled by the workers of a cluster of Dask: two processes with a thread each."""

import os
import signal
import warnings

import numpy as np
import pytest
from strategies import PLAIN

import numbapool as nbp

zarr = pytest.importorskip("zarr")
distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.skipif(not PLAIN, reason="clusters know of no machine code")


@pytest.fixture(scope="module")
def client():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        more = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.LocalCluster(**more) as cluster, distributed.Client(cluster) as made:
            yield made


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    monkeypatch.setattr("numbapool.stores.chunked.SLAB_BYTES", 1)


@pytest.fixture
def stored(tmp_path):
    """Return an array, and the path to it in a store, in 64 chunks."""
    x = np.random.default_rng(0).integers(0, 200, (16, 16, 16)).astype("uint8")
    place = str(tmp_path / "in.zarr")
    zarr.create_array(place, shape=x.shape, dtype=x.dtype, chunks=(4, 4, 4))[...] = x
    return x, place


GIVEN = {"chunks": 2, "data_format": "NCDHW"}


def whole(x):
    return nbp.Pool("avg", 3, 2, 1, data_format="NCDHW")(x)


def test_a_worker_that_is_killed(client, stored, tmp_path):
    """The nanny starts another one; what it had in work is done again."""
    x, place = stored
    killed, seen = [], []

    def progress(finished, of):
        seen.append((finished, of))
        if finished == 10:
            killed.extend(client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    target = tmp_path / "out.zarr"
    done = nbp.pool_into(place, target, "avg", 3, 2, 1, client=client, progress=progress, **GIVEN)
    assert (done.steps, len(killed), seen[-1]) == (64, 2, (64, 64))
    np.testing.assert_array_equal(zarr.open_array(target, mode="r")[...], whole(x))
    assert not list(tmp_path.rglob("*.mark")) and not (target / ".numbapool").exists()


def test_a_caller_that_is_stopped(client, stored, tmp_path):
    x, place = stored

    def stop(finished, of):
        if finished == 10:
            raise KeyboardInterrupt

    target = tmp_path / "out.zarr"
    with pytest.raises(KeyboardInterrupt):
        nbp.pool_into(place, target, "avg", 3, 2, 1, client=client, progress=stop, **GIVEN)
    assert len(list(target.rglob("*.mark"))) >= 10
    done = nbp.pool_into(place, target, "avg", 3, 2, 1, client=client, resume=True, **GIVEN)
    assert done.before >= 10
    np.testing.assert_array_equal(zarr.open_array(target, mode="r")[...], whole(x))


def test_few_steps_are_in_work(client, stored, tmp_path, monkeypatch):
    _, place = stored
    held, most = set(), []
    submit = distributed.Client.submit

    def counted(self, *given, **more):
        future = submit(self, *given, **more)
        held.add(future.key)
        future.add_done_callback(lambda done: held.discard(done.key))
        most.append(len(held))
        return future

    monkeypatch.setattr(distributed.Client, "submit", counted)
    nbp.pool_into(place, tmp_path / "out.zarr", "max", 2, client=client, **GIVEN)
    assert len(most) == 64 and max(most) <= 4
    assert not client.futures


def test_files_of_numpy_and_several_results(client, tmp_path):
    x = np.random.default_rng(0).integers(0, 200, (6, 8)).astype("float32")
    np.save(tmp_path / "in.npy", x)
    places = tmp_path / "out.npy", tmp_path / "places.zarr"
    given = {"return_indices": True}
    nbp.pool_into(str(tmp_path / "in.npy"), places, "max", 2, client=client, **given)
    values, indices = nbp.max_pool2d(x, 2, return_indices=True)
    np.testing.assert_array_equal(np.load(places[0]), values)
    np.testing.assert_array_equal(zarr.open_array(places[1], mode="r")[...], indices)


def test_what_workers_do_not_reach(client, stored, tmp_path):
    x, place = stored
    held = zarr.create_array({}, shape=x.shape, dtype=x.dtype, chunks=(4, 4, 4))
    for source in (x, held):
        with pytest.raises(nbp.PoolTypeError, match="source is in this process's memory"):
            nbp.pool_into(source, tmp_path / "out.zarr", "avg", 2, client=client)
    with pytest.raises(nbp.PoolTypeError, match="target is in this process's memory"):
        nbp.pool_into(place, {}, "avg", 2, client=client)
    with pytest.raises(nbp.PoolTypeError, match="leave them out with a client"):
        nbp.pool_into(place, tmp_path / "out.zarr", "avg", 2, client=client, workers=2)
    with pytest.raises(nbp.PoolTypeError, match=r"must be a distributed\.Client"):
        nbp.pool_into(place, tmp_path / "out.zarr", "avg", 2, client="tcp://host:8786")
    assert not (tmp_path / "out.zarr").exists()


def test_a_chunk_that_is_broken(client, stored, tmp_path):
    _, place = stored
    broken = next(path for path in (tmp_path / "in.zarr" / "c").rglob("*") if path.is_file())
    broken.write_bytes(b"no chunk")
    with pytest.raises(nbp.PoolValueError, match=r"1 of 64 steps failed.*the source's \["):
        nbp.pool_into(place, tmp_path / "out.zarr", "max", 2, client=client, **GIVEN)


def test_a_worker_that_does_not_see_the_target(client, stored, tmp_path, monkeypatch):
    """As where there is no shared disk: nothing is read as zeros in silence."""
    _, place = stored
    monkeypatch.setattr("numbapool.stores.opened.Marks.put", lambda self, name: None)
    with pytest.raises(nbp.PoolValueError, match="does not see the target"):
        nbp.pool_into(place, tmp_path / "out.zarr", "max", 2, client=client, **GIVEN)
