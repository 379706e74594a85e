"""The manifest beside outputs, which notes the source and options of each output."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from ..exits import FileError
from ..job import MANIFEST, Job, Stamp
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
    """The records of the outputs in a folder, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / MANIFEST
        self._complained = False
        self._records = self._read()
        self._new: dict[str, Record] = {}

    def get(self, name: str) -> Record | None:
        """Return the record of an output; None if there is none."""
        return self._new.get(name) or _record(self._records.get(name))

    def put(self, name: str, record: Record) -> None:
        """Set the record of an output; `save` writes it."""
        self._new[name] = record

    def save(self) -> None:
        """Add the new records to the file, which another run may have changed.

        If another run has written the same output since, its record stays.
        """
        if not self._new:
            return
        try:
            with _alone(self.folder):
                self._records = self._read() | {
                    name: record.plain()
                    for name, record in self._new.items()
                    if stamp_of(str(self.folder / name)) == record.written
                }
                with writing(str(self.path), "overwrite") as output:
                    output.file.write(_text(self._records).encode())
        except (OSError, FileError) as error:
            click.echo(
                f"pool: {shown(self.path)}: {reason(error)}: the next --update does again what "
                "this one did",
                err=True,
            )
        self._new = {}

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
