"""A kernel's C function, as Numba compiles it: from the arguments' slots to the kernel's loops."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from numbapool.compile.contract import Arguments
from numbapool.compile.spec import Spec
from numbapool.loops.pointers import geometry_type, pointer_to

SIGNATURE = types.void(types.int64, types.int64, types.int64, types.int64)
"""The address of a kernel's arguments, the block's number, its first piece and its end."""


def _pointers(names: tuple[str, ...]) -> types.Tuple:
    return types.Tuple([types.CPointer(getattr(types, name)) for name in names])


def argument_types(spec: Spec) -> types.Tuple:
    """Return Numba's types of the arguments in the order of their slots, after the form's type.

    The form in which elements are read takes no slot.
    """
    arguments = Arguments(
        fields=types.BaseTuple.from_types([getattr(types, name) for name in spec.fields], spec.op),
        x=types.CPointer(getattr(types, spec.x)),
        more=_pointers(spec.more),
        outs=_pointers(spec.outs),
        geometry=geometry_type,
        lanes=_pointers(spec.lanes),
        room=types.int64,
    )
    return types.Tuple([types.BaseTuple.from_types([], spec.form), *arguments])


_specs: dict[str, Spec] = {}


@intrinsic(prefer_literal=True)
def unpack(typingctx: Any, call: Any, name: Any) -> Any:
    """Return the arguments that stand in the 8-byte slots at an address."""
    wanted = argument_types(_specs[name.literal_value])

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        slots = builder.inttoptr(args[0], pointer_to(cgutils.intp_t))
        count = 0

        def take(kind: Any) -> Any:
            nonlocal count
            if isinstance(kind, types.BaseTuple):
                return context.make_tuple(builder, kind, [take(part) for part in kind])
            slot = builder.gep(slots, [cgutils.intp_t(count)])
            count += 1
            return builder.load(builder.bitcast(slot, pointer_to(context.get_value_type(kind))))

        return take(wanted)

    return wanted(call, name), codegen


def joined(x, more):
    """Return the input alone, or together with the array that goes with it."""
    return (x, *more) if more else x


@overload(joined)
def _joined(x, more):
    if more.count:
        return lambda x, more: (x, more[0])
    return lambda x, more: x


def entry(call, block, begin, end):
    """Run a kernel; SPEC and POOL are set for each compiled copy."""
    form, op, x, more, outs, geometry, lanes, room = unpack(call, SPEC)  # noqa: F821
    POOL(op, form, joined(x, more), outs, geometry, lanes, block * room, begin, end)  # noqa: F821


def entry_of(spec: Spec, name: str, pool: Any) -> FunctionType:
    """Return a copy of `entry` for a spec; `name` tells it from others."""
    _specs[name] = spec
    scope = {**entry.__globals__, "SPEC": name, "POOL": pool}
    function = FunctionType(entry.__code__, scope, f"{spec.kernel}_{name}")
    function.__qualname__ = function.__name__
    return function
