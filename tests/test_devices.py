"""What is amiss with a GPU, in one line with what to do; and what stays off a GPU."""

import os
import shutil
import subprocess
import warnings
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from processes import python

import numbapool as nbp
from numbapool import arrays
from numbapool.cuda import doctor, driver, host
from numbapool.errors import PoolDeviceError

SOURCE = Path(__file__).with_name("fake_driver.c")
X = np.arange(24.0).reshape(4, 6)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Compile a driver that says what the environment tells it."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    made = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, SOURCE], check=True)
    return made


@pytest.fixture
def said(monkeypatch):
    """Return a function that tells what is installed, and what the driver says."""
    monkeypatch.setattr(doctor, "_usable", {})
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def tell(library=None, bindings="13.1.0", package=True, compiler=True, **says):
        def version(name):
            if name == "cuda-bindings" and bindings:
                return bindings
            if name == "numba-cuda":
                return "0.30.4"
            raise PackageNotFoundError(name)

        monkeypatch.setattr(doctor, "find_spec", lambda name: object() if package else None)
        monkeypatch.setattr(doctor, "version", version)
        if compiler:
            monkeypatch.setattr(doctor, "compiler", lambda: doctor.Found("compiler", "libnvvm"))
        monkeypatch.setenv("NUMBA_CUDA_DRIVER", str(library or ""))
        if library is None:
            monkeypatch.setattr(driver, "NAMES", ("no-such-driver.so",))
        driver.library.cache_clear()
        for name, value in says.items():
            monkeypatch.setenv(f"FAKE_{name}", str(value))

    yield tell
    driver.library.cache_clear()


def complaint(device=0):
    """Return the one line that a call would raise."""
    with pytest.raises(PoolDeviceError) as caught:
        doctor.require(device)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_all_is_well(said, library):
    said(library)
    doctor.require()
    found = {each.label: each.text for each in doctor.findings()}
    assert found == {
        "package": "numba-cuda 0.30.4",
        "driver": "for CUDA 13.0",
        "device 0": "Fake, of capability 9.0",
        "compiler": "libnvvm",
    }
    assert driver.device_of(3 << 40) == 3


def test_no_package(said, library):
    said(library, package=False)
    assert complaint().endswith("numba-cuda is not installed: pip install 'numbapool[cuda13]'")
    said(library, package=False, VERSION=12040)
    assert complaint().endswith("pip install 'numbapool[cuda12]'")
    said(package=False)
    assert "'numbapool[cuda13]', or 'numbapool[cuda12]' for a driver before 580" in complaint()


def test_no_driver(said):
    said()
    assert "there is no NVIDIA driver (no-such-driver.so): install NVIDIA's driver" in complaint()


@pytest.mark.parametrize(
    ("bindings", "version", "todo"),
    [
        ("12.9.1", 11040, "is for CUDA 11.4, and CUDA 12.0 is needed: update the driver to 525"),
        ("13.0.0", 11040, "is for CUDA 11.4, and CUDA 13.0 is needed: update the driver to 580"),
        ("13.0.0", 12080, "580 or later, or pip install 'numbapool[cuda12]'"),
    ],
)
def test_an_old_driver(said, library, bindings, version, todo):
    said(library, bindings=bindings, VERSION=version)
    assert "the NVIDIA driver is too old" in complaint()
    assert todo in complaint()
    said(library, bindings="12.9.1", VERSION=12000)
    doctor.require()


def test_no_device(said, library, monkeypatch):
    said(library, INIT=driver.NO_DEVICE)
    assert "there is no GPU that CUDA can use: see nvidia-smi" in complaint()
    said(library, INIT=0, COUNT=0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "there is no GPU that CUDA can use: CUDA_VISIBLE_DEVICES is ''" in complaint()


def test_a_driver_that_does_not_start(said, library):
    said(library, INIT=803)
    assert "cuInit failed with error 803 (CUDA_ERROR_SYSTEM_DRIVER_MISMATCH)" in complaint()


def test_an_old_card(said, library):
    said(library, COUNT=2)
    doctor.require(0)
    assert "Fake, of capability 7.0, is too old: take a GPU of capability 7.5" in complaint(1)


def test_no_compiler(said, library, monkeypatch):
    said(library, compiler=False)
    monkeypatch.setitem(__import__("sys").modules, "cuda.pathfinder", None)
    assert "libnvvm cannot be loaded" in complaint()
    assert "pip install 'numbapool[cuda13]'" in complaint()


def test_after_a_fork(said, library, monkeypatch):
    said(library)
    monkeypatch.setattr(doctor, "_usable", {os.getpid() + 1: {0}})
    assert "CUDA was started before this process was forked" in complaint()
    monkeypatch.setattr(doctor, "_usable", {})
    said(library, INIT=driver.NOT_INITIALIZED)
    assert "start processes by 'spawn'" in complaint()


class OnCuda:
    """An array on a GPU."""

    @property
    def __cuda_array_interface__(self):
        return {"shape": (4, 6), "typestr": "<f8", "data": (0xDEAD0000, False)}


def test_every_call_says_it(said):
    said(package=False)
    with pytest.raises(PoolDeviceError, match="no GPU can be used: numba-cuda is not installed"):
        nbp.max_pool2d(X, 2, device="cuda")
    with pytest.raises(PoolDeviceError, match="OnCuda lies on a CUDA device, but no GPU can be"):
        nbp.max_pool2d(OnCuda(), 2)
    for call in (nbp.block_reduce, nbp.max_unpool1d):
        with pytest.raises(PoolDeviceError, match="no GPU can be used"):
            call(OnCuda(), OnCuda(), 2) if call is nbp.max_unpool1d else call(OnCuda(), 2, "max")
    with pytest.raises(PoolDeviceError, match="no GPU can be used"):
        nbp.sequence_pool(X[None], lengths=[2], device="cuda")
    for boxes in (nbp.roi_pool, nbp.roi_align):
        with pytest.raises(PoolDeviceError, match="no GPU can be used"):
            boxes(OnCuda(), np.zeros((1, 5)), 2)
    with pytest.raises(PoolDeviceError, match="no GPU can be used"):
        nbp.multihead_attention_pool(OnCuda(), np.zeros(6), {}, 2)
    for states in (nbp.lstm_pool, nbp.gru_pool):
        with pytest.raises(PoolDeviceError, match="no GPU can be used"):
            states(OnCuda(), {})
    with pytest.raises(nbp.PoolTypeError, match="pooling reads the CPU's memory"):
        nbp.to_onnx_indices(OnCuda(), (4, 6))


def test_auto_falls_back_and_says_so_once(said, monkeypatch):
    said(package=False)
    monkeypatch.setattr(host, "_told", set())
    monkeypatch.setattr(host, "COSTLY", 24)
    want = nbp.median_pool2d(X, 2)
    with pytest.warns(RuntimeWarning, match="pooled on the CPU: no GPU can be used: numba-cuda"):
        assert np.array_equal(nbp.median_pool2d(X, 2, device="auto"), want)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(nbp.median_pool2d(X, 2, device="auto"), want)


def test_auto_leaves_to_the_cpu_what_is_quick_there(said, monkeypatch):
    said(package=False)
    monkeypatch.setattr(doctor, "require", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nbp.max_pool2d(X, 2, device="auto").shape == (2, 3)
        assert nbp.median_pool2d(X, 2, device="auto").shape == (2, 3)
        assert nbp.sequence_pool(X[None], device="auto").shape == (1, 6)
        assert nbp.block_reduce(X, 2, "max", device="auto").shape == (2, 3)
        assert nbp.roi_pool(X[None, None], [[0, 0, 0, 3, 3]], 2, device="auto").shape == (
            1,
            1,
            2,
            2,
        )


@pytest.mark.parametrize(
    ("items", "nbytes", "more", "scratch", "free", "want"),
    [
        (8, 800, 80, 0, 10_000, (8, 2)),  # all at once
        (8, 1 << 28, 1 << 26, 0, 1 << 40, (1, 2)),  # by the size of a chunk
        (1000, 1 << 28, 1 << 26, 0, 1 << 40, (125, 2)),
        (8, 800, 80, 0, 220, (1, 2)),  # by what is free: two of 110
        (8, 800, 80, 0, 219, (1, 1)),
        (8, 800, 80, 50, 500, (1, 2)),
        (1, 800, 80, 0, 880, (1, 1)),
    ],
)
def test_chunks(items, nbytes, more, scratch, free, want):
    chunks = host.chunks_of(items, nbytes, more, scratch, free)
    assert chunks == want
    each = (nbytes + more) / items
    assert chunks.lanes * (chunks.items * each + scratch) <= free


def test_what_does_not_fit_is_refused_before_it_is_asked_for():
    with pytest.raises(nbp.PoolValueError, match=r"takes 880 bytes .* of which 879 are free"):
        host.chunks_of(1, 800, 80, 0, 879)


def test_nothing_of_cuda_is_imported():
    script = """
        import sys
        before = set(sys.modules)  # a package may import something when Python starts
        import numbapool, numbapool.kernels
        import numpy as np
        numbapool.max_pool2d(np.ones((4, 4)), 2)
        numbapool.sequence_pool(np.ones((1, 4, 4)))
        numbapool.Pool("max", 2)([[1, 2], [3, 4]])
        names = "numbapool.cuda", "numba.cuda", "numba_cuda", "cuda"
        print([name for name in set(sys.modules) - before if (name + ".").startswith(tuple(
            each + "." for each in names))])
    """
    assert python(script, NUMBA_DISABLE_JIT=1, NUMBA_ENABLE_CUDASIM=None) == "[]"


def test_importing_numbapool_imports_no_arrays():
    script = "import sys, numbapool; print('numbapool.arrays' in sys.modules)"
    assert python(script) == "False"
    assert arrays.ENGINES.keys() == {"a CUDA device", arrays.LAZY}
