"""Pool sequences in blocks, so that the memory in use does not grow with the file."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from numbapool.errors import PoolError
from numbapool.records import dataclass

from ..job import Device, Keeping
from .given import Array, Given

BLOCK = 1 << 26  # bytes of the array that are pooled at once


@dataclass(frozen=True)
class Result:
    """The form of a result, known before anything is pooled."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def result_of(given: Given, keeping: Keeping) -> Result:
    """Return the form of the result; refuse what does not fit together.

    The library is asked: by an array without channels, and by one without sequences.
    """
    try:
        _check(given)
        none = _pooled(given.part(0, 0), keeping)
    except PoolError:
        _pooled(given, keeping)  # raises the same, with the numbers of the whole array
        raise
    return Result((given.count, *none.shape[1:]), none.dtype)


def pool_into(given: Given, keeping: Keeping, out: Array) -> None:
    """Pool sequences into `out`, which has the form of the result."""
    x = given.x
    straight = x.flags.c_contiguous and x.dtype.isnative
    for first, last in blocks(given):
        part = given.part(first, last)
        if not straight and part.x.nbytes <= BLOCK:
            native = part.x.astype(x.dtype.newbyteorder("="), order="C")
            part = replace(part, x=native)
        out[first:last] = _pooled(part, keeping, keeping.device)


def blocks(given: Given) -> Iterator[tuple[int, int]]:
    """Yield the bounds of blocks of sequences: of `BLOCK` bytes, or one that is larger."""
    first, count = 0, given.count
    if given.offsets is None:
        step = max(1, BLOCK * count // max(given.x.nbytes, 1))
        for first in range(0, count, step):
            yield first, min(first + step, count)
        return
    offsets = given.offsets.astype(np.int64)
    rows = max(1, BLOCK * int(offsets[-1]) // max(given.x.nbytes, 1))
    while first < count:
        last = int(np.searchsorted(offsets, offsets[first] + rows, "right")) - 1
        last = min(max(last, first + 1), count)
        yield first, last
        first = last


def _check(given: Given) -> None:
    """Refuse lengths, masks, offsets, weights and scores that do not fit the whole array.

    The library checks them on an array without channels, which takes no time. A block alone has
    only its own part of them, and other numbers of sequences.
    """
    from numbapool import attention_pool, sequence_pool

    bare = given.x[..., :0, :] if given.channels_first else given.x[..., :0]
    which = _which(given) | {"data_format": "NCT" if given.channels_first else "NTC"}
    sequence_pool(bare, "max", **which)
    if given.weights is not None:
        sequence_pool(bare, "sum", weights=given.weights, **which)
    if given.scores is not None:
        attention_pool(bare, given.scores, **which)


def _which(given: Given) -> dict[str, Any]:
    """Return what says which rows count, by the library's names."""
    sides = {"lengths": given.lengths, "mask": given.mask, "offsets": given.offsets}
    return {name: side for name, side in sides.items() if side is not None}


def _pooled(given: Given, keeping: Keeping, device: Device = "cpu") -> Array:
    """Call the library."""
    import numbapool as nbp

    x, op = given.x, keeping.ops[0]
    which = _which(given) | {"data_format": "NCT" if given.channels_first else "NTC"}
    if op in ("lstm", "gru"):
        assert given.trained is not None
        states = nbp.lstm_pool if op == "lstm" else nbp.gru_pool
        pick: Any = keeping.pick
        return states(x, given.trained, pick=pick, device=device, **which)
    if given.query is not None:
        assert given.trained is not None and keeping.heads is not None
        trained = given.trained, keeping.heads
        return nbp.multihead_attention_pool(x, given.query, *trained, device=device, **which)
    if op == "attention":
        assert given.scores is not None
        return nbp.attention_pool(
            x, given.scores, keeping.pick, empty=keeping.empty, device=device, **which
        )
    return nbp.sequence_pool(
        x,
        keeping.ops if len(keeping.ops) > 1 else op,
        weights=given.weights,
        correction=keeping.correction,
        normalize=keeping.normalize,
        empty=keeping.empty,
        nan=keeping.nan,
        device=device,
        **which,
    )
