"""What instructions kernels are made of: Numba's variables about the processor are obeyed."""

import os
import platform
import re

import pytest
from processes import ended

pytestmark = pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"),
    reason="the registers looked for are those of x86-64",
)

SCRIPT = """
import llvmlite.binding as llvm
import numpy as np

import numbapool as nbp
from numbapool.compile.sources import surroundings

emit = llvm.TargetMachine.emit_object


def told(self, module):
    print(self.emit_assembly(module))
    return emit(self, module)


llvm.TargetMachine.emit_object = told
x = np.arange(1024, dtype=np.int16)
assert nbp.max_pool1d(x, 256).tolist() == [255, 511, 767, 1023]
print(surroundings().hex())
"""


def compiled(tmp_path, **variables):
    """Compile a kernel; return its assembly, and what names the cache's files."""
    others = {name: None for name in os.environ if name.startswith("NUMBA_")}
    done = ended(SCRIPT, **others | {"NUMBA_CACHE_DIR": tmp_path} | variables)
    assert (done.code, done.errors) == (0, "")
    *assembly, name = done.output.splitlines()
    return "\n".join(assembly), name


def registers(assembly):
    return set(re.findall(r"%([xyz]mm)\d", assembly))


def test_processors_without_avx(tmp_path):
    """Each compiles a kernel of its own: one made for another processor is not found."""
    names = set()
    for variables in (
        {"NUMBA_CPU_NAME": "generic"},
        {"NUMBA_ENABLE_AVX": "0"},
        {"NUMBA_CPU_NAME": "sandybridge"},
    ):
        assembly, name = compiled(tmp_path, **variables)
        assert registers(assembly) == {"xmm"}, variables
        names.add(name)
    assert len(names) == 3


def test_features_that_are_given(tmp_path):
    given = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+avx2"}
    assembly, _ = compiled(tmp_path, **given)
    assert "ymm" in registers(assembly)
    assert "zmm" not in registers(assembly)
