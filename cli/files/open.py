"""Opening sources for reading; what may hang or is no file is refused."""

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..codecs.memory import refuse_large
from ..exits import FileError
from ..job import STREAM, Reading
from ..telling.reasons import reason

_PIECE = 1 << 20  # bytes of standard input read at once


@contextmanager
def opened(source: str, reading: Reading) -> Iterator[BinaryIO]:
    """Open a source for reading; anything but a file, such as a pipe that may hang, is refused."""
    if source == STREAM:
        yield _standard_input(reading)
        return
    refused = unreadable(source)
    if refused:
        raise FileError(refused)
    with Path(source).open("rb") as file:
        yield file


def _standard_input(reading: Reading) -> BinaryIO:
    """Read all of it, or as much as may be held in memory."""
    if sys.stdin is None:
        raise FileError("it is closed")
    whole = io.BytesIO()
    while piece := sys.stdin.buffer.read(_PIECE):
        whole.write(piece)
        refuse_large("it has at least", whole.tell(), reading)
    whole.seek(0)
    return whole


def kind_of(mode: int) -> str:
    """Say what stands at a path, where it is no file."""
    tests = {"folder": stat.S_ISDIR, "pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    if stat.S_ISREG(mode):
        return ""
    return next((kind for kind, is_one in tests.items() if is_one(mode)), "device")


def unreadable(path: str) -> str:
    """Say why a path cannot be read as a file, or give nothing; pipes are not opened."""
    if path == STREAM:
        return ""
    try:
        kind = kind_of(Path(path).stat().st_mode)
        if kind == "folder":
            os.listdir(path)  # noqa: PTH208 - a folder that cannot be listed says why
            return "it is a folder"
    except OSError as error:
        return reason(error)
    return f"it is a {kind}, no file: give what comes out of it as -" if kind else ""
