"""Import the kernels while the first file is decoded."""

import threading
from contextlib import suppress

from ..telling.compiling import Hear, announced_by


def import_ahead(hear: Hear | None) -> None:
    """Import the kernels in the background; `hear` is told of those that are compiled."""
    announced_by(hear)
    with suppress(RuntimeError):  # if no thread can start, the first job imports them
        threading.Thread(target=_import_kernels, name="import").start()


def _import_kernels() -> None:
    # If the import fails, the first job meets the same error and reports it.
    with suppress(Exception):
        from numbapool import Pool  # noqa: F401 - with all that pools pictures
