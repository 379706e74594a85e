"""Write outputs: each to a temporary file that is renamed, so a partial file never appears."""

import errno
import io
import itertools
import os
import platform
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from ..exits import FileError, FolderClosed, NameTaken
from ..interrupts import unwind
from ..job import STREAM, Job, OnExists, Outcome, Stamp
from ..telling.names import shown
from ..telling.reasons import standing
from ..telling.streams import write_bytes

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


def exists(path: str) -> bool:
    """Return whether a name exists, even as a broken link."""
    return path != STREAM and os.path.lexists(path)


class Output:
    """A file that is being written, and its final name."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self.file, self.path = file, path
        self.stamp: Stamp | None = None  # once it is complete


@contextmanager
def output_of(job: Job) -> Iterator[Output]:
    """Open a job's output: a file, or standard output, which gets the whole result at the end."""
    if job.target != STREAM:
        with writing(job.target, job.writing.on_exists, job.note) as output:
            yield output
        return
    whole = io.BytesIO()
    yield Output(whole, STREAM)
    write_bytes(whole.getbuffer())


@contextmanager
def writing(
    path: str, on_exists: OnExists, note: Callable[[Stamp], None] | None = None
) -> Iterator[Output]:
    """Open a temporary file beside `path`, and rename it to `path` once it is complete.

    `note` is called with its stamp before it is renamed. An OSError in between is reported as an
    error of the output: inputs are read before.
    """
    try:
        with _writing(path, on_exists, note) as output:
            yield output
    except OSError as error:
        raise _unwritten(Path(path), error) from error


@contextmanager
def _writing(
    path: str, on_exists: OnExists, note: Callable[[Stamp], None] | None
) -> Iterator[Output]:
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    clear_stale([path])
    unwind()
    file, temporary = _begun(folder)
    try:
        with file:
            output = Output(file, path)
            yield output
        status = temporary.stat()  # before the rename: another run may replace the file at the path
        output.stamp = Stamp(status.st_size, status.st_mtime_ns)
        if note is not None:
            note(output.stamp)
        output.path = commit(temporary, Path(path), on_exists)
    finally:
        with suppress(OSError):  # an error of the folder was already raised
            temporary.unlink()
        _unfinished.discard(temporary)


def _begun(folder: Path) -> tuple[BinaryIO, Path]:
    """Open a temporary file under a free name; a dead process may have left files behind."""
    while True:
        temporary = folder / f"{_prefix()}{os.getpid()}-{next(_numbers)}.tmp"
        with _beginning:
            _unfinished.add(temporary)
            try:
                return temporary.open("x+b"), temporary
            except OSError as error:
                _unfinished.discard(temporary)
                if not (isinstance(error, FileExistsError) and temporary.exists()):
                    raise


_FULL = (errno.ENOSPC, errno.EDQUOT)
_ELSEWHERE = "or name another folder with -o"


def _unwritten(path: Path, error: OSError) -> FileError:
    """Return why an output could not be written, and what to do."""
    folder = f"the output folder {shown(path.parent)}"
    if error.errno in _FULL:
        return FolderClosed(f"the disk of {folder} is full: make room there, {_ELSEWHERE}")
    if error.errno == errno.EROFS:
        remedy = f"have it mounted for writing, {_ELSEWHERE}"
        return FolderClosed(f"the disk of {folder} can only be read: {remedy}")
    if error.errno in (errno.EACCES, errno.EPERM):
        remedy = f"change its permissions, {_ELSEWHERE}"
        return FolderClosed(f"{folder} may not be written to: {remedy}")
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return FolderClosed(f"{folder} is not a folder: name another with -o")
    return FileError(_unfinished_because(path, folder, error))


def _unfinished_because(path: Path, folder: str, error: OSError) -> str:
    """Return why one output could not be written, whatever the others are like."""
    if error.errno == errno.ENAMETOOLONG:
        return f"the output's name {shown(path)} is too long: give a shorter one with --name"
    if isinstance(error, IsADirectoryError):
        return f"the output {shown(path)} is a folder: name another output with -o"
    if isinstance(error, FileNotFoundError) and path.parent.is_dir():
        return f"another program removed a half-written file in {folder}: run again"
    if isinstance(error, FileNotFoundError):
        return f"{folder} was removed meanwhile: leave it there, and run again"
    return f"the output {shown(path)} could not be written: {error.strerror or error}"


def abandon() -> None:
    """Remove the temporary files of this process, and let it begin no more.

    This is for a process that is about to end. Another run that removes the files of dead
    processes may just have left these files alone, because this process was still alive.
    """
    _beginning.acquire()
    for temporary in list(_unfinished):
        with suppress(OSError):
            temporary.unlink()


_numbers = itertools.count()
_beginning = threading.Lock()
_unfinished: set[Path] = set()


@lru_cache(maxsize=1)
def _prefix() -> str:
    host = re.sub(r"[^A-Za-z0-9.]", "_", platform.node())[:40] or "host"
    return f".pool-{host}-"


def commit(temporary: Path, path: Path, on_exists: OnExists) -> str:
    """Give a file, or a folder, that is complete its name, and return that."""
    if on_exists == "overwrite":
        if temporary.is_dir() and os.path.lexists(path):
            path.rename(temporary.with_name(f"replaced-{path.name}"))
        temporary.replace(path)
        return str(path)
    for candidate in _candidates(path) if on_exists == "rename" else (path,):
        if _place(temporary, candidate):
            return str(candidate)
    raise NameTaken(_taken(path))


def _taken(path: Path) -> str:
    return (
        f"{shown(path)} exists: see --on-exists (skip, overwrite, rename), or name another "
        "output with -o"
    )


def refuse_taken(path: str) -> None:
    """Refuse a name that exists, before any work is done for it."""
    if exists(path):
        raise NameTaken(_taken(Path(path)))


def passed_over(job: Job) -> Outcome | None:
    """Return the outcome of a job whose output already exists; raise if that is a failure.

    An output whose folder cannot be written to is a failure, too.
    """
    if job.writing.on_exists == "error":
        refuse_taken(job.target)
    elif job.writing.on_exists == "skip" and exists(job.target):
        return standing(job)
    elif job.writing.on_exists == "overwrite" and Path(job.target).is_dir():
        raise _unwritten(Path(job.target), IsADirectoryError())
    refuse_closed(job.target)
    return None


def refuse_closed(path: str) -> None:
    """Refuse an output that cannot be written to its folder, before any work is done for it."""
    if path == STREAM:
        return
    try:
        Path(path).lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _unwritten(Path(path), error) from error
    folder = Path(path).parent
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not os.path.isdir(folder):  # noqa: PTH112 - pathlib raises for a name that is too long
        raise _unwritten(Path(path), NotADirectoryError())
    if os.access(folder, os.W_OK | os.X_OK):
        return
    read_only = hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY
    raise _unwritten(Path(path), OSError(errno.EROFS if read_only else errno.EACCES, ""))


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    for number in itertools.count(1):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _place(temporary: Path, path: Path) -> bool:
    """Give the file its name in one step, unless the name exists; return whether it worked."""
    try:
        if temporary.is_dir():
            return _place_folder(temporary, path)
        if os.name == "nt":
            temporary.rename(path)  # on Windows renaming replaces nothing
        else:
            path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links: an empty file reserves the name.
        try:
            path.open("xb").close()
        except FileExistsError:
            return False
        temporary.replace(path)
    return True


def _place_folder(temporary: Path, path: Path) -> bool:
    """Give a folder its name, unless the name exists; return whether it worked."""
    if os.path.lexists(path):
        return False
    try:
        temporary.rename(path)
    except OSError as error:  # another run was quicker
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        return False
    return True


_cleared: set[str] = set()


def clear_stale(paths: Iterable[str], again: bool = False) -> None:
    """Remove temporary files that dead processes of this host left.

    A run does this once in every folder that it has an output for, even if there is nothing to
    write, and again if it knows that a worker died.
    """
    name = re.compile(re.escape(_prefix()) + r"([0-9]+)-[0-9]+\.tmp")
    for folder in {str(Path(path).parent) for path in paths if path and path != STREAM}:
        if folder in _cleared and not again:
            continue
        _cleared.add(folder)
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                match = name.fullmatch(entry.name)
                if match and not _in_use(entry.name, int(match[1])):
                    with suppress(OSError):
                        Path(entry.path).unlink()


def _in_use(name: str, pid: int) -> bool:
    if pid == os.getpid():  # in a container a dead run often had the same process number
        return name in {path.name for path in list(_unfinished)}
    if os.name == "nt":
        return False  # on Windows an open file cannot be removed
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not _unburied(pid)


def _unburied(pid: int) -> bool:
    """Return whether a process is a zombie, which in a container may stay for long."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in "ZX"
