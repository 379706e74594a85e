"""What C libraries write to standard error by themselves, kept from the user's screen.

libtiff says there what it thinks of a damaged file. Pillow raises it, too, and the report tells
it in one line.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_lock = threading.Lock()
_users = 0
_kept: int | None = None
_apart = False


def set_apart() -> None:
    """Give Python's standard error a descriptor of its own, so that the C one can be closed."""
    global _apart
    # On Windows a console's text goes another way than its bytes.
    if os.name == "nt" or _apart or sys.stderr is None:
        return
    sys.stderr = os.fdopen(os.dup(_STDERR), "w", 1, sys.stderr.encoding, "backslashreplace")
    _apart = True


@contextmanager
def quiet() -> Iterator[None]:
    """Send what C code writes to standard error nowhere, in all threads, until the last leaves."""
    global _users, _kept
    if not _apart:
        yield
        return
    with _lock:
        _users += 1
        if _users == 1:
            _kept = os.dup(_STDERR)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, _STDERR)
            os.close(nowhere)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0 and _kept is not None:
                os.dup2(_kept, _STDERR)
                os.close(_kept)
                _kept = None
