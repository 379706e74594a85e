"""The stages of networks of minima and maxima, in vectors of neighbouring windows.

Compiled code calls one function that does all stages. It is written as LLVM's text, thousands of
lines for a large window: to have Numba make it, and LLVM optimise it, took longer than all else.
Floats are compared as integers of the same order: that is quicker, and orders zeros by their signs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from numbapool.loops.pointers import call_written
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
    def run(form, source, at, steps, inner, values, scratch, between, target, to, across, n):
        pitch, layer = steps
        _stages(source, at, pitch, layer, inner, values, scratch, between, target, to, across, n)

    return run


@intrinsic
def _stages(
    typing, source, at, pitch, layer, inner, values, scratch, between, target, to, across, n
):
    number = types.int64
    numbers = [number] * 4, [number] * 2, [number] * 3

    def codegen(context, builder, signature, args):
        call_written(builder, STAGES, ir.VoidType(), args)
        return context.get_dummy_value()

    return types.void(source, *numbers[0], values, *numbers[1], target, *numbers[2]), codegen


STAGES = "numbapool_stages"
"""The name of the function of all stages."""


def written(form: Any, dtype: np.dtype[Any]) -> str:
    """Return the function of all stages as LLVM's text, for a form's network and some numbers.

    The steps are written as they are to be done, so LLVM only has to make machine code of them.
    """
    whole = network(*form.key)
    text = Text(dtype, form.vector // dtype.itemsize)
    text.lines += [
        f"define void @{STAGES}(ptr %source, i64 %at, i64 %pitch, i64 %layer, i64 %inner,"
        " ptr %values, i64 %scratch, i64 %between, ptr %target, i64 %to, i64 %across, i64 %n) {",
    ]
    for number, stage in enumerate(whole.stages):
        text.write_loop(number, stage, whole.further[number], shape(form))
    text.lines += ["  ret void", "}", *text.declared]
    return "\n".join(text.lines)


class Text:
    """LLVM's text of stages, line by line."""

    def __init__(self, dtype: np.dtype[Any], width: int) -> None:
        self.dtype, self.width = dtype, width
        self.bits = 8 * dtype.itemsize
        self.vector = f"<{width} x i{self.bits}>"
        self.name = f"v{width}i{self.bits}"
        sign = "u" if dtype.kind == "u" else "s"
        self.picks = {
            "lesser": f"@llvm.{sign}min.{self.name}",
            "greater": f"@llvm.{sign}max.{self.name}",
        }
        self.lines: list[str] = []
        self.declared = [
            f"declare {self.vector} {pick}({self.vector}, {self.vector})"
            for pick in self.picks.values()
        ]
        self.count = 0
        self.known: dict[str, str] = {}

    def set(self, value: str) -> str:
        """Write an instruction, unless it is there already; return the name of what it makes."""
        if value not in self.known:
            self.count += 1
            self.known[value] = f"%v{self.count}"
            self.lines.append(f"  {self.known[value]} = {value}")
        return self.known[value]

    def product(self, number: int, name: str) -> str:
        """Return so many times a number."""
        if number < 2:
            return f"%{name}" if number else "0"
        return self.set(f"mul i64 %{name}, {number}")

    def total(self, one: str, other: str) -> str:
        """Return a sum."""
        return one if other == "0" else self.set(f"add i64 {one}, {other}")

    def pointer(self, base: str, row: str, column: int) -> str:
        """Return the pointer to the vector of a row's column."""
        place = self.total(row, self.product(column, "inner"))
        return self.set(f"getelementptr i{self.bits}, ptr %{base}, i64 {place}")

    def turned(self, value: str) -> str:
        """Return floats' bits as integers of the same order, or these as bits."""
        if self.dtype.kind != "f":
            return value
        sign = self.set(f"ashr {self.vector} {value}, {self.all(self.bits - 1)}")
        rest = self.set(f"and {self.vector} {sign}, {self.all((1 << (self.bits - 1)) - 1)}")
        return self.set(f"xor {self.vector} {value}, {rest}")

    def all(self, number: int) -> str:
        """Return the vector of one number."""
        return f"<{', '.join([f'i{self.bits} {number}'] * self.width)}>"

    def store(self, base: str, row: str, value: str) -> None:
        """Set the vector at a row's first column."""
        place = self.pointer(base, row, 0)
        self.lines.append(f"  store {self.vector} {value}, ptr {place}, align {self.bits // 8}")

    def write_loop(self, number: int, stage: Stage, further: int, shape: tuple[int, ...]) -> None:
        """Write the loop over all vectors of a stage; the last one ends where the elements do."""
        self.known = {}
        begin = f"begin{number}"
        more = self.total("%n", self.product(further, "inner"))
        last = self.set(f"sub i64 {more}, {self.width}")
        self.lines += [
            f"  br label %{begin}",
            f"{begin}:",
            f"  br label %loop{number}",
            f"loop{number}:",
            f"  %i{number} = phi i64 [ 0, %{begin} ], [ %next{number}, %loop{number} ]",
        ]
        self.known = {}
        self.write_steps(f"%i{number}", stage, shape)
        after = self.set(f"add i64 %i{number}, {self.width}")
        less = self.set(f"icmp slt i64 {after}, {last}")
        self.lines += [
            f"  %next{number} = select i1 {less}, i64 {after}, i64 {last}",
            f"  %done{number} = icmp eq i64 %i{number}, {last}",
            f"  br i1 %done{number}, label %end{number}, label %loop{number}",
            f"end{number}:",
        ]

    def write_steps(self, i: str, stage: Stage, shape: tuple[int, ...]) -> None:
        """Write a stage's steps; what is stored is stored as soon as it is made."""
        planes, down, least = shape[0], shape[3], shape[6]
        stores: dict[int, list[int]] = {}
        for number, place in stage.stores.items():
            stores.setdefault(place, []).append(number)
        results: dict[int, list[int]] = {}
        for (k, rank), place in stage.results.items():
            results.setdefault(place, []).append((rank - least) * down + k)
        at, scratch, to = (self.total(f"%{name}", i) for name in ("at", "scratch", "to"))
        made: list[str] = []
        for place, (kind, first, second) in enumerate(stage.steps):
            if kind == "load":
                row, plane = divmod(first, planes)
                begin = self.total(at, self.product(row, "pitch"))
                begin = self.total(begin, self.product(plane, "layer"))
                value = self.turned(self.loaded("source", begin, second))
            elif kind == "recall":
                begin = self.total(scratch, self.product(first, "between"))
                value = self.loaded("values", begin, second)
            else:
                pair = f"{self.vector} {made[first]}, {self.vector} {made[second]}"
                value = self.set(f"call {self.vector} {self.picks[kind]}({pair})")
            made.append(value)
            for row in stores.get(place, ()):
                begin = self.total(scratch, self.product(row, "between"))
                self.store("values", begin, value)
            for row in results.get(place, ()):
                self.store(
                    "target", self.total(to, self.product(row, "across")), self.turned(value)
                )

    def loaded(self, base: str, row: str, column: int) -> str:
        """Return the vector of a row's column."""
        place = self.pointer(base, row, column)
        return self.set(f"load {self.vector}, ptr {place}, align {self.bits // 8}")
