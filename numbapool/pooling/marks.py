"""What `min_count` may be, and what windows with too few counted elements give."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.reducers.dtypes import held


def min_count_of(value: Any, nan: Any, nodata: Any) -> int | float | None:
    """Return how many elements must count, or which share of the elements inside the input.

    Raises
    ------
    PoolTypeError, PoolValueError
        For a value that is neither, and if the call leaves nothing out.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise PoolTypeError(f"min_count must be a whole number or a share, not {shown(value)}")
    whole = isinstance(value, int | np.integer)
    if not (0 <= value < 1 << 63 if whole else 0 < value <= 1):
        raise PoolValueError(
            "min_count must be a whole number from 0 on, or a share above 0 and up to 1.0 as a "
            f"float, not {shown(value)}"
        )
    if nan == "propagate" and nodata is None:
        raise PoolTypeError(
            "min_count needs nan='skip' or nodata: without them every element counts"
        )
    return int(value) if whole else float(value)


def mark_of(dtype: np.dtype[Any], nodata: Any) -> Any:
    """Return the result of windows with too few elements, in the results' dtype.

    Raises
    ------
    PoolValueError
        If the dtype cannot hold it.
    """
    number = np.nan if nodata is None else nodata
    if number != number:
        mark = dtype.type(np.nan) if dtype.kind == "f" else None
    else:
        mark = held(dtype, number)
    if mark is None:
        raise PoolValueError(
            f"min_count marks windows by {number}, which results of {dtype} cannot hold: give a "
            "nodata that they hold, or convert the array to floats"
        )
    return mark
