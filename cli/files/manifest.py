"""The manifest beside outputs, which notes the source and options of each output."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from numbapool.records import dataclass

from ..exits import FileError
from ..job import JOURNAL, MANIFEST, Job, Stamp
from ..telling.names import shown
from ..telling.reasons import reason
from .write import writing

_VERSION = 1
_NO_MATTER = (
    "on_exists",
    "max_pixels",
    "max_bytes",
    "device",
)  # options that do not change the output


@dataclass(frozen=True)
class Record:
    """The source and options of one output.

    Attributes
    ----------
    source
        The input's path relative to the output's folder, so that both can move together.
    stamp
        The input's stamp before it was read.
    written
        The output's stamp: it shows whether the output has changed since.
    options
        The operator, and the options that differ from the defaults.
    """

    source: str
    stamp: Stamp
    written: Stamp
    options: dict[str, str]

    def plain(self) -> dict[str, Any]:
        """Return the record for JSON."""
        return {
            "source": self.source,
            **asdict(self.stamp),
            "written": [self.written.size, self.written.mtime_ns],
            "options": self.options,
        }


def _record(plain: Any) -> Record | None:
    """Return a record from JSON; None if it is not a record."""
    try:
        stamp = Stamp(plain["size"], plain["mtime_ns"], plain["sha256"])
        return Record(plain["source"], stamp, Stamp(*plain["written"]), plain["options"])
    except (KeyError, TypeError):
        return None


def stamp_of(path: str) -> Stamp | None:
    """Return a file's size and time; None if there is no such file."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return Stamp(status.st_size, status.st_mtime_ns)


def options_of(job: Job) -> dict[str, str]:
    """Return the operator and the options that decide a job's output."""
    said = {"operator": job.operator}
    for part in (job.window, job.values, job.reading, job.writing):
        for name, field in part.__dataclass_fields__.items():
            value = getattr(part, name)
            if value != field.default and name not in _NO_MATTER:
                said[name] = str(value)
    return said


class Manifest:
    """The records of the outputs in a folder, by name: the file, and a journal of a run beside it.

    Workers add a line to the journal for each output that they write, before it gets its name: an
    output of a run is known as soon as it is there. The end of a run moves the lines into the file.
    A run that was killed leaves the journal, and the next run reads it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / MANIFEST
        self._complained = False
        self._load()

    def get(self, name: str) -> Record | None:
        """Return the record that an output fits; None if there is none."""
        stamp = stamp_of(str(self.folder / name))
        record = self._fitting(name, stamp)
        if record is None and stamp is not None and self._state() != self._loaded:
            self._load()  # another run is at work
            record = self._fitting(name, stamp)
        return record

    def _fitting(self, name: str, stamp: Stamp | None) -> Record | None:
        records = map(_record, reversed(self._records.get(name, [])))
        return next((each for each in records if each and each.written == stamp), None)

    def _load(self) -> None:
        with _alone(self.folder):
            self._loaded = self._state()
            self._records = {name: [plain] for name, plain in self._read().items()}
            for name, plain in _lines(self.folder):
                self._records.setdefault(name, []).append(plain)

    def _state(self) -> tuple[Stamp | None, ...]:
        """Return what differs once another run has noted something."""
        return tuple(stamp_of(str(self.folder / name)) for name in (MANIFEST, JOURNAL))

    def __contains__(self, name: str) -> bool:
        """Return whether there is a record of an output, which may not fit it."""
        return name in self._records

    def save(self) -> None:
        """Move the lines of the journal into the file, which another run may have changed.

        Lines of outputs that are gone, or that were written again since, are dropped.
        """
        journal = self.folder / JOURNAL
        if not journal.exists():
            return
        try:
            with _alone(self.folder):
                new = {}
                for name, plain in _lines(self.folder):
                    record = _record(plain)
                    if record and stamp_of(str(self.folder / name)) == record.written:
                        new[name] = plain
                with writing(str(self.path), "overwrite") as output:
                    output.file.write(_text(self._read() | new).encode())
                journal.unlink(missing_ok=True)
        except (OSError, FileError) as error:
            click.echo(
                f"pool: {shown(self.path)}: {reason(error)}: what it should note stays in "
                f"{JOURNAL}",
                err=True,
            )

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_bytes())
            if content["version"] == _VERSION:
                return dict(content["outputs"])
            reason = "is of another version of pool"
        except FileNotFoundError:
            return {}
        except OSError as error:
            reason = f"cannot be read ({error.strerror})"
        except (ValueError, TypeError, KeyError, RecursionError):
            reason = "is damaged"
        if not self._complained:
            click.echo(f"pool: {shown(self.path)} {reason}: it is taken as empty", err=True)
            self._complained = True
        return {}


def note(job: Job, source: Stamp, written: Stamp) -> None:
    """Add the record of an output to the journal of its folder."""
    folder = Path(job.target).parent
    record = Record(way(job.source, folder), source, written, options_of(job))
    line = json.dumps([Path(job.target).name, record.plain()])
    with _alone(folder), (folder / JOURNAL).open("ab") as journal:
        journal.write(f"\n{line}\n".encode())  # the line before may have been cut short


def _lines(folder: Path) -> list[tuple[str, Any]]:
    """Return the names and records in a folder's journal; the last line may be cut short."""
    found = []
    with suppress(OSError):
        for line in (folder / JOURNAL).read_bytes().splitlines():
            with suppress(ValueError, TypeError, RecursionError):
                name, plain = json.loads(line)
                found.append((str(name), plain))
    return found


def way(source: str, folder: Path) -> str:
    """Return the path from a folder to a source, spelt alike on all systems."""
    try:
        return Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:  # it is on another drive
        return Path(source).absolute().as_posix()


def _text(records: dict[str, Any]) -> str:
    """Return the text of the file, one line per output."""
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in records.items())
    return f'{{"version": {_VERSION}, "outputs": {{\n{lines}\n}}}}\n'


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder's manifest against other runs, if the system has such locks.

    Without a lock the file is still whole. At worst a record is lost, and its output is made
    again.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
