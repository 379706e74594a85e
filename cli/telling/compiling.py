"""Kernels that are being compiled: on the bar each, without a bar the first alone."""

import threading
from collections.abc import Callable, Iterable

from .progress import compiling, is_drawn, say

Hear = Callable[[str], object]
"""Is called before a kernel is compiled, with what it is for, as "avg uint16"."""

_hear: Hear | None = None
_now = threading.local()  # what this thread pools
_lock = threading.Lock()
_latest = "kernels"  # what any thread pools: threads of steps do not say


def pooling(operator: str, dtype: object) -> None:
    """Note what this thread pools from now on: a kernel that it compiles is for that."""
    from numbapool.kernels import on_compile

    global _latest
    _now.what = _latest = f"{operator} {dtype}"
    with _lock:
        if _tell not in on_compile:
            on_compile.append(_tell)


def announced_by(hear: Hear | None) -> None:
    """Call `hear` before each kernel that this process compiles; nothing if it is None."""
    global _hear
    _hear = hear


def _tell() -> None:
    if _hear is not None:
        _hear(getattr(_now, "what", _latest))


class Compiling:
    """Tells the user of a run's kernels, and how many of them are known.

    How many a run takes is not known before its files are read. Known are those that have begun,
    and one for each operator that has pooled nothing yet.
    """

    def __init__(self, operators: Iterable[str] = ()) -> None:
        self._ahead = set(operators)
        self._begun = 0
        self._said: set[str] = set()

    def done(self, operator: str) -> None:
        """Expect no first kernel of an operator that has pooled a file."""
        self._ahead.discard(operator)

    def __call__(self, what: str) -> None:
        """Tell that a kernel is being compiled, and why kernels are not kept."""
        from numbapool.kernels import place, told

        self._begun += 1
        self.done(what.partition(" ")[0])
        if is_drawn():
            compiling(f"compiling {what} ({self._begun} of {self._begun + len(self._ahead)})")
        elif self._begun == 1:
            kept = "kept for next time" if place().path else "kept nowhere: see pool doctor"
            say(f"pool: compiling kernels for first use ({kept})…")
        for trouble in told:  # the library's warnings, which the command hides
            if trouble not in self._said:
                self._said.add(trouble)
                say(f"pool: {trouble}")
