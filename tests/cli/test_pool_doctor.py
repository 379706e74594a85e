"""pool doctor: what is found, what is to be done about it, and how it ends."""

import json
from importlib.metadata import PackageNotFoundError

import numba
import numpy as np
from numbapool_cli.work import doctor
from PIL import features

import numbapool
from numbapool.compile import store


def findings(pool, code=0):
    return json.loads(pool("doctor", "--json", code=code).stdout)


def test_all_is_well(pool):
    said = pool("doctor").stdout
    for word in (*doctor.CHECKS, numba.__version__, np.__version__, "JPEG", ".npy", "right, in"):
        assert word in said
    assert "package" in said and "driver" in said, "what a GPU takes"


def test_json(pool, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_OPT", "3")
    folder = store.place().path
    (folder / "some.o").write_bytes(b"1234")
    found = findings(pool)
    assert found["ok"] is True
    assert found["versions"]["numba"] == numba.__version__
    assert found["kernels"]["folder"] == str(folder)
    assert found["kernels"]["kept"] == {"count": 1, "bytes": 4}
    assert found["threads"]["variables"]["NUMBA_OPT"] == "3"
    assert found["threads"]["layer"]["used"] in found["threads"]["layer"]["there"]
    assert found["self-test"]["result"]["right"] is True


def test_no_folder_for_kernels(pool, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert "to do: set NUMBA_CACHE_DIR" in pool("doctor").stdout
    assert any("NUMBA_CACHE_DIR" in problem for problem in findings(pool)["problems"])


def test_no_layer(pool, monkeypatch):
    monkeypatch.setattr(doctor, "_imports", lambda module: False)
    assert "NUMBA_THREADING_LAYER" in pool("doctor").stdout
    assert findings(pool)["threads"]["layer"] == {"used": None, "there": []}


def test_missing_packages_and_formats(pool, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", missing)
    monkeypatch.setattr(features, "get_supported", lambda: ["jpg", "zlib"])
    found = findings(pool)
    assert found["formats"]["pictures"] == ["JPEG", "PNG", "GIF"]
    assert found["formats"]["not here"] == ["WebP", "TIFF", "AVIF", "JPEG 2000"]
    assert "numba: missing: pip install numba" in found["problems"]


def test_a_wrong_result(pool, monkeypatch):
    monkeypatch.setattr(numbapool, "avg_pool2d", lambda *_, **__: np.zeros((3, 3)))
    assert "wrong: the mean" in pool("doctor", code=1).stdout
    assert findings(pool, code=1)["ok"] is False


def test_a_failing_kernel(pool, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("no\nluck")

    monkeypatch.setattr(numbapool, "avg_pool2d", fails)
    said = pool("doctor", code=1).output
    assert "failed: unexpected RuntimeError: no luck" in said
    assert "Traceback" not in said


def test_a_failing_check_does_not_stop_the_rest(pool, monkeypatch):
    def fails():
        raise OSError(5, "Input/output error")

    monkeypatch.setitem(doctor.CHECKS, "kernels", fails)
    found = findings(pool)
    assert found["ok"] is True
    assert "kernels: input/output error" in found["problems"]
