"""Compiled code whose way to Python is gone or gives nonsense: an error says so, nothing dies."""

import json
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from processes import kernels_of_this_process, python

from numbapool import jit
from numbapool.compile.contract import RECORD
from numbapool.jit import records

USER = """
import sys

from numba import njit

import numbapool as nbp


@njit(cache=True)
def pooled(x, k):
    return nbp.max_pool2d(x, k)


@njit
def blocks(x, k):
    return nbp.block_reduce(x, (k, k), "max")
"""

SCRIPT = """
import sys

import numpy as np

from user import blocks, njit, nbp, pooled
from numbapool import functional, jit

x = np.arange(16.0).reshape(4, 4)
function = globals()[sys.argv[1]]
njit(lambda: 0)()  # Numba has loaded its extensions
if sys.argv[2] != "nothing":
    function.compile("float64[:, ::1](float64[:, ::1], int64)")
    print("found" if function.stats.cache_hits else "compiled")


def fails(*arguments, **named):
    raise RuntimeError("no\\nluck")


def exits(*arguments):
    raise SystemExit(3)


def harm(name):
    if name == "no module":
        sys.modules["numbapool.jit"] = None
    elif name == "no package":
        for module in list(sys.modules):
            if module.partition(".")[0] == "numbapool":
                sys.modules[module] = None
    elif name == "no function":
        del jit.record
    elif name != "nothing":
        jit.record = {"fails": fails, "exits": exits}.get(name, lambda *_: eval(name))
    if name == "fails":
        functional.block_reduce.__code__ = fails.__code__


harm(sys.argv[2])
try:
    print(function(x, 2).tolist())
except Exception as error:
    print(type(error).__name__, " ".join(str(error).split()))
"""

NONSENSE = [
    "None",
    "3",
    "(0,)",
    "(0, '', 0)",
    "('0', 'text')",
    "(None, None)",
    "(1 << 70, '')",
    "(1, '')",
    "(-8, '')",
    "(4097, '')",
    "[8192, '']",
    "(0.0, 'text')",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with a user's module, and a way to run the script beside it."""
    path = tmp_path_factory.mktemp("user")
    path.joinpath("user.py").write_text(USER)
    path.joinpath("script.py").write_text(textwrap.dedent(SCRIPT))
    return path


def run(folder, function, harm):
    more = kernels_of_this_process()
    return python(Path("script.py"), function, harm, cwd=folder, **more).splitlines()


POOLED = "[[5.0, 7.0], [13.0, 15.0]]"


def test_what_is_missing_or_wrong_is_said(folder):
    """Compiled here the first time; each of the others finds the code in Numba's cache."""
    compiled, said = run(folder, "pooled", "no module")
    assert compiled == "compiled"
    assert said.startswith("PoolValueError numbapool.jit cannot be imported: was numbapool removed")
    assert "delete Numba's cache" in said
    found, said = run(folder, "pooled", "no module")
    assert found == "found"
    assert said.startswith("PoolValueError numbapool.jit cannot be imported")
    assert "has no function 'record'" in run(folder, "pooled", "no function")[1]
    assert "record raised an error or" in run(folder, "pooled", "fails")[1]
    assert "record raised an error or" in run(folder, "pooled", "exits")[1]
    assert run(folder, "pooled", "no package")[1]  # whatever it is, it is an exception
    assert run(folder, "pooled", "(0, 'some text')")[1] == "PoolValueError some text"
    assert run(folder, "pooled", "nothing") == [POOLED]


def test_nonsense_in_one_process(folder):
    script = folder / "nonsense.py"
    text = SCRIPT.partition("harm(sys.argv[2])")[0]
    text += textwrap.dedent(f"""
    for answer in {NONSENSE}:
        harm(answer)
        try:
            print(function(x, 2).tolist())
        except nbp.PoolValueError as error:
            assert "gave a wrong answer" in str(error), (answer, error)
            print("refused")
    """)
    script.write_text(text)
    said = python(script, "pooled", "-", cwd=folder)
    assert said.splitlines()[1:] == ["refused"] * len(NONSENSE)


def test_functions_that_work_in_python(folder):
    """Numba keeps no such code; what it holds needs no name once it is compiled."""
    assert run(folder, "blocks", "no module")[1] == POOLED
    assert run(folder, "blocks", "fails")[1] == "RuntimeError no luck"
    assert run(folder, "blocks", "no package")[1]


# What `record` promises to code that was compiled long ago.

NUMBERS = np.array([4, 4, 2], np.int64)


def asked(**changes):
    arguments = {"kernel_size": ("int", None)}
    site = {"name": "max_pool2d", "dtype": "float64", "ndim": 2, "arguments": arguments}
    structure = {**site, "count": 3, "record": RECORD, **changes}
    return jit.record(json.dumps(structure), NUMBERS.ctypes.data)


def test_record_gives_an_address():
    found, text = asked()
    assert found > 0
    assert text == ""
    assert found == asked()[0]


@pytest.mark.parametrize(
    "structure",
    ["", "nonsense", "[]", "3", "null", "{}", '{"record": 0}', json.dumps({"record": "1"}), None],
)
def test_record_knows_no_other_version(structure):
    found, text = jit.record(structure, NUMBERS.ctypes.data)
    assert found == 0
    assert "compiled for another version of numbapool: delete Numba's cache" in text


def test_record_raises_no_error(monkeypatch):
    class Odd(Exception):
        def __str__(self):
            raise ValueError

    for error, said in ((Odd(), "Odd"), (ValueError("a\nb"), "a\nb"), (MemoryError(), "Memory")):

        def fails(*_, error=error):
            raise error

        monkeypatch.setattr(records, "_call", fails)
        found, text = asked(ndim=1)
        assert found == 0
        assert said in text


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_record_passes_on_what_stops_python(monkeypatch, stop):
    """Ctrl-C, or a signal's handler that ends the process: raised when compiled code has ended."""

    def stopped(*_):
        raise stop

    monkeypatch.setattr(records, "_call", stopped)
    answers = []
    with pytest.raises(type(stop)) as caught:
        answers.append(asked(dtype="float32"))
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.01)
    assert caught.value.args == stop.args
    assert answers == [(0, f"stopped by {type(stop).__name__}")]
