"""What C libraries write to standard error by themselves, kept from the user's screen.

libtiff says there what it thinks of a damaged file. Pillow raises it, too, and the report tells
it in one line.
"""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .streams import diagnostics

_STDERR = 2
_lock = threading.Lock()
_users = 0
_kept: int | None = None
_apart = False


def keep_no_log() -> None:
    """Let what libraries log go nowhere: the report says what the user needs to know.

    Else the first of them to log an error brings a handler that prints it, with a traceback.
    """
    logging.getLogger().addHandler(logging.NullHandler())


def set_apart() -> None:
    """Give Python's standard error a descriptor of its own, so that the C one can be closed."""
    global _apart
    # On Windows a console's text goes another way than its bytes.
    if os.name == "nt" or _apart or sys.stderr is None:
        return
    with suppress(OSError):  # where no file can be opened any more, C libraries are heard
        sys.stderr = diagnostics(os.dup(_STDERR), sys.stderr.encoding)
        _apart = True


@contextmanager
def quiet() -> Iterator[None]:
    """Send what C code writes to standard error nowhere, in all threads, until the last leaves."""
    global _users, _kept
    if not _apart:
        yield
        return
    with _lock:
        if _users == 0:
            with suppress(OSError):  # of no file that can be opened any more
                _kept = _turned_away()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and _kept is not None:
                os.dup2(_kept, _STDERR)
                os.close(_kept)
                _kept = None


def _turned_away() -> int:
    """Send standard error nowhere, and give the descriptor that has it meanwhile."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        kept = os.dup(_STDERR)
        os.dup2(nowhere, _STDERR)
        return kept
    finally:
        os.close(nowhere)
