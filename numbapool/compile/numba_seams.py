"""The inner parts of Numba and llvmlite that numbapool uses, all in this file.

They are no public interface: another release may rename them. They are checked when something is
first compiled (:func:`probe`). If one is missing, Numba's public functions compile the kernels
instead (:mod:`numbapool.compile.plain`): slower, with the same results.

Only llvmlite's typed pointers stand elsewhere (:func:`numbapool.loops.pointers.pointer_to`),
because loops need them. Importing this file imports neither Numba nor llvmlite.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import Any

OVERRIDDEN = (
    "_optimize_functions",
    "_optimize_final_module",
    "_finalize_final_module",
    "_ensure_finalized",
    "get_pointer_to_function",
)
"""The methods of Numba's code library that a draft overrides or calls."""


@cache
def probe() -> str:
    """Return the needed part that this Numba lacks, or an empty text."""
    try:
        library, context = draft().__mro__[1], _cpu_target().target_context
        codegen = context.codegen()
        parts = (codegen, ("_library_class", "set_env")), (context, ("get_abi_sizeof",))
        for owner, names in (library, OVERRIDDEN), *parts:
            for name in names:
                getattr(owner, name)
    except (ImportError, AttributeError) as error:
        return str(error)
    return ""


@cache
def draft() -> type:
    """Return the class of drafts: parts of a kernel that are linked, never optimised or run."""
    from numba.core.codegen import JITCodeLibrary

    class Draft(JITCodeLibrary):  # type: ignore[misc]
        def _optimize_functions(self, ll_module: Any) -> None:
            ll_module.data_layout = self._codegen._data_layout

        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            self._ensure_finalized()
            return 0  # a draft has no machine code to point to

    return Draft


ENVIRONMENT = "_ZN08NumbaEnv9numbapool"
"""How Numba names the environments of our functions."""


@contextmanager
def drafts(every: bool) -> Iterator[None]:
    """Let what Numba compiles meanwhile stay a draft: every function, or our own alone.

    What a user's reducer calls may be called by itself too, which a draft cannot be.
    """
    context = _cpu_target().target_context
    codegen = context.codegen()

    def library(codegen: Any, name: str, **named: Any) -> Any:
        made = draft() if every or lowers_ours(sys._getframe(2)) else whole
        return made(codegen, name, **named)

    def set_environment(name: str, environment: Any) -> None:
        if not (every or name.startswith(ENVIRONMENT)):  # only callable functions need one
            set_env(name, environment)

    with compiler_lock():
        whole, set_env = codegen._library_class, codegen.set_env
        codegen._library_class, codegen.set_env = library, set_environment
        # Numba asks LLVM for the size of each variable, by a module of its own.
        context.get_abi_sizeof = cache(context.get_abi_sizeof)
        try:
            yield
        finally:
            del codegen._library_class, codegen.set_env, context.get_abi_sizeof


def lowers_ours(pass_: FrameType) -> bool:
    """Say whether a pass of Numba's, by its frame, makes code of a function of numbapool's."""
    function = getattr(pass_.f_locals.get("state"), "func_id", None)
    module: str = getattr(function, "modname", "")
    return module.partition(".")[0] == "numbapool"


def compiler_lock() -> Any:
    """Return the lock that Numba holds while it compiles.

    The target's contexts are made first: a thread that makes one holds another lock and then takes
    this lock. If a second thread took them in the other order, both would wait for ever.
    """
    from numba.core.compiler_lock import global_compiler_lock

    _contexts()
    return global_compiler_lock


def _cpu_target() -> Any:
    from numba.core.registry import cpu_target

    return cpu_target


def _contexts() -> tuple[Any, Any]:
    return _cpu_target().typing_context, _cpu_target().target_context


def told_of(function: Any) -> tuple[dict[str, Any], list[str]] | None:
    """Return the options of a function that njit made, and its signatures if it takes no others.

    None stands for a function whose code may differ although all of this is the same: other passes
    compile it, or Numba takes it from a file. It also stands for parts that this Numba lacks.
    """
    try:
        passes: str = function._compiler.pipeline_class.__module__
        if function.stats.cache_path or not passes.startswith("numba."):
            return None
        fixed = () if function._can_compile else function.nopython_signatures
        return {**function.targetoptions, **function.locals}, list(map(str, fixed))
    except AttributeError:
        return None


OURS = ("numba.", "numbapool.")
"""How the names of modules begin whose overloads change with versions alone."""


def is_overloaded_by_others(value: Any) -> bool:
    """Say whether a function's code is, or may be, that of an overload that is not Numba's own."""
    try:
        known = _cpu_target().typing_context.resolve_value_type(value)
        found = [getattr(each, "_overload_func", None) for each in getattr(known, "templates", ())]
    except Exception:  # no type at all: nothing that compiled code could call
        return False
    return any(each is not None and not each.__module__.startswith(OURS) for each in found)


def refresh() -> None:
    """Let a compilation that is under way see overloads that were added since it began."""
    for context in _contexts():
        context.refresh()


FUNCTION_HEAD = re.compile(r"^define .*$", re.MULTILINE)
"""A function's first line in LLVM's text."""

ARRAY = re.compile(r"(\bptr|\*) (%\"?arg\.(?:x|outs|lanes|others|geometry|axis\.geometry)\b)")
"""A parameter of a kernel that is an array, as Numba names it."""


def apart(text: str) -> str:
    """Mark in LLVM's text of a kernel that its arrays share no memory.

    A value written through one array is never read through another. Numba cannot say so, and loops
    would begin with checks for it. This does not hold for users' reducers: functions that they
    call may have arrays of the same names, and may do anything with them.
    """
    return FUNCTION_HEAD.sub(lambda head: ARRAY.sub(r"\1 noalias \2", head[0]), text)


def new_reference(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Return a value that the caller owns."""
    from numba.core import imputils

    own = getattr(imputils, "impl_ret_new_ref", None)
    return value if own is None else own(context, builder, kind, value)


def python_api(context: Any, builder: Any) -> Any:
    """Return the object that calls Python's C functions from compiled code."""
    return context.get_python_api(builder)


def launch_threads() -> bool:
    """Start the threads of Numba's parallel layer; return whether there is such a layer."""
    from numba.np.ufunc import parallel

    launch: Callable[[], None] | None = getattr(parallel, "_launch_threads", None)
    if launch is None:
        return False
    launch()
    return True


def thread_counter(numba: Any) -> Callable[[], int]:
    """Return the function that counts Numba's threads that may run, once they are started.

    ``numba.get_num_threads`` calls the same function in the end, but first takes the lock around
    starting them.
    """
    parallel = sys.modules.get("numba.np.ufunc.parallel")
    counter: Callable[[], int] = getattr(parallel, "_get_num_threads", numba.get_num_threads)
    return counter
