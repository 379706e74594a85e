"""What Ctrl-C does: before there are outputs, while they are written, and after."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .exits import ExitCode

_ours = False


def end_at_once() -> None:
    """Let Ctrl-C end the process at once and silently: nothing is half done.

    While modules load there is no other way. An import may replace KeyboardInterrupt by another
    exception, and Python prints one that is raised while it exits.
    """
    global _ours
    if _ours or signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        _ours = True
        signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))


def unwind() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` from now on, so that outputs are cleaned up."""
    if _ours and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ignore() -> None:
    """Ignore Ctrl-C in a worker: the parent gets it, too."""
    global _ours
    _ours = False
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def held_back() -> Iterator[None]:
    """Delay Ctrl-C, for this process and for a child that it starts.

    The child inherits the signal mask. In this process the mask holds for one thread only, and
    another thread may get the signal, so the handler is replaced, too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = []
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        with _masked():
            yield
    finally:
        if callable(handler):
            signal.signal(signal.SIGINT, handler)
        if pressed:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _masked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
