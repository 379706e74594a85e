"""`--scheduler`: files pooled by the workers of a cluster of Dask."""

import os
import pickle
import signal
import socket
import warnings
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.batch import cluster
from numbapool_cli.job import Job, Outcome
from pictures import picture
from PIL import Image

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with cluster.connected("local:2") as client:
            yield client.scheduler.address


def is_deaf() -> bool:
    """Say whether Ctrl-C does not reach this process."""
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_workers_here(address):
    with cluster.connected(address) as client:
        assert list(client.nthreads().values()) == [1, 1]
        assert set(client.run(is_deaf).values()) == {True}


def put(count):
    Path("in").mkdir()
    for number in range(count):
        picture("RGB", 40, 20, number).save(f"in/f{number}.png")


def test_a_folder(pool, address):
    put(6)
    (Path("in") / "broken.png").write_bytes(b"no picture")
    done = pool("avg", "in", "-o", "out", "--scheduler", address, code=1)
    assert "broken.png" in done.output
    pool("avg", "in", "-o", "here", "-j", 1, code=1)
    for number in range(6):
        made, want = (np.asarray(Image.open(f"{name}/f{number}.png")) for name in ("out", "here"))
        np.testing.assert_array_equal(made, want)
    assert not list(Path("out").glob(".numbapool*"))


def dies_once(job: Job) -> Outcome:
    """Kill the worker at the third job, the first time; at the fourth one always."""
    if job.source == "3" or (job.source == "2" and not Path("died").exists()):
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    with Path("log").open("a") as log:
        log.write(job.source)
    return Outcome(job.source, job.target)


def test_a_worker_that_dies(address, tmp_path, monkeypatch):
    """Its batch goes on where it was; a job at which two workers died has failed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(Path(__file__).parent)
    jobs = [Job(str(number), str(tmp_path / "out" / f"{number}.png"), "avg") for number in range(6)]
    batch = list(enumerate(jobs))
    with cluster.connected(address) as client, cluster.notes_beside(jobs[0]) as place:
        name = f"{place.notes}/0"
        future = client.submit(
            cluster.do_batch, dies_once, pickle.dumps(batch), place.folder, name, pure=False
        )
        outcomes, _ = cluster.result_of(future, batch)
    assert [outcome.status for _, outcome in outcomes] == [*["done"] * 3, "failed", *["done"] * 2]
    assert "2 workers died" in outcomes[3][1].reason
    assert Path("log").read_text() == "01245"


def test_notes(tmp_path):
    name = tmp_path / "0"
    assert cluster.noted(str(name)) == ({}, {})
    outcome = Outcome("a", "b")
    name.write_bytes(pickle.dumps(4) + pickle.dumps((4, outcome)) + pickle.dumps(5)[:-1])
    assert cluster.noted(str(name)) == ({4: outcome}, {4: 1})


def test_what_is_refused(pool, address, monkeypatch):
    put(1)
    given = "avg", "in", "-o", "out", "--scheduler"
    for words, said in (
        (("host:1",), "is no cluster: give tcp://HOST:PORT"),
        ((address, "-j", 2), "leave --jobs out"),
    ):
        assert said in " ".join(pool(*given, *words, code=2).output.split())
    done = pool("avg", "-", "-o", "-", "--format", "png", "--scheduler", address, code=2, input=b"")
    assert "stream of this process" in " ".join(done.output.split())
    monkeypatch.setattr(cluster, "TIMEOUT", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        assert nobody in " ".join(pool(*given, nobody, code=2).output.split())
    assert not list(Path().glob("out/*"))


def test_workers_that_are_unlike(pool, address, monkeypatch):
    put(1)
    given = "avg", "in", "-o", "out", "--scheduler", address
    monkeypatch.setattr("numbapool.__version__", "0.0.7")
    host = socket.gethostname()
    said = " ".join(pool(*given, code=2).output.split())
    assert f"worker on {host} has numbapool" in said and "0.0.7" in said
    monkeypatch.undo()
    place = cluster.Place(".", "/nowhere/at/all/.numbapool-1")
    with cluster.connected(address) as client, pytest.raises(Exception, match="does not see"):
        cluster.refuse_unlike(client, address, place)


def test_a_batch_that_is_lost():
    class Future:
        def result(self):
            raise type("KilledWorker", (Exception,), {})

    (outcome,), took = cluster.result_of(Future(), [(7, Job("a", "b", "avg"))])
    assert (outcome[0], outcome[1].status, took) == (7, "failed", 0.0)
    assert outcome[1].reason == "the workers that worked on it died, one after the other"
