"""How Numba compiles the loops and what they call."""

from __future__ import annotations

from typing import Any

METHODS: dict[str, Any] = {"error_model": "numpy"}
"""A division by zero gives inf or NaN, as in NumPy: a branch for it would stop the vectors."""

CONTRACT = {"contract"}
"""A product and a sum may become one instruction, which rounds once."""

INLINED: dict[str, Any] = {**METHODS, "forceinline": True, "fastmath": CONTRACT}
"""For arithmetic that LLVM deems too long to inline: without it the loops around stay scalar."""

LIFTED: dict[str, Any] = {**METHODS, "forceinline": True}
"""For what makes an accumulator of an element: a call in a loop would keep it scalar."""

JIT: dict[str, Any] = {
    **METHODS,
    "nogil": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""For the parts of kernels, which nothing else calls."""
