"""Import the kernels while the first file is decoded."""

import threading
from contextlib import suppress

from ..telling.compiling import Claim, announced_by


def import_ahead(claim: Claim | None) -> None:
    """Import the kernels in the background."""
    with suppress(RuntimeError):  # if no thread can start, the first job imports them
        threading.Thread(target=_import_kernels, args=(claim,), name="import").start()


def _import_kernels(claim: Claim | None) -> None:
    # If the import fails, the first job meets the same error and reports it.
    with suppress(Exception):
        announced_by(claim)
        from numbapool import avg_pool2d  # noqa: F401 - the first function imports all kernels
