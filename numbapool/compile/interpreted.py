"""Kernels as plain Python, where NUMBA_DISABLE_JIT asks for that: slow, and open to a debugger."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np

from numbapool.compile.spec import Spec
from numbapool.loops.geometry import Geometry

FAR = 1 << 40
"""More elements than there are: a pointer knows no end."""


@cache
def wanted() -> bool:
    """Say whether Numba compiles nothing in this process."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


class Interpreted:
    """A kernel that is called as compiled ones are."""

    address = 0

    def __init__(self, spec: Spec) -> None:
        from numbapool.compile.build import KERNELS

        self._spec = spec
        self._pool = KERNELS[spec.kernel]

    def call(self, call: int, block: int, begin: int, end: int) -> None:
        """Do the pieces from `begin` to `end`; the arguments' slots are at the address `call`."""
        spec = self._spec
        slots = pointed(call, "int64")
        fields = [slots[n : n + 1].view(name)[0] for n, name in enumerate(spec.fields)]
        addresses = iter(slots[len(fields) : len(fields) + 3 + len(spec.outs) + len(spec.lanes)])
        x = pointed(next(addresses), spec.x)
        outs = tuple(pointed(next(addresses), name) for name in spec.outs)
        geometry = Geometry(pointed(next(addresses), "int64"))
        lanes = tuple(pointed(next(addresses), name) for name in spec.lanes)
        scratch = block * next(addresses)
        with np.errstate(all="ignore"):
            self._pool(spec.op(*fields), spec.form(), x, outs, geometry, lanes, scratch, begin, end)


def pointed(address: int, name: str) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the array that begins at an address, without its end."""
    kind = np.ctypeslib.as_ctypes_type(np.dtype(name))
    return np.ctypeslib.as_array(ctypes.cast(int(address), ctypes.POINTER(kind)), (FAR,))
