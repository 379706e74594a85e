"""LLVM: the description of the processor that it makes code for, and its loader."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import llvmlite.binding as llvm

from numbapool.compile.contract import ENTRY
from numbapool.compile.symbols import Unresolved
from numbapool.compile.target import cpu, features


def target_machine() -> Any:
    """Return a new description of this processor for LLVM: an engine keeps the one it is given."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu(),
        features=features(),
        opt=3,
        jit=True,
        codemodel="jitdefault",
    )


def loaded(code: bytes, names: Iterable[str] = ()) -> tuple[Any, int]:
    """Return an engine that holds an object file's code, and the address of its entry.

    Raises
    ------
    Unresolved
        If the code needs one of the `names`, and this process lacks that.
    """
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
    for name in names:  # only now LLVM finds the process's own
        if not llvm.address_of_symbol(name):
            raise Unresolved(name)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine, engine.get_function_address(ENTRY)
