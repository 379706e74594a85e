"""Loops over raw arrays: no checks, no allocation of results.

For those who have their own buffers: `prepare` decides a call once, its `into` runs it on arrays
of the prepared shape and dtype, and `run` does so inside compiled code. See their docstrings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numbapool.prepared import prepare, run

__all__ = ["prepare", "run"]


if not TYPE_CHECKING:  # a name that is not there is a mistake

    def __getattr__(name: str) -> Any:
        """Import what stands above the kernels only for those who ask."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("numbapool.prepared"), name)
