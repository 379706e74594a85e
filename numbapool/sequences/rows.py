"""Which rows belong to a sequence: lengths, a mask or offsets, all as runs of rows.

A run is rows that follow one another. With lengths or offsets a sequence is one run, or none; a
mask with holes makes several runs. So the loops never see masked rows.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array, viewed
from numbapool.records import dataclass

Integers: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

ADDED = -1e4
"""In masks that are added to scores, masked rows have numbers below this."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The runs of all sequences, sequence by sequence."""

    batch: Integers
    """The index of each run's sequence; 0 if offsets cut one long array."""
    start: Integers
    """The first row of each run, within its sequence's array."""
    counts: Integers
    """The number of rows of each run."""
    first: Integers
    """The first run of each sequence, and the end of all runs."""
    rows: Integers
    """The number of rows of each sequence."""
    held: np.ndarray[Any, np.dtype[np.bool_]] | None
    """Which sequences have rows; None if all have."""

    @cached_property
    def longest(self) -> int:
        """The most rows of a sequence; 0 if there is none."""
        # By the way that takes the least time if the caches are cold.
        return self.rows.item(self.rows.argmax()) if self.rows.size else 0

    @property
    def filled(self) -> Any:
        """The index of the sequences that have rows."""
        return slice(None) if self.held is None else self.held

    def edges(self, last: bool) -> tuple[Integers, Integers]:
        """Return where the first or the last row lies, for each sequence that has rows."""
        run = (self.first[1:] - 1 if last else self.first[:-1])[self.filled]
        return self.batch[run], self.start[run] + (self.counts[run] - 1 if last else 0)


def rows_of(
    batch: int | None, steps: int, lengths: Any = None, mask: Any = None, offsets: Any = None
) -> Rows:
    """Return the rows of the sequences of an array.

    Parameters
    ----------
    batch : int or None
        The array's number of sequences; None if offsets give it.
    steps : int
        The number of rows of each sequence, or of the array that offsets cut.
    lengths, mask, offsets
        The arguments of the caller: one of them, or none for whole sequences.

    Raises
    ------
    PoolValueError, PoolTypeError
        If one is wrong, or if more than one is given.
    """
    if (lengths is not None) + (mask is not None) + (offsets is not None) > 1:
        named = {"lengths": lengths, "mask": mask, "offsets": offsets}
        given = [name for name, value in named.items() if value is not None]
        raise PoolValueError(
            f"give one of lengths, mask and offsets, not both {given[0]} and {given[1]}"
        )
    if offsets is not None:
        return cut(*checked_offsets(offsets, steps))
    assert batch is not None
    if mask is not None:
        return masked(checked_mask(mask, batch, steps))
    if lengths is None:
        counts = np.full(batch, steps, np.int64)
    else:
        counts = checked_lengths(lengths, batch, steps)
    least = least_of(counts, steps)
    return spans(np.arange(batch), np.zeros(batch, np.int64), counts, least)


def least_of(counts: Integers, otherwise: int) -> int:
    """Return the least number, by the way that takes the least time if the caches are cold."""
    return counts.item(counts.argmin()) if counts.size else otherwise


def spans(batch: Integers, start: Integers, rows: Integers, least: int) -> Rows:
    """Return sequences of one run each, or of none if they have no row; `least` are the fewest."""
    if least > 0 or not rows.size:
        return Rows(batch, start, rows, np.arange(len(rows) + 1), rows, None)
    held = rows > 0
    first = np.concatenate([[0], np.cumsum(held)])
    return Rows(batch[held], start[held], rows[held], first, rows, held)


def cut(offsets: Integers, counts: Integers, least: int) -> Rows:
    """Return the sequences into which offsets cut one long array, from their numbers of rows."""
    return spans(np.zeros(len(counts), np.int64), offsets[:-1], counts, least)


def masked(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Rows:
    """Return the runs of a mask."""
    batch, steps = mask.shape
    edged = np.zeros((batch, steps + 2), np.int8)
    edged[:, 1:-1] = mask
    change = np.diff(edged, axis=1)
    which, start = np.nonzero(change == 1)
    _, stop = np.nonzero(change == -1)
    first = np.concatenate([[0], np.cumsum(np.bincount(which, minlength=batch))])
    rows = np.count_nonzero(mask, axis=1).astype(np.int64)
    held = None if rows.all() else rows > 0
    return Rows(which, start, stop - start, first, rows, held)


def whole_array(given: Any, name: str) -> Array:
    """Return an argument as an array.

    Raises
    ------
    PoolTypeError
        If NumPy cannot read it as numbers.
    """
    try:
        array = viewed(given)
    except ValueError:
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise PoolTypeError(f"{name} must be numbers, not {shown(given)}")
    return array


def checked_lengths(given: Any, batch: int, steps: int) -> Integers:
    """Return lengths that fit an array."""
    lengths = whole_array(given, "lengths")
    if lengths.dtype.kind == "f" and lengths.size:
        raise PoolTypeError(
            f"lengths must be whole numbers of rows, not {lengths.dtype}: of parts of T, pass "
            "np.round(lengths * T).astype(int)"
        )
    if lengths.dtype.kind == "b":
        raise PoolTypeError("lengths must be whole numbers of rows, not bool: was mask= meant?")
    if lengths.shape != (batch,):
        raise PoolValueError(
            f"lengths have shape {lengths.shape}, and the array has {batch} sequences: "
            f"they must have shape ({batch},)"
        )
    if batch and (lengths.min() < 0 or lengths.max() > steps):
        n = int(np.argmax((lengths < 0) | (lengths > steps)))
        raise PoolValueError(
            f"lengths must lie between 0 and T, {steps}: number {n} is {lengths[n]}"
        )
    return lengths.astype(np.int64, copy=False)


def checked_offsets(given: Any, total: int) -> tuple[Integers, Integers, int]:
    """Return offsets that cut an array of `total` rows, the rows between them, and the fewest."""
    offsets = whole_array(given, "offsets")
    if offsets.dtype.kind not in "iu" and offsets.size:
        raise PoolTypeError(f"offsets must be whole numbers of rows, not {offsets.dtype}")
    if offsets.ndim != 1 or not len(offsets):
        raise PoolValueError(
            "offsets must be n + 1 numbers for n sequences, from 0 to the number of rows: "
            f"they have shape {offsets.shape}"
        )
    if offsets.item(0) != 0:
        raise PoolValueError(f"offsets must begin at 0, not at {offsets[0]}")
    whole = offsets.astype(np.int64, copy=False)
    counts = whole[1:] - whole[:-1]
    least = least_of(counts, total)
    unsure = least < 0 or offsets.dtype.kind == "u"  # of 64 bits, which int64 may not hold
    if unsure and (offsets[1:] < offsets[:-1]).any():
        n = int(np.argmax(offsets[1:] < offsets[:-1])) + 1
        raise PoolValueError(
            f"offsets must not decrease: number {n} is {offsets[n]}, after {offsets[n - 1]}"
        )
    if offsets.item(-1) != total:
        raise PoolValueError(
            f"offsets must end at the number of rows, {total}, not at {offsets[-1]}: "
            "they are n + 1 numbers for n sequences"
        )
    return whole, counts, least


def checked_mask(given: Any, batch: int, steps: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a mask that fits an array, as bool."""
    mask = whole_array(given, "masks")
    if mask.shape not in ((batch, steps), (batch, steps, 1), (batch, 1, steps)):
        raise PoolValueError(
            f"mask has shape {mask.shape}, and the array has {batch} sequences of {steps} rows: "
            f"it must have shape ({batch}, {steps}), ({batch}, {steps}, 1) or ({batch}, 1, {steps})"
        )
    mask = mask.reshape(batch, steps)
    if mask.dtype.kind == "b":
        return mask.astype(np.bool_, copy=False)
    kept: np.ndarray[Any, np.dtype[np.bool_]] = mask == 1
    wrong = ~kept & (mask != 0)
    if wrong.any():
        value = mask[wrong][0]
        if (mask[wrong] <= ADDED).all():
            raise PoolValueError(
                f"mask has {value} where it masks, as masks that are added to scores: "
                "pass mask == 0, True where a row counts"
            )
        raise PoolValueError(
            f"mask has {value}, and must be bool or 0 and 1, True where a row counts: "
            "other numbers are weights, which sequence_pool takes as weights="
        )
    return kept


def positions(rows: Rows, steps: int, kind: np.dtype[Any], batch: int | None) -> Array:
    """Return the weights 1, 2, … of the rows from each sequence's first row on, holes counted."""
    first = np.zeros(len(rows.rows), np.int64)
    first[rows.filled] = rows.edges(last=False)[1]
    if batch is None:
        return (np.arange(1, steps + 1) - np.repeat(first, rows.rows)).astype(kind)
    return (np.arange(1, steps + 1) - first[:, np.newaxis]).astype(kind)
