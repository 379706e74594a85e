"""A call of a pooling function in compiled code: what the compiler knows of it, and how it runs.

The call asks Python for its record once, keeps it, and runs the record's kernel from then on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numba.np.numpy_support import as_dtype

from numbapool.compile import numba_seams as seams
from numbapool.compile.contract import (
    COUNT,
    KERNEL,
    KEY,
    LANE_COUNT,
    LANES,
    OUTS,
    PIECES,
    RECORD,
    SHAPE,
    SLOTS,
    TEMPLATE,
    X,
)
from numbapool.jit.classes import known_as
from numbapool.loops.pointers import pointer_to


class Site(NamedTuple):
    """The facts of a call that are known when it is compiled."""

    name: str
    dtype: str
    ndim: int
    arguments: dict[str, Any]

    def text(self, count: int) -> str:
        """Return the structure that `record` takes; `count` numbers go with it."""
        return json.dumps({**self._asdict(), "count": count, "record": RECORD})


NONE = "constant", None
"""How an argument that is None is described."""


def described(name: str, kind: Any) -> Any:
    """Return the description that `_value` takes for an argument of a type.

    Raises
    ------
    TypingError
        For a type that no parameter takes.
    """
    if not isinstance(kind, types.Type):
        return "constant", kind  # a default value, not a type
    if isinstance(kind, types.Omitted):
        return "constant", kind.value
    if isinstance(kind, types.NoneType):
        return NONE
    if isinstance(kind, types.Literal):
        return "constant", kind.literal_value
    if isinstance(kind, types.Boolean):
        return "bool", None
    if isinstance(kind, types.Integer):
        return "int" if kind.signed else "unsigned", None
    if isinstance(kind, types.Float):
        return "float", None
    if isinstance(kind, types.BaseNamedTuple):
        owner = kind.instance_class
        known = known_as(owner)
        return "reducer", [known, [described(name, part) for part in kind.types]]
    if isinstance(kind, types.BaseTuple):
        return "tuple", [described(name, part) for part in kind.types]
    if isinstance(kind, types.UnicodeType):
        raise TypingError(f"{name} must be a literal string where the call is compiled")
    raise TypingError(
        f"{name} must be a number, a tuple of numbers, a literal string or None: not {kind}"
    )


def _leaves(context: Any, builder: Any, kind: Any, value: Any) -> Iterator[Any]:
    """Yield the 64 bits of each number in an argument, in the order that `_value` takes."""
    if isinstance(kind, types.Omitted | types.NoneType | types.Literal):
        return
    if isinstance(kind, types.BaseTuple):
        for n, part in enumerate(kind.types):
            yield from _leaves(context, builder, part, builder.extract_value(value, n))
    elif isinstance(kind, types.Float):
        wide = context.cast(builder, value, kind, types.float64)
        yield builder.bitcast(wide, cgutils.intp_t)
    else:
        yield context.cast(builder, value, kind, types.int64)


@intrinsic(prefer_literal=True)
def lookup(typingctx: Any, name: Any, x: Any, names: Any, arguments: Any) -> Any:
    """Return the address of the call's record, or zero and the error's text."""
    parts = zip(json.loads(names.literal_value), arguments.types, strict=True)
    described_arguments = {part: described(part, kind) for part, kind in parts}
    site = Site(name.literal_value, str(as_dtype(x.dtype)), x.ndim, described_arguments)
    result = types.Tuple([types.int64, types.unicode_type])

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(x)(context, builder, values[1])
        key = cgutils.unpack_tuple(builder, array.shape, x.ndim)
        key += _leaves(context, builder, arguments, values[3])
        kept = cgutils.alloca_once(builder, cgutils.ir.ArrayType(cgutils.intp_t, len(key)))
        for n, number in enumerate(key):
            builder.store(number, cgutils.gep_inbounds(builder, kept, 0, n))
        last = cgutils.add_global_variable(builder.module, cgutils.intp_t, "numbapool_site")
        last.linkage = "internal"
        last.initializer = cgutils.intp_t(0)
        found = cgutils.alloca_once_value(builder, builder.load_atomic(last, "acquire", 8))
        message = cgutils.alloca_once_value(builder, context.get_constant_null(types.unicode_type))
        same = _same_key(builder, builder.load(found), kept, len(key))
        with builder.if_then(builder.not_(same), likely=False):
            asked, text = _ask(context, builder, site.text(len(key)), kept)
            builder.store(asked, found)
            builder.store(text, message)
            builder.store_atomic(asked, last, "release", 8)
        pair = context.make_tuple(builder, result, [builder.load(found), builder.load(message)])
        return seams.new_reference(context, builder, result, pair)

    return result(name, x, names, arguments), codegen


def _same_key(builder: Any, found: Any, key: Any, count: int) -> Any:
    """Say whether there is a record and it has this key."""
    same = cgutils.alloca_once_value(builder, cgutils.false_bit)
    with builder.if_then(builder.icmp_unsigned("!=", found, cgutils.intp_t(0))):
        numbers = builder.inttoptr(found, pointer_to(cgutils.intp_t))
        theirs = builder.gep(numbers, [builder.load(builder.gep(numbers, [cgutils.intp_t(KEY)]))])
        equal = cgutils.true_bit
        for n in range(count):
            number = builder.load(builder.gep(theirs, [cgutils.intp_t(n)]))
            ours = builder.load(cgutils.gep_inbounds(builder, key, 0, n))
            equal = builder.and_(equal, builder.icmp_signed("==", number, ours))
        builder.store(equal, same)
    return builder.load(same)


MODULE, FUNCTION = "numbapool.jit", "record"
"""The names that compiled code looks up: both stay where they are for good."""

REMEDY = (
    ": was numbapool removed or replaced since this was compiled? "
    "Install it again, or delete Numba's cache of this function"
)
NO_MODULE = f"{MODULE} cannot be imported{REMEDY}"
NO_FUNCTION = f"{MODULE} has no function {FUNCTION!r}{REMEDY}"
NO_ANSWER = f"{MODULE}.{FUNCTION} raised an error or gave a wrong answer{REMEDY}"


def _ask(context: Any, builder: Any, structure: str, key: Any) -> tuple[Any, Any]:
    """Call :func:`numbapool.jit.record`; return its results, or zero and the error's text."""
    found = cgutils.alloca_once_value(builder, cgutils.intp_t(0))
    text = cgutils.alloca_once_value(builder, context.get_constant_null(types.unicode_type))
    api = seams.python_api(context, builder)

    def name(string: str) -> Any:
        return context.insert_const_string(builder.module, string)

    def say(message: str) -> None:
        said = context.get_constant_generic(builder, types.unicode_type, message)
        builder.store(said, text)

    def there(thing: Any) -> Any:
        return builder.if_then(cgutils.is_not_null(builder, thing))

    gil = api.gil_ensure()
    say(NO_MODULE)
    module = api.import_module(name(MODULE))
    with there(module):
        say(NO_FUNCTION)
        function = api.object_getattr_string(module, FUNCTION)
        with there(function):
            say(NO_ANSWER)
            asked = api.string_from_string(name(structure))
            where = api.long_from_longlong(builder.ptrtoint(key, cgutils.intp_t))
            answer = api.call_function_objargs(function, (asked, where))
            with there(answer):
                _read_answer(context, builder, answer, found, text)
            for thing in (answer, where, asked):
                api.decref(thing)
        api.decref(function)
    api.decref(module)
    api.err_clear()
    api.gil_release(gil)
    return builder.load(found), builder.load(text)


LEAST_ADDRESS = 1 << 12
"""No record lies below this: a smaller number is no address."""


def _read_answer(context: Any, builder: Any, answer: Any, found: Any, text: Any) -> None:
    """Take apart the answer of `record`, if it is a number and a text; a Python error stays set."""
    api = seams.python_api(context, builder)
    # The size is -1 for anything but a tuple.
    pair = builder.icmp_signed("==", api.tuple_size(answer), cgutils.intp_t(2))
    with builder.if_then(pair):
        number = api.long_as_longlong(api.tuple_getitem(answer, 0))
        is_number = cgutils.is_null(builder, api.err_occurred())
        none = builder.icmp_signed("==", number, cgutils.intp_t(0))
        with builder.if_then(builder.and_(is_number, none)):
            # Any object gives a string, or null.
            string = api.object_str(api.tuple_getitem(answer, 1))
            with builder.if_then(cgutils.is_not_null(builder, string)):
                builder.store(api.to_native_value(types.unicode_type, string).value, text)
            api.decref(string)
        far = builder.icmp_signed(">=", number, cgutils.intp_t(LEAST_ADDRESS))
        aligned = builder.icmp_signed("==", builder.and_(number, cgutils.intp_t(7)), number.type(0))
        with builder.if_then(builder.and_(is_number, builder.and_(far, aligned))):
            builder.store(number, found)


@intrinsic(prefer_literal=True)
def shape_of(typingctx: Any, found: Any, ndim: Any) -> Any:
    """Return the shape of a record's results."""
    result = types.UniTuple(types.int64, ndim.literal_value)

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        numbers = builder.inttoptr(values[0], pointer_to(cgutils.intp_t))
        at = builder.load(builder.gep(numbers, [cgutils.intp_t(SHAPE)]))
        sizes = [
            builder.load(builder.gep(numbers, [builder.add(at, cgutils.intp_t(n))]))
            for n in range(result.count)
        ]
        return context.make_tuple(builder, result, sizes)

    return result(found, ndim), codegen


@intrinsic
def number_of(typingctx: Any, found: Any, n: Any) -> Any:
    """Return one of a record's numbers."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        numbers = builder.inttoptr(values[0], pointer_to(cgutils.intp_t))
        return builder.load(builder.gep(numbers, [values[1]]))

    return types.int64(found, types.int64), codegen


@intrinsic
def execute(typingctx: Any, found: Any, x: Any, outs: Any, scratch: Any) -> Any:
    """Run a record's kernel over all its pieces."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        word = cgutils.intp_t
        numbers = builder.inttoptr(values[0], pointer_to(word))

        def number(n: int) -> Any:
            return builder.load(builder.gep(numbers, [word(n)]))

        def data(kind: Any, value: Any) -> Any:
            array = context.make_array(kind)(context, builder, value)
            return builder.ptrtoint(array.data, word)

        slots = cgutils.alloca_once(builder, word, SLOTS)
        template = builder.gep(numbers, [number(TEMPLATE)])
        with cgutils.for_range(builder, number(COUNT)) as loop:
            slot = builder.load(builder.gep(template, [loop.index]))
            builder.store(slot, builder.gep(slots, [loop.index]))
        builder.store(data(x, values[1]), builder.gep(slots, [number(X)]))
        for n, kind in enumerate(outs.types):
            at = builder.add(number(OUTS), word(n))
            part = builder.extract_value(values[2], n)
            builder.store(data(kind, part), builder.gep(slots, [at]))
        base = data(scratch, values[3])
        with cgutils.for_range(builder, number(LANE_COUNT)) as loop:
            slot = builder.gep(slots, [builder.add(number(LANES), loop.index)])
            builder.store(builder.add(builder.load(slot), base), slot)
        kernel = pointer_to(cgutils.ir.FunctionType(cgutils.ir.VoidType(), [word] * 4))
        call = builder.ptrtoint(slots, word)
        with builder.if_then(builder.icmp_signed("!=", number(KERNEL), word(0))):
            function = builder.inttoptr(number(KERNEL), kernel)
            builder.call(function, [call, word(0), word(0), number(PIECES)])
        return context.get_dummy_value()

    return types.void(found, x, outs, scratch), codegen
