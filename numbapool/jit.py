"""The pooling functions inside users' own compiled code.

Compiled code calls the same kernels as Python does, at their addresses. What to run is decided
by the same planners: a call asks Python for a record of it when it meets a shape or a parameter
for the first time, and keeps the record for the next. So a call costs a comparison of some
numbers, the result's memory and the kernel; nothing is compiled that is not called; and the
rules stand in one place.

Numba calls `register` before it compiles anything, by the entry point ``numba_extensions``.
"""

from __future__ import annotations

import ctypes
import inspect
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_new_ref
from numba.core.registry import cpu_target
from numba.extending import intrinsic, overload, register_jitable
from numba.np.numpy_support import as_dtype, from_dtype

from numbapool import callbacks, functional
from numbapool.errors import PoolError, PoolValueError
from numbapool.functional.call import Blueprint
from numbapool.inputs import DTYPES
from numbapool.prepared import run
from numbapool.run import (
    COUNT,
    KERNEL,
    KEY,
    LANE_COUNT,
    LANES,
    OUTS,
    PIECES,
    RECORD,
    SCRATCH,
    SHAPE,
    SLOTS,
    TEMPLATE,
    Call,
    X,
    address,
)

FAMILIES = ("max", "min", "avg", "sum", "lp", "median", "mode", "var", "std", "reduce")

NAMES = (
    *(f"{family}_pool{ndim}d" for family in FAMILIES for ndim in (1, 2, 3)),
    *(name for name in functional.__all__ if name.startswith(("adaptive", "global", "percentile"))),
)
"""The functions that compiled code may call."""


_records: dict[tuple[str, tuple[int, ...]], tuple[Call, np.ndarray[Any, np.dtype[np.int64]]]] = {}
"""Kept for good, with their calls: compiled code holds the addresses of both's numbers."""


def record(structure: str, key: int) -> tuple[int, str]:
    """Return the address of a call's record, or zero and what is wrong with the call.

    `structure` says what the numbers at the address `key` mean: the array's shape, then the
    arguments that are no constants.

    Compiled code asks for this function by its name, and users keep such code for years. So it
    stays, it takes and gives the same for good, and it raises nothing: the first of such code
    does not survive that.
    """
    try:
        return _record(structure, key), ""
    except Exception as error:
        return 0, _text_of(error)
    except BaseException as stop:
        with suppress(Exception):  # there may be no thread to be had
            _raise_later(stop)
        return 0, f"stopped by {type(stop).__name__}"


def _text_of(error: Exception) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # a user's own
        return type(error).__name__


def _record(structure: str, key: int) -> int:
    try:
        site = json.loads(structure)
        known = site["record"] == RECORD
    except (ValueError, TypeError, LookupError):
        known = False
    if not known:
        raise PoolValueError(
            "this was compiled for another version of numbapool: "
            "delete Numba's cache of this function"
        )
    numbers = tuple((ctypes.c_int64 * site["count"]).from_address(key))
    found = _records.get((structure, numbers))
    if found is None:
        call = _call(site, numbers)
        found = call, np.array(call.numbers(numbers), np.int64)
        # Of two threads that meet it at once, both take the first one's.
        found = _records.setdefault((structure, numbers), found)
    return address(found[1])


LATER = 0.05
"""Seconds in which compiled code has its answer and leaves Python."""


def _raise_later(stop: BaseException) -> None:
    """Raise Ctrl-C, or what a signal's handler raised, again in this thread: it must not be lost.

    That is done from another thread after a while. Done from here, it would be raised at once.
    """

    def __init__(self: BaseException) -> None:
        kind.__init__(self, *stop.args)

    kind = type(stop)
    again = type(kind.__name__, (kind,), {"__init__": __init__, "__module__": kind.__module__})
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    thread = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(LATER, raise_in, (thread, ctypes.py_object(again)))
    timer.daemon = True
    timer.start()


def _call(site: dict[str, Any], numbers: tuple[int, ...]) -> Call:
    rest = iter(numbers)
    shape = tuple(next(rest) for _ in range(site["ndim"]))
    arguments = {name: _value(part, rest) for name, part in site["arguments"].items()}
    return decided(getattr(functional, site["name"]), shape, site["dtype"], arguments)


def decided(
    function: Callable[..., Any], shape: tuple[int, ...], dtype: str, arguments: dict[str, Any]
) -> Call:
    """Return the call that a pooling function decides on for an array of that shape."""
    call: Call = function(Blueprint(shape, np.dtype(dtype)), **arguments)
    return call


def _value(part: Any, numbers: Iterator[int]) -> Any:
    """Return an argument, made of constants and the next of the numbers."""
    kind, content = part
    if kind == "constant":
        return content
    if kind == "tuple":
        return tuple(_value(inner, numbers) for inner in content)
    if kind == "reducer":
        owner, fields = content
        return _reducer_class(owner)(*(_value(inner, numbers) for inner in fields))
    number = next(numbers)
    if kind == "float":
        return float(np.int64(number).view(np.float64))
    if kind == "unsigned":
        return number % (1 << 64)
    return bool(number) if kind == "bool" else number


_reducer_classes: dict[str, type] = {}


def _known_as(owner: type) -> str:
    """Return a class's name; another of the same name, defined before, keeps its own."""
    plain = name = f"{owner.__module__}:{owner.__qualname__}"
    while _reducer_classes.setdefault(name, owner) is not owner:
        name = f"{plain}#{len(_reducer_classes)}"
    return name


def _reducer_class(name: str) -> Any:
    """Return the class that a name stands for: one met in this process, or one to be imported."""
    if name not in _reducer_classes:
        module, _, path = name.partition(":")
        _reducer_classes[name] = attrgetter(path)(import_module(module))
    return _reducer_classes[name]


# A call's site in compiled code.


class Site(NamedTuple):
    """What is known of a call when it is compiled."""

    name: str
    dtype: str
    ndim: int
    arguments: dict[str, Any]

    def text(self, count: int) -> str:
        """Return the structure that `record` takes; `count` is how many numbers go with it."""
        return json.dumps({**self._asdict(), "count": count, "record": RECORD})


def described(name: str, kind: Any) -> Any:
    """Return what `_value` takes for an argument of a type.

    Raises
    ------
    TypingError
        For a type that no parameter takes.
    """
    if not isinstance(kind, types.Type):
        return "constant", kind  # a default, as it stands
    if isinstance(kind, types.Omitted):
        return "constant", kind.value
    if isinstance(kind, types.NoneType):
        return "constant", None
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
        known = _known_as(owner)
        return "reducer", [known, [described(name, part) for part in kind.types]]
    if isinstance(kind, types.BaseTuple):
        return "tuple", [described(name, part) for part in kind.types]
    if isinstance(kind, types.UnicodeType):
        raise TypingError(f"{name} must be a literal string where the call is compiled")
    raise TypingError(
        f"{name} is a number, a tuple of numbers, a literal string or None: not {kind}"
    )


def _leaves(context: Any, builder: Any, kind: Any, value: Any) -> Iterator[Any]:
    """Give the 64 bits of each number in an argument, in the order that `_value` takes them."""
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
    """Return the address of the call's record, or zero and what is wrong."""
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
        return impl_ret_new_ref(context, builder, result, pair)

    return result(name, x, names, arguments), codegen


def _same_key(builder: Any, found: Any, key: Any, count: int) -> Any:
    """Say whether there is a record, and its key is this one."""
    same = cgutils.alloca_once_value(builder, cgutils.false_bit)
    with builder.if_then(builder.icmp_unsigned("!=", found, cgutils.intp_t(0))):
        numbers = builder.inttoptr(found, cgutils.intp_t.as_pointer())
        theirs = builder.gep(numbers, [builder.load(builder.gep(numbers, [cgutils.intp_t(KEY)]))])
        equal = cgutils.true_bit
        for n in range(count):
            number = builder.load(builder.gep(theirs, [cgutils.intp_t(n)]))
            ours = builder.load(cgutils.gep_inbounds(builder, key, 0, n))
            equal = builder.and_(equal, builder.icmp_signed("==", number, ours))
        builder.store(equal, same)
    return builder.load(same)


REMEDY = (
    ": was numbapool removed or replaced since this was compiled? "
    "Install it again, or delete Numba's cache of this function"
)
NO_MODULE = f"{__name__} cannot be imported{REMEDY}"
NO_FUNCTION = f"{__name__} has no function {record.__name__!r}{REMEDY}"
NO_ANSWER = f"{__name__}.{record.__name__} raised an error or gave a wrong answer{REMEDY}"


def _ask(context: Any, builder: Any, structure: str, key: Any) -> tuple[Any, Any]:
    """Call `record`; return its two results, or zero and what is wrong with `record` itself."""
    found = cgutils.alloca_once_value(builder, cgutils.intp_t(0))
    text = cgutils.alloca_once_value(builder, context.get_constant_null(types.unicode_type))
    api = context.get_python_api(builder)

    def name(string: str) -> Any:
        return context.insert_const_string(builder.module, string)

    def say(message: str) -> None:
        said = context.get_constant_generic(builder, types.unicode_type, message)
        builder.store(said, text)

    def there(thing: Any) -> Any:
        return builder.if_then(cgutils.is_not_null(builder, thing))

    gil = api.gil_ensure()
    say(NO_MODULE)
    module = api.import_module(name(__name__))
    with there(module):
        say(NO_FUNCTION)
        function = api.object_getattr_string(module, record.__name__)
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
"""No record lies below: a smaller number is none's address."""


def _read_answer(context: Any, builder: Any, answer: Any, found: Any, text: Any) -> None:
    """Take apart what `record` gave, if it is a number and a text; an error stays set, or none."""
    api = context.get_python_api(builder)
    # Of anything but a tuple this is -1.
    pair = builder.icmp_signed("==", api.tuple_size(answer), cgutils.intp_t(2))
    with builder.if_then(pair):
        number = api.long_as_longlong(api.tuple_getitem(answer, 0))
        is_number = cgutils.is_null(builder, api.err_occurred())
        none = builder.icmp_signed("==", number, cgutils.intp_t(0))
        with builder.if_then(builder.and_(is_number, none)):
            # Of anything this is a string, or null.
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
        numbers = builder.inttoptr(values[0], cgutils.intp_t.as_pointer())
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
        numbers = builder.inttoptr(values[0], cgutils.intp_t.as_pointer())
        return builder.load(builder.gep(numbers, [values[1]]))

    return types.int64(found, types.int64), codegen


@intrinsic
def execute(typingctx: Any, found: Any, x: Any, outs: Any, scratch: Any) -> Any:
    """Run a record's kernel over all its pieces."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        word = cgutils.intp_t
        numbers = builder.inttoptr(values[0], word.as_pointer())

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
        kernel = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [word] * 4).as_pointer()
        call = builder.ptrtoint(slots, word)
        with builder.if_then(builder.icmp_signed("!=", number(KERNEL), word(0))):
            function = builder.inttoptr(number(KERNEL), kernel)
            builder.call(function, [call, word(0), word(0), number(PIECES)])
        return context.get_dummy_value()

    return types.void(found, x, outs, scratch), codegen


# The overloads: of every function one, its implementation made for the types of each call.

IMPLEMENTATION = """
def implementation({signature}):
    source = {source}
    found, wrong = lookup({name!r}, source, {names!r}, ({arguments}))
    if found == 0:
        raise PoolValueError(wrong)
    shape = shape_of(found, {ndim})
    {outs}
    execute(found, source, outs, np.empty(number_of(found, {scratch}), np.uint8))
    return {result}
"""


def implement(function: Callable[..., Any], given: dict[str, Any]) -> Callable[..., Any]:
    """Return the implementation of a function for arguments of these types.

    Raises
    ------
    TypingError
        Where a type is none that the function takes.
    """
    x = given["x"]
    if not isinstance(x, types.Array) or as_dtype(x.dtype) not in DTYPES:
        raise TypingError(f"{function.__name__} pools arrays of numbers or bool, not {x}")
    arguments = [name for name in given if name not in ("x", "out")]
    constants = {name: described(name, given[name]) for name in arguments}
    for name in ("return_indices", "keepdims"):
        if constants.get(name, ("constant",))[0] != "constant":
            raise TypingError(
                f"{name} must be a literal True or False: it decides the result's type"
            )
    dtypes, ndim = results(function, x, constants)
    out = given["out"]
    names = [f"out{n}" for n in range(len(dtypes))]
    if out is None or isinstance(out, types.NoneType | types.Omitted):
        makes = [
            f"{name} = np.empty(shape, {kind})" for name, kind in zip(names, dtypes, strict=True)
        ]
    else:
        check_types(out, dtypes, ndim)
        many = isinstance(out, types.BaseTuple)
        makes = [
            f"{name} = checked(out{f'[{n}]' if many else ''}, shape, source)"
            for n, name in enumerate(names)
        ]
    makes.append(f"outs = ({', '.join(names)},)")
    text = IMPLEMENTATION.format(
        signature=signature_of(function),
        source="x" if x.layout == "C" else "np.ascontiguousarray(x)",
        name=function.__name__,
        names=json.dumps(arguments),
        arguments="".join(f"{name}, " for name in arguments),
        ndim=ndim,
        outs="\n    ".join(makes),
        scratch=SCRATCH,
        result=", ".join(names),
    )
    scope = {**globals(), **{str(kind): from_dtype(np.dtype(kind)) for kind in dtypes}}
    exec(compile(text, f"<numbapool.{function.__name__}>", "exec"), scope)
    made: Callable[..., Any] = scope["implementation"]
    return made


def results(
    function: Callable[..., Any], x: Any, constants: dict[str, Any]
) -> tuple[list[str], int]:
    """Return the dtypes of a call's results, and how many axes they have.

    They are those of a call by windows of one element, whatever the windows of this one are.
    """
    arguments: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("return_indices", "keepdims", "data_format"):
            arguments[name] = constants[name][1]
        elif name == "reducer":
            arguments[name] = _like(constants[name])
        elif parameter.default is parameter.empty and name != "x":
            arguments[name] = 1
    try:
        call = decided(function, (1,) * x.ndim, str(as_dtype(x.dtype)), arguments)
    except PoolError as error:
        raise TypingError(f"{function.__name__}: {error}") from error
    return [dtype.name for dtype in call.outs], len(call.plan.shape)


def _like(described_reducer: Any) -> Any:
    """Return a reducer of the class described, its fields what they may."""
    _, content = described_reducer
    owner, fields = content if isinstance(content, list) else ("", [])
    if not owner:
        raise TypingError("the reducer must be an instance of a NamedTuple class")
    return _reducer_class(owner)(*(1 for _ in fields))


def check_types(out: Any, dtypes: list[str], ndim: int) -> None:
    """Refuse an `out` that the results cannot be written to.

    Raises
    ------
    TypingError
        Where it is no array, or as many as there are results, of their dtype and axes.
    """
    given = out.types if isinstance(out, types.BaseTuple) else [out]
    wanted = [types.Array(from_dtype(np.dtype(dtype)), ndim, "C") for dtype in dtypes]

    def matched(kind: Any) -> Any:
        return kind.dtype, kind.ndim, kind.layout

    same = len(given) == len(wanted) and all(
        isinstance(one, types.Array) and one.mutable and matched(one) == matched(other)
        for one, other in zip(given, wanted, strict=True)
    )
    if not same:
        raise TypingError(f"out must be {' and '.join(map(str, wanted))}, not {out}")


@register_jitable
def checked(out, shape, source):
    """Return `out` where its shape is right and it lies apart from the source."""
    if out.shape != shape:
        raise PoolValueError("out must have the shape of the result")
    start, other = out.ctypes.data, source.ctypes.data
    if (start < other + source.nbytes) & (other < start + out.nbytes):
        raise PoolValueError("out overlaps the input")
    return out


def signature_of(function: Callable[..., Any]) -> str:
    """Return a function's parameters as Numba takes them: with defaults, none by keyword alone."""
    parameters = inspect.signature(function).parameters.values()
    return ", ".join(
        part.name if part.default is part.empty else f"{part.name}={part.default!r}"
        for part in parameters
    )


def register() -> None:
    """Tell Numba of all functions; any number of threads may ask for that."""
    with global_compiler_lock:
        _register()


@cache
def _register() -> None:
    for name in NAMES:
        function = getattr(functional, name)
        signature = signature_of(function)
        text = f"lambda {signature}: implement(function, dict(locals()))"
        scope = {"implement": implement, "function": function}
        overload(function, prefer_literal=True)(eval(text, scope))
    callbacks.register()

    @overload(run)
    def run_in_compiled_code(record, x, outs):
        def implementation(record, x, outs):
            execute(record, x, outs, np.empty(number_of(record, SCRATCH), np.uint8))

        return implementation

    # What compiles at this moment is to see them too.
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()
