"""Ctrl-C: what it does before there is work that must be left in order, meanwhile and after."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .exits import ExitCode

_ours = False


def end_at_once() -> None:
    """Let Ctrl-C end the process, without a word: nothing is half done.

    While modules load there is no other way: an exception in the midst of an import is not
    always the one that arrives, and one at the interpreter's end is printed.
    """
    global _ours
    if _ours or signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        _ours = True
        signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.INTERRUPTED))


def unwind() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` from now on: there are outputs at work."""
    if _ours and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ignore() -> None:
    """Leave Ctrl-C to another process, which is told as well."""
    global _ours
    _ours = False
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def held_back() -> Iterator[None]:
    """Let Ctrl-C wait, for this process and for a child that it makes meanwhile.

    A mask goes on to the child, whatever way it begins; but here it holds for this thread alone,
    and another may be the one that is told: so the handler waits, too.
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
