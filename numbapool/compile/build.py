"""From a spec to machine code: Numba's front end, then LLVM once over the whole kernel.

By itself Numba optimises every function that another calls, makes machine code of it, and does
both again in each of its callers. That is two thirds of a kernel's compile time. Here the parts
stay drafts, which are only linked, and the whole kernel goes through LLVM's pipeline once. The
result is an object file with one C function, :data:`ENTRY`, that needs nothing of Numba's.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import llvmlite.binding as llvm
import numpy as np
from numba import njit

from numbapool.compile.contract import ENTRY
from numbapool.compile.engine import target_machine
from numbapool.compile.entry import SIGNATURE, entry_of
from numbapool.compile.numba_seams import apart, drafts
from numbapool.compile.spec import Spec
from numbapool.compile.symbols import UNKNOWN, undefined
from numbapool.loops import networks, row_keys
from numbapool.loops.kernels import KERNELS
from numbapool.loops.options import JIT
from numbapool.reducers.ways import is_own

WRAPPER = """
define void @{entry}(i64 %call, i64 %block, i64 %begin, i64 %end) {{
  %result = alloca ptr
  %error = alloca ptr
  %status = call i32 @{native}(ptr %result, ptr %error, i64 %call, i64 %block, i64 %begin, i64 %end)
  ret void
}}
"""
"""The C function around Numba's own. It drops the status, since no kernel raises."""


ADDRESS = "numba.dynamic.globals"
"""How Numba names what stands at an address of this process, such as a large array."""


IS_ADDRESS = re.compile(
    rf'^(@"?{re.escape(ADDRESS)}[^=]*= )\w+ global (\S+) inttoptr \(i64 \d+ to \2\)', re.MULTILINE
)
"""The line of LLVM's text that says what such a name stands for."""


class Built(NamedTuple):
    """A kernel's machine code."""

    code: bytes
    """The object file."""
    bound: bool
    """Whether it holds addresses of this process, and so is of no use in others."""


@contextmanager
def no_collection() -> Iterator[None]:
    """Turn off the garbage collector meanwhile: Numba's many objects live on, so it finds none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@no_collection()
def build(spec: Spec, name: str) -> Built:
    """Return the object file of a spec's kernel; `name` tells it from others."""
    function = entry_of(spec, name, KERNELS[spec.kernel])
    own = is_own(spec.op)
    with drafts(every=own):
        # Our kernels hold no objects whose references would be counted.
        dispatcher = njit(**JIT, _nrt=not own)(function)
        dispatcher.compile(SIGNATURE)
        ((arguments, text),) = dispatcher.inspect_llvm().items()
    native = dispatcher.overloads[arguments].fndesc.llvm_func_name
    if own:
        text = apart(text)
    text += WRAPPER.format(entry=ENTRY, native=f'"{native}"')
    free = text if own else without_addresses(text)
    side_by_side = spec.kernel == "area"
    code = optimised(free, written(spec), side_by_side)
    if own or not any(name.startswith((ADDRESS, UNKNOWN)) for name in undefined(code)):
        return Built(code, False)
    return Built(optimised(text, side_by_side=side_by_side), True)


def without_addresses(text: str) -> str:
    """Return LLVM's text with unknown names for all that stands at addresses of this process.

    Most of these go when the text is optimised: what is left is undefined in the object file.
    """
    return IS_ADDRESS.sub(r"\1external global \2", text)


def written(spec: Spec) -> str:
    """Return the function, as LLVM's text, that a spec's kernel calls; an empty text for none."""
    if spec.kernel == "networks":
        return networks.written(spec.form, np.dtype(spec.lanes[0]))
    if spec.kernel in ("histograms", "large histograms"):
        return row_keys.written(1 if spec.kernel == "histograms" else 2)
    return ""


def optimised(text: str, ready: str = "", side_by_side: bool = False) -> bytes:
    """Return the object file of LLVM's text, with the entry as its only public symbol.

    Text `ready` is that of a function which needs no passes. `side_by_side` says that neighbours
    are written out one by one, for LLVM to make vectors of.
    """
    module = llvm.parse_assembly(text)
    hide(module)
    machine = target_machine()
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization = True
    tuning.slp_vectorization = side_by_side
    # The loops that gain by unrolling are written out. For the others LLVM's unrolling made half
    # as much code again and took 0.8 s more to compile, for no measurable gain.
    tuning.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, tuning)
    passes = builder.getModulePassManager()
    passes.add_strip_dead_prototype_pass()
    passes.run(module, builder)
    if ready:
        other = llvm.parse_assembly(ready)
        other.triple, other.data_layout = module.triple, module.data_layout
        module.link_in(other)
        hide(module)
    code: bytes = machine.emit_object(module)
    return code


def hide(module: llvm.ModuleRef) -> None:
    """Let no symbol of a module but the entry be public."""
    for symbol in (*module.functions, *module.global_variables):
        if not symbol.is_declaration and symbol.name != ENTRY:
            symbol.linkage = "internal"
