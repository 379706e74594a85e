"""Kernels by their specs: from this process, from the disk, or compiled.

Every kernel is a C function of four numbers: the address of its arguments, the number of the
block, and which of the pieces to do. So one parallel driver runs them all, and any thread can
call one without the GIL. Numba is imported where something is compiled, not before: it takes
longer than all else.
"""

from __future__ import annotations

import hashlib
import logging  # noqa: F401
import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import count
from threading import RLock
from types import ModuleType

from numbapool.kernels import store
from numbapool.kernels.interpreted import Interpreted, wanted
from numbapool.kernels.spec import Spec
from numbapool.reducers import is_own

on_compile: list[Callable[[], object]] = []
"""What is called before a kernel is compiled: to tell whoever waits, or to count."""

_lock = RLock()


def _before_fork() -> None:
    """Wait for who compiles: the child has no such thread, to give back the locks it holds.

    They are this one, the compilers' own and that of the kernel's file.
    """
    _lock.acquire()


def _after_fork() -> None:
    """Give a forked child a lock that nobody holds."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    # Imported above: a fork takes the lock of logging too, which who compiles may wait for, and
    # takes last the locks that were registered first.
    os.register_at_fork(
        before=_before_fork, after_in_parent=lambda: _lock.release(), after_in_child=_after_fork
    )

_kernels: dict[Spec, store.Kernel | Interpreted] = {}


def kernel(spec: Spec) -> store.Kernel | Interpreted:
    """Return the kernel compiled for a spec."""
    found = _kernels.get(spec)
    if found is None:
        with _lock:
            found = _kernels.get(spec)
            if found is None:
                made = Interpreted(spec) if wanted() else store.Kernel(_code(spec))
                found = _kernels[spec] = made
    return found


def with_numba(name: str) -> ModuleType:
    """Return a module beside this one that imports Numba.

    Raises
    ------
    ImportError
        Where that fails: it says what for, and why.
    """
    try:
        return import_module(f"numbapool.kernels.{name}")
    except ImportError as error:
        raise ImportError(
            f"numbapool compiles its kernels with Numba, which cannot be imported: {error}"
        ) from error


@cache
def driver() -> store.Kernel | None:
    """Return what runs a kernel over many blocks at once, on Numba's threads, if these serve."""
    with _lock:
        made: store.Kernel | None = with_numba("driver").made()
        return made


def loaded() -> int:
    """Return how many kernels are in this process."""
    return len(_kernels)


_builds = count()
"""Sets kernels of one name apart: a class may be defined again under the name that it had."""


def _code(spec: Spec) -> bytes:
    name = hashlib.sha256(store.surroundings() + str(spec).encode()).hexdigest()[:32]

    def make() -> bytes:
        for tell in tuple(on_compile):
            tell()
        code: bytes = with_numba("build").build(spec, f"{name}_{next(_builds)}")
        return code

    if not is_own(spec.op):
        return make()  # a user's reducer may change, and what it calls: nothing says so
    return store.code_for(name, make)
