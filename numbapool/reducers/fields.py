"""A reducer's fields: the numbers that compiled code gets."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError


def numbers_of(op: Any) -> list[np.ndarray[Any, np.dtype[Any]]]:
    """Return a reducer's fields as numbers, each with its dtype.

    Raises
    ------
    PoolTypeError
        If a field is no number of at most 64 bits.
    """
    numbers = [np.asarray(value) for value in op]
    for name, number in zip(op._fields, numbers, strict=True):
        if number.ndim or number.dtype.kind not in "biuf" or number.itemsize > 8:
            raise PoolTypeError(f"{type(op).__name__}.{name} must be a number, not {number!r}")
    return numbers
