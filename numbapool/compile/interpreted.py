"""Kernels as plain Python, if NUMBA_DISABLE_JIT asks for them: slow, and open to a debugger."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np

from numbapool.compile.contract import taken
from numbapool.compile.spec import Spec
from numbapool.loops.geometry import Geometry


def plain_wanted() -> bool:
    """Say whether the variable NUMBAPOOL_KERNELS asks for the plain loops."""
    return os.environ.get("NUMBAPOOL_KERNELS", "") == "plain"


FAR = 1 << 40
"""More elements than any array has: a pointer knows no end."""


@cache
def wanted() -> bool:
    """Say whether Numba compiles nothing in this process."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


class Interpreted:
    """A kernel that is called like a compiled one."""

    address = 0

    def __init__(self, spec: Spec) -> None:
        from numbapool.loops.kernels import KERNELS, plain  # imports Numba

        self._spec = spec
        self._pool = plain(spec.kernel) if plain_wanted() else KERNELS[spec.kernel]

    def call(self, call: int, block: int, begin: int, end: int) -> None:
        """Do the pieces from `begin` to `end`; the arguments' slots are at the address `call`."""
        spec = self._spec
        counts = len(spec.fields), len(spec.outs), len(spec.lanes), len(spec.more)
        slots = pointed(call, "int64")
        given = taken(slots, *counts)
        bits = zip(given.fields, spec.fields, strict=True)
        op = spec.op(*(np.array([slot]).view(name)[0] for slot, name in bits))
        x: Any = pointed(given.x, spec.x)
        if spec.more:
            x = (x, *map(pointed, given.more, spec.more))
        outs = tuple(map(pointed, given.outs, spec.outs))
        geometry = Geometry(pointed(given.geometry, "int64"))
        lanes = tuple(map(pointed, given.lanes, spec.lanes))
        scratch = block * given.room
        with np.errstate(all="ignore"):
            self._pool(op, spec.form(), x, outs, geometry, lanes, scratch, begin, end)


def pointed(address: int, name: str) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the array that begins at an address, without its end."""
    kind = np.ctypeslib.as_ctypes_type(np.dtype(name))
    return np.ctypeslib.as_array(ctypes.cast(int(address), ctypes.POINTER(kind)), (FAR,))
