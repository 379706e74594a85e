"""How Numba compiles the loops and what they call."""

from __future__ import annotations

from typing import Any

METHODS: dict[str, Any] = {"error_model": "numpy"}
"""A division by zero gives inf or NaN, as NumPy's, and no branch that would stop the vectors."""

CONTRACT = {"contract"}
"""A product and a sum may be one instruction, which rounds once."""

INLINED: dict[str, Any] = {**METHODS, "forceinline": True, "fastmath": CONTRACT}
"""For sums and products that LLVM takes for too many to repeat: else no loop around is vectors."""

JIT: dict[str, Any] = {
    **METHODS,
    "nogil": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""For the parts of kernels: nothing calls them singly."""
