"""The process's standard streams: that they are there, and what is said once they are not."""

import io
import os
import sys
from typing import Any

import click

from .exits import OutputLost

_STDOUT = 1


def prepare() -> None:
    """Let streams show any name, and be lost without a traceback."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # Else a file that is opened later would stand in for the stream that is closed.
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is not None and os.name != "nt":
        raw = io.BufferedWriter(_Output(_STDOUT, "w", closefd=False))
        lines = bool(sys.stdout.line_buffering)
        sys.stdout = io.TextIOWrapper(raw, sys.stdout.encoding, line_buffering=lines)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal cannot show


class _Output(io.FileIO):
    """Standard output, whose errors are told from those of files."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise OutputLost from error
        except OSError as error:
            raise OutputLost((error.strerror or str(error)).lower()) from error


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
