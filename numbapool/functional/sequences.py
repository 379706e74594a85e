"""Sequences of any length pooled to one row each."""

from __future__ import annotations

from typing import Any

from numbapool.inputs import Array, ArrayLike
from numbapool.reducers.dtypes import NaN
from numbapool.sequences.layout import sequences_of
from numbapool.sequences.pooling import Wanted, attend, pool

__all__ = ["attention_pool", "sequence_pool"]


def sequence_pool(
    x: ArrayLike,
    op: Any = "mean",
    *,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    correction: float = 1,
    normalize: bool = False,
    empty: float = 0.0,
    data_format: str = "NTC",
    nan: NaN = "propagate",
    out: Array | None = None,
) -> Array:
    """Keep one row of each sequence of rows: of a text's token embeddings, of audio frames."""
    given = sequences_of(x, data_format, lengths, mask, offsets)
    return pool(given, Wanted(op, correction, normalize, empty, nan), weights, out)


def attention_pool(
    x: ArrayLike,
    scores: ArrayLike,
    op: str = "mean",
    *,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    empty: float = 0.0,
    data_format: str = "NTC",
) -> Array:
    """Keep a mean of each sequence's rows, weighted by a softmax of their scores."""
    return attend(sequences_of(x, data_format, lengths, mask, offsets), scores, op, empty)
