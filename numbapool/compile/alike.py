"""What the code of a user's reducer is made of: reducers of one content share a kernel.

If a function makes a class anew on each call, each class would keep a compiled kernel of its own.
And each process would compile the kernel again. So a class is known by its content: all that Numba
could see of it. That is the methods' code with their constants and defaults, and the values that
they find in closures, among globals and in modules, down to the code of functions that these call.
Numba reads those values once, when it compiles. So each must be a constant, or something that
never changes within one version of Python, NumPy and Numba. A class with any other value has no
content, and is like no other class.
"""

from __future__ import annotations

import builtins
import dis
import hashlib
import sys
from collections import namedtuple
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

from numbapool.compile.numba_seams import is_overloaded_by_others, told_of

CONSTANTS = (bool, int, float, complex, str, bytes, type(None), type(...))

STEADY = ("builtins", "cmath", "math", "numba", "numpy", "operator")
"""Modules, with all that is in them, whose content does not change within a version."""

RULE = 1
"""The version of what a content holds: another one makes all kernels of users anew."""

NUMBERS = ("Boolean", "Complex", "Float", "Integer")
"""Numba's types of numbers."""

LARGEST_TABLE = 1 << 20
"""Bytes of an array among the values: Numba takes the address of one that is not much larger."""

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


_known: WeakKeyDictionary[type, Any] = WeakKeyDictionary()


def likeness(op: type) -> Any:
    """Return a key that is equal for classes of the same content: in doubt, the class itself.

    The key is that of the class's content when it is first asked for.
    """
    key = _known.get(op)
    if key is None:
        key = content(op)
        if key is None:
            return op
        _known[op] = key
    return key


def content(op: type) -> str | None:
    """Return a hash of what a class is made of now; None if that cannot be told.

    It is the same in each process.
    """
    try:
        return _hash(Reader().of_class(op))
    except (Unlike, RecursionError):
        return None


_changed: WeakSet[type] = WeakSet()
"""Classes that were met with another content than at first: Numba may know code of both."""


def is_still(op: type, like: Any) -> bool:
    """Say whether a class has the content that it had when it was first used: a hash of it."""
    same: bool = content(op) == like
    if not same:
        _changed.add(op)
    return same


def _hash(parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


_compiled: WeakKeyDictionary[Any, tuple[Any, ...]] = WeakKeyDictionary()
"""Functions of Numba's that were compiled for reducers: each with its signatures and content."""


def is_fresh(op: type) -> bool:
    """Say whether a kernel that is compiled now is made of the class's content as it is now.

    A function that Numba compiled before keeps the values that it read then. So it must be new, or
    have been compiled by kernels alone, of the same content. So it is with the class's methods.
    """
    reader = None if op in _changed else _read(op)
    return reader is not None and all(
        [not each.overloads or _compiled.get(each) == _state(each) for each in reader.functions]
    )


def is_as_numba_has_it(op: type) -> bool:
    """Say whether Numba itself compiles all that a class takes of modules that do not change.

    Users can tell Numba what stands for a function of such a module (``numba.extending.overload``).
    """
    reader = _read(op)
    return reader is not None and not any(map(is_overloaded_by_others, reader.steady))


def note(op: type) -> None:
    """Note the functions that a kernel was compiled with, if it is made of the content."""
    reader = _read(op)
    for each in reader.functions if reader else ():
        _compiled[each] = _state(each)


def _read(op: type) -> Reader | None:
    """Return the reader that has read a class; None if the class has no content."""
    reader = Reader()
    try:
        reader.of_class(op)
    except (Unlike, RecursionError):
        return None
    return reader


def _state(function: Any) -> tuple[Any, ...]:
    return (*function.overloads, _hash(Reader().of_function(function)))


class Reader:
    """What reads a class; it knows the functions and modules that it has met."""

    def __init__(self) -> None:
        self._met: dict[Any, int] = {}
        self.functions: list[Any] = []
        """The functions that njit made, of those that it has met."""
        self.steady: list[Any] = []
        """What it has met of modules that do not change."""

    def of_class(self, op: type) -> tuple[Any, ...]:
        """Return the content of a class, of texts and numbers alone."""
        *own, last, root = op.__mro__
        if (last, root) != (tuple, object) or type(op) is not type:
            raise Unlike
        fields: tuple[str, ...] = getattr(op, "_fields")  # noqa: B009
        plain = {*vars(namedtuple("bare", fields)), *OF_THE_CLASS}
        parts: list[Any] = [RULE, op.__module__, op.__qualname__, fields]
        for each in own:
            members = {name: value for name, value in vars(each).items() if name not in plain}
            parts.append([(name, self._member(members[name])) for name in sorted(members)])
        return tuple(parts)

    def _member(self, value: Any) -> Any:
        return self._function(value) if isinstance(value, FunctionType) else self._value(value)

    def _again(self, key: Any) -> tuple[str, int] | None:
        """Return the number of something that was met before, and number it now if it was not."""
        if key in self._met:
            return "met", self._met[key]
        self._met[key] = len(self._met)
        return None

    def _function(self, function: FunctionType) -> Any:
        found = self._again(id(function))
        if found is not None:
            return found
        codes = list(_within(function.__code__))
        steps = [step for code in codes for step in dis.get_instructions(code)]
        if any(step.opname.startswith("IMPORT") for step in steps):
            raise Unlike
        names = sorted({step.argval for step in steps if step.opname in LOADS})
        attributes = sorted({name for code in codes for name in code.co_names})
        values = [_global(function, name) for name in names]
        values += [_cell(cell) for cell in function.__closure__ or ()]
        named = sorted((function.__kwdefaults__ or {}).items())
        return (
            self._code(function.__code__),
            names,
            self._value(function.__defaults__),
            [(name, self._value(value)) for name, value in named],
            [self._value(value, attributes) for value in values],
        )

    def _code(self, code: CodeType) -> Any:
        """Return what a code object does: not where it stands in its file."""
        return (
            code.co_code,
            code.co_exceptiontable,
            code.co_flags,
            (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount),
            (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars),
            [self._constant(part) for part in code.co_consts],
        )

    def _constant(self, value: Any) -> Any:
        if isinstance(value, CodeType):
            return self._code(value)
        if type(value) is frozenset:
            return "set", sorted(map(repr, value))
        if type(value) is tuple:
            return [self._constant(part) for part in value]
        return type(value).__name__, repr(value)

    def _value(self, value: Any, attributes: Iterable[str] = ()) -> Any:
        """Return what is equal only for values that Numba takes as the same.

        `attributes` are the names that code may ask a module for.
        """
        kind = type(value)
        if kind in CONSTANTS:
            return kind.__name__, repr(value)  # 0.0 differs from -0.0, and NaN equals NaN
        if kind is tuple:
            return [self._value(part) for part in value]
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":
            return value.dtype.str, value.tobytes()
        if isinstance(value, np.dtype) and value.kind in "biufc":
            return "dtype", value.str
        if kind is np.ndarray:
            return _table(value)
        if kind is ModuleType:
            return self._module(value, attributes)
        if kind.__module__ == "numba.core.registry":  # made by njit
            return self.of_function(value)
        if kind.__module__ == "numba.core.types.scalars" and kind.__name__ in NUMBERS:
            return "numba", str(value)
        found = _steady(value)
        self.steady.append(value)
        return found

    def _module(self, module: ModuleType, attributes: Iterable[str]) -> Any:
        name = module.__name__
        attributes = tuple(attributes)
        if name.partition(".")[0] in STEADY and sys.modules.get(name) is module:
            self.steady += [vars(module)[each] for each in attributes if each in vars(module)]
            return "module", name
        found = self._again((id(module), attributes))
        if found is not None:
            return found
        held = [each for each in attributes if each in vars(module)]
        return (
            "module",
            name,
            [(each, self._value(vars(module)[each], attributes)) for each in held],
        )

    def of_function(self, function: Any) -> Any:
        """Return the content of a function of Numba's: its Python function, and its options."""
        told = told_of(function)
        if told is None:
            raise Unlike
        self.functions.append(function)
        options, fixed = told
        named = [(name, self._option(options[name])) for name in sorted(options)]
        return "njit", named, fixed, self._function(function.py_func)

    def _option(self, value: Any) -> Any:
        if isinstance(value, set | frozenset):
            return "set", sorted(map(repr, value))
        return self._value(value)


def _within(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object, and those of the functions within."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _within(part)


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


def _table(array: np.ndarray[Any, np.dtype[Any]]) -> Any:
    if array.dtype.kind not in "biufc" or array.nbytes > LARGEST_TABLE:
        raise Unlike
    flags = array.flags.c_contiguous, array.flags.f_contiguous, array.flags.aligned
    content = hashlib.sha256(array.tobytes()).hexdigest()
    return "array", array.dtype.str, array.shape, flags, content


def _steady(value: Any) -> Any:
    """Return the name of a type or function that never changes: if it is found under its name."""
    module = "numpy" if isinstance(value, np.ufunc) else getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not (isinstance(module, str) and isinstance(name, str)):
        raise Unlike
    steady = module.partition(".")[0] in STEADY or module in OURS
    if not steady or getattr(sys.modules.get(module), name, None) is not value:
        raise Unlike
    return "steady", module, name


OURS = ("numbapool.reducers.exponentials", "numbapool.reducers.methods")
"""Modules of ours with functions that reducers call: a change of theirs changes all kernels."""
