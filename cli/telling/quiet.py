"""Hide what C libraries write to standard error.

libtiff writes there about a damaged file. Pillow raises an exception for the same error, and the
report shows it in one line.
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
    """Discard the logs of libraries: the report tells the user what matters.

    Without a handler, Python's logging would print errors, with a traceback.
    """
    logging.getLogger().addHandler(logging.NullHandler())


def set_apart() -> None:
    """Give Python's standard error its own descriptor, so that the one of C code can be closed."""
    global _apart
    # On Windows, text does not reach the console through this descriptor.
    if os.name == "nt" or _apart or sys.stderr is None:
        return
    with suppress(OSError):  # if no more files can be opened, C libraries stay visible
        sys.stderr = diagnostics(os.dup(_STDERR), sys.stderr.encoding)
        _apart = True


@contextmanager
def quiet() -> Iterator[None]:
    """Discard the text that C code writes to standard error, until the last thread leaves."""
    global _users, _kept
    if not _apart:
        yield
        return
    with _lock:
        if _users == 0:
            with suppress(OSError):  # no more files can be opened
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
    """Redirect standard error to the null device, and return a descriptor of the original."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        kept = os.dup(_STDERR)
        os.dup2(nowhere, _STDERR)
        return kept
    finally:
        os.close(nowhere)
