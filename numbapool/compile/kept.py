"""The plain kernels between processes: Numba's cache, in a folder that only this user can write to.

Numba's cache is pickled, so a file from another user would run code in this process. Its folder
follows the same rule as the folder of other kernels (:mod:`numbapool.compile.guarded`). Its name
is a hash of everything that the kernels are compiled from: Numba itself checks one source file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numbapool.compile import guarded, store
from numbapool.compile.sources import surroundings


def folder() -> Path | None:
    """Return the folder, made if missing; None, with a warning, if it cannot be used."""
    path, trouble = store.place()
    if path is not None:
        try:
            name = f"plain-{surroundings().hex()[:16]}"
            path, problem = guarded.prepared(path, name)
            trouble = trouble or problem
        except (guarded.Unsafe, OSError) as error:
            path, trouble = None, f"{error}, so it is left alone; {store.REMEDY}"
    if trouble:
        store.warn_once(trouble)
    return path


def keep(dispatchers: Iterable[Any]) -> None:
    """Let Numba keep the code of these functions, as ``cache=True`` does, if the folder is safe."""
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
