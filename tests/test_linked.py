"""Machine code is loaded without LLVM if it is simple, and by LLVM otherwise: it does the same."""

import ctypes
import platform
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from numbapool.compile import engine, linked, store, target
from numbapool.compile.contract import ENTRY

LINUX = sys.platform == "linux" and platform.machine() == "x86_64"
on_linux = pytest.mark.skipif(not LINUX, reason="LLVM loads all machine code here")

TEXT = f"""
@table = private constant [4 x i64] [i64 11, i64 22, i64 33, i64 44]
{{globals}}
declare ptr @memset(ptr, i32, i64)
declare double @exp(double)
define internal i64 @item(i64 %n) noinline {{{{
  %at = getelementptr i64, ptr @table, i64 %n
  %item = load i64, ptr %at
  ret i64 %item
}}}}
define void @{ENTRY}(i64 %to, i64 %n, i64 %many, i64 %byte) {{{{
  %out = inttoptr i64 %to to ptr
  %item = call i64 @item(i64 %n)
  store i64 %item, ptr %out
  %more = getelementptr i64, ptr %out, i64 1
  {{body}}
  %cut = trunc i64 %byte to i32
  call ptr @memset(ptr %more, i32 %cut, i64 %many)
  ret void
}}}}
"""
"""A kernel that reads a constant, calls a function of its own, and one of the C library."""


def code_of(body="", globals=""):
    """Return an object file of the kernel, with something more in it."""
    machine = engine.target_machine()
    module = llvm.parse_assembly(TEXT.format(body=body, globals=globals))
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    return machine.emit_object(module)


def call(kernel):
    out = (ctypes.c_uint64 * 4)()
    kernel.call(ctypes.addressof(out), 2, 16, 7)
    return list(out)


SEVENS = 0x0707070707070707
RIGHT = [33, SEVENS, SEVENS, 0]
OTHERS = {
    "a variable": ("store i64 1, ptr @own", "@own = global i64 5"),
    "zeros": ("store i64 1, ptr @own", "@own = global i64 0"),
    "another function": (
        "%y = call double @exp(double 1.0)\n  store double %y, ptr %more",
        "",
    ),
}
"""Parts that only LLVM loads."""


def is_linked(kernel):
    return not isinstance(kernel._kept, llvm.ExecutionEngine)


@on_linux
def test_simple_code_is_loaded_without_llvm():
    kernel = linked.Kernel(code_of())
    assert is_linked(kernel)
    assert call(kernel) == RIGHT


@pytest.mark.parametrize("other", OTHERS)
def test_llvm_loads_what_is_not_known(other):
    kernel = linked.Kernel(code_of(*OTHERS[other]))
    assert not is_linked(kernel)
    assert call(kernel) == RIGHT


def test_llvm_loads_where_memory_may_not_be_run(monkeypatch):
    def refused(base, size):
        raise OSError

    monkeypatch.setattr(linked, "seal", refused)
    kernel = linked.Kernel(code_of())
    assert not is_linked(kernel)
    assert call(kernel) == RIGHT


def test_llvm_loads_on_other_systems(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not is_linked(linked.Kernel(code_of()))


@on_linux
def test_memory_of_code_cannot_be_written_to():
    kernel = linked.Kernel(code_of())
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, mode = line.split()[:2]
        first, end = (int(edge, 16) for edge in span.split("-"))
        if first <= kernel.address < end:
            assert mode == "r-xp"
            return
    pytest.fail("the code lies nowhere")


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Ask for the processor's names as a new process does, and count how often LLVM is asked."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    names, count = target.told_by_llvm(), []
    monkeypatch.setattr(target, "told_by_llvm", lambda: count.append(1) or names)
    monkeypatch.delitem(sys.modules, "llvmlite.binding")

    def ask():
        before = len(count)
        target.host.cache_clear()
        assert target.host() == names
        return len(count) - before

    yield ask
    target.host.cache_clear()


@on_linux
def test_llvm_is_asked_once_for_a_processor(asked, tmp_path, monkeypatch):
    assert (asked(), asked()) == (1, 0)
    (file,) = tmp_path.glob("numbapool-kernels/*.host")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"?")  # it is harmed
    assert (asked(), asked()) == (1, 0)
    assert file.read_bytes() == whole
    said = tmp_path / "cpuinfo"
    said.write_bytes(target.PROCFS.read_bytes().replace(b" sse2 ", b" "))
    monkeypatch.setattr(target, "PROCFS", said)  # another processor
    assert (asked(), asked()) == (1, 0)
    said.write_text("processor : 0\n\n")  # it tells too little
    assert (asked(), asked()) == (1, 1)
    said.unlink()
    assert (asked(), asked()) == (1, 1)
    assert len(list(tmp_path.glob("numbapool-kernels/*"))) == 2


@on_linux
def test_llvm_is_asked_if_nothing_can_be_kept(asked, monkeypatch):
    monkeypatch.setattr(store, "place", lambda: store.Place(None))
    assert (asked(), asked()) == (1, 1)
