"""Machine code of kernels for a device, kept on disk, and launched by `cuda.core`.

numba-cuda serves as a compiler alone: arrays are bare pointers in the code, so a launch takes
numbers only. A reducer of a user's is compiled anew in each process.
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from numbapool.compile import sources, store
from numbapool.cuda.pointers import Given
from numbapool.cuda.target import SIMULATED, cuda, numba_dtype, types_of

Capability = tuple[int, int]


@cache
def usable() -> bool:
    """Say whether kernels can be compiled and launched so."""
    if SIMULATED or os.environ.get("NUMBAPOOL_KERNELS") == "plain":
        return False
    return find_spec("cuda") is not None and find_spec("cuda.core") is not None


_told: list[str] = []


def warn_once(error: Exception) -> None:
    """Warn of the first kernel that cannot be compiled so; numba-cuda launches it."""
    if not _told:
        _told.append(str(error))
        warnings.warn(
            f"numbapool: a kernel is launched by numba-cuda, which takes longer, since cuda.core "
            f"failed: {type(error).__name__}: {str(error)[:200]}",
            RuntimeWarning,
            stacklevel=2,
        )


def pointer_to(dtype: Any) -> Any:
    """Return the type of a pointer to numbers of a dtype; those of bool are read as bytes."""
    stored = np.uint8 if dtype == np.bool_ else dtype
    return types_of().CPointer(numba_dtype(stored))


def typed(arg: Any, given: tuple[Any, ...] = ()) -> Any:
    """Return the type of an argument in compiled code; arrays are pointers."""
    types = types_of()
    if isinstance(arg, Given):
        return pointer_to(given[arg.number].dtype)
    if isinstance(arg, tuple):
        parts = [typed(part, given) for part in arg]
        return types.BaseTuple.from_types(parts, type(arg) if hasattr(arg, "_fields") else None)
    if hasattr(arg, "__cuda_array_interface__") or isinstance(arg, np.ndarray):
        return pointer_to(arg.dtype)
    return numba_dtype(np.asarray(arg).dtype)


def compiled(kernel: Any, kinds: tuple[Any, ...], capability: Capability) -> bytes:
    """Return a kernel's machine code for the types of its arguments, and a capability."""
    from cuda.core import Linker, LinkerOptions, ObjectCode

    signature = types_of().void(*kinds)
    codes, _ = cuda.compile_all(
        kernel.py_func, signature, cc=capability, device=False, output="ltoir", abi="numba"
    )
    parts = [ObjectCode.from_ltoir(each) if isinstance(each, bytes) else each for each in codes]
    arch = "sm_{}{}".format(*capability)
    options = LinkerOptions(arch=arch, link_time_optimization=True)
    return bytes(Linker(*parts, options=options).link("cubin").code)


@lru_cache(maxsize=1)
def surroundings() -> bytes:
    """Return a hash of all that every kernel depends on: our sources, and the compilers."""
    digest = hashlib.sha256(sources.surroundings())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for name in ("numba-cuda", "cuda-core"):
        digest.update(version(name).encode())
    return digest.digest()


def code_of(kernel: Any, kinds: tuple[Any, ...], capability: Capability) -> bytes:
    """Return a kernel's machine code: from disk if it was compiled before."""

    def make() -> bytes:
        return compiled(kernel, kinds, capability)

    owner = getattr(kinds[0], "instance_class", None)  # a reducer's class; some kernels take none
    if owner is not None and not owner.__module__.startswith("numbapool."):
        return make()
    function = kernel.py_func
    names = [f"{each.__module__}.{each.__qualname__}" for each in (function, owner) if each]
    words = [*names, *map(str, kinds), str(capability)]
    digest = hashlib.sha256(surroundings() + "\0".join(words).encode())
    return store.code_for(f"cuda-{digest.hexdigest()[:32]}", make)


@lru_cache(maxsize=512)
def loaded(kernel: Any, kinds: tuple[Any, ...], capability: Capability) -> Any:
    """Return a kernel ready to be launched on devices of a capability."""
    from cuda.core import ObjectCode

    code = code_of(kernel, kinds, capability)
    found = re.search(rb"\.text\.([\w$]+)\0", code)  # Numba counts its names up
    assert found is not None
    return ObjectCode.from_cubin(code).get_kernel(found[1].decode())


@lru_cache(maxsize=64)
def stream_at(handle: int) -> Any:
    """Return the stream of a handle."""
    from cuda.core import Stream

    return Stream.from_handle(handle)


class Prepared:
    """A launch whose arguments lie ready, but for the arrays."""

    def __init__(
        self,
        kernel: Any,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        args: tuple[Any, ...],
        given: tuple[Any, ...],
    ) -> None:
        from cuda.core import LaunchConfig, launch

        capability = tuple(cuda.get_current_device().compute_capability)
        kinds = tuple([typed(arg, given) for arg in args])
        self._kernel = loaded(kernel, kinds, capability)
        self._config = LaunchConfig(grid=grid, block=block)
        self._launch = launch
        self._args: list[Any] = []
        self._places: list[tuple[int, int]] = []
        for arg in args:
            self._add(arg)

    def _add(self, arg: Any) -> None:
        """Add an argument, tuples part by part; leave a place for a given array."""
        if isinstance(arg, Given):
            self._places.append((len(self._args), arg.number))
            self._args.append(0)
        elif isinstance(arg, tuple):
            for part in arg:
                self._add(part)
        elif isinstance(arg, np.generic):
            self._args.append(arg)
        else:
            self._args.append(int(arg.__cuda_array_interface__["data"][0]))

    def __call__(self, pointers: tuple[int, ...], stream: int) -> None:
        """Launch on the arrays at some addresses."""
        args = self._args.copy()
        for place, number in self._places:
            args[place] = pointers[number]
        self._launch(stream_at(stream), self._config, self._kernel, *args)
