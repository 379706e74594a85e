"""The kernels' import, begun while the first file is decoded."""

import threading
from contextlib import suppress

from ..telling.compiling import Claim, announced_by


def import_ahead(claim: Claim | None) -> None:
    """Import the kernels in the background: meanwhile the first file is decoded."""
    with suppress(RuntimeError):  # where there can be no thread, the first job imports them
        threading.Thread(target=_import_kernels, args=(claim,), name="import").start()


def _import_kernels(claim: Claim | None) -> None:
    # Where the import fails, the first job meets the same error and tells it.
    with suppress(Exception):
        announced_by(claim)
        import numbapool.functional  # noqa: F401
