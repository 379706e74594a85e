"""Compile a kernel for one reducer and its types, or load it from the cache on disk.

Every kernel is compiled to a plain C function of four numbers: the address of its arguments,
and which of the work to do. So one parallel driver, compiled once, runs them all; none needs a
wrapper for Python or is compiled twice; and any thread can call one without the GIL.

Each pair of kernel and types is a function with a name of its own, so that its cache index is
its own too: two processes that compile different types of one function at once would otherwise
overwrite each other's machine code. A hash of the sources that the kernels are made from stands
in the name, since numba does not see that a function called from another file has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import RLock
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numba import cfunc, njit, prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from numbapool import reducers, selectors
from numbapool.kernels.lanes import Half, Native
from numbapool.kernels.rows import pool_rows
from numbapool.kernels.running import pool_running
from numbapool.kernels.runs import pool_runs
from numbapool.kernels.select import pool_select

LOCK = RLock()
ENTRY = types.void(types.int64, types.int64, types.int64, types.int64)
"""A kernel's signature: its arguments' address, the block's number, its pieces from and to."""


class Spec(NamedTuple):
    """The types of one kernel's arguments."""

    op: type
    fields: tuple[str, ...]
    form: type
    x: str
    outs: tuple[str, ...]
    lanes: tuple[str, ...]


def spec_of(op: Any, x: Any, outs: tuple[Any, ...], lanes: tuple[Any, ...]) -> Spec:
    """Return the spec for a reducer and the dtypes of input, results and lanes."""

    def names(dtypes: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(stored(dtype).name for dtype in dtypes)

    fields = tuple(np.asarray(value).dtype.name for value in op)
    form = Half if np.float16 in (x, outs[0]) else Native
    return Spec(type(op), fields, form, stored(x).name, names(outs), names(lanes))


def stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that a kernel sees: float16 as its bits, bool as bytes."""
    if dtype == np.float16:
        return np.dtype(np.uint16)
    return np.dtype(np.uint8) if dtype == np.bool_ else dtype


def _pointers(names: tuple[str, ...]) -> types.Tuple:
    return types.Tuple([types.CPointer(getattr(types, name)) for name in names])


def argument_types(spec: Spec) -> types.Tuple:
    """Return numba's types of what stands in the argument slots, in their order."""
    op = types.BaseTuple.from_types([getattr(types, name) for name in spec.fields], spec.op)
    form = types.BaseTuple.from_types([], spec.form)
    x = types.CPointer(getattr(types, spec.x))
    numbers = types.CPointer(types.int64)
    rest = (_pointers(spec.outs), numbers, _pointers(spec.lanes), types.int64)
    return types.Tuple([op, form, x, *rest])


def _specs(name: str) -> Spec:
    return _known[name]


_known: dict[str, Spec] = {}


@intrinsic(prefer_literal=True)
def unpack(typingctx: Any, call: Any, name: Any) -> Any:
    """Return the arguments that stand in the 8-byte slots at an address."""
    wanted = argument_types(_specs(name.literal_value))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        slots = builder.inttoptr(args[0], cgutils.intp_t.as_pointer())
        taken = 0

        def take(kind: Any) -> Any:
            nonlocal taken
            if isinstance(kind, types.BaseTuple):
                return context.make_tuple(builder, kind, [take(part) for part in kind])
            slot = builder.gep(slots, [cgutils.intp_t(taken)])
            taken += 1
            value_type = context.get_value_type(kind)
            return builder.load(builder.bitcast(slot, value_type.as_pointer()))

        return take(wanted)

    return wanted(call, name), codegen


@intrinsic
def invoke(typingctx: Any, address: Any, call: Any, block: Any, begin: Any, end: Any) -> Any:
    """Call the kernel at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kernel = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [cgutils.intp_t] * 4)
        builder.call(builder.inttoptr(args[0], kernel.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(address, call, block, begin, end), codegen


# The entries: SPEC is set for each compiled copy.


def rows(call, block, begin, end):
    """Small windows."""
    op, form, x, outs, geometry, lanes, room = unpack(call, SPEC)  # noqa: F821
    pool_rows(op, form, x, outs, geometry, lanes, block * room, begin, end)


def running(call, block, begin, end):
    """Large windows that overlap."""
    op, form, x, outs, geometry, lanes, room = unpack(call, SPEC)  # noqa: F821
    pool_running(op, form, x, outs, geometry, lanes, block * room, begin, end)


def runs(call, block, begin, end):
    """Wide windows that hardly overlap."""
    op, form, x, outs, geometry, lanes, room = unpack(call, SPEC)  # noqa: F821
    pool_runs(op, form, x, outs, geometry, lanes, block * room, begin, end)


def selection(call, block, begin, end):
    """Selections."""
    op, form, x, outs, geometry, lanes, room = unpack(call, SPEC)  # noqa: F821
    pool_select(op, form, x, outs, geometry, lanes, block * room, begin, end)


ENTRIES: dict[str, Any] = {
    "rows": rows,
    "running": running,
    "runs": runs,
    "selection": selection,
}


def blocks(address, call, pieces, count):
    """Cut the pieces into blocks and run a kernel over each, on numba's threads."""
    for block in prange(count):
        begin = pieces * block // count
        invoke(address, call, block, begin, pieces * (block + 1) // count)


@lru_cache(maxsize=1)
def source_hash() -> str:
    """Return a short hash of everything that the kernels are compiled from."""
    digest = hashlib.sha256()
    modules = map(Path, (reducers.__file__, selectors.__file__))
    for path in [*modules, *sorted(Path(__file__).parent.glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _named(template: Any, name: str, **constants: Any) -> FunctionType:
    name = f"{template.__name__}_{source_hash()}_{name}"
    function = FunctionType(template.__code__, {**template.__globals__, **constants}, name)
    function.__qualname__ = name
    function.__module__ = template.__module__
    return function


def _compile(decorate: Callable[[bool], Any], function: FunctionType) -> Any:
    try:
        return decorate(True)(function)
    except RuntimeError:  # numba finds no folder to cache in
        return decorate(False)(function)


@lru_cache(maxsize=1)
def driver() -> Any:
    """Return the compiled parallel driver."""
    with LOCK:
        return _compile(
            lambda cache: njit(
                [ENTRY], parallel=True, nogil=True, error_model="numpy", cache=cache
            ),
            _named(blocks, "all"),
        )


_kernels: dict[tuple[Any, Spec], Any] = {}


def kernel(template: Any, spec: Spec) -> Any:
    """Return a template compiled for a spec: an object with `.address` and `.ctypes`."""
    found = _kernels.get((template, spec))
    if found is None:
        with LOCK:
            found = _kernels.get((template, spec))
            if found is None:
                words = "|".join(
                    map(str, (spec.op.__qualname__, *spec[1:2], spec.form.__name__, *spec[3:]))
                )
                name = hashlib.sha256(words.encode()).hexdigest()[:12]
                _known[name] = spec
                found = _kernels[template, spec] = _compile(
                    lambda cache: cfunc(ENTRY, nopython=True, error_model="numpy", cache=cache),
                    _named(template, name, SPEC=name),
                )
    return found
