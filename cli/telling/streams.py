"""The standard streams of the process: make them safe, and report if one is lost."""

import io
import os
import select
import sys
from typing import Any

import click

from ..exits import OutputLost

_STDOUT, _STDERR = 1, 2


def prepare() -> None:
    """Let the streams print any name, and fail without a traceback."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Otherwise the next opened file would take the place of the closed stream.
            os.open(os.devnull, os.O_RDWR)
    if os.name != "nt":
        if sys.stdout is not None:
            lines = bool(sys.stdout.line_buffering)
            sys.stdout = _text(_Output(_STDOUT, "w", closefd=False), sys.stdout.encoding, lines)
        if sys.stderr is not None:
            sys.stderr = diagnostics(_STDERR, sys.stderr.encoding)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # for names that the terminal cannot show


def diagnostics(descriptor: int, encoding: str) -> io.TextIOWrapper:
    """Open a stream for messages; if it cannot be written, the run goes on."""
    return _text(_Diagnostics(descriptor, "w", closefd=descriptor > _STDERR), encoding, True)


def _text(raw: io.FileIO, encoding: str, lines: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=lines
    )


class _Stream(io.FileIO):
    """A standard stream that waits for room even if it is set to non-blocking."""

    def write(self, data: Any, /) -> int:
        while (count := super().write(data)) is None:
            select.select([], [self], [])
        return count


class _Output(_Stream):
    """Standard output, which raises errors of its own kind."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise OutputLost from error
        except OSError as error:
            raise OutputLost((error.strerror or str(error)).lower()) from error


class _Diagnostics(_Stream):
    """Standard error, which drops text that cannot be written."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def write_bytes(data: memoryview) -> None:
    """Write to standard output."""
    if sys.stdout is None:
        raise OutputLost("it is closed")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def tell_lost(error: OutputLost) -> None:
    """Report why standard output cannot be written; nothing if its reader has gone."""
    if str(error):
        click.echo(f"pool: standard output could not be written: {error}", err=True)
    if sys.stdout is not None:  # Python would try to write again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
