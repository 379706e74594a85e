"""Launches of kernels: prepared once, run on many arrays.

A launch is `kernel[grid, block, stream](…)`. numba-cuda looks at all arguments each time, which
takes longer than many kernels run. So where `cuda.core` is installed, a kernel is compiled to
machine code, which is kept on disk, and launched by `cuda.core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numbapool.cuda import cubins
from numbapool.cuda.target import SIMULATED, array_of, handle_of, launcher, stream_of
from numbapool.cuda.vector import BYTES


class Given(NamedTuple):
    """The place of an array that is given to a launch when it runs."""

    number: int


@dataclass(slots=True)
class Memory:
    """Contiguous memory on a device, as launches take it: an array takes longer to make."""

    pointer: int
    size: int
    dtype: np.dtype[Any]
    owner: Any = None
    """What keeps it alive."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "version": 3,
            "data": (self.pointer, False),
            "shape": (self.size,),
            "strides": None,
            "typestr": self.dtype.str,
        }

    def __getitem__(self, rest: slice) -> Memory:
        """Return the memory from an element on."""
        begin = rest.start or 0
        pointer = self.pointer + begin * self.dtype.itemsize
        return Memory(pointer, self.size - begin, self.dtype, self.owner)


def pointer_of(array: Any) -> int:
    """Return the address of an array's first element."""
    if isinstance(array, Memory):
        return array.pointer
    told = array.__array_interface__ if SIMULATED else array.__cuda_array_interface__
    return int(told["data"][0])


def aligned(*arrays: Any) -> bool:
    """Say whether all arrays begin where 16 bytes can be loaded at once."""
    return not any(pointer_of(array) % BYTES for array in arrays)


class Launch:
    """A kernel with its arguments, but for the arrays."""

    def __init__(
        self, kernel: Any, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]
    ) -> None:
        self.kernel, self.grid, self.block, self.args = kernel, grid, block, args
        self._code: Any = None

    def __call__(self, given: tuple[Any, ...], stream: Any) -> None:
        """Run on the arrays `given`, in a stream's order; nothing waits."""
        if not cubins.usable():
            ready = launcher(self.kernel, self.grid, self.block, stream_of(stream))
            ready(*filled(self.args, given))
            return
        if self._code is None:
            self._code = cubins.Prepared(self.kernel, self.grid, self.block, self.args, given)
        self._code(tuple([pointer_of(array) for array in given]), handle_of(stream))


def filled(args: tuple[Any, ...], given: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the arguments, with the arrays in their places."""
    for arg in args:
        if isinstance(arg, Given):
            yield array_of(given[arg.number])
        elif type(arg) is tuple and arg and isinstance(arg[0], Given):
            yield tuple(filled(arg, given))
        else:
            yield arg
