"""The process's standard streams: that they are there, and what is said once they are not."""

import io
import os
import select
import sys
from typing import Any

import click

from ..exits import OutputLost

_STDOUT, _STDERR = 1, 2


def prepare() -> None:
    """Let streams show any name, and be lost without a traceback."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Else a file that is opened later would stand in for the stream that is closed.
            os.open(os.devnull, os.O_RDWR)
    if os.name != "nt":
        if sys.stdout is not None:
            lines = bool(sys.stdout.line_buffering)
            sys.stdout = _text(_Output(_STDOUT, "w", closefd=False), sys.stdout.encoding, lines)
        if sys.stderr is not None:
            sys.stderr = diagnostics(_STDERR, sys.stderr.encoding)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal cannot show


def diagnostics(descriptor: int, encoding: str) -> io.TextIOWrapper:
    """Open a stream for what is said of a run: where it cannot be written, the run goes on."""
    return _text(_Diagnostics(descriptor, "w", closefd=descriptor > _STDERR), encoding, True)


def _text(raw: io.FileIO, encoding: str, lines: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=lines
    )


class _Stream(io.FileIO):
    """A standard stream, which waits where whoever started the process set it not to."""

    def write(self, data: Any, /) -> int:
        while (count := super().write(data)) is None:
            select.select([], [self], [])
        return count


class _Output(_Stream):
    """Standard output, whose errors are told from those of files."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise OutputLost from error
        except OSError as error:
            raise OutputLost((error.strerror or str(error)).lower()) from error


class _Diagnostics(_Stream):
    """Standard error: of what it does not take there is nowhere to tell."""

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
    """Say why standard output takes no more; where its reader has gone there is no one to tell."""
    if str(error):
        click.echo(f"pool: standard output could not be written: {error}", err=True)
    if sys.stdout is not None:  # at its end Python would try once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
