"""A kernel over blocks of its work at once, on Numba's threads."""

from __future__ import annotations

from typing import Any

from numba import njit, prange, types
from numba.core import cgutils
from numba.extending import intrinsic


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


def _compiled(cache: bool) -> Any:
    signature = types.void(types.int64, types.int64, types.int64, types.int64)
    options = {"parallel": True, "nogil": True, "error_model": "numpy", "cache": cache}
    return njit([signature], **options)(blocks)


try:
    drive = _compiled(cache=True)
except RuntimeError:  # Numba finds no folder to cache in
    drive = _compiled(cache=False)
