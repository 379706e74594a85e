"""Folders and files of machine code, used only if no other user could have written them.

This process runs the code that is kept on the disk. So a file, its folder, and the cache's root
above the folder are used only if this user or root owns them and nobody else can write to them.
Each is checked by its open descriptor: a moment later, a name may stand for something else.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)  # never wait for a pipe in a file's place
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)

HAS_OWNERS = os.name != "nt"
"""Whether files have an owner and modes. On Windows the user's profile is private instead."""


class Unsafe(Exception):
    """A file or folder that must be left alone; the text names it and says why."""


def prepared(root: Path, name: str) -> tuple[Path, str]:
    """Return a folder of this user's in a root, made if missing, and a warning or an empty text.

    A folder of ours that others can read is closed to them. A folder that others could write to
    is closed and emptied, and the warning says so.

    Raises
    ------
    Unsafe
        If another user could have written to the folder, or to its root.
    OSError
        If the folder cannot be made or opened.
    """
    path = root / name
    if not HAS_OWNERS:
        _refuse_outside(root, Path.home())
        path.mkdir(parents=True, exist_ok=True)
        return path, ""
    _make(root)
    with _opened(root) as top:
        was_open = _close_root(top, root)
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=top)
        with _opened(path, name, top) as inner:
            was_open |= _close(inner, path)
            if not was_open:
                return path, ""
            _empty(inner)
    return path, (
        f"other users could write to {path}, so the compiled kernels in it were thrown away; "
        "now only you can write to it"
    )


def _empty(folder: int) -> None:
    """Remove everything in a folder, and in folders within; links are removed, not followed."""
    for name in os.listdir(folder):
        try:
            os.unlink(name, dir_fd=folder)
        except OSError:  # a folder
            with suppress(OSError):
                shutil.rmtree(name, dir_fd=folder)


def _refuse_outside(root: Path, home: Path) -> None:
    if not root.resolve().is_relative_to(home.resolve()):
        raise Unsafe(f"{root} is outside your profile, {home}, so other users may write to it")


def _make(folder: Path) -> None:
    """Make a folder, and the folders above it, for this user alone."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(0o700)


@contextmanager
def _opened(path: Path, name: str = "", within: int | None = None) -> Iterator[int]:
    """Open a folder; a folder named within another may not be a link."""
    if within is None:
        descriptor = os.open(path, _FOLDER)
    else:
        try:
            descriptor = os.open(name, _FOLDER | _NO_LINK, dir_fd=within)
        except OSError as error:
            raise _as_unsafe(error, path) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _as_unsafe(error: OSError, path: Path) -> Exception:
    """Turn an error caused by a link into `Unsafe`."""
    is_link = error.errno in (errno.ELOOP, errno.EMLINK) or path.is_symlink()
    return Unsafe(f"{path} is a link, which is not followed") if is_link else error


def _judged(descriptor: int, path: Path) -> os.stat_result:
    """Return the state of an open file or folder, if its owner is this user or root."""
    state = os.fstat(descriptor)
    if state.st_uid not in (os.geteuid(), 0):
        raise Unsafe(f"{path} belongs to another user (uid {state.st_uid})")
    return state


def _close_root(descriptor: int, path: Path) -> bool:
    """Let no other user write to the cache's root; return whether one could.

    The root may hold files of other programs, so other users can still read it. In a folder with
    the sticky bit, such as /tmp, others can add files, but cannot rename or remove this user's.
    """
    state = _judged(descriptor, path)
    if not state.st_mode & _OTHERS or state.st_mode & stat.S_ISVTX:
        return False
    _set_mode(descriptor, path, state, stat.S_IMODE(state.st_mode) & ~_OTHERS)
    return True


def _close(descriptor: int, path: Path) -> bool:
    """Let no other user into a folder of ours; return whether another user could write to it."""
    state = _judged(descriptor, path)
    could = bool(state.st_mode & _OTHERS)
    if could or (state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) != 0o700):
        _set_mode(descriptor, path, state, 0o700)
    return could


def _set_mode(descriptor: int, path: Path, state: os.stat_result, mode: int) -> None:
    if state.st_uid == os.geteuid():
        with suppress(OSError):
            os.fchmod(descriptor, mode)
    if os.fstat(descriptor).st_mode & _OTHERS:  # not ours, or a file system without modes
        raise Unsafe(f"other users can write to {path}")


def read(path: Path) -> tuple[bytes, str]:
    """Return a file's content, and a warning or an empty text.

    A file of ours that others could write to is removed, and the warning says so.

    Raises
    ------
    Unsafe
        If the file is a link, no plain file, or not owned by this user or root.
    OSError
        If the file cannot be read.
    """
    with _file(path, _READ) as file:
        if not (HAS_OWNERS and os.fstat(file.fileno()).st_mode & _OTHERS):
            return file.read(), ""
    path.unlink()
    return b"", f"other users could write to {path}, so it was thrown away"


def write(path: Path, content: bytes) -> None:
    """Make a file that only this user can use; no file may have its name yet."""
    with _file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
        file.write(content)


def opened_lock(path: Path) -> BinaryIO:
    """Open a lock file, made if missing.

    Raises
    ------
    Unsafe, OSError
        As :func:`read`.
    """
    return _file(path, os.O_WRONLY | os.O_CREAT)


def _file(path: Path, flags: int) -> BinaryIO:
    try:
        descriptor = os.open(path, flags | _NO_LINK | _BINARY, 0o600)
    except OSError as error:
        raise _as_unsafe(error, path) from error
    try:
        if HAS_OWNERS and not stat.S_ISREG(_judged(descriptor, path).st_mode):
            raise Unsafe(f"{path} is not a file")
        return os.fdopen(descriptor, "rb" if flags == _READ else "wb")
    except BaseException:
        os.close(descriptor)
        raise
