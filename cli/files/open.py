"""Open sources for reading; refuse everything but regular files and standard input."""

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..codecs import is_store
from ..codecs.memory import refuse_large
from ..exits import FileError
from ..job import STREAM, Reading
from ..telling.reasons import reason

_PIECE = 1 << 20  # bytes of standard input per read


@contextmanager
def opened(source: str, reading: Reading) -> Iterator[BinaryIO]:
    """Open a source for reading; refuse anything but a file: a pipe may block."""
    if source == STREAM:
        yield _standard_input(reading)
        return
    refused = unreadable(source)
    if refused:
        raise FileError(refused)
    with Path(source).open("rb") as file:
        yield file


def _standard_input(reading: Reading) -> BinaryIO:
    """Return all of standard input; refuse more than the memory limit."""
    if sys.stdin is None:
        raise FileError("it is closed")
    whole = io.BytesIO()
    while piece := sys.stdin.buffer.read(_PIECE):
        whole.write(piece)
        refuse_large("it has at least", whole.tell(), reading)
    whole.seek(0)
    return whole


def kind_of(mode: int) -> str:
    """Return the kind of a path that is not a regular file; "" for a file."""
    tests = {"folder": stat.S_ISDIR, "pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    if stat.S_ISREG(mode):
        return ""
    return next((kind for kind, is_one in tests.items() if is_one(mode)), "device")


def unreadable(path: str) -> str:
    """Return why a path cannot be read as a file, or ""; pipes are not opened."""
    if path == STREAM:
        return ""
    try:
        kind = kind_of(Path(path).stat().st_mode)
        if kind == "folder":
            os.listdir(path)  # noqa: PTH208 - an unreadable folder raises here
            if is_store(path):
                return "it is a store of Zarr, which the operators and pool info read, as pool avg"
            return "it is a folder"
    except OSError as error:
        return reason(error)
    return f"it is a {kind}, not a file: pipe its content in as -" if kind else ""
