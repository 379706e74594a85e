"""The plain kernels between processes: Numba's cache, in a folder that only this user can write to.

Numba's cache is pickled, so a file that somebody else put there would run in this process. Its
folder keeps the same rule as that of the other kernels (:mod:`numbapool.compile.guarded`). It is
named by all that the kernels are compiled from: Numba itself looks at one source file alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numbapool.compile import guarded, store


def folder() -> Path | None:
    """Return the folder, made if it is missing; None, with a warning, if there can be none."""
    path, trouble = store.place()
    if path is not None:
        try:
            name = f"plain-{store.surroundings().hex()[:16]}"
            path, problem = guarded.prepared(path, name)
            trouble = trouble or problem
        except (guarded.Unsafe, OSError) as error:
            path, trouble = None, f"{error}, so it is left alone; {store.REMEDY}"
    if trouble:
        store.warn_once(trouble)
    return path


def keep(dispatchers: Iterable[Any]) -> None:
    """Let Numba keep what it compiles of these functions, as ``cache=True`` does, if it is safe."""
    from numba import config

    path = folder()
    if path is None or config.DISABLE_JIT:
        return
    was = config.CACHE_DIR
    config.CACHE_DIR = str(path)
    try:
        for dispatcher in dispatchers:
            dispatcher.enable_caching()
    finally:
        config.CACHE_DIR = was
