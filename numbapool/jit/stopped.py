"""Ctrl-C while compiled code waits for Python's answer: it must not be lost."""

from __future__ import annotations

import ctypes
import threading

LATER = 0.05
"""Seconds after which compiled code has its answer and has left Python."""


def raise_later(stop: BaseException) -> None:
    """Raise Ctrl-C, or the error of a signal's handler, in this thread again, so it is not lost.

    Another thread does this after a while. From here it would be raised at once.
    """

    def __init__(self: BaseException) -> None:
        kind.__init__(self, *stop.args)

    kind = type(stop)
    again = type(kind.__name__, (kind,), {"__init__": __init__, "__module__": kind.__module__})
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    thread = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(LATER, raise_in, (thread, ctypes.py_object(again)))
    timer.daemon = True
    timer.start()
