"""The stages of networks of minima and maxima, in vectors of neighbouring windows.

Floats are compared as integers of the same order: that is quicker, and orders zeros by their signs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from numbapool.loops.pointers import pointer_to
from numbapool.reducers.networks import Stage, network


def shape(form: Any) -> tuple[int, ...]:
    """Return what `shape_of` returns, for the class of a form."""
    rows, columns, ranks, down, stride, _, planes = form.key
    return planes, rows, columns, down, stride, len(ranks), ranks[0], network(*form.key).stored


def shape_of(form):
    """Return a form's numbers: planes, rows, columns, windows at once, their stride, ranks, the
    first rank, and rows that are stored.
    """
    return shape(type(form))


@overload(shape_of)
def _shape_of(form):
    numbers = shape(form.instance_class)
    return lambda form: numbers


def run_stages(form, source, at, steps, inner, values, scratch, between, target, to, across, n):
    """Make `n` results of each window and rank; rank r of window k goes to row ``r * down + k``.

    The input begins at ``source[at]``; `steps` lead to its next row and to its next plane; a column
    has `inner` elements. Stored rows are at `scratch` among the values, `between` apart; results at
    ``target[to]``, `across` apart.
    """
    planes, _, _, down, _, _, least, _ = shape_of(form)
    pitch, layer = steps
    whole = network(*type(form).key)
    stages, further = whole.stages, whole.further
    for number, stage in enumerate(stages):
        wide = n + further[number] * inner
        made: list[Any] = []
        for kind, first, second in stage.steps:
            if kind == "load":
                begin = at + first // planes * pitch + first % planes * layer + second * inner
                made.append(keys(source[begin : begin + wide]))
            elif kind == "recall":
                begin = scratch + first * between + second * inner
                made.append(keys(values[begin : begin + wide], turned=False))
            else:
                pick = np.minimum if kind == "lesser" else np.maximum
                made.append(pick(made[first], made[second]))
        for row, place in stage.stores.items():
            begin = scratch + row * between
            keys(values[begin : begin + wide], turned=False)[:] = made[place]
        for (k, rank), place in stage.results.items():
            begin = to + ((rank - least) * down + k) * across
            keys(target[begin : begin + wide], turned=False)[:] = keys(
                made[place].view(target.dtype)
            )


def keys(array, turned=True):
    """Return floats as integers, of the same order if `turned`; the same turns them back."""
    if array.dtype.kind != "f":
        return array
    bits = 8 * array.itemsize
    whole = array.view(f"i{array.itemsize}")
    return whole ^ ((whole >> (bits - 1)) & ((1 << (bits - 1)) - 1)) if turned else whole


@overload(run_stages)
def _run_stages(form, source, at, steps, inner, values, scratch, between, target, to, across, n):
    owner = form.instance_class
    whole, width = network(*owner.key), owner.vector * 8 // values.dtype.bitwidth
    stages, further = whole.stages, whole.further
    scope: dict[str, Any] = {}
    lines = [
        "def run(form, source, at, steps, inner, values, scratch, between, target, to, across, n):",
        "    pitch, layer = steps",
    ]
    for number, stage in enumerate(stages):
        scope[f"stage{number}"] = vectors(stage, shape(owner), width)
        given = "source, at, pitch, layer, inner, values, scratch, between, target, to, across, i"
        lines += [
            f"    last = n + {further[number]} * inner - {width}",
            "    i = 0",
            "    while True:",
            f"        stage{number}({given})",
            "        if i == last:",
            "            break",
            f"        i = min(i + {width}, last)",
        ]
    exec("\n".join(lines), scope)
    return scope["run"]


def vectors(stage: Stage, shape: tuple[int, ...], width: int) -> Any:
    """Return a function that does a stage's steps for `width` neighbouring elements."""

    @intrinsic
    def steps(
        typing, source, at, pitch, layer, inner, values, scratch, between, target, to, across, i
    ):
        kind, number = values.dtype, types.int64
        numbers = [number] * 4, [number] * 2, [number] * 3
        signature = types.void(source, *numbers[0], values, *numbers[1], target, *numbers[2])

        def codegen(context, builder, signature, args):
            emit(Emitter(context, builder, kind, width, args), stage, shape)
            return context.get_dummy_value()

        return signature, codegen

    return steps


class Emitter:
    """What writes vector instructions of a stage."""

    def __init__(self, context: Any, builder: Any, kind: Any, width: int, args: Any) -> None:
        self.builder, self.kind = builder, kind
        self.bits = kind.bitwidth
        self.vector = ir.VectorType(ir.IntType(self.bits), width)
        (
            self.source, self.at, self.pitch, self.layer, self.inner, self.values, self.scratch,
            self.between, self.target, self.to, self.across, self.i,
        ) = args  # fmt: skip

    def place(self, begin: Any, row: int, pitch: Any, column: int, plane: int = 0) -> Any:
        """Return the place of a row's column, from `begin` on."""
        add, mul, const = self.builder.add, self.builder.mul, ir.Constant
        at = add(begin, self.i)
        for number, step in ((row, pitch), (plane, self.layer), (column, self.inner)):
            if number:
                at = add(at, mul(const(at.type, number), step))
        return at

    def pointer(self, base: Any, at: Any) -> Any:
        """Return the pointer to a vector."""
        return self.builder.bitcast(self.builder.gep(base, [at]), pointer_to(self.vector))

    def load(self, base: Any, at: Any) -> Any:
        """Return the vector at a place."""
        loaded = self.builder.load(self.pointer(base, at), align=self.bits // 8)
        loaded.type = self.vector
        return loaded

    def store(self, base: Any, at: Any, value: Any) -> None:
        """Set the vector at a place."""
        self.builder.store(value, self.pointer(base, at), align=self.bits // 8)

    def turned(self, value: Any) -> Any:
        """Return floats' bits as integers of the same order, or these as bits."""
        if not isinstance(self.kind, types.Float):
            return value
        count = self.vector.count
        sign = self.builder.ashr(value, ir.Constant(self.vector, [self.bits - 1] * count))
        rest = ir.Constant(self.vector, [(1 << (self.bits - 1)) - 1] * count)
        return self.builder.xor(value, self.builder.and_(sign, rest))

    def extreme(self, kind: str, a: Any, b: Any) -> Any:
        """Return the lesser or the greater of each pair."""
        unsigned = isinstance(self.kind, types.Integer) and not self.kind.signed
        name = f"llvm.{'u' if unsigned else 's'}{'min' if kind == 'lesser' else 'max'}"
        function = cgutils.get_or_insert_function(
            self.builder.module,
            ir.FunctionType(self.vector, [self.vector, self.vector]),
            f"{name}.v{self.vector.count}i{self.bits}",
        )
        return self.builder.call(function, [a, b])


def emit(e: Emitter, stage: Stage, shape: tuple[int, ...]) -> None:
    """Write a stage's instructions; what is stored is stored as soon as it is made."""
    planes, down, least = shape[0], shape[3], shape[6]
    stores: dict[int, list[int]] = {}
    for number, place in stage.stores.items():
        stores.setdefault(place, []).append(number)
    results: dict[int, list[int]] = {}
    for (k, rank), place in stage.results.items():
        results.setdefault(place, []).append((rank - least) * down + k)
    made: list[Any] = []
    for place, (kind, first, second) in enumerate(stage.steps):
        if kind == "load":
            row, plane = divmod(first, planes)
            value = e.turned(e.load(e.source, e.place(e.at, row, e.pitch, second, plane)))
        elif kind == "recall":
            value = e.load(e.values, e.place(e.scratch, first, e.between, second))
        else:
            value = e.extreme(kind, made[first], made[second])
        made.append(value)
        for row in stores.get(place, ()):
            e.store(e.values, e.place(e.scratch, row, e.between, 0), value)
        for row in results.get(place, ()):
            e.store(e.target, e.place(e.to, row, e.across, 0), e.turned(value))
