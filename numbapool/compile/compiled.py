"""Kernels by their specs: from this process, from the disk, or compiled.

Every kernel is a C function of four numbers: the address of its arguments, the number of the
block, and the first and last of the pieces to do. So one parallel driver runs all kernels, and
any thread can call one without the GIL. Numba is imported only when something is compiled: its
import takes longer than everything else.
"""

from __future__ import annotations

import hashlib
import logging  # noqa: F401
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from itertools import count
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from numbapool.compile import numba_seams, store
from numbapool.compile.alike import is_as_numba_has_it, is_fresh, is_still, likeness, note
from numbapool.compile.interpreted import Interpreted, plain_wanted, wanted
from numbapool.compile.linked import Kernel
from numbapool.compile.sources import surroundings
from numbapool.compile.spec import Spec
from numbapool.compile.symbols import Unresolved, undefined
from numbapool.compile.target import numba_version
from numbapool.errors import PoolImportError
from numbapool.reducers.ways import is_own

if TYPE_CHECKING:
    from numbapool.compile.build import Built

on_compile: list[Callable[[], object]] = []
"""Functions that are called before a kernel is compiled, to tell a waiting user or to count."""

_lock = RLock()


def _before_fork() -> None:
    """Take the compile lock before a fork.

    So the child inherits no lock from a thread that no longer exists: neither this lock, nor the
    compilers' locks, nor the lock of the kernel's file.
    """
    _lock.acquire()


def _after_fork() -> None:
    """Give a forked child a lock that no thread holds."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    # logging is imported above so that its lock is registered before this one. A thread that
    # compiles may wait for it, and a fork takes last the locks that were registered first.
    os.register_at_fork(
        before=_before_fork, after_in_parent=lambda: _lock.release(), after_in_child=_after_fork
    )

_kernels: dict[tuple[Spec, bool], Any] = {}
"""The kernels, by the spec that they are compiled for and whether they are plain."""


def kernel(spec: Spec) -> Any:
    """Return the kernel compiled for a spec."""
    plain = plain_wanted()
    key = _key(spec)
    found = _kernels.get((key, plain))
    if found is None:
        with _lock:
            found = _kernels.get((key, plain)) or _kernels.get((spec, plain))
            if found is None:
                found, shared = _made(spec, key.op)
                _kernels[key if shared else spec, plain] = found
    return found


def _made(spec: Spec, like: Any) -> tuple[Any, bool]:
    """Return a kernel: interpreted or plain if so requested, else from machine code.

    The second result is whether all classes that are `like` the spec's may share it.
    """
    if wanted():
        return Interpreted(spec), True
    if is_own(spec.op):
        return _native_or_plain(spec, lambda: Kernel(_code(spec))), True
    return _of_user(spec, like)


def _native_or_plain(spec: Spec, native: Callable[[], Kernel]) -> Any:
    """Return a kernel from machine code; a plain one if so requested, or if it cannot be built."""
    if plain_wanted():
        return _plain(spec)
    try:
        return native()
    except Unbuilt as error:
        found = _plain(spec)
        store.warn_once(
            f"Numba {numba_version()} lacks what numbapool's fast kernels are built with "
            f"({error}), so slower ones are compiled; {THAT_CAN}"
        )
        return found


def _plain(spec: Spec) -> Any:
    """Return a kernel that Numba's public functions compile."""
    _tell()
    try:
        return with_numba("plain").Plain(spec, f"{spec.kernel}_{next(_builds)}")
    except Unbuilt as error:
        raise cannot(error) from error


class Unbuilt(Exception):
    """Numba lacks an inner part that kernels are built with; the text says which."""


def _key(spec: Spec) -> Spec:
    """Return a key that is equal for specs of one kernel: users' classes of equal code share it."""
    if is_own(spec.op) or wanted():
        return spec
    return spec._replace(op=likeness(spec.op))


OLDEST = (0, 62)
"""The oldest Numba whose LLVM reads a kernel's text."""

THAT_CAN = "those that can are 0.62 to 0.68: pip install 'numba>=0.62,<0.69'"


def cannot(why: object = "") -> PoolImportError:
    """Return the error that says that this Numba cannot build kernels, and which Numba can."""
    because = f" ({why})" if why else ""
    return PoolImportError(
        f"Numba {numba_version()} cannot build numbapool's kernels{because}; {THAT_CAN}"
    )


def with_numba(name: str) -> ModuleType:
    """Return a module beside this one that imports Numba.

    Raises
    ------
    PoolImportError
        If Numba is missing or too old; the error says what to install.
    Unbuilt
        If Numba lacks a part.
    """
    release = re.match(r"(\d+)\.(\d+)", numba_version())
    if release and tuple(map(int, release.groups())) < OLDEST:
        raise cannot()
    try:
        return import_module(f"numbapool.compile.{name}")
    except ModuleNotFoundError as error:
        raise PoolImportError(
            f"numbapool compiles its kernels with Numba, which cannot be imported: {error}"
        ) from error
    except (ImportError, AttributeError) as error:  # Numba's parts have other names
        raise Unbuilt(error) from error


@cache
def driver() -> Kernel | None:
    """Return the driver that runs a kernel's blocks on Numba's threads, or None if they cannot."""
    with _lock:
        try:
            made: Kernel | None = with_numba("driver").made()
        except Unbuilt:
            return None
        return made


@cache
def together() -> Kernel:
    """Return the kernel that runs several kernels band by band; there is a driver."""
    with _lock:
        made: Kernel = with_numba("driver").together()
        return made


def loaded() -> int:
    """Return the number of kernels in this process."""
    return len(_kernels)


PIECE = 1 << 20
"""Elements that count as one when a kernel is wanted: fewer than any photo has."""

PIECES = 1100
"""How many of them a kernel is worth: so many photos take longer without it than it compiles."""


_all_worth = False


@contextmanager
def all_worth() -> Iterator[None]:
    """Let all kernels be worth compiling meanwhile."""
    global _all_worth
    _all_worth = True
    try:
        yield
    finally:
        _all_worth = False


def is_worth(spec: Spec, work: int) -> bool:
    """Say whether to run one of our kernels, not something slower that needs no compiler.

    It is if no compiler is needed: the kernel is here, or on the disk. Else it is if much was
    wanted of it, in all processes; `work` more elements are from now on.
    """
    if _all_worth or wanted() or plain_wanted() or (spec, False) in _kernels:
        return True
    folder = store.place().path
    if folder is None or (folder / f"{_name(spec)}.o").exists():
        return True
    return store.counted(folder / f"{_name(spec)}.wanted", work // PIECE) > PIECES


def _name(spec: Spec) -> str:
    """Return the name under which one of our kernels is kept."""
    return hashlib.sha256(surroundings() + str(spec).encode()).hexdigest()[:32]


def _tell() -> None:
    for tell in tuple(on_compile):
        tell()


_builds = count()
"""Tells kernels of one name apart: a class may be defined again under the same name."""


def _code(spec: Spec) -> bytes:
    """Return the machine code of one of our kernels."""
    name = _name(spec)

    def make() -> bytes:
        try:
            return _build(spec, name).code
        except PoolImportError:
            raise
        except (ImportError, AttributeError, TypeError, RuntimeError) as error:
            # Our own kernels are right, so this Numba has other inner parts.
            raise Unbuilt(f"{type(error).__name__}: {error}".partition("\n")[0]) from error

    return store.code_for(name, make)


def _of_user(spec: Spec, like: Any) -> tuple[Any, bool]:
    """Return the kernel of a user's reducer, and whether classes `like` its class may share it.

    `like` is a hash of the class's content, under which the kernel is kept between processes; it is
    the class itself if it has none.
    """
    known = is_still(spec.op, like)  # else a value has changed since the class was first used
    exact = plain_wanted() and known and is_fresh(spec.op)
    found = False
    versions = f"{like}|{np.__version__}|{sys.implementation.cache_tag}|{spec}"
    name = hashlib.sha256(surroundings() + versions.encode()).hexdigest()[:32]
    made: list[Built] = []

    def make() -> bytes:
        nonlocal exact
        exact = known and is_fresh(spec.op)
        made.append(_build(spec, name))
        return made[-1].code

    def keep() -> bool:
        alone = exact and not made[-1].bound and is_as_numba_has_it(spec.op)
        return alone and is_still(spec.op, like)

    def native() -> Kernel:
        nonlocal found
        code = store.code_for(name, make, keep) if known else make()
        if made:
            return Kernel(code)
        try:
            kernel = Kernel(code, undefined(code))
        except Unresolved:  # a part of Numba's that it loads when it compiles
            return Kernel(make())
        found = True
        return kernel

    kernel = _native_or_plain(spec, native)
    if exact:
        note(spec.op)
    return kernel, found or exact


def _build(spec: Spec, name: str) -> Built:
    """Compile a kernel."""
    _tell()
    build: Callable[[Spec, str], Built] = with_numba("build").build
    lacking = numba_seams.probe()
    if lacking:
        raise Unbuilt(lacking)
    return build(spec, f"{name}_{next(_builds)}")
