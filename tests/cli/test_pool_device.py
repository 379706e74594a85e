"""--device: the same results, or one line that says why there is no GPU."""

from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.asking import asked
from numbapool_cli.work import several
from processes import ended

import numbapool as nbp
from numbapool.cuda import doctor

SIMULATED = {"NUMBA_ENABLE_CUDASIM": 1, "NUMBA_DISABLE_JIT": 1, "NUMBAPOOL_KERNELS": "plain"}
COMMANDS = {
    "operator": ("max", "a.npy", "-k", 2),
    "pyramid": ("pyramid", "a.npy", "--levels", 2),
    "vectors": ("spp", "a.npy"),
    "sequences": ("seq", "mean", "s.npy"),
    "layer": ("seq", "lstm", "s.npy", "--weights", "w.npz"),
}
AMISS = "no GPU can be used: numba-cuda is not installed: pip install it"


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "amiss", lambda device=None: AMISS)
    asked._amiss.cache_clear()
    x = np.arange(2 * 6 * 8, dtype=np.float32)
    np.save(tmp_path / "a.npy", x.reshape(1, 2, 6, 8))
    np.save(tmp_path / "s.npy", x.reshape(2, 6, 8))
    layer = {"weight_ih_l0": np.ones((8, 8)), "weight_hh_l0": np.ones((8, 2))}
    np.savez(tmp_path / "w.npz", **layer)
    yield
    asked._amiss.cache_clear()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_without_a_gpu(pool, command):
    said = pool(*command, "--device", "cuda", "-o", "b.npy", code=1)
    assert said.stderr == f"Error: {AMISS}\n"
    assert not Path("b.npy").exists()


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_auto_says_once_that_it_falls_back(pool, command):
    output = "out" if command[0] == "pyramid" else "b.npy"
    said = pool(*command, "--device", "auto", "-o", output)
    assert said.stderr.count(f"pool: on the CPU: {AMISS}") == 1
    again = pool(*command, "--device", "auto", "-q", "-o", output, "--on-exists", "overwrite")
    assert not again.stderr


def test_the_environment_names_a_device(pool):
    said = pool("max", "a.npy", "-o", "b.npy", env={"POOL_MAX_DEVICE": "cuda"}, code=1)
    assert AMISS in said.stderr


def test_few_workers_share_a_gpu(monkeypatch):
    counts = []
    monkeypatch.setattr(several, "run", lambda *given: counts.append(given[2]) or ())
    monkeypatch.setattr(several, "worker_count", lambda files: 16)
    for running in (
        asked.Running(),
        asked.Running(device="cuda"),
        asked.Running(device="cuda", jobs=8),
    ):
        list(several.do(None, None, [1], running, False))
    assert counts == [16, several.ON_A_GPU, 8]


def simulated(folder, *arguments):
    """Run the command with a simulated GPU, in a process of its own."""
    options = ["-m", "numbapool"]
    done = ended(None, *arguments, options=options, cwd=folder, **SIMULATED)
    assert done.code == 0, done.errors
    return done


def test_the_same_results(tmp_path):
    x = np.load(tmp_path / "a.npy")
    simulated(tmp_path, "max", "a.npy", "-k", 2, "--device", "cuda", "-o", "max.npy")
    assert np.array_equal(np.load(tmp_path / "max.npy"), nbp.max_pool2d(x, 2))
    simulated(tmp_path, "seq", "mean", "s.npy", "--device", "cuda", "-o", "mean.npy")
    assert np.array_equal(np.load(tmp_path / "mean.npy"), nbp.sequence_pool(x[0]))


def test_workers_start_the_gpu_by_themselves(tmp_path):
    for n in range(8):
        np.save(tmp_path / f"x{n}.npy", np.full((4, 4), n, np.float32))
    (tmp_path / "in").mkdir()
    for n in range(8):
        (tmp_path / f"x{n}.npy").rename(tmp_path / "in" / f"x{n}.npy")
    simulated(tmp_path, "max", "in", "-k", 2, "-j", 2, "--device", "cuda", "-o", "out")
    found = [np.load(tmp_path / "out" / f"x{n}.npy") for n in range(8)]
    assert [each.tolist() for each in found] == [[[n, n], [n, n]] for n in range(8)]


def test_doctor_knows_the_simulator(tmp_path):
    said = simulated(tmp_path, "doctor").output
    assert "simulated by Numba" in said
    assert said.count("right, in") == 2
