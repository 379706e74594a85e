"""The processor and the compilers that kernels are made for and by, without importing these."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import llvmlite

from numbapool.compile import guarded, store
from numbapool.errors import PoolImportError


class Host(NamedTuple):
    """The names that LLVM has for the processor."""

    triple: str
    name: str
    features: str


@cache
def host() -> Host:
    """Return how LLVM names this processor.

    Importing LLVM takes longer than a small picture does. So its answer is kept in a file, for
    processors of which the system says the same.
    """
    (folder, trouble), said = store.place(), told_by_system()
    if trouble:
        store.warn_once(trouble)
    if folder is None or not said or "llvmlite.binding" in sys.modules:
        return told_by_llvm()
    path = folder / f"{hashlib.sha256(said).hexdigest()[:32]}.host"
    try:
        kept = store.read(path)
    except guarded.Unsafe:
        return told_by_llvm()
    if kept is not None:
        return Host(*kept.decode().split("\n"))
    told = told_by_llvm()
    store.write(path, "\n".join(told).encode())
    return told


def told_by_llvm() -> Host:
    """Return what LLVM finds out about this processor."""
    import llvmlite.binding as llvm

    features = ""
    with suppress(RuntimeError):  # LLVM does not know them all
        features = str(llvm.get_host_cpu_features().flatten())
    return Host(str(llvm.get_default_triple()), str(llvm.get_host_cpu_name()), features)


PROCFS = Path("/proc/cpuinfo")
"""Where Linux tells what it knows of each processor."""

OF_A_PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
"""What tells processors of x86-64 apart."""


def told_by_system() -> bytes:
    """Return what the system tells of this processor, and which LLVM is asked; else nothing."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return b""
    try:
        with PROCFS.open("rb", buffering=0) as file:
            first = file.read(1 << 14).decode(errors="replace").partition("\n\n")[0]
    except OSError:
        return b""
    lines = [line.partition(":") for line in first.splitlines()]
    told = {name.strip(): value for name, _, value in lines if name.strip() in OF_A_PROCESSOR}
    known = told.keys() == set(OF_A_PROCESSOR)
    return repr((told, sys.maxsize, llvmlite.__version__)).encode() if known else b""


# These read Numba's environment variables as Numba does, without importing it.


def cpu() -> str:
    """Return the name of the processor that code is made for."""
    return os.environ.get("NUMBA_CPU_NAME") or host().name


def features() -> str:
    """Return the instructions that may be used beyond those of the processor's name."""
    given = os.environ.get("NUMBA_CPU_FEATURES")
    if given is not None:
        return given
    if cpu().lower() == "generic":
        return ""
    known = host().features
    # At the end, "-avx" also removes features that build on AVX; before "+fma" it would be undone.
    return f"{known},-avx" if "+avx," in f"{known}," and not _has_avx() else known


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
