"""A kernel over blocks of its work at once, on Numba's threads."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pkgutil import get_data
from typing import Any

from numba import njit, prange, types
from numba.core import cgutils
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps
from numba.extending import intrinsic

from numbapool.kernels import store


@intrinsic
def invoke(typingctx: Any, address: Any, call: Any, block: Any, begin: Any, end: Any) -> Any:
    """Call the kernel at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kernel = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [cgutils.intp_t] * 4)
        builder.call(builder.inttoptr(args[0], kernel.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(address, call, block, begin, end), codegen


def blocks(address, call, pieces, count):
    """Cut the pieces into blocks and run a kernel over each."""
    for block in prange(count):
        begin = pieces * block // count
        invoke(address, call, block, begin, pieces * (block + 1) // count)


SIGNATURE = types.void(types.int64, types.int64, types.int64, types.int64)


def made() -> Any:
    """Return the driver in machine code, from the disk or compiled.

    It is kept as kernels are: Numba's own cache tells no cut or changed file from a whole one.
    """
    dispatcher = njit(parallel=True, nogil=True, error_model="numpy")(blocks)
    content = store.surroundings() + (get_data(__package__, "driver.py") or b"")
    name = hashlib.sha256(content + sys.implementation.cache_tag.encode()).hexdigest()[:32]

    def make() -> bytes:
        dispatcher.compile(SIGNATURE)
        (compiled,) = dispatcher.overloads.values()
        return bytes(dumps(compiled._reduce()))

    code = store.code_for(name, make)
    if not dispatcher.overloads:
        with global_compiler_lock:
            target = dispatcher.targetctx
            target.refresh()
            kept = CompileResult._rebuild(target, *pickle.loads(code))
            target.insert_user_function(kept.entry_point, kept.fndesc, [kept.library])
            dispatcher.add_overload(kept)
    dispatcher.disable_compile()
    return dispatcher
