"""From a spec to machine code: Numba's front end, then LLVM once over the whole kernel.

Numba by itself optimises every function that another calls, makes machine code of it, and does
both again in each of its callers: two thirds of the time that a kernel takes to compile. Here
the parts stay drafts, which are only linked, and the whole goes through LLVM's pipeline once.
The result is an object file with one C function, :data:`ENTRY`, that needs nothing of Numba's.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import FunctionType
from typing import Any

import llvmlite.binding as llvm
from numba import njit, types
from numba.core import cgutils
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from numbapool.compile.spec import Spec
from numbapool.compile.store import ENTRY, target_machine
from numbapool.loops.direct import pool_direct
from numbapool.loops.lanes import JIT
from numbapool.loops.pointers import geometry_type
from numbapool.loops.rows import pool_rows
from numbapool.loops.running import pool_running
from numbapool.loops.runs import pool_runs
from numbapool.loops.select import pool_select
from numbapool.loops.thinned import pool_thinned
from numbapool.reducers.ways import is_own

SIGNATURE = types.void(types.int64, types.int64, types.int64, types.int64)
"""A kernel's arguments' address, the block's number, its pieces from and to."""

WRAPPER = """
define void @{entry}(i64 %call, i64 %block, i64 %begin, i64 %end) {{
  %result = alloca ptr
  %error = alloca ptr
  %status = call i32 @{native}(ptr %result, ptr %error, i64 %call, i64 %block, i64 %begin, i64 %end)
  ret void
}}
"""
"""The C function around Numba's own, whose status says nothing: no kernel raises."""


def _pointers(names: tuple[str, ...]) -> types.Tuple:
    return types.Tuple([types.CPointer(getattr(types, name)) for name in names])


def argument_types(spec: Spec) -> types.Tuple:
    """Return numba's types of what stands in the argument slots, in their order."""
    op = types.BaseTuple.from_types([getattr(types, name) for name in spec.fields], spec.op)
    form = types.BaseTuple.from_types([], spec.form)
    x = types.CPointer(getattr(types, spec.x))
    rest = (_pointers(spec.outs), geometry_type, _pointers(spec.lanes), types.int64)
    return types.Tuple([op, form, x, *rest])


_specs: dict[str, Spec] = {}


@intrinsic(prefer_literal=True)
def unpack(typingctx: Any, call: Any, name: Any) -> Any:
    """Return the arguments that stand in the 8-byte slots at an address."""
    wanted = argument_types(_specs[name.literal_value])

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        slots = builder.inttoptr(args[0], cgutils.intp_t.as_pointer())
        taken = 0

        def take(kind: Any) -> Any:
            nonlocal taken
            if isinstance(kind, types.BaseTuple):
                return context.make_tuple(builder, kind, [take(part) for part in kind])
            slot = builder.gep(slots, [cgutils.intp_t(taken)])
            taken += 1
            value_type = context.get_value_type(kind)
            return builder.load(builder.bitcast(slot, value_type.as_pointer()))

        return take(wanted)

    return wanted(call, name), codegen


KERNELS: dict[str, Any] = {
    "direct": pool_direct,  # windows of a few elements
    "thinned": pool_thinned,  # the same of pixels of few channels
    "rows": pool_rows,  # small windows
    "running": pool_running,  # large windows that overlap
    "runs": pool_runs,  # wide windows that hardly overlap
    "selection": pool_select,
}


def entry(call, block, begin, end):
    """Run a kernel; SPEC and POOL are set for each compiled copy."""
    op, form, x, outs, geometry, lanes, room = unpack(call, SPEC)  # noqa: F821
    POOL(op, form, x, outs, geometry, lanes, block * room, begin, end)  # noqa: F821


FUNCTION_HEAD = re.compile(r"^define .*$", re.MULTILINE)
"""A function's first line in LLVM's text."""

ARRAY = re.compile(r"(\bptr|\*) (%\"?arg\.(?:x|outs|lanes|geometry|axis\.geometry)\b)")
"""One of a kernel's arrays among its parameters. What is written through one is never read through
another, which Numba cannot say: loops would begin with checks for that. What users' reducers call
may have arrays of such names too, and do with them what it likes."""


class Draft(JITCodeLibrary):  # type: ignore[misc]
    """A part of a kernel: linked into others, never optimised or run by itself."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Link the draft; there is nothing to point to."""
        self._ensure_finalized()
        return 0


@contextmanager
def drafts() -> Iterator[None]:
    """Let whatever Numba compiles meanwhile stay a draft."""
    codegen = cpu_target.target_context.codegen()
    with global_compiler_lock:
        codegen._library_class = Draft
        codegen.set_env = lambda name, env: None  # of a function that can be called
        try:
            yield
        finally:
            del codegen._library_class, codegen.set_env


@contextmanager
def no_collection() -> Iterator[None]:
    """Let no garbage be looked for meanwhile: Numba's many objects live on, and it found none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@no_collection()
def build(spec: Spec, name: str) -> bytes:
    """Return the object file of a spec's kernel; `name` sets it apart from others."""
    _specs[name] = spec
    scope = {**entry.__globals__, "SPEC": name, "POOL": KERNELS[spec.kernel]}
    function = FunctionType(entry.__code__, scope, f"{spec.kernel}_{name}")
    function.__qualname__ = function.__name__
    # What a user's reducer calls may be called by itself too: a draft could not.
    own = is_own(spec.op)
    with drafts() if own else nullcontext():
        dispatcher = njit(**JIT)(function)
        dispatcher.compile(SIGNATURE)
        ((arguments, text),) = dispatcher.inspect_llvm().items()
    native = dispatcher.overloads[arguments].fndesc.llvm_func_name
    if own:
        text = FUNCTION_HEAD.sub(lambda head: ARRAY.sub(r"\1 noalias \2", head[0]), text)
    return optimised(text + WRAPPER.format(entry=ENTRY, native=f'"{native}"'))


def optimised(text: str) -> bytes:
    """Return the object file of LLVM's text, in which nothing but the entry is seen outside."""
    module = llvm.parse_assembly(text)
    for symbol in (*module.functions, *module.global_variables):
        if not symbol.is_declaration and symbol.name != ENTRY:
            symbol.linkage = "internal"
    machine = target_machine()
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = True
    # The loops that gain by it are written out; of the others it made half as much code again,
    # and took 0.8 s more to compile, for no measurable gain.
    tuning.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, tuning)
    passes = builder.getModulePassManager()
    passes.add_strip_dead_prototype_pass()
    passes.run(module, builder)
    code: bytes = machine.emit_object(module)
    return code
