"""Kernels that Numba's public functions compile: the plain loops, for whatever Numba there is.

They are what is run if this Numba lacks a part that the others are built with, or if the variable
NUMBAPOOL_KERNELS is "plain". They give the same results. They are slower, and compiled in each
process that uses them.
"""

from __future__ import annotations

from typing import Any

from numba import cfunc

from numbapool.compile.contract import PROTOTYPE
from numbapool.compile.entry import SIGNATURE, entry_of
from numbapool.compile.spec import Spec
from numbapool.loops.kernels import plain
from numbapool.loops.options import METHODS


class Plain:
    """A plain kernel, called as others are."""

    def __init__(self, spec: Spec, name: str) -> None:
        function = entry_of(spec, f"plain_{name}", plain(spec.kernel))
        self._kept: Any = cfunc(SIGNATURE, nopython=True, nogil=True, **METHODS)(function)
        self.address = self._kept.address
        self.call = PROTOTYPE(self.address)
