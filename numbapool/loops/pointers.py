"""The geometry for compiled loops: a bare pointer whose numbers have names.

``geometry.inner`` is one load. ``geometry.width`` is the same pointer, with the slot where the
axis's block begins. ``geometry.width.taps`` is again one load. No function is compiled for an
attribute.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    models,
    overload,
    register_model,
)

from numbapool.loops.geometry import AT, AXIS, BORDER, HEAD


def pointer_to(kind: Any) -> Any:
    """Return LLVM's type of a pointer: typed if this llvmlite has typed pointers, else opaque."""
    return kind.as_pointer() if hasattr(kind, "as_pointer") else cgutils.ir.PointerType()


def call_written(builder: Any, name: str, returned: Any, args: Any) -> Any:
    """Call a function that is added to a kernel as LLVM's text; arrays are pointers to it."""
    byte = pointer_to(cgutils.ir.IntType(8))
    parts = [
        part if isinstance(part.type, cgutils.ir.IntType) else builder.bitcast(part, byte)
        for part in args
    ]
    kind = cgutils.ir.FunctionType(returned, [part.type for part in parts])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), parts)


class GeometryType(types.Type):  # type: ignore[misc]
    """A pointer to a plan's numbers."""

    dtype = types.int64

    def __init__(self) -> None:
        super().__init__(name="numbapool.geometry")


class AxisType(types.Type):  # type: ignore[misc]
    """The same pointer, and the slot where the block of one axis begins."""

    def __init__(self) -> None:
        super().__init__(name="numbapool.geometry.axis")


geometry_type, axis_type = GeometryType(), AxisType()

register_model(GeometryType)(models.PointerModel)


@register_model(AxisType)
class AxisModel(models.StructModel):  # type: ignore[misc]
    """How compiled code holds an axis."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("geometry", geometry_type), ("at", types.int64)])


@infer_getattr
class GeometryNames(AttributeTemplate):  # type: ignore[misc]
    """The types of ``geometry.name``."""

    key = GeometryType

    def generic_resolve(self, owner: Any, name: str) -> Any:
        """Return the type that a name has."""
        return types.int64 if name in HEAD else axis_type if name in AT else None


@infer_getattr
class AxisNames(AttributeTemplate):  # type: ignore[misc]
    """The types of ``geometry.width.name``."""

    key = AxisType

    def generic_resolve(self, owner: Any, name: str) -> Any:
        """Return the type that a name has."""
        return types.int64 if name in AXIS else None


def _load(context: Any, builder: Any, pointer: Any, slot: Any) -> Any:
    return builder.load(builder.gep(pointer, [slot]))


@lower_getattr_generic(GeometryType)
def geometry_attribute(context: Any, builder: Any, owner: Any, pointer: Any, name: str) -> Any:
    """Load a number of the head, or return an axis."""
    if name in HEAD:
        return _load(context, builder, pointer, context.get_constant(types.int64, HEAD.index(name)))
    axis = cgutils.create_struct_proxy(axis_type)(context, builder)
    axis.geometry, axis.at = pointer, context.get_constant(types.int64, AT[name])
    return axis._getvalue()


@lower_getattr_generic(AxisType)
def axis_attribute(context: Any, builder: Any, owner: Any, value: Any, name: str) -> Any:
    """Load a number of an axis."""
    axis = cgutils.create_struct_proxy(axis_type)(context, builder, value)
    slot = builder.add(axis.at, context.get_constant(types.int64, AXIS.index(name)))
    return _load(context, builder, axis.geometry, slot)


def border(axis, row):
    """Return the three numbers of a border window, by its row in the table."""
    at = axis.borders + BORDER * row
    return tuple(axis.numbers[at : at + BORDER])


@intrinsic
def _border(typingctx: Any, axis: Any, row: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value, row = args
        at = builder.mul(context.get_constant(types.int64, BORDER), row)
        at = builder.add(axis_attribute(context, builder, axis, value, "borders"), at)
        pointer = cgutils.create_struct_proxy(axis_type)(context, builder, value).geometry
        slots = [builder.add(at, context.get_constant(types.int64, n)) for n in range(BORDER)]
        numbers = [_load(context, builder, pointer, slot) for slot in slots]
        return context.make_tuple(builder, signature.return_type, numbers)

    return types.UniTuple(types.int64, BORDER)(axis, types.int64), codegen


@overload(border)
def _border_of(axis, row):
    return lambda axis, row: _border(axis, row)


def number_at(axis, slot):
    """Return the number in a slot, which an axis's block names."""
    return axis.numbers[slot]


@intrinsic
def _number_at(typingctx: Any, axis: Any, slot: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = cgutils.create_struct_proxy(axis_type)(context, builder, args[0]).geometry
        return _load(context, builder, pointer, args[1])

    return types.int64(axis, types.int64), codegen


@overload(number_at)
def _number_of(axis, slot):
    return lambda axis, slot: _number_at(axis, slot)
