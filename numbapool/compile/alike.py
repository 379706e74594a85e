"""Which users' reducers have the same code, so that one kernel serves them.

If a function makes a class anew on each call, each class would keep a compiled kernel of its own.
Two classes share a kernel only if nothing that Numba could see differs: the methods' code, with
their constants, their defaults, and the values that they find in closures and among globals. Numba
reads those values once, when it compiles. So each must be a constant or something that never
changes. A class with any other value is like no other class.
"""

from __future__ import annotations

import builtins
import cmath
import dis
import math
import operator
from collections import namedtuple
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

CONSTANTS = (bool, int, float, complex, str, bytes, type(None))
MODULES = (np, math, cmath, operator)
"""Modules whose content does not change."""

OF_THE_CLASS = (
    "__annotate__",
    "__annotate_func__",
    "__annotations__",
    "__annotations_cache__",
    "__dict__",
    "__firstlineno__",
    "__orig_bases__",
    "__static_attributes__",
    "__weakref__",
)
"""Names that a class statement adds, and compiled code does not see."""

LOADS = ("LOAD_GLOBAL", "LOAD_NAME")


class Unlike(Exception):
    """Something that may differ although it looks the same."""


_keys: WeakKeyDictionary[type, Any] = WeakKeyDictionary()


def likeness(op: type) -> Any:
    """Return a key that is equal for classes of the same code: in doubt, the class itself."""
    key = _keys.get(op)
    if key is None:
        try:
            key = _class_key(op)
        except (Unlike, RecursionError):
            return op
        _keys[op] = key
    return key


def _class_key(op: type) -> Any:
    *own, last, root = op.__mro__
    if (last, root) != (tuple, object) or type(op) is not type:
        raise Unlike
    plain = _plain_names(tuple(op._fields))  # type: ignore[attr-defined]
    parts: list[Any] = [op.__module__, op.__qualname__, op._fields]  # type: ignore[attr-defined]
    for each in own:
        members = {name: value for name, value in vars(each).items() if name not in plain}
        parts.append(tuple((name, _member_key(value)) for name, value in sorted(members.items())))
    return tuple(parts)


def _plain_names(fields: tuple[str, ...]) -> set[str]:
    """Return the names that any NamedTuple class of these fields has."""
    bare = namedtuple("bare", fields)  # type: ignore[misc]
    return {*vars(bare), *OF_THE_CLASS}


def _member_key(value: Any) -> Any:
    return _function_key(value) if isinstance(value, FunctionType) else _key(value)


def _function_key(function: FunctionType) -> Any:
    code = function.__code__
    if any(isinstance(part, CodeType) for part in code.co_consts):
        raise Unlike  # an inner function: its names are looked up elsewhere
    steps = list(dis.get_instructions(code))
    if any(step.opname.startswith("IMPORT") for step in steps):
        raise Unlike
    names = sorted({step.argval for step in steps if step.opname in LOADS})
    found = [_global(function, name) for name in names]
    found += [_cell(cell) for cell in function.__closure__ or ()]
    named = sorted((function.__kwdefaults__ or {}).items())
    # Code objects are equal if their bytes, constants (with types), names and lines are equal.
    return (
        code,
        _key(function.__defaults__),
        tuple((name, _key(value)) for name, value in named),
        tuple(map(_key, found)),
    )


def _global(function: FunctionType, name: str) -> Any:
    if name in function.__globals__:
        return function.__globals__[name]
    if hasattr(builtins, name):
        return getattr(builtins, name)
    raise Unlike


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError as error:  # the cell is still empty
        raise Unlike from error


def _key(value: Any) -> Any:
    """Return a key that is equal only for values that Numba takes as the same."""
    kind = type(value)
    if kind in CONSTANTS:
        return kind, repr(value)  # 0.0 differs from -0.0, and NaN equals NaN
    if kind is tuple:
        return kind, tuple(map(_key, value))
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return kind, value.tobytes()
    if isinstance(value, np.dtype):
        return kind, value.str
    if kind is type:
        if value.__module__ in ("builtins", "numpy"):
            return kind, value
    elif kind is ModuleType:
        if value in MODULES:
            return kind, value.__name__
    elif kind.__module__ == "numba.core.registry":  # made by njit
        return kind, _Same(value), _function_key(value.py_func)
    elif _stays(value):
        return kind, _Same(value)
    raise Unlike


def _stays(value: Any) -> bool:
    """Say whether a function never changes: if NumPy's, Numba's, ours or built in."""
    if isinstance(value, FunctionType):
        return value.__module__.partition(".")[0] in ("numpy", "numba", "numbapool")
    return isinstance(value, BuiltinFunctionType | np.ufunc)


class _Same:
    """A wrapper that is equal only if it holds the same object."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)
