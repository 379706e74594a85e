"""Find inputs: files, folders, patterns, lists of names and standard input."""

import glob
import itertools
import os
import sys
from collections.abc import Container, Iterable, Iterator
from dataclasses import field
from pathlib import Path

import click

from numbapool.records import dataclass

from ..codecs import by_name, is_store
from ..codecs.extra import lack_of
from ..exits import NoInput
from ..job import JOURNAL, MANIFEST, STREAM
from ..telling.left_alone import LeftAlone
from ..telling.names import shown
from .open import kind_of
from .staged import is_stage

_MAGIC = frozenset("*?[")
_BOM = b"\xef\xbb\xbf"  # which some editors on Windows write at the start of a file


@dataclass(frozen=True)
class Source:
    """One input file.

    Attributes
    ----------
    path
        The file to open; "-" is standard input.
    place
        Its path below the folder, pattern or list that it came from. An output folder repeats
        this path.
    named
        Whether the user named it; if not, it was found in a folder or by a pattern.
    """

    path: str
    place: Path
    named: bool


@dataclass
class Found:
    """The inputs in order, without repeats, and what was skipped in folders."""

    sources: list[Source] = field(default_factory=list)
    left_alone: LeftAlone = field(default_factory=LeftAlone)
    _seen: set[str] = field(default_factory=set)

    def add(self, path: str, place: Path, named: bool) -> None:
        """Add a file, unless it is there already."""
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
    suffixes: Container[str] | None = None,
    stores: bool = False,
) -> Found:
    """Find the files that `inputs` and the names `listed` mean.

    `leave_out` is the output folder. If it lies inside an input folder, its files are not inputs.
    `own_suffix` (".avg2"), or several, marks outputs of earlier runs beside inputs. Files in
    folders are inputs if they have one of the `suffixes`, or by default one that can be read here.
    So are stores of Zarr, if `stores` are read.
    """
    found = Found()
    walk = _Walk(found, recursive, leave_out, own_suffix)
    walk.suffixes, walk.stores = suffixes, stores
    folders = False
    for name in inputs:
        if not name:
            raise click.UsageError("an INPUT is an empty name: was a variable not set?")
        if name == STREAM:
            found.add(STREAM, Path("stdin"), named=True)
        elif is_store(name):
            found.add(name, Path(Path(name).name), named=True)
        elif os.path.isdir(name):  # noqa: PTH112 - pathlib raises for a name that is too long
            folders = True
            walk.folder(Path(name), Path(name))
        elif _MAGIC.isdisjoint(name) or os.path.lexists(name):
            found.add(name, Path(Path(name).name), named=True)
        elif not walk.pattern(name):
            found.add(name, Path(Path(name).name), named=True)  # it fails: there is no such file
    names = list(listed)
    for name, place in zip(names, _places(names), strict=True):
        found.add("./-" if name == STREAM else name, place, named=True)
    missing = [source.path for source in found.sources if is_missing(source.path)]
    if len(missing) == len(found.sources):
        below = "; -r looks in subfolders, too" if folders and not recursive else ""
        lacking = f": there is no {_listed(missing)}" if missing else below
        raise NoInput(" ".join([f"no input was found{lacking}.", *found.left_alone.sentences()]))
    return found


class _Walk:
    """Adds the files of folders and patterns to `found`."""

    def __init__(
        self, found: Found, recursive: bool, leave_out: str | None, own: str | tuple[str, ...]
    ) -> None:
        self.found, self.recursive, self.own = found, recursive, own
        self.leave_out = Path(leave_out).resolve() if leave_out else None
        self.suffixes: Container[str] | None = None
        self.stores = False

    def folder(self, folder: Path, root: Path) -> None:
        below = []
        try:
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    path = folder / entry.name
                    if is_stage(entry.name):
                        continue
                    if is_store(str(path)):
                        self.file(path, root)
                    elif entry.is_dir(follow_symlinks=False):
                        below.append(path)
                    elif not os.path.isdir(path):  # noqa: PTH112 - pathlib raises for a link to itself
                        self.file(path, root)
        except OSError:
            # The folder itself fails as a file: `unreadable` says why.
            self.found.add(str(folder), folder.relative_to(root), named=True)
        for path in below if self.recursive else ():
            if self.leave_out is None or path.resolve() != self.leave_out:
                self.folder(path, root)

    def file(self, path: Path, root: Path) -> None:
        if path.name in (MANIFEST, JOURNAL):
            return
        own = bool(self.own) and path.stem.endswith(self.own)
        left_alone = self.found.left_alone
        if _irregular(path):
            left_alone.irregular += 1
        elif own:
            left_alone.former += 1
        elif self._read(path):
            self.found.add(str(path), path.relative_to(root), named=False)
        else:
            left_alone.others[path.suffix.lower() or path.name] += 1

    def _read(self, path: Path) -> bool:
        """Return whether files of the path's type are read; note what would let them be read."""
        if self.suffixes is not None:
            return path.suffix.lower() in self.suffixes
        known = by_name(path)
        if known is not None and known.name == "ZARR" and not self.stores:
            return False
        lacking = lack_of(known) if known else ""
        if lacking:
            self.found.left_alone.hints.add(lacking)
        return known is not None and not lacking

    def pattern(self, pattern: str) -> bool:
        """Add what a pattern matches; return whether it matches anything."""
        parts = Path(pattern).parts
        fixed = next((i for i, part in enumerate(parts) if not _MAGIC.isdisjoint(part)), 0)
        root = Path(*parts[:fixed])
        names = sorted(set(_matches(pattern)))
        for name in names:
            path = Path(name)
            folder = os.path.isdir(path) and not is_store(name)  # noqa: PTH112
            if not folder and not self._left_out(path, root):
                self.file(path, root)
        return bool(names)

    def _left_out(self, path: Path, root: Path) -> bool:
        """Return whether a path is in the output folder, below the root of the pattern."""
        if self.leave_out is None:
            return False
        below = itertools.takewhile(lambda folder: folder != root, path.parents)
        return any(folder.resolve() == self.leave_out for folder in below)


def _matches(pattern: str) -> Iterator[str]:
    """Yield the names that a pattern matches. ** follows no links, which may form a loop."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from glob.glob(pattern)  # noqa: PTH207 - keeps the case of the name
        return
    first = parts.index("**")
    after = tuple(itertools.dropwhile(lambda part: part == "**", parts[first:])) or ("*",)
    for root in glob.glob(str(Path(*parts[:first]))) if first else ["."]:  # noqa: PTH207
        for folder, below, _ in os.walk(root):
            below[:] = [name for name in below if not name.startswith(".")]
            yield from _matches(str(Path(glob.escape(folder), *after)))


def is_missing(path: str) -> bool:
    """Return whether there is no such file; a link to nothing is there, and cannot be read."""
    if path == STREAM:
        return False
    try:
        Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _listed(names: list[str]) -> str:
    """Return the first names for a message, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(shown, names[:_SHOWN])) + more


_SHOWN = 5  # names in a message


def _irregular(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False  # such as a broken link: a file that fails later
    return kind_of(mode) not in ("", "folder")


def read_list(name: str, null: bool) -> list[str]:
    """Return the names in a file or standard input, one per line, or ended by NULs (`null`)."""
    if name == STREAM:
        data = sys.stdin.buffer.read() if sys.stdin else b""
    else:
        try:
            data = Path(name).read_bytes()
        except OSError as error:
            raise click.UsageError(f"--files-from {shown(name)}: {error.strerror}.") from error
    data = data.removeprefix(_BOM)
    if b"\0" in data and not null:
        raise click.UsageError(
            f"--files-from {shown(name)} holds NULs: it is not a list of names, or its names "
            "end in NUL, which -0 reads."
        )
    entries: Iterator[bytes] = iter(data.split(b"\0") if null else data.splitlines())
    return [os.fsdecode(entry) for entry in entries if entry]


def _places(names: list[str]) -> list[Path]:
    """Return the place of each name: as listed, or below the common folder of absolute names."""
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
