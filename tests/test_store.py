"""Compiled kernels on disk: whole or not there, made once, and found again without Numba."""

import os
import platform
import sys
import textwrap
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import ended, python

import numbapool
from numbapool.compile import compiled, sources, store
from numbapool.pooling import call

ON_LINUX = sys.platform == "linux" and platform.machine() == "x86_64"
"""Where kernels are loaded without LLVM."""

X = np.arange(1024, dtype=np.int16)
"""The maxima of a quarter of it each: a kernel that compiles fast."""


def quarters() -> list[int]:
    """Pool as a new process would, by a kernel from the disk or compiled."""
    forget()
    return numbapool.max_pool1d(X, 256).tolist()


def forget():
    """Drop the kernels of this process, and the calls that hold them."""
    compiled._kernels.clear()
    call.sliding.cache_clear()


RIGHT = [255, 511, 767, 1023]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Give a function that lists the kernels' files, in a folder of this test's own."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    yield lambda: sorted(tmp_path.glob("numbapool-kernels/*.o"))
    forget()


def test_all_sources_bear_on_the_hash():
    here = Path(store.__file__).parent
    loops = {f"loops/{path.name}" for path in here.parent.glob("loops/*.py")}
    reducers = {f"reducers/{path.name}" for path in here.parent.glob("reducers/*.py")}
    wanted = {*loops, *reducers} - {
        "loops/__init__.py",
        "reducers/__init__.py",
        "loops/plain.py",  # what users import: Numba looks at that file itself
        # What only chooses among reducers, and the numbers that they are given:
        "reducers/case.py",
        "reducers/dtypes.py",
        "reducers/fields.py",
        "reducers/users.py",
    }
    compilers = ("build", "contract", "entry", "numba_seams", "spec")
    assert set(sources.SOURCES) == wanted | {f"compile/{name}.py" for name in compilers}


def test_a_kernel_is_kept_and_found(files, monkeypatch):
    assert quarters() == RIGHT
    (file,) = files()
    before = file.read_bytes()
    monkeypatch.setattr(store, "write", None)  # nothing is compiled again
    assert quarters() == RIGHT
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "harm",
    [
        lambda code: b"",
        lambda code: code[:20],
        lambda code: code[: len(code) // 2],
        lambda code: code[:-1],
        lambda code: code[:99] + bytes([code[99] ^ 1]) + code[100:],
        lambda code: b"\x80\x04 something else altogether" * 40,
    ],
)
def test_a_harmed_file_is_made_anew(files, harm):
    assert quarters() == RIGHT
    (file,) = files()
    whole = file.read_bytes()
    file.write_bytes(harm(whole))
    assert quarters() == RIGHT
    assert file.read_bytes() == whole
    assert not list(file.parent.glob("*.o.*"))


def test_without_a_folder_kernels_work_and_one_warning_says_so(tmp_path, monkeypatch):
    store.told.clear()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    tmp_path.joinpath("file").touch()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert quarters() == RIGHT
        assert quarters() == RIGHT
    assert len(caught) == 1
    assert "NUMBA_CACHE_DIR" in str(caught[0].message)
    forget()


def test_without_a_home_there_is_no_folder(monkeypatch):
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(store.Path, "home", none)
    assert store.place().path is None


SCRIPT = textwrap.dedent("""
    import sys
    import numpy as np, numbapool
    x = np.arange(1024, dtype=sys.argv[1])
    assert numbapool.max_pool1d(x, 256).tolist() == [255, 511, 767, 1023]
    print(*sorted({"numba", "llvmlite.binding"} & set(sys.modules)))
""")


def compilers(folder, dtype):
    """Pool in a process of its own; return the compilers that it imported."""
    return python(SCRIPT, dtype, NUMBA_CACHE_DIR=folder).split()


def test_a_kept_kernel_needs_no_compilers(tmp_path):
    assert compilers(tmp_path, "float32") == ["llvmlite.binding", "numba"]
    assert compilers(tmp_path, "float32") == ([] if ON_LINUX else ["llvmlite.binding"])


COMMAND = textwrap.dedent("""
    import sys
    from numbapool_cli import main
    sys.argv = ["pool", "avg", "small.png", "-k", "2", "-o", "half.png", "--on-exists", "overwrite"]
    try:
        main()
    finally:
        print(*sorted(set(sys.modules)))
""")

UNUSED = """
    asyncio dask email importlib.metadata multiprocessing numba rich scipy socket ssl tifffile torch
    xarray xml zipfile PIL.TiffImagePlugin concurrent.futures numbapool.functional
    numbapool.sequences numbapool.jit numbapool.reducers.exponentials
""".split()
"""What a picture that is pooled by a kept kernel needs not."""


def test_a_warm_command_imports_no_more_than_it_uses(tmp_path):
    Image.fromarray(np.arange(12, dtype=np.uint8).reshape(4, 3)).save(tmp_path / "small.png")
    python(COMMAND, cwd=tmp_path)  # the kernel may be there from other tests
    imported = python(COMMAND, cwd=tmp_path).splitlines()[-1].split()
    assert "numpy" in imported
    assert not {*UNUSED} & {*imported}
    assert not ON_LINUX or "llvmlite.binding" not in imported


def test_many_processes_fill_an_empty_folder(tmp_path):
    dtypes = ["int16", "float32", "int16"] * 2
    with ThreadPoolExecutor(len(dtypes)) as threads:
        list(threads.map(lambda dtype: compilers(tmp_path, dtype), dtypes))
    names = [path.name for path in tmp_path.glob("numbapool-kernels/*")]
    suffixes = [Path(name).suffix for name in names]
    assert sorted({*suffixes} - {".host"}) == [".lock", ".o"]
    assert (suffixes.count(".lock"), suffixes.count(".o")) == (2, 2)
    assert suffixes.count(".host") <= 1  # how LLVM names the processor, where that is kept
    assert not any("numba" in compilers(tmp_path, dtype) for dtype in set(dtypes))


# Many processes at once, round after round, and files harmed at random.

KINDS = ["int8", "uint16", "int32", "float32"]
"""A kernel each; of one's bits another makes other numbers."""

ROUND = textwrap.dedent("""
    import multiprocessing
    import os
    import sys

    import numpy as np


    def right(folder, kind, gate=None):
        os.environ["NUMBA_CACHE_DIR"] = folder
        import numbapool
        x = (np.arange(1024.0) * 7 - 1000).astype(np.int64).astype(kind)
        if gate:
            gate.wait(60)
        return bool((numbapool.max_pool1d(x, 256) == x.reshape(4, 256).max(1)).all())


    def work(folder, kind, gate):
        sys.exit(not right(folder, kind, gate))


    if __name__ == "__main__":
        rounds, folder, *kinds = sys.argv[1:]
        method = "spawn" if os.name == "nt" else "forkserver"
        context = multiprocessing.get_context(method)
        context.set_forkserver_preload(["numba", "numbapool.functional", "numbapool.compile.build"])
        for n in range(int(rounds)):
            gate = context.Barrier(len(kinds))
            arguments = [(os.path.join(folder, str(n)), kind, gate) for kind in kinds]
            processes = [context.Process(target=work, args=each) for each in arguments]
            for process in processes:
                process.start()
            for process in processes:
                process.join(120)
            codes = [process.exitcode for process in processes]
            assert not any(codes), (n, codes)
        print("right")
""")

AFTER = textwrap.dedent("""
    import sys
    import numba, numpy as np, numbapool
    from script import right

    folder, *kinds = sys.argv[1:]
    assert all(right(folder, kind) for kind in kinds)
    x = np.arange(1 << 18, dtype=np.float64)
    assert (numbapool.max_pool1d(x, 256) == x[255::256]).all()  # on Numba's threads
    print("right")
""")


def script(folder, text, *arguments):
    """Run a text with arguments in a process of its own; return what went wrong."""
    folder.joinpath("script.py").write_text(ROUND)
    path = folder / ("script.py" if text is ROUND else "after.py")
    path.write_text(text)
    kept = arguments[0] if text is AFTER else folder / "other"
    variables = {"NUMBA_CACHE_DIR": kept, "NUMBA_NUM_THREADS": 2}
    run = ended(path, *arguments, limit=60 + 60 * ROUNDS, **variables)
    return "" if (run.code, run.output.strip()) == (0, "right") else run.errors + run.output


ROUNDS = int(os.environ.get("NUMBAPOOL_ROUNDS", "1"))


def test_sixteen_processes_at_once_round_after_round(tmp_path):
    assert not script(tmp_path, ROUND, str(ROUNDS), str(tmp_path), *KINDS * 4)
    for n in range(ROUNDS):
        kept = list(tmp_path.joinpath(str(n), "numbapool-kernels").glob("*.o"))
        assert len(kept) == len(KINDS)
        assert all(store.read(path) for path in kept)
    assert not script(tmp_path, AFTER, str(tmp_path / str(ROUNDS - 1)), *KINDS)


def filled(path):
    return path.is_file() and path.stat().st_size > 0  # locks are empty


def cut(content, rng):
    return content[: rng.integers(0, len(content))]


def flip(content, rng):
    at = rng.integers(0, len(content))
    return content[:at] + bytes([content[at] ^ (1 << rng.integers(0, 8))]) + content[at + 1 :]


HARMS = [cut, flip, cut, flip]


def test_every_file_harmed_at_random(tmp_path):
    rng, kinds = np.random.default_rng(ROUNDS), ["int16", "float32"]
    kept = tmp_path / "kept"
    assert not script(tmp_path, AFTER, str(kept), *kinds)
    whole = {path: path.read_bytes() for path in kept.rglob("*") if filled(path)}
    assert len(whole) == len(kinds) + 1  # float64's
    for n in range(ROUNDS):
        for harm, (path, content) in zip(HARMS[n % 2 :], whole.items(), strict=False):
            path.write_bytes(harm(content, rng))
        assert not script(tmp_path, AFTER, str(kept), *kinds)
        assert all(store.read(path) for path in whole)
        assert {path for path in kept.rglob("*") if filled(path)} == {*whole}
