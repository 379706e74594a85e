"""Pooling on NVIDIA's devices: kernels made from the same reducers, and what users' kernels call.

Nothing of numbapool imports this package unasked. `reducer` and `window`, `max_window`,
`mean_window` and `sum_window` are for kernels of your own (:mod:`numbapool.cuda.windows`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numbapool.cuda.windows import max_window as max_window
    from numbapool.cuda.windows import mean_window as mean_window
    from numbapool.cuda.windows import reducer as reducer
    from numbapool.cuda.windows import sum_window as sum_window
    from numbapool.cuda.windows import window as window

_WINDOWS = ("max_window", "mean_window", "reducer", "sum_window", "window")

__all__ = list(_WINDOWS)

if not TYPE_CHECKING:  # a type checker should report unknown names

    def __getattr__(name: str) -> Any:
        """Import the target when a name is first used."""
        if name not in _WINDOWS:
            raise AttributeError(f"module 'numbapool.cuda' has no attribute {name!r}")
        from numbapool.cuda import windows

        globals().update({each: getattr(windows, each) for each in _WINDOWS})
        return globals()[name]
