"""With a Numba that cannot build kernels: plain ones and a warning, or an error in one line."""

import sys

import numba
import numpy as np
import pytest
from numba.core.registry import cpu_target

import numbapool as nbp
from numbapool.compile import build, compiled, numba_seams, store
from numbapool.pooling import call

X = np.arange(16, dtype=np.int8).reshape(4, 4)
THOSE = "those that can are 0.62 to 0.68: pip install 'numba>=0.62,<0.69'"


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch):
    """Begin without a kernel: one that is there needs no Numba."""
    monkeypatch.setattr(store, "place", lambda: store.Place(None))
    monkeypatch.setattr(store, "told", [])
    monkeypatch.setattr(compiled, "_kernels", {})
    call.sliding.cache_clear()
    yield
    call.sliding.cache_clear()


def said():
    with pytest.raises(nbp.PoolError) as caught:
        nbp.max_pool2d(X, 2)
    assert isinstance(caught.value, ImportError)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("version", ["0.61.2", "0.9.0"])
def test_too_old(monkeypatch, version):
    monkeypatch.setattr(compiled, "numba_version", lambda: version)
    assert said() == f"Numba {version} cannot build numbapool's kernels; {THOSE}"


@pytest.mark.parametrize("version", ["0.62.0", "0.70.0rc1", "1.0.0", "0+untagged"])
def test_not_too_old(monkeypatch, version):
    monkeypatch.setattr(compiled, "numba_version", lambda: version)
    assert compiled.with_numba("build") is build


def test_a_name_is_gone(monkeypatch):
    monkeypatch.setitem(sys.modules, "numbapool.compile.build", None)
    assert "cannot be imported" in said()

    def gone(name):
        raise ImportError("cannot import name 'Thing' from 'numba.core'")

    monkeypatch.setattr(compiled, "import_module", gone)
    text = said()
    assert "kernels (cannot import name 'Thing' from 'numba.core'); those that can" in text


@pytest.mark.parametrize("error", [AttributeError("x"), TypeError("x"), RuntimeError("x\ny")])
def test_inner_parts_are_others(monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(build, "build", fails)
    with pytest.warns(RuntimeWarning) as told:
        np.testing.assert_array_equal(nbp.max_pool2d(X, 2), [[5, 7], [13, 15]])
    (warning,) = told
    assert f"Numba {numba.__version__} lacks what numbapool's fast kernels" in str(warning.message)
    assert f"({type(error).__name__}: x), so slower ones are compiled" in str(warning.message)


@pytest.mark.parametrize("name", ["_library_class", "set_env"])
def test_the_probe_names_what_is_gone(monkeypatch, name):
    codegen = cpu_target.target_context.codegen()
    monkeypatch.delattr(type(codegen).__mro__[-2], name, raising=False)
    monkeypatch.delattr(type(codegen), name, raising=False)
    assert name in numba_seams.probe.__wrapped__()


def test_the_command_says_so_in_one_line(monkeypatch, tmp_path):
    from click.testing import CliRunner
    from numbapool_cli.app import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(compiled, "numba_version", lambda: "0.61.2")
    np.save("in.npy", X)
    result = CliRunner().invoke(cli, ["max", "in.npy", "-o", "out.npy", "-j", "1"])
    assert result.exit_code == 1
    assert "unexpected" not in result.stderr
    assert "Traceback" not in result.stderr
    assert "Numba 0.61.2 cannot build numbapool's kernels" in " ".join(result.stderr.split())
