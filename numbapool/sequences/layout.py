"""Arrays of sequences as the loops read them: the places of rows and channels, in elements."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.arrays import Origin, kept
from numbapool.errors import PoolValueError, shown
from numbapool.inputs import Array, as_numbers
from numbapool.sequences.rows import Integers, Rows, rows_of

FORMATS = ("NTC", "NCT")


class Strided(NamedTuple):
    """An array of (sequences, rows, channels), however it lies in memory."""

    base: Array
    """The elements in memory, from the lowest address on."""
    origin: int
    """The array's first element, counted from the start of `base`."""
    steps: tuple[int, int, int]
    """The steps from a sequence, a row, a channel to the next."""

    def places(self, batch: Integers, row: Integers, out: Integers) -> None:
        """Write where rows begin."""
        np.multiply(row, self.steps[1], out=out)
        if self.steps[0]:
            out += batch * self.steps[0]
        if self.origin:
            out += self.origin


def strided(array: Array) -> Strided:
    """Return an array of three axes as the loops read it, copied only if no loop can read it."""
    size = array.itemsize
    strides = array.strides
    if any([step % size for step in strides]) or not array.flags.aligned:
        array = np.ascontiguousarray(array)
        strides = array.strides
    first, second, third = [
        step // size if count > 1 else 0 for count, step in zip(array.shape, strides, strict=True)
    ]
    steps = first, second, third
    if min(steps) >= 0:
        return Strided(array, 0, steps)
    ends = zip(array.shape, steps, strict=True)
    origin = -sum((count - 1) * step for count, step in ends if step < 0)
    base = array[tuple(slice(None, None, -1 if step < 0 else 1) for step in steps)]
    return Strided(base, origin, steps)


class Sequences(NamedTuple):
    """An array of sequences, and which of its rows count."""

    x: Array
    """The array as (sequences, rows, channels) or, cut by offsets, (1, rows, channels)."""
    rows: Rows
    cut: bool
    """Whether offsets cut the array into sequences."""
    channels_first: bool

    @property
    def channels(self) -> int:
        """The number of channels of a row."""
        return int(self.x.shape[2])

    @property
    def number(self) -> int:
        """The number of sequences."""
        return len(self.rows.rows)

    def beside(self, given: Array, name: str) -> Array:
        """Return weights or scores as (sequences, rows, heads).

        Raises
        ------
        PoolValueError
            If their shape does not match the array's rows.
        """
        batch, steps, channels = self.x.shape
        lead = (steps,) if self.cut else (batch, steps)
        heads = given.shape[-1] if given.ndim == len(lead) + 1 else 1
        if given.ndim == len(lead) + 1 and self.channels_first:
            heads = given.shape[-2]
            given = given.swapaxes(-1, -2)
        alike = given.shape in (lead, (*lead, heads))
        if not alike or not heads or channels % heads:
            last = "heads" if name == "scores" else "1"
            more = (last, steps) if self.channels_first else (steps, last)
            wanted = [str(lead), str((*lead[:-1], *more)).replace("'", "")]
            shape = (
                given.swapaxes(-1, -2).shape if heads > 1 and self.channels_first else given.shape
            )
            raise PoolValueError(
                f"{name} have shape {shape}: they must have shape {' or '.join(wanted)}"
                + (f", and heads must divide {channels} channels" if name == "scores" else "")
            )
        return (
            given.reshape(batch, steps, 1)
            if given.shape == lead
            else given.reshape(batch, steps, heads)
        )


def origins(
    shape: tuple[int, ...], weights: Any, wanted: Any, rows: dict[str, Any], data_format: str
) -> tuple[Origin, ...]:
    """Return the origins of the axes of one row per sequence."""
    last = len(shape) - 1
    channels = last - (data_format.upper() == "NCT")
    if rows.get("offsets") is None:
        return kept(0, channels)
    return Origin(last - channels), *kept(channels)


def sequences_of(
    x: Any, data_format: str, lengths: Any = None, mask: Any = None, offsets: Any = None
) -> Sequences:
    """Return an array of sequences with the rows that count.

    Raises
    ------
    PoolValueError, PoolTypeError
        If the array has other axes, or if the lengths, the mask or the offsets are wrong.
    """
    if not isinstance(data_format, str) or data_format.upper() not in FORMATS:
        raise PoolValueError(f"data_format must be 'NTC' or 'NCT', not {shown(data_format)}")
    array = as_numbers(x)
    cut, name = offsets is not None, data_format.upper()
    if array.ndim != (2 if cut else 3):
        axes = name[1:] if cut else name
        hint = "" if cut else ": one sequence is x[np.newaxis], one long array takes offsets="
        raise PoolValueError(
            f"x has shape {array.shape}, and {'offsets cut' if cut else 'sequences are'} an array "
            f"of {len(axes)} axes, {axes}{hint}"
        )
    if name == "NCT":
        array = array.swapaxes(-1, -2)
    whole = array[np.newaxis] if cut else array
    batch, steps, _ = whole.shape
    rows = rows_of(None if cut else batch, steps, lengths, mask, offsets)
    return Sequences(whole, rows, cut, name == "NCT")
