"""Calls that pool sequences on a device: which rows count is decided on the host, as on the CPU."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from numbapool.cuda import moves, span_shares, spans
from numbapool.cuda.call import BLOCK, line, on_device, scratch, sent
from numbapool.cuda.device_plan import fields_of, index_of
from numbapool.cuda.launch import Launch
from numbapool.cuda.plan import SHARE
from numbapool.cuda.pointers import Given
from numbapool.cuda.target import array_of, current_device, launcher, stream_of
from numbapool.cuda.teams import sharing
from numbapool.loops.strips import lanes_of
from numbapool.sequences.layout import Sequences, sequences_of
from numbapool.sequences.pooling import (
    Part,
    Recipe,
    Wanted,
    beside,
    places,
    recipe_of,
    recipe_of_attention,
)
from numbapool.sequences.table import number_of

BUSY = 3 << 15
"""The threads that keep a device busy. On an H100, 8 times as many took 15 to 28 % longer."""

CROWD = 3 << 16
"""The channels of which each has two threads: on an H100 the mean of so many took 8 % longer by one
thread each. All of those began at once, so none was left for a multiprocessor that was done."""

SHARED_ROWS = 512
"""The fewest rows of a sequence that several threads share."""

MOST_TOGETHER = 16
"""The most threads of a block that share a channel: 8 neighbouring channels are then read at once,
32 bytes of float32. More threads are of many blocks, and a second launch joins what they leave."""

X, WEIGHTS, OUT = map(Given, range(3))
"""The arrays that a launch is given; scratch follows."""

Prepared = tuple[list[Launch], list[tuple[int, np.dtype[Any]]], Any]
"""Launches, the scratch that they need, and the rows' own weights, or None."""

MOST_STRIP = 1 << 30
"""Strips of more rows are never full."""


class Form(NamedTuple):
    """The shape and the dtype of an array on a device."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def blank(self) -> Any:
        """Return an array of this form that takes no memory, for what looks at forms alone."""
        return np.broadcast_to(self.dtype.type(0), self.shape)


def copy_steps(
    x: Any,
    out: Any,
    places: Any,
    given: Sequences,
    dtype: np.dtype[Any],
    stream: Any,
    allocate: Any,
) -> None:
    """Copy steps of `x` side by side, in a dtype; zeros stand where a place is below 0.

    `places`, in the host's memory, are where steps begin. `given` are sequences of the form of `x`.
    """
    _, steps, channels = given.x.shape
    total = places.size * channels
    if not total:
        return
    index = index_of(given.x.size, total)
    step = steps if given.channels_first else 1
    there = sent(places.reshape(-1).astype(index), stream, allocate)
    geometry = tuple(map(index, (total, channels, step, channels)))
    args = Given(0), Given(1), Given(2), geometry, dtype.type(0)
    Launch(moves.copied, *line(total), args)((x, out, there), stream)


def sequence_call(
    x: Form, wanted: Wanted, rows: dict[str, Any], data_format: str, weights: Form | None = None
) -> SequenceCall:
    """Return the call of ``sequence_pool``.

    `rows` has the arguments `lengths`, `mask` or `offsets`, in the host's memory. With `weights`,
    the call takes the pair of `x` and the weights.

    Raises
    ------
    PoolValueError, PoolTypeError
        As ``sequence_pool`` does.
    """
    if type(wanted.op) is str and all(value is None for value in rows.values()):
        try:
            return whole_sequences(x, wanted, data_format, weights)
        except TypeError:  # an option cannot be a key, or is wrong
            pass
    return some_rows(x, wanted, rows, data_format, weights)


def some_rows(
    x: Form, wanted: Wanted, rows: dict[str, Any], data_format: str, weights: Form | None
) -> SequenceCall:
    """Return a call that is not kept."""
    given = sequences_of(x.blank(), data_format, **rows)
    recipe = recipe_of(given, wanted, weights is not None)
    return SequenceCall(given, recipe, weights, "weights")


@lru_cache(maxsize=256)
def whole_sequences(
    x: Form, wanted: Wanted, data_format: str, weights: Form | None
) -> SequenceCall:
    """Return the call for sequences of which all rows count: it is kept."""
    return some_rows(x, wanted, {}, data_format, weights)


def attention_call(
    x: Form, scores: Form, wanted: Wanted, rows: dict[str, Any], data_format: str
) -> SequenceCall:
    """Return the call of ``attention_pool``, which takes the pair of `x` and the scores."""
    given = sequences_of(x.blank(), data_format, **rows)
    heads = beside(given, scores.blank(), "scores").shape[2]
    recipe = recipe_of_attention(given, wanted, heads)
    return SequenceCall(given, recipe, scores, "scores")


class SequenceCall:
    """A pooling of sequences of one form whose rows are known, ready to run on a device."""

    def __init__(self, given: Sequences, recipe: Recipe, weights: Form | None, name: str) -> None:
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
        self._launches: dict[Any, Prepared] = {}

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None, allocate: Any = None) -> None:
        """Pool `x`, or the pair of `x` and its weights, into ``outs[0]``."""
        if not self.shape[0] * self.shape[1]:
            return
        array, weights = x if self.weights is not None else (x, None)
        whole, at = outs[0], 0
        if isinstance(whole, np.ndarray) or not hasattr(whole, "pointer"):
            whole = array_of(whole)  # which can be cut, whatever array it was
        for number, part in enumerate(self.recipe.parts):
            target = whole[at:] if at else whole
            key = current_device(), number
            if key not in self._launches:
                prepare = self._copies if part.kept is None else self._folds
                self._launches[key] = prepare(number, part)
            launches, needed, own = self._launches[key]
            parts = scratch(needed, stream, allocate)
            beside = own if own is not None else array if weights is None else weights
            for launch in launches:
                launch((array, beside, target, *parts), stream)
            at += part.columns * self.given.channels
        if self.recipe.normalize:
            geometry = tuple(map(self.index, self.shape))
            blocks = -(-self.shape[0] // BLOCK)
            sequences = on_device(self._tables, "sequences", self.sequences)
            ready = launcher(moves.normalized, blocks, BLOCK, stream_of(stream))
            ready(array_of(whole), sequences, geometry)

    def _copies(self, number: int, part: Part) -> Prepared:
        """Return the launch that copies the first or the last row of each sequence."""
        rows, channels = self.given.rows, self.given.channels
        starts = np.full(len(rows.rows), -1, self.index)
        batch, row = rows.edges(last=part.op == "last")
        starts[rows.filled] = batch * self.steps[0] + row * self.steps[1]
        held = on_device(self._tables, number, starts)
        sizes = (len(starts) * channels, channels, self.steps[2], self.shape[1])
        geometry = tuple(map(self.index, sizes))
        args = X, OUT, held, geometry, self.nothing
        return [Launch(moves.copied, *line(sizes[0]), args)], [], None

    @property
    def nothing(self) -> Any:
        """The result of a sequence without rows, as a number of the results' type."""
        return self.recipe.dtype.type(self.recipe.nothing)

    def _folds(self, number: int, part: Part) -> Prepared:
        """Return the launches that fold the rows of each sequence, and what they need besides."""
        given, kept, rows = self.given, part.kept, self.given.rows
        assert kept is not None
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
        weights = None
        if own is not None and self.weights is None:  # the rows' own numbers
            flat = np.ascontiguousarray(own).reshape(-1)
            weights = on_device(self._tables, (number, "weights"), flat)
        second = given.channels if part.columns > 1 else 0
        sizes = (
            given.number * given.channels, given.channels, self.steps[1], self.steps[2],
            weight_steps[1], weight_steps[2], heads, int(part.soft),
            min(kept.strip, MOST_STRIP), self.shape[1], second,
        )  # fmt: skip
        marks = reduction.outs[0].type(0), self.nothing
        sequences = on_device(self._tables, "sequences", self.sequences)
        geometry = tuple(map(self.index, sizes))
        first = fields_of(reduction.op), lanes, X, WEIGHTS
        last = sequences, runs, geometry
        shares = self.shares()
        if shares == 1:
            args: Any = (*first, OUT, *last, marks)
            return [Launch(spans.spans, *line(sizes[0]), args)], [], weights
        if shares <= min(MOST_TOGETHER, BLOCK):
            team = 1 << (shares - 1).bit_length()
            held = tuple(kind.type.__name__ for kind in reduction.lanes[:count])
            kernel, blocks = sharing(span_shares.span_teams, held), -(-sizes[0] // (BLOCK // team))
            args = (*first, OUT, *last, (*marks, self.index(team)))
            return [Launch(kernel, (blocks,), (BLOCK,), args)], [], weights
        threads, share = sizes[0] * shares, self.index(shares)
        parts = tuple(Given(3 + n) for n in range(count))
        args = (*first, parts, *last, share)
        shared = Launch(span_shares.span_shares, *line(threads), args)
        args = (*first, parts, OUT, *last, (*marks, share))
        joint = Launch(span_shares.span_results, *line(sizes[0]), args)
        return [shared, joint], [(threads, kind) for kind in reduction.lanes[:count]], weights

    def shares(self) -> int:
        """Return how many threads fold a channel: several of many rows, if channels are few."""
        results = self.given.number * self.given.channels
        longest = int(self.given.rows.rows.max(initial=0))
        if longest < SHARED_ROWS:
            return 1
        return 2 if results >= CROWD else int(min(-(-BUSY // results), -(-longest // SHARE)))
