"""The plain kernels: those that import, and those that stand in for the fast ones."""

import os
import pickle
import stat

import naive
import numpy as np
import pytest
from agreement import assert_equal
from processes import python

from numbapool import kernels
from numbapool.compile import kept, store
from numbapool.reducers.extremes import Extreme
from numbapool.reducers.ways import SkipNaNOrValue, Smallest, variant


def test_the_public_names_and_no_others():
    names = python("import numbapool.kernels as k; print(*dir(k))").split()
    families = ("avg", "max", "median", "min", "sum")
    plain = {f"{family}_pool{ndim}d" for family in families for ndim in (1, 2, 3)}
    others = {"loop_of", "on_compile", "place", "prepare", "run", "thread_count", "told"}
    others |= {"worth_compiling"}
    assert set(names) == plain | others
    assert all(hasattr(kernels, name) for name in names)
    with pytest.raises(AttributeError, match="no attribute 'max_pool4d'"):
        _ = kernels.max_pool4d


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("max", "int64"), ("sum", "int16"), ("avg", "uint8")],
)
def test_they_give_what_the_definition_says(name, dtype):
    x = np.random.default_rng(0).integers(0, 200, (9, 11)).astype(dtype)
    more = {"count_include_pad": False} if name == "avg" else {}
    want = getattr(naive, f"{name}_pool")(x, 2, (3, 4), (2, 3), 1, **more)
    out = np.empty_like(want)
    getattr(kernels, f"{name}_pool2d")(x, out, (3, 4), (2, 3), (1, 1))
    np.testing.assert_allclose(out, want, rtol=1e-6)


def test_one_and_three_axes():
    x = np.arange(24.0).reshape(2, 3, 4)
    out = np.empty((2, 3, 2))
    kernels.max_pool1d(x, out, (2,), (2,), (0,))
    assert_equal(out, x[..., 1::2])
    out = np.empty((1, 1, 1))
    kernels.max_pool3d(x, out, (2, 3, 4), (1, 1, 1), (0, 0, 0))
    assert out == 23


def test_windows_outside_and_results_of_none():
    out = np.empty((1, 4))
    kernels.max_pool2d(np.array([[1.0, np.nan]]), out, (1, 1), (1, 1), (0, 1))
    assert_equal(out, np.array([[-np.inf, 1, np.nan, -np.inf]]))
    kernels.max_pool2d(np.empty((0, 3)), np.empty((0, 3)), (1, 1), (1, 1), (0, 0))


def test_a_variant_is_found_by_its_name_in_another_process():
    content = pickle.dumps(variant(Extreme, Smallest, SkipNaNOrValue))
    code = f"import pickle; print(pickle.loads({content!r}).__name__)"
    assert python(code) == "ExtremeSmallestSkipNaNOrValue"


def test_numbas_cache_stands_in_a_folder_of_this_users_own(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "told", [])
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = kept.folder()
    assert folder.parent == store.place().path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_what_others_could_have_written_is_thrown_away(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "told", [])
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = kept.folder()
    (folder / "within").mkdir()
    (folder / "within" / "code.nbc").write_bytes(b"")
    folder.chmod(0o777)
    with pytest.warns(RuntimeWarning, match="were thrown away"):
        assert kept.folder() == folder
    assert list(folder.iterdir()) == []


def test_without_a_folder_nothing_is_kept(monkeypatch):
    class Dispatcher:
        def enable_caching(self):
            raise AssertionError

    monkeypatch.setattr(store, "told", [])
    monkeypatch.setattr(store, "place", lambda: store.Place(None, "no folder"))
    with pytest.warns(RuntimeWarning, match="no folder"):
        kept.keep([Dispatcher()])


STANDING_IN = """
import numpy as np, numbapool as nbp
from numba import njit
from numbapool.compile import compiled
x = np.random.default_rng(0).standard_normal((2, 12, 70)).astype("f4")
for k in (2, 3, 9):
    v, i = nbp.max_pool2d(x, k, return_indices=True)
    assert (v.ravel() == np.take_along_axis(x.reshape(2, -1), i.reshape(2, -1), 1).ravel()).all()
@njit
def inside(x):
    return nbp.median_pool2d(x, 3)
np.testing.assert_array_equal(inside(x), nbp.median_pool2d(x, 3))
np.testing.assert_allclose(nbp.global_avg_pool(x).ravel(), x.mean(2).ravel(), rtol=1e-5, atol=1e-6)
assert {type(each).__name__ for each in compiled._kernels.values()} == {"Plain"}
"""


def test_they_stand_in_for_all_others():
    python(STANDING_IN, NUMBAPOOL_KERNELS="plain")


HOOK = """
import sys, numba
before = set(sys.modules)
from numbapool.jit import register
register()
print(*(name for name in set(sys.modules) - before if name.startswith(("numbapool", "numpy"))))
"""


def test_the_extension_hook_imports_next_to_nothing():
    """Numba calls it in every program that uses Numba."""
    assert set(python(HOOK).split()) <= {"numbapool", "numbapool.errors", "numbapool.jit"}
