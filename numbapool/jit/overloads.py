"""The pooling functions inside users' own compiled code.

Compiled code calls the same kernels as Python does, at their addresses. The same planners decide
which kernel runs: a call asks Python for a record (:mod:`numbapool.jit.records`) when it meets a
shape or a parameter for the first time, and keeps the record for the next call. So a call costs
a comparison of some numbers, the result's memory and the kernel. Nothing is compiled that is not
called, and the rules stand in one place.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.core.errors import TypingError
from numba.extending import overload, register_jitable
from numba.np.numpy_support import as_dtype, from_dtype

from numbapool import functional
from numbapool.compile import numba_seams
from numbapool.compile.contract import SCRATCH
from numbapool.errors import PoolError, PoolValueError
from numbapool.functional.faces import NAME, OF_A_CALL, parameters_of, pool_named
from numbapool.inputs import DTYPES
from numbapool.jit import callbacks, sequences, sites
from numbapool.jit.classes import reducer_class
from numbapool.jit.sites import NONE, described, execute, number_of
from numbapool.operators import SAMPLES, find
from numbapool.pooling.weighed import weighed_dtype

NAMES = tuple(
    name for name in functional.__all__ if NAME.fullmatch(name) and name not in callbacks.SIGNATURES
)
"""The functions that compiled code may call."""


IN_PYTHON = ("padding_mode", "footprint", "min_count", "weights")
"""The parameters of calls that run in Python: such a call runs several kernels."""


# The overloads: one per function. Its implementation is made for the types of each call.

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
        If the function does not take an argument's type.
    """
    x = given["x"]
    if not isinstance(x, types.Array) or as_dtype(x.dtype) not in DTYPES:
        raise TypingError(f"{function.__name__} pools arrays of numbers or bool, not {x}")
    in_python = [name for name in IN_PYTHON if not is_none(given.get(name))]
    if "padding" not in given and "padding_mode" in in_python:  # a blur's
        in_python.remove("padding_mode")
    if isinstance(given.get("footprint"), types.StringLiteral):  # one kernel serves it
        in_python.remove("footprint")
    arguments = [name for name in given if name not in OF_A_CALL]
    for name in ("device", "stream"):
        if described(name, given[name]) != NONE:
            raise TypingError(f"{name} is for calls from Python: compiled code pools on the CPU")
    known = [name for name in arguments if name not in in_python]
    constants = {name: described(name, given[name]) for name in known}
    for name in ("return_indices", "keepdims"):
        if constants.get(name, ("constant",))[0] != "constant":
            raise TypingError(
                f"{name} must be a literal True or False: it decides the result's type"
            )
    dtypes, ndim = results(function, x, constants)
    if "weights" in in_python:
        dtypes = [of_weighed(function, x, given["weights"], constants, dtypes[0])]
    out = given["out"]
    names = [f"out{n}" for n in range(len(dtypes))]
    if not is_none(out):
        check_types(out, dtypes, ndim)
    if in_python:
        arrays = [types.Array(from_dtype(np.dtype(kind)), ndim, "C") for kind in dtypes]
        result = arrays[0] if len(arrays) == 1 else types.Tuple(arrays)
        passed = [name for name in given if name not in ("device", "stream")]
        return callbacks.in_python(function, signature_of(function), passed, result)
    if is_none(out):
        makes = [
            f"{name} = np.empty(shape, {kind})" for name, kind in zip(names, dtypes, strict=True)
        ]
    else:
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


def is_none(kind: Any) -> bool:
    """Say whether an argument, or a parameter's default, is None."""
    if isinstance(kind, types.Omitted):
        return kind.value is None
    return kind is None or isinstance(kind, types.NoneType)


def results(
    function: Callable[..., Any], x: Any, constants: dict[str, Any]
) -> tuple[list[str], int]:
    """Return the dtypes of a call's results, and how many axes they have.

    They are found by a call with windows of one element: the size of windows does not change them.
    """
    sizes = [name for name in ("kernel_size", "filter_size") if name in constants]
    arguments: dict[str, Any] = dict.fromkeys(sizes, 1)
    for name, (kind, content) in constants.items():
        if name in ("return_indices", "keepdims", "data_format"):
            arguments[name] = content
        elif name in ("op", "reducer"):
            arguments[name] = _operator(name, kind, content)
        elif name == "output_size" or (name in SAMPLES and (kind, content) != NONE):
            arguments[name] = 1
    try:
        pool = pool_named(function.__name__, arguments)
        dtypes = pool.dtypes(as_dtype(x.dtype))
        return [dtype.name for dtype in dtypes], len(pool.shape((1,) * x.ndim))
    except PoolError as error:
        raise TypingError(f"{function.__name__}: {error}") from error


def of_weighed(
    function: Callable[..., Any], x: Any, weights: Any, constants: dict[str, Any], dtype: str
) -> str:
    """Return the dtype of results by weights.

    Raises
    ------
    TypingError
        If the weights are no array.
    """
    if not isinstance(weights, types.Array):
        raise TypingError(f"weights must be an array, not {weights}")
    parsed = NAME.fullmatch(function.__name__)
    assert parsed is not None
    op = constants["op"][1] if "op" in constants else parsed[2]
    kinds = as_dtype(x.dtype), as_dtype(weights.dtype), np.dtype(dtype)
    return weighed_dtype(find(op).name, *kinds).name


def _operator(name: str, kind: str, content: Any) -> Any:
    """Return an operator's name, or a reducer of the described class with any fields."""
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
        If it is not one array per result, of the result's dtype and number of axes.
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
    """Return `out` if its shape is right and it shares no memory with the source."""
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
"""The names that an implementation calls."""


def signature_of(function: Callable[..., Any]) -> str:
    """Return a function's parameters as Numba takes them: with defaults, none keyword-only."""
    return ", ".join(
        name if default is inspect.Parameter.empty else f"{name}={default!r}"
        for name, default in parameters_of(function).items()
    )


def register() -> None:
    """Tell Numba of all functions; any number of threads may call this."""
    with numba_seams.compiler_lock():
        told = _register()
        run = getattr(sys.modules.get("numbapool.kernels"), "run", None)
        told |= run is not None and _register_run(run)
        if told:
            numba_seams.refresh()


_told: set[str] = set()


def _register() -> bool:
    if "functions" in _told:
        return False
    _told.add("functions")
    for name in NAMES:
        function = getattr(functional, name)
        signature = signature_of(function)
        text = f"lambda {signature}: implement(function, dict(locals()))"
        scope = {"implement": implement, "function": function}
        overload(function, prefer_literal=True)(eval(text, scope))
    callbacks.register()
    sequences.register()
    return True


def _register_run(run: Callable[..., Any]) -> bool:
    if "run" in _told:
        return False
    _told.add("run")

    @overload(run)
    def run_in_compiled_code(record, x, outs):
        def implementation(record, x, outs):
            execute(record, x, outs, np.empty(number_of(record, SCRATCH), np.uint8))

        return implementation

    return True
