"""Outputs: their names, and writing them so that nothing is lost or half there."""

import errno
import itertools
import os
import re
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import click

from .codecs import ARRAYS, FORMATS, by_name
from .exits import FileError, NameTaken
from .interrupts import unwind
from .job import STREAM, OnExists, Stamp
from .sources import Source, shown, unreadable

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)


@dataclass(frozen=True)
class Target:
    """Where a source's result goes and as what, or why it cannot."""

    source: Source
    path: str = ""
    format: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Naming:
    """What `-o`, `--name` and `--format` say, and what names can be made of."""

    operator: str
    label: str
    output: str | None = None
    template: str | None = None
    format: str | None = None
    level: int = 0  # of a pyramid

    def plan(self, sources: list[Source]) -> list[Target]:
        """Name every output; two for one name, or one that is an input, is a usage error."""
        output = self.output
        if output == "":
            raise click.UsageError("-o is an empty name: was a variable not set?")
        single = len(sources) == 1 and sources[0].named and not (self.template or self.level)
        folder = output is not None and (output[-1:] in ("/", os.sep) or Path(output).is_dir())
        if output == STREAM:
            return [self._to_stream(sources)]
        if output is not None and not folder and by_name(output):
            if single:
                return self._distinct([self._target(sources[0], Path(output))])
            raise click.UsageError(
                f"-o {shown(output)} names a file, which one named input can go to: for several, "
                "for a folder or pattern, for a pyramid, or with --name, name a folder (a / at its "
                "end says so)."
            )
        if output is None and any(source.path == STREAM for source in sources):
            raise click.UsageError("standard input has no name: name the output with -o.")
        if output is not None and not folder and os.path.lexists(output):
            raise click.UsageError(
                f"-o {shown(output)} is a file of no kind that is known (- is standard output)."
            )
        return self._distinct([self._target(source, None) for source in sources])

    def _to_stream(self, sources: list[Source]) -> Target:
        if len(sources) > 1 or self.level:
            raise click.UsageError("only one result can go to standard output.")
        known = by_name(sources[0].path)
        format = self.format or (known.name if known and known.written else None)
        if not format:
            raise click.UsageError("say with --format what to write to standard output.")
        return Target(sources[0], STREAM, format)

    def _target(self, source: Source, path: Path | None) -> Target:
        known = by_name(source.path)
        if self.format:
            suffix = FORMATS[self.format].suffixes[0]
            if known and known.name == self.format:
                suffix = Path(source.path).suffix
        else:
            suffix = Path(source.path).suffix
        if path is None:
            path = self._path(source, suffix)
        kind = FORMATS.get(self.format or "") or by_name(path)
        if kind is None:
            whose = f"the output's name {shown(path)}" if self.template else "its name"
            no_format = f"{whose} says no format: give one with --format"
            return Target(source, reason=unreadable(source.path) or no_format)
        if not kind.written:
            return Target(
                source, reason=f"{kind.name} is read but not written: give --format, as png"
            )
        return Target(source, str(path), kind.name)

    def _path(self, source: Source, suffix: str) -> Path:
        place = source.place if self.output is not None else Path(source.path)
        template = self.template
        if template is None:
            template = "{dir}/{stem}" if self.output is not None else "{dir}/{stem}.{op}{k}"
            template += ".l{level}{ext}" if self.level else "{ext}"
        fields = {
            "dir": str(place.parent),
            "stem": place.stem,
            "ext": suffix,
            "name": place.name,
            "op": self.operator,
            "k": self.label,
        }
        if self.level:
            fields["level"] = str(self.level)
        try:
            name = template.format_map(fields)
        except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
            raise click.UsageError(
                f"--name {template!r} does not work ({error}): it can hold "
                + ", ".join(f"{{{field}}}" for field in fields)
                + ", as '{dir}/{stem}@{k}{ext}'."
            ) from error
        return Path(self.output or "", name)

    def _distinct(self, targets: list[Target]) -> list[Target]:
        targets = self._apart(targets)
        refuse_shared(targets)
        self._refuse_inputs(targets)
        return targets

    def _apart(self, targets: list[Target]) -> list[Target]:
        """Where only suffixes differed and --format made them one, let both keep theirs."""
        if not self.format or self.template:
            return targets
        keys = [_key(target.path) if target.path else "" for target in targets]
        twice = {key for key, count in Counter(keys).items() if key and count > 1}
        moved = []
        for target, key in zip(targets, keys, strict=True):
            if key in twice:
                path = Path(target.path)
                own = Path(target.source.path).suffix
                target = Target(
                    target.source,
                    str(path.with_name(f"{path.stem}{own}{path.suffix}")),
                    target.format,
                )
            moved.append(target)
        return moved

    @staticmethod
    def _refuse_inputs(targets: list[Target]) -> None:
        identities = {identity: t.source for t in targets if (identity := _identity(t.source.path))}
        for target in targets:
            identity = _identity(target.path) if target.path else None
            source = identities.get(identity) if identity else None
            if source is not None:
                raise click.UsageError(
                    f"the output {shown(target.path)} is the input {shown(source.path)}, and an "
                    "input is never written to: name another output with -o."
                )


def picture_format(output: str, inputs: Iterable[str]) -> str:
    """Give the format that a picture's name says; refuse an input's name, and no picture's."""
    known = by_name(output)
    if known is None or not known.written or known.name in ARRAYS:
        raise click.UsageError(
            f"-o {shown(output)} names no picture that can be written: end it in .png, .jpg or "
            ".webp."
        )
    if any(same_file(output, name) for name in inputs):
        raise click.UsageError(
            f"the output {shown(output)} is an input, and an input is never written to: name "
            "another output with -o."
        )
    return known.name


def refuse_shared(targets: list[Target]) -> None:
    """Refuse two inputs' results in one file."""
    by_key: dict[str, Source] = {}
    for target in targets:
        if target.reason:
            continue
        other = by_key.setdefault(_key(target.path), target.source)
        if other is not target.source:
            raise click.UsageError(
                f"{shown(other.path)} and {shown(target.source.path)} would both be written "
                f"to {shown(target.path)}: give names that differ with --name, or pool them "
                "apart."
            )


def _key(path: str) -> str:
    """Give what two names of one file have in common, on this system."""
    folder, name = _resolved(str(Path(path).parent)), Path(path).name
    key = os.path.normcase(str(Path(folder, name)))
    return key.casefold() if sys.platform == "darwin" else key


@lru_cache(maxsize=4096)
def _resolved(folder: str) -> str:
    return str(Path(folder).resolve())


def _identity(path: str) -> tuple[int, int] | None:
    if path == STREAM:
        return None
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino)


def same_file(path: str, other: str) -> bool:
    """Say whether two names are of one file that is there."""
    identity = _identity(path)
    return identity is not None and identity == _identity(other)


def exists(path: str) -> bool:
    """Say whether a name is taken, be it by a link that leads nowhere."""
    return path != STREAM and os.path.lexists(path)


class Output:
    """A file being written, and the name it got in the end."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        self.file, self.path = file, path
        self.stamp: Stamp | None = None  # once it is whole


@contextmanager
def writing(path: str, on_exists: OnExists) -> Iterator[Output]:
    """Write to a temporary file beside `path`, which takes its place once it is whole.

    What the system refuses meanwhile is told as the output's fault: inputs are read before.
    """
    try:
        with _writing(path, on_exists) as output:
            yield output
    except OSError as error:
        raise FileError(_unwritten(Path(path), error)) from error


@contextmanager
def _writing(path: str, on_exists: OnExists) -> Iterator[Output]:
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    clear_stale([path])
    unwind()
    file, temporary = _begun(folder)
    try:
        with file:
            output = Output(file, path)
            yield output
        status = temporary.stat()  # no later: what then stands at the path may be another's
        output.stamp = Stamp(status.st_size, status.st_mtime_ns)
        output.path = _commit(temporary, Path(path), on_exists)
    finally:
        with suppress(OSError):  # what is wrong with the folder has been raised already
            temporary.unlink()
        _unfinished.discard(temporary)


def _begun(folder: Path) -> tuple[BinaryIO, Path]:
    """Open a temporary file of a name that is free: one of a dead process may have this one's."""
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


def _unwritten(path: Path, error: OSError) -> str:
    """Say why an output could not be written, and what to do."""
    folder = f"the output folder {shown(path.parent)}"
    if error.errno in _FULL:
        return f"the disk of {folder} is full: make room there, {_ELSEWHERE}"
    if error.errno == errno.EROFS:
        return f"the disk of {folder} can only be read: have it mounted for writing, {_ELSEWHERE}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{folder} may not be written to: change its permissions, {_ELSEWHERE}"
    if error.errno == errno.ENAMETOOLONG:
        return f"the output's name {shown(path)} is too long: give a shorter one with --name"
    if isinstance(error, IsADirectoryError):
        return f"the output {shown(path)} is a folder: name another output with -o"
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return f"{folder} is no folder: name another with -o"
    if isinstance(error, FileNotFoundError) and path.parent.is_dir():
        return f"another program removed a half-written file in {folder}: run again"
    if isinstance(error, FileNotFoundError):
        return f"{folder} was removed meanwhile: leave it there, and run again"
    return f"the output {shown(path)} could not be written: {error.strerror or error}"


def abandon() -> None:
    """Remove what this process has half written, and let it begin nothing more.

    For a process that is about to end at once: a next run that looked for the files of dead ones
    just before would have taken it for alive.
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
    host = re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:40] or "host"
    return f".pool-{host}-"


def _commit(temporary: Path, path: Path, on_exists: OnExists) -> str:
    if on_exists == "overwrite":
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
    """Refuse a name that is taken, before any work is done for it."""
    if exists(path):
        raise NameTaken(_taken(Path(path)))


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    for number in itertools.count(1):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _place(temporary: Path, path: Path) -> bool:
    """Give the whole file its name, unless the name is taken, in one step that cannot race."""
    try:
        if os.name == "nt":
            temporary.rename(path)  # there, renaming replaces nothing
        else:
            path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without links: an empty file holds the name until the whole one comes.
        try:
            path.open("xb").close()
        except FileExistsError:
            return False
        temporary.replace(path)
    return True


_cleared: set[str] = set()


def clear_stale(paths: Iterable[str], again: bool = False) -> None:
    """Remove what processes of this host that are no longer alive left half written.

    A run does so once in every folder that it has an output for, be there something to write or
    not, and again where it knows of a death.
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
    if pid == os.getpid():  # in a container a dead run's is easily this one's, too
        return name in {path.name for path in list(_unfinished)}
    if os.name == "nt":
        return False  # there, a file that someone has open cannot be removed
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not _unburied(pid)


def _unburied(pid: int) -> bool:
    """Say whether a process is dead and only not yet waited for, as long as a container lives."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in "ZX"
