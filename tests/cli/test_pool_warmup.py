"""Kernels compiled ahead, and what is said where they were not."""

import os
import subprocess
import sys

import numpy as np
import pytest
from pictures import picture

import numbapool as nbp
from numbapool import kernels
from numbapool.compile import compiled
from numbapool.run import threads


def forget():
    """Forget this process's kernels, and the calls that hold them."""
    compiled._kernels.clear()
    for name, module in list(sys.modules.items()):
        if name.startswith(("numbapool.functional", "numbapool.pooling.")):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.fixture
def cold(tmp_path, monkeypatch):
    """Begin with no kernel in this process or on the disk."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    forget()
    yield
    forget()


def test_warmup(pool, cold):
    said = pool("warmup", "max", "--dtype", "int8").stdout
    assert said.startswith("Kernels compiled: 3, there already: 0 (")
    forget()
    said = pool("warmup", "max", "max", "--dtype", "int8").stdout
    assert said.startswith("Kernels compiled: 0, there already: 3 (")
    np.save("in.npy", np.zeros((4, 4), np.int8))
    forget()
    assert "compiling" not in pool("max", "in.npy", "-o", "out.npy").stderr


def test_what_the_command_uses_is_warmed(pool, monkeypatch):
    """No run with -k 2 or --fit on pictures that the default covers asks for another kernel."""
    asked = []
    forget()
    monkeypatch.setattr(kernels, "worth_compiling", lambda *_: True)  # not by NumPy meanwhile
    monkeypatch.setattr(compiled, "kernel", asked.append)
    monkeypatch.setattr(threads, "run_kernel", lambda *call: None)  # what is asked for matters
    monkeypatch.setattr(np, "empty", np.zeros)  # no kernel writes the results
    assert pool("warmup", "-q").output == ""
    warmed = set(asked)
    asked.clear()
    for mode in ("L", "LA", "RGB", "RGBA", "I;16"):
        for width in (9, 10, 64):
            picture(mode, width, 7).save(f"{mode.replace(';', '')}{width}.png")
    np.save("f.npy", np.zeros((2, 3, 8, 8), np.float32))
    for operator in ("max", "min", "avg"):
        pool(operator, ".", "-j", 1, "-o", f"{operator}/")
        for fit in (5, 20, 31):
            pool(operator, ".", "-j", 1, "--fit", fit, "-o", f"{operator}{fit}/")
    assert asked
    assert set(asked) <= warmed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["agv"], "'agv' is not one of"), (["--dtype", "float8"], "'float8' is not one of")],
)
def test_usage_errors(pool, arguments, said):
    assert said in pool("warmup", *arguments, code=2).stderr


def test_nowhere_to_keep_them(pool, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert "set NUMBA_CACHE_DIR" in pool("warmup", code=1).stderr


def test_in_python(cold):
    names, before = [], [*compiled.on_compile]
    warmth = nbp.warmup(nbp.max_pool2d, np.int8, progress=names.append)
    assert (warmth.compiled, warmth.loaded) == (2, 0)
    assert names == ["max_pool2d on int8"]
    assert nbp.warmup("max_pool2d", ["int8"])[:2] == (0, 0)
    forget()
    assert nbp.warmup(["max_pool2d", "max_pool3d"], "int8")[:2] == (0, 2)
    assert compiled.on_compile == before


@pytest.mark.parametrize(
    ("function", "dtype", "error"),
    [
        ("max_pol2d", "int8", "was 'max_pool2d' meant"),
        (len, "int8", "no function 'len'"),
        ("max_unpool2d", "int8", "must be given indices"),
        ("max_pool2d", "int7", "'int7' is no dtype"),
        ("max_pool2d", "complex64", "complex64"),
    ],
)
def test_mistakes_in_python(function, dtype, error):
    with pytest.raises(nbp.PoolError, match=error):
        nbp.warmup(function, dtype)


def test_blocks_that_must_tile(cold):
    """The arrays that they do not tile are left out."""
    assert nbp.warmup("block_reduce", "uint8", block_size=(1, 1, 2, 2), edge="error").compiled == 1


def test_channels_last(cold):
    nbp.warmup("avg_pool2d", "uint8", data_format="NHWC")
    before = compiled.loaded()
    nbp.avg_pool2d(np.zeros((40, 60, 3), np.uint8), 2, data_format="NHWC")
    assert compiled.loaded() == before


def test_windows_of_ones_own(cold, monkeypatch):
    asked = []

    def kernel(spec):
        asked.append(spec.kernel)
        raise InterruptedError

    monkeypatch.setattr(compiled, "kernel", kernel)
    for arguments in ({}, {"kernel_size": 31, "stride": 1}, {"kernel_size": (1, 128)}):
        with pytest.raises(InterruptedError):
            nbp.warmup("max_pool2d", "uint8", **arguments)
    assert asked == ["direct", "running", "runs"]


def test_compiling_is_told_once(pool, cold):
    picture("L", 8, 8).save("a.png")
    picture("L", 8, 8).save("b.png")
    said = pool("range", "a.png", "b.png", "-j", 1, "-o", "one/").stderr
    assert said.count("pool: compiling kernels for first use (kept for next time)…\n") == 1
    assert "compiling" not in pool("range", "a.png", "b.png", "-o", "two/").stderr


@pytest.mark.parametrize("flag", ["-q", "--json"])
def test_compiling_is_not_told(pool, cold, monkeypatch, flag):
    monkeypatch.setattr(compiled, "_code", lambda spec: [tell() for tell in compiled.on_compile])
    np.save("a.npy", np.zeros((8, 8), np.int8))
    assert "compiling" not in pool("range", "a.npy", "-o", "out.npy", flag, code=1).stderr
    assert "compiling" in pool("range", "a.npy", "-o", "out.npy", code=1).stderr


def test_one_of_many_processes_tells_it(tmp_path):
    for number in range(4):
        picture("L", 64, 8).save(tmp_path / f"{number}.png")
    code = (
        "from numbapool_cli import main\nfrom numbapool_cli.batch import run\n"
        "if __name__ == '__main__':\n    run.PROCESSES_FROM = 2\n    main()"
    )
    command = [sys.executable, "-c", code, "range", ".", "-o", "out", "-j", "2"]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("compiling") == 1
