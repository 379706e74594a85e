"""Machine code on disk, and back into the process.

One file a kernel, named by a hash of all that bears on it: the reducer and types, the sources
that it is compiled from, the versions of the compilers, and the processor. A file begins with a
hash of its content: what is cut short or changed is thrown away and compiled again. It is
written beside its place and renamed, so no reader sees a part of it; and it is compiled under a
lock, so that of many processes that want one kernel, one makes it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import get_data
from typing import Any

import llvmlite
import llvmlite.binding as llvm

ENTRY = "numbapool_kernel"
"""The name of an object file's one function."""

SOURCES = (
    "reducers.py",
    "means.py",
    "selectors.py",
    *(
        f"kernels/{name}.py"
        for name in (
            "bounds",
            "build",
            "columns",
            "direct",
            "faces",
            "geometry",
            "lanes",
            "rows",
            "running",
            "runs",
            "select",
            "spec",
            "thinned",
        )
    ),
)
"""What the kernels are compiled from."""

PROTOTYPE = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 4)

CHECK = hashlib.sha256
CHECK_BYTES = CHECK().digest_size


class Kernel:
    """Machine code in this process: its address, and the function for calling it."""

    def __init__(self, code: bytes) -> None:
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = self._engine.get_function_address(ENTRY)
        self.call = PROTOTYPE(self.address)


def target_machine() -> Any:
    """Return a description of this processor for LLVM; an engine keeps the one it is given."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=_cpu(),
        features=_features(),
        opt=3,
        jit=True,
        codemodel="jitdefault",
    )


def _cpu() -> str:
    return os.environ.get("NUMBA_CPU_NAME") or str(llvm.get_host_cpu_name())


def _features() -> str:
    given = os.environ.get("NUMBA_CPU_FEATURES")
    return str(llvm.get_host_cpu_features().flatten()) if given is None else given


@cache
def surroundings() -> bytes:
    """Return a hash of what all kernels depend on: our sources, the compilers, the processor."""
    digest = hashlib.sha256()
    for path in SOURCES:
        digest.update(get_data("numbapool", path) or b"")
    machine = target_machine()
    for word in (numba_version(), llvmlite.__version__, machine.triple, _cpu(), _features()):
        digest.update(word.encode() + b"\0")
    return digest.digest()


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
        raise ImportError(
            "numbapool compiles its kernels with Numba, which is not there: pip install numba"
        ) from None


def folder() -> Path | None:
    """Return where the kernels are kept, made if missing; None where nowhere can be written.

    It is ``NUMBA_CACHE_DIR`` where that is set, else the user's folder for caches.
    """
    try:
        path = _folder() / "numbapool-kernels"  # no name that could be imported
        path.mkdir(parents=True, exist_ok=True)
        writable = os.access(path, os.W_OK | os.X_OK)
    except (OSError, RuntimeError):  # no rights, or no home
        writable = False
    return path if writable else None


def _folder() -> Path:
    given = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def read(path: Path) -> bytes | None:
    """Return the code in a file if it is whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    code = content[CHECK_BYTES:]
    return code if CHECK(code).digest() == content[:CHECK_BYTES] else None


def write(path: Path, code: bytes) -> None:
    """Put code into a file, whole or not at all; what fails here is only slower next time."""
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        partial.write_bytes(CHECK(code).digest() + code)
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a kernel's file against other processes; where none can be had, go on."""
    try:
        file = path.with_suffix(".lock").open("wb")
    except OSError:
        yield
        return
    with file:
        with suppress(OSError):
            _lock(file)
        yield  # closing the file gives the lock back


def _lock(file: Any) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


@lru_cache(maxsize=1)
def warn_once() -> None:
    """Say that what is compiled is lost at the end."""
    warnings.warn(
        "numbapool finds no folder that it may write compiled kernels to, so each process "
        "compiles its own: set NUMBA_CACHE_DIR to one",
        RuntimeWarning,
        stacklevel=2,
    )


def code_for(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the code of a kernel from its file, or made and kept there."""
    place = folder()
    if place is None:
        warn_once()
        return make()
    path = place / f"{name}.o"
    code = read(path)
    if code is None:
        with locked(path):
            code = read(path)
            if code is None:
                code = make()
                write(path, code)
    return code
