"""Kernels by their specs: from this process, from the disk, or compiled.

Every kernel is a C function of four numbers: the address of its arguments, the number of the
block, and which of the pieces to do. So one parallel driver, compiled once, runs them all, and
any thread can call one without the GIL. Numba is imported where something is compiled, not
before: it takes longer than all else.
"""

from __future__ import annotations

import hashlib
from threading import RLock

from numbapool.kernels import store
from numbapool.kernels.spec import Spec

_LOCK = RLock()
_kernels: dict[Spec, store.Kernel] = {}


def kernel(spec: Spec) -> store.Kernel:
    """Return the kernel compiled for a spec."""
    found = _kernels.get(spec)
    if found is None:
        with _LOCK:
            found = _kernels.get(spec)
            if found is None:
                found = _kernels[spec] = store.Kernel(_code(spec))
    return found


def _code(spec: Spec) -> bytes:
    name = hashlib.sha256(store.surroundings() + str(spec).encode()).hexdigest()[:32]

    def make() -> bytes:
        from numbapool.kernels.build import build

        return build(spec, name)

    return store.code_for(name, make)
