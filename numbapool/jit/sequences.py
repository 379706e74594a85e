"""`sequence_pool` and `attention_pool` inside users' own compiled code.

Compiled code lists the runs of rows itself, and runs the same kernels as Python does. It asks
Python for a kernel's record once per call site: the record does not depend on a shape.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload
from numba.np.numpy_support import as_dtype, from_dtype

from numbapool import functional
from numbapool.compile.contract import (
    COUNT,
    KERNEL,
    LANE_COUNT,
    LANES,
    OUTS,
    SCRATCH,
    SLOTS,
    TEMPLATE,
    X,
)
from numbapool.errors import PoolError, PoolValueError
from numbapool.inputs import DTYPES
from numbapool.jit import spans
from numbapool.jit.sites import described, lookup, number_of
from numbapool.loops.pointers import pointer_to
from numbapool.sequences import records

SIGNATURES = {
    "sequence_pool": "x, op='mean', lengths=None, mask=None, offsets=None, weights=None, "
    "correction=1, normalize=False, empty=0.0, data_format='NTC', nan='propagate', out=None",
    "attention_pool": "x, scores, op='mean', lengths=None, mask=None, offsets=None, empty=0.0, "
    "data_format='NTC'",
}
"""The functions' parameters in compiled code."""

IMPLEMENTATION = """
def implementation({signature}):
    held = {held}
    batch, steps, channels = held.shape
    runs = {runs}
    table = runs[3]
    weights_held = {weights}
    many = weights_held.shape[2] > 1
    along = spans.is_along(held)
    rows = spans.capacity(table)
    found, wrong = lookup({name!r}, np.empty(0, x.dtype), {names!r}, ({arguments},))
    if found == 0:
        raise PoolValueError(wrong)
    shape = (len(table) - 1, {columns} * channels)
    result = {result}
    {work}
    spans.fill_empty(result, table, number_for(result, empty))
    {after}
    return result
"""

EDGE = "spans.copy_edges(held, result, runs, {last})"

RUN = """if len(runs[0]) > 0 and channels > 0:
        how = ({columns}, {weighed}, {strip}, {soft}, {asks})
        numbers, room, pieces = spans.geometry(held, weights_held, runs, along, how)
        factor = room // spans.ROOM
        scratch = np.empty(number_of(found, SCRATCH) * factor + 64, np.uint8)
        run_spans(found, pieces, factor, ({arrays}), numbers, scratch)"""


def implement(name: str, given: dict[str, Any]) -> Callable[..., Any]:
    """Return the implementation of a function for arguments of these types.

    Raises
    ------
    TypingError
        If the function does not take an argument's type.
    """
    x = given["x"]
    if not isinstance(x, types.Array) or as_dtype(x.dtype) not in DTYPES:
        raise TypingError(f"{name} pools arrays of numbers or bool, not {x}")
    strings = {"nan": "propagate", **given}
    known = {each: string_of(each, strings[each]) for each in ("op", "data_format", "nan")}
    op, data_format, nan = known.values()
    cut = is_given(given["offsets"])
    if x.ndim != (2 if cut else 3):
        raise TypingError(f"{name} takes an array of {2 if cut else 3} axes here, not {x.ndim}")
    if data_format.upper() not in ("NTC", "NCT"):
        raise TypingError(f"data_format must be 'NTC' or 'NCT', not {data_format!r}")
    beside = "scores" if name == "attention_pool" else "weights"
    weighed = is_given(given[beside])
    try:
        shown = records.described(name, op, as_dtype(x.dtype), nan, weighed)
    except PoolError as error:
        raise TypingError(f"{name}: {error}") from error
    text = text_of(name, given, known, shown, cut)
    scope = {**IN_SCOPE, "RESULT": from_dtype(shown.dtype), "WEIGHTS": from_dtype(shown.weights)}
    exec(compile(text, f"<numbapool.{name}>", "exec"), scope)
    made: Callable[..., Any] = scope["implementation"]
    return made


def text_of(
    name: str, given: dict[str, Any], known: dict[str, str], shown: records.Described, cut: bool
) -> str:
    """Return the implementation's text."""
    flip = known["data_format"].upper() == "NCT"
    scores = name == "attention_pool"
    beside = "scores" if scores else "weights"
    weighed = is_given(given[beside]) or shown.positions
    arguments = {
        "op": repr(known["op"]),
        "nan": repr(known["nan"]),
        "correction": "correction" if "correction" in given else "0",
        "empty": "empty",
        "weighed": str(weighed),
        "many": "many",
        "along": "along",
        "rows": "rows",
        "layout": str(records.LAYOUT),
    }
    result = "np.empty(shape, RESULT)"
    if is_given(given.get("out")):
        check_out(given["out"], shown.dtype)
        result = "spans.checked(out, shape, held)"
    if shown.copied:
        work = EDGE.format(last=known["op"] in ("last", "lasttoken"))
    else:
        work = RUN.format(
            columns=shown.columns,
            weighed=weighed,
            strip=shown.strip,
            soft=int(scores),
            asks=shown.asks,
            arrays="held, weights_held, result" if weighed else "held, result",
        )
    return IMPLEMENTATION.format(
        name=name,
        signature=SIGNATURES[name],
        held=held_as(cut, flip),
        runs=runs_as(given),
        weights=weights_as(given[beside], beside, (cut, flip), shown),
        names=json.dumps(list(arguments)),
        arguments=", ".join(arguments.values()),
        columns=shown.columns,
        result=result,
        work=work,
        after=after(given.get("normalize"), shown.dtype),
    )


def string_of(name: str, kind: Any) -> str:
    """Return the value of a literal string.

    Raises
    ------
    TypingError
        If the argument is no literal string.
    """
    way, content = described(name, kind)
    if way != "constant" or not isinstance(content, str):
        raise TypingError(f"{name} must be a literal string in compiled code")
    return content


def is_given(kind: Any) -> bool:
    """Say whether an argument of this type is given, rather than None."""
    if isinstance(kind, types.Omitted):
        kind = kind.value
    return not (kind is None or isinstance(kind, types.NoneType))


def held_as(cut: bool, flip: bool) -> str:
    """Return the text of the array as (sequences, rows, channels)."""
    held = "spans.flipped(x)" if flip else "x"
    return f"spans.one({held})" if cut else held


def runs_as(given: dict[str, Any]) -> str:
    """Return the text that lists the runs of rows.

    Raises
    ------
    TypingError
        If lengths or offsets are no whole numbers, or if more than one of the three is given.
    """
    ways = [name for name in ("lengths", "mask", "offsets") if is_given(given[name])]
    if len(ways) > 1:
        raise TypingError(
            f"give one of lengths, mask and offsets, not both {ways[0]} and {ways[1]}"
        )
    if not ways:
        return "spans.whole(batch, steps)"
    (way,) = ways
    kind = given[way]
    if not isinstance(kind, types.Array):
        raise TypingError(f"{way} must be an array in compiled code, not {kind}")
    if way != "mask" and not isinstance(kind.dtype, types.Integer):
        raise TypingError(f"{way} must be whole numbers of rows, not {kind.dtype}")
    if way == "mask":
        if kind.ndim not in (2, 3):
            raise TypingError(f"mask must have 2 or 3 axes, not {kind.ndim}")
        mask = "mask" if kind.ndim == 2 else "spans.squeezed(mask, steps)"
        return f"spans.masked({mask}, batch, steps)"
    return (
        "spans.measured(lengths, batch, steps)"
        if way == "lengths"
        else ("spans.cut(offsets, steps)")
    )


def weights_as(kind: Any, name: str, cut_flip: tuple[bool, bool], shown: records.Described) -> str:
    """Return the text of the weights as (sequences, rows, heads).

    Raises
    ------
    TypingError
        If they are no array, or have other axes.
    """
    cut, flip = cut_flip
    if not is_given(kind):
        if shown.positions:
            return "spans.positions(runs, batch, steps, WEIGHTS)"
        return "np.empty((1, 1, 1), WEIGHTS)"
    lead = 1 if cut else 2
    if not isinstance(kind, types.Array) or kind.ndim not in (lead, lead + 1):
        raise TypingError(f"{name} must be an array of {lead} or {lead + 1} axes, not {kind}")
    held = name
    if kind.ndim == lead + 1 and flip:
        held = f"spans.flipped({held})"
    elif kind.ndim == lead:
        held = f"spans.one_head({held})"
    if cut:
        held = f"spans.one({held})"
    if kind.dtype != from_dtype(shown.weights):
        held = f"{held}.astype(WEIGHTS)"
    return f"spans.beside({held}, batch, steps, channels)"


def check_out(out: Any, dtype: np.dtype[Any]) -> None:
    """Refuse an `out` that the result cannot be written to.

    Raises
    ------
    TypingError
        If it is no C-contiguous array of two axes of the result's dtype.
    """
    wanted = types.Array(from_dtype(dtype), 2, "C")
    same = isinstance(out, types.Array) and out.mutable
    if not (same and (out.dtype, out.ndim, out.layout) == (wanted.dtype, 2, "C")):
        raise TypingError(f"out must be {wanted}, not {out}")


def after(normalize: Any, dtype: np.dtype[Any]) -> str:
    """Return the text that divides results by their length, if this is asked for."""
    kind, content = described("normalize", False if normalize is None else normalize)
    if kind == "constant" and not content:
        return "pass"
    if dtype.kind != "f":
        raise TypingError(f"normalize makes floats, and the result is {dtype}")
    return "spans.normalize(result, table, normalize)"


def number_for(result, number):
    """Return a number as a result's array holds it."""
    return number


@overload(number_for)
def _number_for(result, number):
    if result.dtype == types.boolean:
        return lambda result, number: number != 0
    kind = result.dtype
    return lambda result, number: kind(number)


@intrinsic
def run_spans(
    typingctx: Any, found: Any, pieces: Any, factor: Any, arrays: Any, numbers: Any, scratch: Any
) -> Any:
    """Run a record's kernel with the caller's geometry and scratch.

    The record is for `spans.ROOM` accumulators; the scratch holds `factor` times as many. The
    arrays are the input, its weights, and the result: their slots follow one another.
    """

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        word = cgutils.intp_t
        record = builder.inttoptr(values[0], pointer_to(word))

        def number(n: int) -> Any:
            return builder.load(builder.gep(record, [word(n)]))

        def data(kind: Any, value: Any) -> Any:
            array = context.make_array(kind)(context, builder, value)
            return builder.ptrtoint(array.data, word)

        slots = cgutils.alloca_once(builder, word, SLOTS)

        def put(value: Any, slot: Any) -> None:
            builder.store(value, builder.gep(slots, [slot]))

        template = builder.gep(record, [number(TEMPLATE)])
        with cgutils.for_range(builder, number(COUNT)) as loop:
            put(builder.load(builder.gep(template, [loop.index])), loop.index)
        for n, kind in enumerate(arrays.types):
            array = data(kind, builder.extract_value(values[3], n))
            put(array, builder.add(number(X), word(n)))
        put(data(numbers, values[4]), builder.add(number(OUTS), word(1)))
        base = data(scratch, values[5])
        base = builder.and_(builder.add(base, word(63)), word(-64))
        with cgutils.for_range(builder, number(LANE_COUNT)) as loop:
            at = builder.add(number(LANES), loop.index)
            place = builder.mul(builder.load(builder.gep(slots, [at])), values[2])
            put(builder.add(place, base), at)
        kernel = pointer_to(cgutils.ir.FunctionType(cgutils.ir.VoidType(), [word] * 4))
        call = builder.ptrtoint(slots, word)
        function = builder.inttoptr(number(KERNEL), kernel)
        builder.call(function, [call, word(0), word(0), values[1]])
        return context.get_dummy_value()

    return types.void(found, pieces, factor, arrays, numbers, scratch), codegen


IN_SCOPE = {
    "__name__": __name__,
    "PoolValueError": PoolValueError,
    "SCRATCH": SCRATCH,
    "lookup": lookup,
    "np": np,
    "number_for": number_for,
    "number_of": number_of,
    "run_spans": run_spans,
    "spans": spans,
}
"""The names that an implementation calls."""


def register() -> None:
    """Tell Numba of both functions."""
    for name, signature in SIGNATURES.items():
        text = f"lambda {signature}: implement({name!r}, dict(locals()))"
        overload(getattr(functional, name), prefer_literal=True)(
            eval(text, {"implement": implement})
        )
