"""The pooling functions inside users' own compiled code.

Numba calls `register` before it compiles anything, by the entry point ``numba_extensions``.
Compiled code asks for `record` by its name, and users keep such code for years: both stay here.
"""

from __future__ import annotations

from numbapool.jit.overloads import record, register

__all__ = ["record", "register"]
