"""The pool command. Importing it imports neither NumPy, Pillow nor Numba."""

import gc
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command named on the command line, and exit with its code."""
    gc.set_threshold(10_000)  # what modules make while they load is no garbage
    try:
        from .interrupts import end_at_once

        end_at_once()  # before anything else is imported

        from .app import main as run
    except KeyboardInterrupt:
        sys.exit(130)  # `ExitCode.INTERRUPTED`, which may not be imported yet
    run()
