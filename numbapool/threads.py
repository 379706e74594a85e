"""Who runs a kernel: numba's threads where that is safe, the calling thread where it is not.

The parallel layer is one a process. The layer that numba falls back to where it finds neither
OpenMP nor TBB ends the process when two Python threads enter it at once, and OpenMP ends a
forked child that enters it after its parent did. So one thread at a time goes in, a forked child
never does, and who may not runs the kernel alone, which any number of threads can.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from numba import get_num_threads

from numbapool.kernels.compiled import driver

SERIAL_WORK = 1 << 16
"""Work, in elements read, below which starting threads costs more than they save: a start took
some 10 microseconds, the time in which one thread reads about this much from its cache."""

_entrance = threading.Lock()
_forked = False


def _after_fork() -> None:
    global _forked, _entrance
    _forked = True
    _entrance = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def block_count(pieces: int, work: int) -> int:
    """Return into how many blocks to cut the work, one a thread."""
    if work < SERIAL_WORK or _forked:
        return 1
    return max(1, min(int(get_num_threads()), pieces))


def run(kernel: Any, call: int, pieces: int, blocks: int) -> None:
    """Run a kernel over its pieces; `call` is the address of its arguments."""
    if blocks > 1 and _entrance.acquire(blocking=False):
        try:
            driver()(kernel.address, call, pieces, blocks)
        finally:
            _entrance.release()
    else:
        kernel.ctypes(call, 0, 0, pieces)
