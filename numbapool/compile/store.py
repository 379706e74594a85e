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
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from pkgutil import get_data
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm

from numbapool.compile import guarded
from numbapool.errors import PoolImportError

ENTRY = "numbapool_kernel"
"""The name of an object file's one function."""

SOURCES = (
    *(
        f"reducers/{name}.py"
        for name in ("extremes", "means", "methods", "selectors", "sums", "ways")
    ),
    *(
        f"loops/{name}.py"
        for name in (
            "bounds",
            "columns",
            "direct",
            "faces",
            "geometry",
            "lanes",
            "pointers",
            "rows",
            "running",
            "runs",
            "select",
            "thinned",
        )
    ),
    "compile/build.py",
    "compile/spec.py",
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


# As Numba reads its variables, without Numba.


def _cpu() -> str:
    return os.environ.get("NUMBA_CPU_NAME") or str(llvm.get_host_cpu_name())


def _features() -> str:
    """Return the instructions that may be used beyond those of the processor's name."""
    given = os.environ.get("NUMBA_CPU_FEATURES")
    if given is not None:
        return given
    if _cpu().lower() == "generic":
        return ""
    features = llvm.get_host_cpu_features()
    host = str(features.flatten())
    # At the end, this takes away what builds on AVX too: before "+fma" it would be undone.
    return f"{host},-avx" if "avx" in features and not _has_avx() else host


def _has_avx() -> bool:
    given = os.environ.get("NUMBA_ENABLE_AVX", "")
    with suppress(ValueError):
        return bool(int(given))
    return _cpu() not in WITHOUT_AVX


WITHOUT_AVX = {"corei7-avx", "core-avx-i", "sandybridge", "ivybridge", "nocona"}
"""Processors whose AVX gains nothing or is not there: Numba does not use it."""


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
        raise PoolImportError(
            "numbapool compiles its kernels with Numba, which is not there: pip install numba"
        ) from None


class Place(NamedTuple):
    """Where kernels are kept."""

    path: Path | None
    """A folder that exists and can be written to, or None."""
    trouble: str = ""
    """What the user should know of it, or nothing."""


def place() -> Place:
    """Return where the kernels are kept; the folder is made if it is missing.

    It is in ``NUMBA_CACHE_DIR`` if that is set, else in the user's folder for caches.
    """
    try:
        path, trouble = guarded.prepared(_root(), "numbapool-kernels")  # cannot be imported
        if os.access(path, os.W_OK | os.X_OK):
            return Place(path, trouble)
    except guarded.Unsafe as error:
        return Place(None, f"{error}, so it is left alone; {REMEDY}")
    except (OSError, RuntimeError):  # no rights, or no home
        pass
    return Place(None, f"there is no folder that compiled kernels can be written to; {REMEDY}")


REMEDY = (
    "each process compiles its own kernels: set NUMBA_CACHE_DIR to a folder that only you can "
    "write to"
)


def _root() -> Path:
    given = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def read(path: Path) -> bytes | None:
    """Return the code in a file if it is whole.

    Raises
    ------
    Unsafe
        If another user could have put it there.
    """
    try:
        content, trouble = guarded.read(path)
    except OSError:
        return None
    if trouble:
        warn_once(trouble)
    code = content[CHECK_BYTES:]
    return code if CHECK(code).digest() == content[:CHECK_BYTES] else None


def write(path: Path, code: bytes) -> None:
    """Put code into a file, whole or not at all; what fails here is only slower next time."""
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        guarded.write(partial, CHECK(code).digest() + code)
        partial.replace(path)
    except (OSError, guarded.Unsafe):
        with suppress(OSError):
            partial.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a kernel's file against other processes; where none can be had, go on."""
    try:
        file = guarded.opened_lock(path.with_suffix(".lock"))
    except (OSError, guarded.Unsafe):
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


told: list[str] = []
"""What this process has warned of: one thing at most."""


def warn_once(trouble: str) -> None:
    """Warn of the first thing that keeps kernels from being kept, or that threw some away."""
    if not told:
        told.append(trouble)
        warnings.warn(f"numbapool: {trouble}", RuntimeWarning, stacklevel=2)


def code_for(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the code of a kernel from its file, or made and kept there."""
    folder, trouble = place()
    if trouble:
        warn_once(trouble)
    if folder is None:
        return make()
    path = folder / f"{name}.o"
    try:
        code = read(path)
        if code is None:
            with locked(path):
                code = read(path)
                if code is None:
                    code = make()
                    write(path, code)
    except guarded.Unsafe as error:
        warn_once(f"{error}, so it is left alone, and each process compiles that kernel")
        code = make()
    return code
