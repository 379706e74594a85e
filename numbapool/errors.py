"""What can go wrong, as exceptions that are also Python's own kinds."""

from __future__ import annotations

from typing import Any


class PoolError(Exception):
    """Anything numbapool refuses; catch this to catch them all."""


class PoolValueError(PoolError, ValueError):
    """A value that no pooling can be made of: a size, a stride, a name."""


class PoolTypeError(PoolError, TypeError):
    """A type that numbapool does not pool: complex, object, strings, masked arrays."""


class PoolImportError(PoolError, ImportError):
    """Numba, which compiles the kernels, is not there, or this Numba cannot."""


LONGEST_SHOWN = 80
"""Characters of a wrong value that an error shows: it may be a whole picture."""


def shown(value: Any) -> str:
    """Return a value as an error shows it, in one line that is not too long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
