"""The errors of numbapool, which are also Python's own kinds of errors."""

from __future__ import annotations

from typing import Any


class PoolError(Exception):
    """Any error that numbapool raises; catch this to catch them all."""


class PoolValueError(PoolError, ValueError):
    """A value that numbapool cannot pool with: a size, a stride, a name."""


class PoolStepsError(PoolValueError):
    """Some steps of a run failed: a chunk could not be read, or written. The others are done."""


class PoolTypeError(PoolError, TypeError):
    """A type that numbapool does not pool: complex, object, strings, masked arrays."""


class PoolImportError(PoolError, ImportError):
    """Numba, which compiles the kernels, is missing, or this Numba cannot compile them."""


class PoolDeviceError(PoolError, RuntimeError):
    """No GPU can be used: a package, the driver or a device is missing or too old."""


LONGEST_SHOWN = 80
"""Characters of a wrong value that an error shows: the value may be a whole picture."""


def shown(value: Any) -> str:
    """Return a value as an error shows it: in one line of limited length."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
