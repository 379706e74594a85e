"""The processor and the compilers that kernels are made for and by, without importing Numba."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm

from numbapool.compile.contract import ENTRY, PROTOTYPE
from numbapool.errors import PoolImportError


class Unresolved(Exception):
    """Machine code needs a function that this process lacks."""


class Kernel:
    """Machine code in this process: its address, and the function for calling it.

    Raises
    ------
    Unresolved
        If the code needs one of the `names`, and this process lacks that.
    """

    def __init__(self, code: bytes, names: Iterable[str] = ()) -> None:
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
        for name in names:  # only now LLVM finds the process's own
            if not llvm.address_of_symbol(name):
                raise Unresolved(name)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = self._engine.get_function_address(ENTRY)
        self.call = PROTOTYPE(self.address)


def target_machine() -> Any:
    """Return a new description of this processor for LLVM: an engine keeps the one it is given."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu(),
        features=features(),
        opt=3,
        jit=True,
        codemodel="jitdefault",
    )


# These read Numba's environment variables as Numba does, without importing it.


def cpu() -> str:
    """Return the name of the processor that code is made for."""
    return os.environ.get("NUMBA_CPU_NAME") or _host_name()


def features() -> str:
    """Return the instructions that may be used beyond those of the processor's name."""
    given = os.environ.get("NUMBA_CPU_FEATURES")
    if given is not None:
        return given
    if cpu().lower() == "generic":
        return ""
    host = _host_features()
    # At the end, "-avx" also removes features that build on AVX; before "+fma" it would be undone.
    return f"{host},-avx" if "avx," in f"{host}," and not _has_avx() else host


# LLVM takes a third of a millisecond to tell these.


@cache
def _host_name() -> str:
    return str(llvm.get_host_cpu_name())


@cache
def _host_features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


def vector_bytes() -> int:
    """Return how wide the processor's vectors of integers are."""
    given = f",{features()},"
    return 64 if ",+avx512bw," in given else 32 if ",+avx2," in given else 16


def _has_avx() -> bool:
    given = os.environ.get("NUMBA_ENABLE_AVX", "")
    with suppress(ValueError):
        return bool(int(given))
    return cpu() not in WITHOUT_AVX


WITHOUT_AVX = {"corei7-avx", "core-avx-i", "sandybridge", "ivybridge", "nocona"}
"""Processors without AVX, or whose AVX gains nothing: Numba does not use it there."""


def numba_version() -> str:
    """Return Numba's version without importing it, which takes long."""
    if "numba" in sys.modules:
        return str(sys.modules["numba"].__version__)
    spec = find_spec("numba")
    with suppress(OSError):
        if spec and spec.origin:
            text = Path(spec.origin).with_name("_version.py").read_text(encoding="utf-8")
            found = re.search(r'"version": "(.+)"', text)
            if found:
                return found[1]
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("numba")
    except PackageNotFoundError:
        raise PoolImportError(
            "numbapool compiles its kernels with Numba, which is not installed: pip install numba"
        ) from None
