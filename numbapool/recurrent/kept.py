"""Which steps of each row count: from lengths or a mask to positions."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import DTYPES, Array, as_array, viewed
from numbapool.windows.layout import known_format

FORMATS = ("NTC", "NCT")

LEAST_ADDED = -1e4
"""What an additive mask adds where a step does not count is less."""


class Steps(NamedTuple):
    """The steps of each row that count, in their order."""

    counts: Array
    """How many there are, a number per row."""
    positions: Array
    """Where they are: a row per row, of which the first `counts` matter."""


def sequences(x: Any, data_format: str | None) -> Array:
    """Return an array as (batch, steps, channels), without a copy if NumPy can.

    Raises
    ------
    PoolValueError
        If it has another number of axes.
    """
    name = known_format(data_format, FORMATS)
    array = viewed(x)
    if array.dtype not in DTYPES:
        array = as_array(array)
    if array.ndim != 3:
        raise PoolValueError(
            f"an array of shape {array.shape} has {array.ndim} axes; {name} names 3: "
            "batch, time and channels"
        )
    return array.transpose(0, 2, 1) if name == "NCT" else array


def steps_of(batch: int, time: int, lengths: Any, mask: Any) -> Steps:
    """Return the steps that count; without lengths and mask all do.

    Raises
    ------
    PoolTypeError, PoolValueError
        For both of them, and for what is no length or no mask.
    """
    if lengths is not None and mask is not None:
        raise PoolTypeError("give lengths or mask, one of them: both say which steps count")
    everywhere = np.broadcast_to(np.arange(time), (batch, time))
    if mask is not None:
        kept = mask_of(mask, batch, time)
        return Steps(kept.sum(axis=1), np.argsort(~kept, axis=1, kind="stable"))
    if lengths is not None:
        return Steps(lengths_of(lengths, batch, time), everywhere)
    return Steps(np.full(batch, time), everywhere)


def lengths_of(lengths: Any, batch: int, time: int) -> Array:
    """Return the rows' lengths."""
    found = as_array(lengths)
    if found.size and found.dtype.kind not in "iu":
        raise PoolTypeError(
            f"lengths are whole numbers, not {found.dtype}: of relative ones pass "
            "np.round(lengths * T).astype(int)"
        )
    if found.shape != (batch,):
        raise PoolValueError(f"lengths has shape {found.shape}, not {(batch,)}: one per row")
    wrong = np.flatnonzero((found < 0) | (found > time))
    if wrong.size:
        row = int(wrong[0])
        raise PoolValueError(f"lengths lie between 0 and {time}, not {found[row]} (row {row})")
    return found.astype(np.int64)


def mask_of(mask: Any, batch: int, time: int) -> Array:
    """Return a mask as (batch, time) of bool."""
    found = as_array(mask)
    shapes = ((batch, time), (batch, time, 1), (batch, 1, time))
    if found.shape not in shapes:
        raise PoolValueError(
            f"mask has shape {found.shape}, not {shapes[0]}: True (or 1) for each step that counts"
        )
    kept: Array = found != 0
    if found.dtype != np.bool_ and not np.array_equal(found, kept):
        wrong = found[(found != 0) & (found != 1)]
        if wrong.min() <= LEAST_ADDED:
            raise PoolValueError(
                f"mask holds {shown(wrong.min().item())}: an additive mask, 0 for each step that "
                "counts, is not taken: pass mask == 0"
            )
        raise PoolValueError(f"mask holds {shown(wrong[0].item())}: it is bool, or 0 and 1")
    return kept.reshape(batch, time)
