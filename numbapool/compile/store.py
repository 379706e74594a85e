"""Machine code on disk, and back into the process.

There is one file per kernel. Its name is a hash of everything that decides its content: the
reducer and types, and what :mod:`numbapool.compile.sources` adds. A file begins with a hash of its
content: a file that is cut short or changed is thrown away and compiled again. Each file is written
to a temporary file and renamed, so a partial file never appears. It is compiled under a lock: if
many processes want one kernel, one of them makes it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from numbapool.compile import guarded

CHECK = hashlib.sha256
CHECK_BYTES = CHECK().digest_size


class Place(NamedTuple):
    """Where kernels are kept."""

    path: Path | None
    """A folder that exists and can be written to, or None."""
    trouble: str = ""
    """A warning for the user, or an empty text."""


def place() -> Place:
    """Return where the kernels are kept; the folder is made if missing.

    It lies in ``NUMBA_CACHE_DIR`` if this is set, else in the user's folder for caches.
    """
    try:
        path, trouble = guarded.prepared(_root(), "numbapool-kernels")  # no module has such a name
        if os.access(path, os.W_OK | os.X_OK):
            return Place(path, trouble)
    except guarded.Unsafe as error:
        return Place(None, f"{error}, so it is left alone; {REMEDY}")
    except (OSError, RuntimeError):  # no permission, or no home folder
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
    """Return the code in a file if the file is whole.

    Raises
    ------
    Unsafe
        If another user could have written the file.
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
    """Put code into a file, whole or not at all; on failure, the next process compiles again."""
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        guarded.write(partial, CHECK(code).digest() + code)
        partial.replace(path)
    except (OSError, guarded.Unsafe):
        with suppress(OSError):
            partial.unlink()


def counted(path: Path, more: int) -> int:
    """Return the number that a file stands for, a byte each, after `more` were added.

    If it cannot be written, the number is beyond all bounds.
    """
    try:
        with guarded.opened_lock(path) as file:
            file.seek(0, os.SEEK_END)
            file.write(b"." * more)
            return file.tell()
    except (OSError, guarded.Unsafe):
        return sys.maxsize


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a kernel's file against other processes; without a lock, go on."""
    try:
        file = guarded.opened_lock(path.with_suffix(".lock"))
    except (OSError, guarded.Unsafe):
        yield
        return
    with file:
        with suppress(OSError):
            _lock(file)
        yield  # closing the file releases the lock


def _lock(file: Any) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up after ten seconds
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


told: list[str] = []
"""The warnings that this process gave: at most one."""


def warn_once(trouble: str) -> None:
    """Warn of the first trouble that keeps kernels from being stored, or that removed some."""
    if not told:
        told.append(trouble)
        warnings.warn(f"numbapool: {trouble}", RuntimeWarning, stacklevel=2)


def code_for(
    name: str, make: Callable[[], bytes], keep: Callable[[], bool] = lambda: True
) -> bytes:
    """Return the code of a kernel from its file; if there is none, make the code and keep it.

    `keep` says, once the code is made, whether it may be kept.
    """
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
                    if keep():
                        write(path, code)
    except guarded.Unsafe as error:
        warn_once(f"{error}, so it is left alone, and each process compiles that kernel")
        code = make()
    return code
