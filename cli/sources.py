"""Inputs: files, folders, patterns, lists of names and standard input, as the files they mean."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from .codecs import by_name
from .exits import NoInput
from .job import MANIFEST, STREAM

_MAGIC = frozenset("*?[")


@dataclass(frozen=True)
class Source:
    """One input file.

    Attributes
    ----------
    path
        What is opened; "-" is standard input.
    place
        Where it stands below the folder, pattern or list it came from: what an output folder
        mirrors.
    named
        Whether it was named itself, not found in a folder or by a pattern.
    """

    path: str
    place: Path
    named: bool


@dataclass
class Found:
    """The inputs in order, each once, and how many files in folders no codec knows."""

    sources: list[Source] = field(default_factory=list)
    skipped: int = 0
    _seen: set[str] = field(default_factory=set)

    def add(self, path: str, place: Path, named: bool) -> None:
        """Take a file in, unless it already is."""
        if path not in self._seen:
            self._seen.add(path)
            self.sources.append(Source(path, place, named))


def find(
    inputs: Iterable[str],
    listed: Iterable[str] = (),
    *,
    recursive: bool = False,
    leave_out: str | None = None,
    own_suffix: str | tuple[str, ...] = "",
) -> Found:
    """Find the files that `inputs` and the names `listed` mean.

    `leave_out` is the output folder: where it lies inside an input folder, what a former run
    wrote is no input of this one. `own_suffix` (".avg2"), or several, marks the former outputs
    beside inputs.
    """
    found = Found()
    walk = _Walk(found, recursive, leave_out, own_suffix)
    for name in inputs:
        if name == STREAM:
            found.add(STREAM, Path("stdin"), named=True)
        elif Path(name).is_dir():
            walk.folder(Path(name), Path(name))
        elif _MAGIC.isdisjoint(name) or os.path.lexists(name):
            found.add(name, Path(Path(name).name), named=True)
        else:
            walk.pattern(name)
    names = list(listed)
    for name, place in zip(names, _places(names), strict=True):
        found.add(name, place, named=True)
    if not found.sources:
        skipped = f" ({found.skipped} of kinds that are not known were skipped)"
        below = "" if recursive else "; -r looks in the folders below, too"
        raise NoInput(f"no input was found{skipped if found.skipped else ''}{below}.")
    return found


class _Walk:
    """Folders and patterns, into `found`."""

    def __init__(
        self, found: Found, recursive: bool, leave_out: str | None, own: str | tuple[str, ...]
    ) -> None:
        self.found, self.recursive, self.own = found, recursive, own
        self.leave_out = Path(leave_out).resolve() if leave_out else None

    def folder(self, folder: Path, root: Path) -> None:
        below = []
        try:
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    path = folder / entry.name
                    if entry.is_dir(follow_symlinks=False):
                        below.append(path)
                    elif not os.path.isdir(path):  # noqa: PTH112 - others raise for a looping link
                        self.file(path, root)
        except OSError as error:
            # The folder itself becomes the failed file: its reason is found when it is opened.
            click.echo(f"pool: {shown(folder)}: {error.strerror}", err=True)
            self.found.add(str(folder), folder.relative_to(root), named=True)
        for path in below if self.recursive else ():
            if self.leave_out is None or path.resolve() != self.leave_out:
                self.folder(path, root)

    def file(self, path: Path, root: Path) -> None:
        if path.name == MANIFEST:
            return
        own = bool(self.own) and path.stem.endswith(self.own)
        known = by_name(path) is not None
        if known and not own and (path.is_file() or path.is_symlink()):
            self.found.add(str(path), path.relative_to(root), named=False)
        else:
            self.found.skipped += 1

    def pattern(self, pattern: str) -> None:
        import glob

        parts = Path(pattern).parts
        fixed = next((i for i, part in enumerate(parts) if not _MAGIC.isdisjoint(part)), 0)
        root = Path(*parts[:fixed])
        for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - keeps the case of the name as given
            path = Path(name)
            if not path.is_dir():
                self.file(path, root)


def read_list(name: str, null: bool) -> list[str]:
    """Read names, one a line or (`null`) each ended by a NUL, from a file or standard input."""
    if name == STREAM:
        data = sys.stdin.buffer.read()
    else:
        try:
            data = Path(name).read_bytes()
        except OSError as error:
            raise click.UsageError(f"--files-from {shown(name)}: {error.strerror}.") from error
    entries: Iterator[bytes] = iter(data.split(b"\0") if null else data.splitlines())
    return [os.fsdecode(entry) for entry in entries if entry]


def _places(names: list[str]) -> list[Path]:
    """Give each listed name's place: as listed, or below what the absolute ones have in common."""
    absolute = [name for name in names if _is_outside(Path(name))]
    common = os.path.commonpath(
        [str(Path(name).absolute().parent) for name in absolute] or [os.sep]
    )
    return [
        Path(os.path.relpath(name, common)) if _is_outside(Path(name)) else Path(name)
        for name in names
    ]


def _is_outside(path: Path) -> bool:
    return path.is_absolute() or ".." in path.parts


def shown(path: object) -> str:
    """Give a path as one printable line, whatever bytes it is made of."""
    text = "standard input" if str(path) == STREAM else str(path)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
