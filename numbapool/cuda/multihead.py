"""Calls of multi-head attention on a device: five products and a softmax, as on the CPU."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from numbapool.cuda.call import BLOCK, scratch, sent
from numbapool.cuda.device_plan import index_of
from numbapool.cuda.launch import Launch
from numbapool.cuda.pointers import Given
from numbapool.cuda.products import SOFTMAX, Product
from numbapool.cuda.sequences import Form, copy_steps
from numbapool.inputs import Array
from numbapool.recurrent.kept import Steps, steps_of
from numbapool.recurrent.multihead import APART, parts_of, queries_of
from numbapool.recurrent.weights import Trained
from numbapool.sequences.layout import Sequences, sequences_of


def multihead_call(
    x: Form,
    query: Form,
    weights: dict[str, Form],
    heads: int,
    rows: dict[str, Any],
    data_format: str,
) -> MultiheadCall:
    """Return the call of ``multihead_attention_pool``: it takes x, the query, and the weights.

    Raises
    ------
    PoolValueError, PoolTypeError
        As ``multihead_attention_pool`` does.
    """
    given = sequences_of(x.blank(), data_format, **rows)
    trained = Trained({name: form.blank() for name, form in weights.items()})
    size, _ = parts_of(trained, given.channels, heads)
    queries = queries_of(query.shape, len(given.x), size)
    dtype = trained.dtype(given.x, query.blank())
    call = MultiheadCall(given, list(weights), (heads, size), queries, dtype)
    if len(query.shape) == 1:
        call.shape = call.shape[0], size
    return call


def rows_at(given: Sequences, steps: Steps) -> Array | None:
    """Return where the steps of each row lie, -1 past its last; None if x itself serves."""
    batch, total, channels = given.x.shape
    if not given.channels_first and bool((steps.counts == total).all()):
        return None
    after, row = (1, total * channels) if given.channels_first else (channels, total * channels)
    places = np.full((batch, int(steps.counts.max(initial=0))), -1, np.int64)
    places[np.arange(places.shape[1]) < steps.counts[:, None]] = (
        np.repeat(np.arange(batch), steps.counts) * row + steps.positions * after
    )
    return places


class MultiheadCall:
    """An attention of queries to sequences whose rows are known, ready to run on a device."""

    def __init__(
        self,
        given: Sequences,
        names: list[str],
        sizes: tuple[int, int],
        queries: tuple[int, int, int],
        dtype: np.dtype[Any],
    ) -> None:
        self.given, self.names, self.queries = given, names, queries
        self.heads, self.size = sizes
        self.outs = (dtype,)
        self.shape: tuple[int, ...] = len(given.x), queries[1], self.size
        self.kept = steps_of(given.rows)
        self.places = rows_at(given, self.kept)
        self.steps = given.x.shape[1] if self.places is None else self.places.shape[1]

    @property
    def scratch_bytes(self) -> int:
        """The device's memory that a call takes besides its arrays."""
        return sum(self.needed()) * int(self.outs[0].itemsize)

    def needed(self) -> list[int]:
        """Return the elements between products: asked, scorers, scores, means, values, steps."""
        batch, channels = len(self.given.x), self.given.channels
        asked, count, size = prod(self.queries), self.queries[1], self.size
        many = self.heads * count
        copied = 0 if self.places is None else batch * self.steps * channels
        scorers = self.queries[0] * many * channels
        scores, means = batch * many * self.steps, batch * many * channels
        return [max(n, 1) for n in (asked, scorers, scores, means, batch * count * size, copied)]

    def weight(self, given: tuple[Any, ...], number: int, bias: bool) -> Any:
        """Return the matrix or the bias of the query, the key, the value or the output."""
        size = self.size
        if number == 3:
            name, first = ("out_proj.bias" if bias else "out_proj.weight"), 0
        elif bias:
            name, first = "in_proj_bias", number * size
        elif "in_proj_weight" in self.names:
            name, first = "in_proj_weight", number * size * size
        else:
            name, first = APART[number], 0
        if name not in self.names:
            return None
        array = given[2 + self.names.index(name)]
        return array[first:] if first else array

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None, allocate: Any = None) -> None:
        """Pool ``x[0]`` by the queries ``x[1]`` and the weights after them, into ``outs[0]``.

        A score is a product of the step with Wk' q, and a mean of Wv x is Wv times the mean of x:
        so no step is multiplied by a trained matrix.
        """
        (dtype,), heads, size = self.outs, self.heads, self.size
        near, depth = dtype.type(0), size // heads
        batch, channels, steps = len(self.given.x), self.given.channels, self.steps
        asking, count, _ = self.queries
        many = heads * count
        needed = [(n, dtype) for n in self.needed()]
        asked, scorers, scores, means, values, copy = scratch(needed, stream, allocate)
        counts = sent(self.kept.counts.astype(np.int64), stream, allocate)
        rows = x[0]
        if self.places is not None:
            copy_steps(x[0], copy, self.places, self.given, dtype, stream, allocate)
            rows = copy

        of_queries = Product(
            1, 1, (asking * count, size, size), (0, 0, size), (0, 0, size, 1), (0, 0, size)
        )
        matrix, bias = self.weight(x, 0, False), self.weight(x, 0, True)
        of_queries(near, (x[1], matrix, asked), stream, bias)
        # asked[b, l, h, d] by Wk[h, d, c]
        of_keys = Product(
            asking, heads, (count, channels, depth), (count * size, depth, size),
            (0, depth * channels, 1, channels), (many * channels, count * channels, channels),
        )  # fmt: skip
        of_keys(near, (asked, self.weight(x, 1, False), scorers), stream)
        one = many * channels if asking > 1 else 0
        of_steps = Product(
            batch, 1, (many, steps, channels), (one, 0, channels),
            (steps * channels, 0, channels, 1), (many * steps, 0, steps),
        )  # fmt: skip
        of_steps(near, (scorers, rows, scores), stream)
        if batch * many * steps:
            index = index_of(batch * many * steps + BLOCK)
            scale = dtype.type(1 / sqrt(depth))
            args = Given(0), Given(1), scale, (index(many), index(steps))
            Launch(SOFTMAX[dtype.name], (batch * many,), (BLOCK,), args)((scores, counts), stream)
        of_scores = Product(
            batch, 1, (many, channels, steps), (many * steps, 0, steps),
            (steps * channels, 0, 1, channels), (many * channels, 0, channels),
        )  # fmt: skip
        of_scores(near, (scores, rows, means), stream)
        # means[b, h, l, c] by Wv[h, d, c]
        of_values = Product(
            batch, heads, (count, depth, channels), (many * channels, count * channels, channels),
            (0, depth * channels, channels, 1), (count * size, depth, size),
        )  # fmt: skip
        matrix, bias = self.weight(x, 2, False), self.weight(x, 2, True)
        of_values(near, (means, matrix, values), stream, bias, counts)
        of_output = Product(
            1, 1, (batch * count, size, size), (0, 0, size), (0, 0, size, 1), (0, 0, size)
        )
        matrix, bias = self.weight(x, 3, False), self.weight(x, 3, True)
        of_output(near, (values, matrix, outs[0]), stream, bias)
