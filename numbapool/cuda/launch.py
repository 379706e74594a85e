"""Launches of kernels: prepared once, run on many arrays.

A launch is `kernel[grid, block, stream](…)`. numba-cuda looks at all arguments each time, which
takes longer than many kernels run. So where `cuda.core` is installed, a kernel is compiled to
machine code, which is kept on disk, and launched by `cuda.core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numbapool.cuda import cubins
from numbapool.cuda.pointers import Given, pointer_of
from numbapool.cuda.target import array_of, handle_of, launcher, stream_of


class Launch:
    """A kernel with its arguments, but for the arrays."""

    def __init__(
        self, kernel: Any, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]
    ) -> None:
        self.kernel, self.grid, self.block, self.args = kernel, grid, block, args
        self._code: Any = None

    def __call__(self, given: tuple[Any, ...], stream: Any) -> None:
        """Run on the arrays `given`, in a stream's order; nothing waits."""
        if self._code is None:
            self._code = self._prepared(given) if cubins.usable() else False
        if self._code:
            self._code(tuple([pointer_of(array) for array in given]), handle_of(stream))
        else:
            self._plainly(given, stream)

    def _prepared(self, given: tuple[Any, ...]) -> Any:
        """Return the launch of machine code, or False if it cannot be made."""
        try:
            return cubins.Prepared(self.kernel, self.grid, self.block, self.args, given)
        except Exception as error:  # of one of several packages' inner parts; or a user's mistake
            cubins.warn_once(error)
            return False

    def _plainly(self, given: tuple[Any, ...], stream: Any) -> None:
        ready = launcher(self.kernel, self.grid, self.block, stream_of(stream))
        ready(*filled(self.args, given))


def filled(args: tuple[Any, ...], given: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the arguments, with the arrays in their places."""
    for arg in args:
        if isinstance(arg, Given):
            yield array_of(given[arg.number])
        elif type(arg) is tuple and arg and isinstance(arg[0], Given):
            yield tuple(filled(arg, given))
        else:
            yield arg
