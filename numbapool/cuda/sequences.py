"""Calls that pool sequences on a device: which rows count is decided on the host, as on the CPU."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.cuda import spans
from numbapool.cuda.call import BLOCK, on_device
from numbapool.cuda.plan import FEW_RESULTS, SHARE, fields_of, index_of
from numbapool.cuda.target import array_of, cuda, launcher, stream_of
from numbapool.loops.strips import lanes_of
from numbapool.sequences.layout import Sequences, sequences_of
from numbapool.sequences.pooling import (
    Recipe,
    Wanted,
    beside,
    places,
    recipe_of,
    recipe_of_attention,
)
from numbapool.sequences.table import number_of

SHARED_ROWS = 512
"""The fewest rows of a sequence that several threads share."""

MOST_STRIP = 1 << 30
"""Strips of more rows are never full."""


class Given(NamedTuple):
    """The shape and the dtype of an array on a device."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def blank(self) -> Any:
        """Return an array of this form that takes no memory, for what looks at forms alone."""
        return np.broadcast_to(self.dtype.type(0), self.shape)


def sequence_call(
    x: Given, wanted: Wanted, rows: dict[str, Any], data_format: str, weights: Given | None = None
) -> SequenceCall:
    """Return the call of ``sequence_pool``.

    `rows` has the arguments `lengths`, `mask` or `offsets`, in the host's memory. With `weights`,
    the call takes the pair of `x` and the weights.

    Raises
    ------
    PoolValueError, PoolTypeError
        As ``sequence_pool`` does.
    """
    given = sequences_of(x.blank(), data_format, **rows)
    recipe = recipe_of(given, wanted, weights is not None)
    return SequenceCall(given, recipe, weights, "weights")


def attention_call(
    x: Given, scores: Given, wanted: Wanted, rows: dict[str, Any], data_format: str
) -> SequenceCall:
    """Return the call of ``attention_pool``, which takes the pair of `x` and the scores."""
    given = sequences_of(x.blank(), data_format, **rows)
    heads = beside(given, scores.blank(), "scores").shape[2]
    recipe = recipe_of_attention(given, wanted, heads)
    return SequenceCall(given, recipe, scores, "scores")


class SequenceCall:
    """A pooling of sequences of one form whose rows are known, ready to run on a device."""

    def __init__(self, given: Sequences, recipe: Recipe, weights: Given | None, name: str) -> None:
        self.given, self.recipe, self.weights = given, recipe, weights
        self.shape = given.number, recipe.columns * given.channels
        self.outs = (recipe.dtype,)
        self.beside = None if weights is None else beside(given, weights.blank(), name)
        _, steps, channels = given.x.shape
        first = given.channels_first
        self.steps = (steps * channels, 1 if first else channels, steps if first else 1)
        total = given.x.size + (0 if self.beside is None else self.beside.size)
        self.index = index_of(total, self.shape[0] * self.shape[1], 3 * len(given.rows.counts))
        rows = given.rows
        table = np.zeros((len(rows.rows) + 1, 2), self.index)
        table[:, 0], table[:-1, 1] = rows.first, rows.rows
        self.sequences = table.reshape(-1)
        self._tables: dict[Any, Any] = {}

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None) -> None:
        """Pool `x`, or the pair of `x` and its weights, into ``outs[0]``."""
        if not self.shape[0] * self.shape[1]:
            return
        array, weights = map(array_of, x) if self.weights is not None else (array_of(x), None)
        given = stream_of(stream)
        sequences = on_device(self._tables, "sequences", self.sequences)
        whole, at = array_of(outs[0]), 0
        for number, part in enumerate(self.recipe.parts):
            target = whole[at:] if at else whole
            run = self._copy if part.kept is None else self._fold
            run((number, part), array, weights, target, given)
            at += part.columns * self.given.channels
        if self.recipe.normalize:
            geometry = tuple(map(self.index, self.shape))
            blocks = -(-self.shape[0] // BLOCK)
            launcher(spans.normalized, blocks, BLOCK, given)(whole, sequences, geometry)

    def _copy(self, numbered: Any, x: Any, weights: Any, out: Any, stream: Any) -> None:
        """Copy the first or the last row of each sequence."""
        number, part = numbered
        rows, channels = self.given.rows, self.given.channels
        starts = np.full(len(rows.rows), -1, self.index)
        batch, row = rows.edges(last=part.op == "last")
        starts[rows.filled] = batch * self.steps[0] + row * self.steps[1]
        held = on_device(self._tables, number, starts)
        sizes = (len(starts) * channels, channels, self.steps[2], self.shape[1])
        blocks = -(-sizes[0] // BLOCK)
        geometry = tuple(map(self.index, sizes))
        launcher(spans.copied, blocks, BLOCK, stream)(x, out, held, geometry, self.recipe.nothing)

    def _fold(self, numbered: Any, x: Any, weights: Any, out: Any, stream: Any) -> None:
        """Fold the rows of each sequence."""
        number, part = numbered
        given, kept, rows = self.given, part.kept, self.given.rows
        reduction = kept.reduction
        count: int = lanes_of(type(reduction.op), len(reduction.lanes))  # type: ignore[no-untyped-call]
        kinds = [kind.type(0) for kind in reduction.lanes]
        near = number_of(given.x.dtype).type(0)
        lanes = tuple(kinds[:count]), tuple(kinds[count : 2 * count]), near
        heads, weight_steps = 1, (0, 0, 0)
        own = places(given) if part.positions else self.beside
        if own is not None:
            steps, heads = own.shape[1:]
            across = given.channels_first and heads > 1
            weight_steps = (steps * heads, 1 if across else heads, steps if across else 1)
        table = np.zeros((len(rows.counts), 3), self.index)
        table[:, 0] = rows.batch * self.steps[0] + rows.start * self.steps[1]
        table[:, 1] = rows.batch * weight_steps[0] + rows.start * weight_steps[1]
        table[:, 2] = rows.counts
        runs = on_device(self._tables, number, table.reshape(-1))
        if own is None:
            weights = x
        elif weights is None:  # the rows' own numbers
            flat = np.ascontiguousarray(own).reshape(-1)
            weights = on_device(self._tables, (number, "weights"), flat)
        second = given.channels if part.columns > 1 else 0
        sizes = (
            given.number * given.channels, given.channels, self.steps[1], self.steps[2],
            weight_steps[1], weight_steps[2], heads, int(part.soft),
            min(kept.strip, MOST_STRIP), self.shape[1], second,
        )  # fmt: skip
        marks = reduction.outs[0].type(0), self.recipe.nothing
        sequences = on_device(self._tables, "sequences", self.sequences)
        geometry = tuple(map(self.index, sizes))
        op, blocks = fields_of(reduction.op), -(-sizes[0] // BLOCK)
        first = op, lanes, x, weights
        last = sequences, runs, geometry
        shares = self.shares()
        if shares == 1:
            launcher(spans.spans, blocks, BLOCK, stream)(*first, out, *last, marks)
            return
        threads, share = sizes[0] * shares, self.index(shares)
        wide = reduction.lanes[:count]
        parts = tuple(cuda.device_array(threads, kind, stream=stream) for kind in wide)
        launcher(spans.span_shares, -(-threads // BLOCK), BLOCK, stream)(
            *first, parts, *last, share
        )
        launcher(spans.span_results, blocks, BLOCK, stream)(
            *first, parts, out, *last, (*marks, share)
        )

    def shares(self) -> int:
        """Return how many threads fold a channel: one, but for few channels of many rows."""
        results = self.given.number * self.given.channels
        longest = int(self.given.rows.rows.max(initial=0))
        if results >= FEW_RESULTS or longest < SHARED_ROWS:
            return 1
        return int(min(-(-FEW_RESULTS // results), -(-longest // SHARE)))
