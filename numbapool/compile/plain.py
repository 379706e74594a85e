"""Kernels that Numba's public functions compile: the plain loops, for any Numba.

They run if this Numba lacks a part that the fast kernels are built with, or if the environment
variable ``NUMBAPOOL_KERNELS`` is ``plain``. They give the same results. Sums of floats may differ
in the last bits, because the order of additions differs. They are slower, and each process that
uses them compiles them again.
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
    """A plain kernel, called like the others."""

    def __init__(self, spec: Spec, name: str) -> None:
        function = entry_of(spec, f"plain_{name}", plain(spec.kernel))
        self._kept: Any = cfunc(SIGNATURE, nopython=True, nogil=True, **METHODS)(function)
        self.address = self._kept.address
        self.call = PROTOTYPE(self.address)
