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
from typing import Any

import numpy as np
from numba import types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import TypingError
from numba.core.registry import cpu_target
from numba.extending import overload, register_jitable
from numba.np.numpy_support import as_dtype, from_dtype

from numbapool import functional
from numbapool.errors import PoolError, PoolValueError
from numbapool.functional.call import decided
from numbapool.functional.faces import NAME, parameters_of, pool_named
from numbapool.inputs import DTYPES
from numbapool.jit import callbacks, sites
from numbapool.jit.sites import described, execute, number_of, reducer_class
from numbapool.kernels import run
from numbapool.operators import SAMPLES
from numbapool.run.call import RECORD, SCRATCH, Call, address

NAMES = tuple(name for name in functional.__all__ if NAME.fullmatch(name))
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
    pool = pool_named(site["name"], arguments)
    return decided(shape, np.dtype(site["dtype"]), pool.window, pool.request)


def _value(part: Any, numbers: Iterator[int]) -> Any:
    """Return an argument, made of constants and the next of the numbers."""
    kind, content = part
    if kind == "constant":
        return content
    if kind == "tuple":
        return tuple(_value(inner, numbers) for inner in content)
    if kind == "reducer":
        owner, fields = content
        return reducer_class(owner)(*(_value(inner, numbers) for inner in fields))
    number = next(numbers)
    if kind == "float":
        return float(np.int64(number).view(np.float64))
    if kind == "unsigned":
        return number % (1 << 64)
    return bool(number) if kind == "bool" else number


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
    scope = {**IN_SCOPE, **{str(kind): from_dtype(np.dtype(kind)) for kind in dtypes}}
    exec(compile(text, f"<numbapool.{function.__name__}>", "exec"), scope)
    made: Callable[..., Any] = scope["implementation"]
    return made


def results(
    function: Callable[..., Any], x: Any, constants: dict[str, Any]
) -> tuple[list[str], int]:
    """Return the dtypes of a call's results, and how many axes they have.

    They are those of a call by windows of one element, whatever the windows of this one are.
    """
    arguments: dict[str, Any] = {"kernel_size": 1} if "kernel_size" in constants else {}
    for name, (kind, content) in constants.items():
        if name in ("return_indices", "keepdims", "data_format"):
            arguments[name] = content
        elif name in ("op", "reducer"):
            arguments[name] = _operator(name, kind, content)
        elif name == "output_size" or (name in SAMPLES and (kind, content) != ("constant", None)):
            arguments[name] = 1
    try:
        pool = pool_named(function.__name__, arguments)
        dtypes = pool.dtypes(as_dtype(x.dtype))
        return [dtype.name for dtype in dtypes], len(pool.shape((1,) * x.ndim))
    except PoolError as error:
        raise TypingError(f"{function.__name__}: {error}") from error


def _operator(name: str, kind: str, content: Any) -> Any:
    """Return an operator's name, or a reducer of the class described, its fields what they may."""
    if kind == "constant" and name == "op":
        return content
    if kind != "reducer":
        least = "a literal string, or " if name == "op" else ""
        raise TypingError(f"the {name} must be {least}an instance of a NamedTuple class")
    owner, fields = content
    return reducer_class(owner)(*(1 for _ in fields))


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


IN_SCOPE = {
    "__name__": __name__,  # where Numba looks for what it needs when cached code raises
    "PoolValueError": PoolValueError,
    "checked": checked,
    "execute": execute,
    "lookup": sites.lookup,
    "np": np,
    "number_of": number_of,
    "shape_of": sites.shape_of,
}
"""What an implementation calls."""


def signature_of(function: Callable[..., Any]) -> str:
    """Return a function's parameters as Numba takes them: with defaults, none by keyword alone."""
    return ", ".join(
        name if default is inspect.Parameter.empty else f"{name}={default!r}"
        for name, default in parameters_of(function).items()
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
