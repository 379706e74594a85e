"""Kernels of users' reducers between processes: found again, and never those of other code."""

from functools import reduce
from typing import NamedTuple

import llvmlite.binding as llvm
import numpy as np
import pytest
from numba import njit
from processes import python

import numbapool as nbp
from numbapool.compile import compiled, linked
from numbapool.compile.build import Built, without_addresses
from numbapool.compile.symbols import undefined
from numbapool.pooling import call
from numbapool.reducers.users import EXAMPLE, reduction_of

REDUCER = '''
import sys
from typing import NamedTuple
import numpy as np
import numbapool as nbp
from numbapool.compile import compiled

TEXT = """
from numba import njit

factor = 1.0

@njit
def helped(value):
    return value * 0.0

def made(offset):
    class Own(NamedTuple):
        accumulates = np.float64

        def neutral(self):
            return 0.0

        def lift(self, value):
            return value * factor + helped(value)

        def combine(self, a, b):
            return a + b

        def finish(self, acc, scale, more=0.0):
            return acc + offset + more

    return Own

own = made(0.0)
"""

def pooled(before="", after=""):
    """Return what the reducer gives after an edit, and how many kernels were compiled for it."""
    assert before in TEXT
    names = {"np": np, "NamedTuple": NamedTuple, "__name__": "__main__"}
    exec(TEXT.replace(before, after) if before else TEXT, names)
    compilations = []
    compiled.on_compile[:] = [lambda: compilations.append(1)]
    x = np.repeat([1.0, 2.0], 256)  # the kernel of long windows compiles soonest
    result = nbp.reduce_pool1d(x, names["own"](), 256)
    return str(result.dtype), result.tolist(), len(compilations)
'''

EDITS = {
    ("return a + b", "return max(a, b)"): ("float64", [1.0, 2.0], 1),
    ("factor = 1.0", "factor = 2.0"): ("float64", [512.0, 1024.0], 1),
    ("value * 0.0", "value * 1.0"): ("float64", [512.0, 1024.0], 1),
    ("made(0.0)", "made(1.0)"): ("float64", [257.0, 513.0], 1),
    ("more=0.0", "more=2.0"): ("float64", [258.0, 514.0], 1),
    ("accumulates = np.float64", "gives = np.float32"): ("float32", [256.0, 512.0], 1),
    ("def made", "# A remark.\ndef made"): ("float64", [256.0, 512.0], 0),
}
"""Edits of a body, a global constant, a helper, a closure, a default, a class attribute, and of
nothing that counts; with what the reducer then gives, and the kernels to compile."""


def test_the_next_process_takes_kernels_of_the_same_code_alone(tmp_path):
    def run(script):
        return python(REDUCER + script, NUMBA_CACHE_DIR=tmp_path)

    assert run("print(pooled())") == "('float64', [256.0, 512.0], 1)"
    same = "('float64', [256.0, 512.0], 0)"
    found = run(f"print(pooled(), [pooled(*edit) for edit in {[*EDITS]}])")
    assert found == f"{same} {[*EDITS.values()]}"
    alone = 'TEXT = TEXT.replace("from numba import njit", "from math import fabs").replace('
    alone += '"@njit\\ndef", "def").replace(" + helped(value)", "")\n'
    need = alone + 'print(pooled(), "numba" in sys.modules)'
    assert run(need) == "('float64', [256.0, 512.0], 1) True"
    assert run(need) == "('float64', [256.0, 512.0], 0) False"


class Total(NamedTuple):
    """A reducer whose lift takes no row."""

    def neutral(self):
        return 0.0

    def lift(self, value):
        return value + value

    def combine(self, a, b):
        return a + b


@pytest.fixture
def builds(tmp_path, monkeypatch):
    """Return the list of builds, the first of which alone is one; kernels are in a new folder."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    build, done = compiled._build, []

    def built(spec, name):
        done.append(done[0] if done else build(spec, name))
        return done[-1]

    monkeypatch.setattr(compiled, "_build", built)
    forget()
    yield done
    forget()


def forget():
    compiled._kernels.clear()
    call.sliding.cache_clear()


def pooled(op=Total):
    """Pool as a new process would."""
    forget()
    x = np.repeat([1.0, 2.0], 256)
    assert nbp.reduce_pool1d(x, op(), 256).tolist() == [512.0, 1024.0]


def helped(value):
    return value + value


def unknown(code):
    raise linked.Unknown


def test_what_is_kept_and_what_is_not(builds, tmp_path, monkeypatch):
    def files():
        return len(list(tmp_path.glob("numbapool-kernels/*.o")))

    pooled()
    pooled()
    assert (len(builds), files()) == (1, 1)
    with monkeypatch.context() as patch:  # a part of Numba's that this process lacks
        patch.setattr(compiled, "undefined", lambda code: {"exp", "numba_that_is_none"})
        patch.setattr(linked, "linked", unknown)  # so LLVM loads it
        pooled()
    assert len(builds) == 2

    helper = njit(helped)

    class Helped(Total):
        __slots__ = ()

        def lift(self, value):
            return helper(value)

    helper(1.0)  # had it been compiled when something that it reads was another, nobody could tell
    pooled(Helped)
    pooled(Helped)
    assert (len(builds), files()) == (4, 1)

    class Unknown(Total):
        __slots__ = ()
        parts = {}  # noqa: RUF012

    class Bound(Total):
        __slots__ = ()
        bound = True

    pooled(Unknown)
    pooled(Unknown)
    assert (len(builds), files()) == (6, 1)
    builds[0] = Built(builds[0].code, bound=True)
    pooled(Bound)
    assert (len(builds), files()) == (7, 1)
    builds[0] = Built(builds[0].code, bound=False)
    pooled(Bound)
    assert (len(builds), files()) == (8, 2)


def test_values_that_change_while_a_process_runs(builds, tmp_path, monkeypatch):
    """What a class was first made of names its kernels, so later values make none for others."""

    class Scaled(Total):
        __slots__ = ()

        def lift(self, value):
            return value * number  # noqa: F821

    monkeypatch.setitem(globals(), "number", 2.0)
    pooled(Scaled)
    monkeypatch.setitem(globals(), "number", 3.0)
    pooled(Scaled)
    assert (len(builds), len(list(tmp_path.glob("numbapool-kernels/*.o")))) == (2, 1)
    monkeypatch.setitem(globals(), "number", 2.0)
    pooled(Scaled)
    assert len(builds) == 2, "what is kept is of this content"
    for file in tmp_path.glob("numbapool-kernels/*.o"):
        file.unlink()
    pooled(Scaled)
    assert (len(builds), [*tmp_path.glob("numbapool-kernels/*.o")]) == (3, []), "Numba knows both"


TEXT = """
@"numba.dynamic.globals.7f0c" = linkonce global ptr inttoptr (i64 {address} to ptr)
@numba.dynamic.globals.7f0c.1 = linkonce global ptr inttoptr (i64 {address} to ptr)
declare double @a_rather_long_name(double)
declare double @exp(double)
declare double @unused(double)

define internal double @inner(double %x) {{
  %y = call double @exp(double %x)
  %z = frem double %y, %x
  ret double %z
}}

define double @outer(double %x) {{
  %y = call double @inner(double %x)
  %z = call double @a_rather_long_name(double %y)
  ret double %z
}}
"""


@pytest.mark.parametrize("system", ["unknown-linux-gnu", "apple-darwin", "pc-windows-msvc"])
def test_names_that_object_files_need(system):
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.get_default_triple().partition("-")[0]
    triple = f"{'arm64' if machine == 'aarch64' and 'apple' in system else machine}-{system}"
    module = llvm.parse_assembly(TEXT.format(address=1))
    module.triple = triple
    code = llvm.Target.from_triple(triple).create_target_machine().emit_object(module)
    assert undefined(code) == {"a_rather_long_name", "exp", "fmod"}
    assert undefined(b"\x7fELF\x01" + code[5:]) == {"?"}


def test_addresses_are_taken_out():
    text = without_addresses(TEXT.format(address=139804625693712))
    assert "139804625693712" not in text
    assert text.count("external global ptr\n") == 2
    assert "inttoptr" not in without_addresses(
        '@"numba.dynamic.globals.1" = linkonce global i8* inttoptr (i64 12 to i8*)'
    )
    llvm.parse_assembly(text)


FUNCTIONS = {
    "function": (lambda w: w.mean(), "not the function <lambda>; a right one is"),
    "class": (Total, r"not the class itself: pass Total\(\)"),
    "number": (3, "not 3"),
    "builtin": (max, "not <built-in function max>; a right one is"),
}


@pytest.mark.parametrize("wrong", FUNCTIONS)
def test_what_is_no_reducer(wrong):
    given, message = FUNCTIONS[wrong]
    for function in (nbp.reduce_pool1d, nbp.pool1d):
        with pytest.raises(nbp.PoolTypeError, match=message):
            function(np.ones(4), given, 2)


@pytest.mark.parametrize(
    ("method", "function", "says"),
    [
        ("combine", lambda self, values: 0.0, r"combine takes \(self, values\), .*\(self, a, b\)"),
        ("combine", lambda self, b, a: a, r"combine takes \(self, b, a\), .*\(self, a, b\)"),
        ("finish", lambda self, acc: acc, r"finish takes \(self, acc\), .*\(self, acc, scale\)"),
        ("lift", lambda value: value, r"lift takes \(value\), .*\(self, value, row\)"),
        ("neutral", lambda: 0.0, r"neutral takes \(\), .*\(self\)"),
        ("neutral", None, "has no method neutral"),
    ],
)
def test_methods_that_cannot_be_called(method, function, says):
    members = {name: vars(Total)[name] for name in ("neutral", "lift", "combine")}
    own = type("Own", (NamedTuple("Fields", []),), {**members, method: function})
    if function is None:
        del own.neutral
    with pytest.raises(nbp.PoolTypeError, match=rf"(?s)Own.{says}.*a right one is.*class Total"):
        nbp.reduce_pool1d(np.ones(4), own(), 2)


def test_the_right_one_that_errors_show_is_right():
    lines = EXAMPLE.partition("\n\n")[2].splitlines()
    *statements, last = "\n".join(line.removeprefix("    ") for line in lines).split("\n\n")
    names = {"NamedTuple": NamedTuple}
    exec("\n\n".join(statements), names)
    assert last == "numbapool.reduce_pool2d(x, Total(), 2)"
    own = names["Total"]()
    assert reduction_of(own, np.dtype("f8")).outs == (np.dtype("f8"),)
    assert reduce(own.combine, map(own.lift, [1, 2, 4]), own.neutral()) == 7
