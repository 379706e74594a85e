"""Calls of LSTM and GRU on a device: as on the CPU, two products and one kernel per step."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.cuda import gates, moves
from numbapool.cuda.call import line, scratch, sent
from numbapool.cuda.device_plan import index_of
from numbapool.cuda.launch import Launch
from numbapool.cuda.pointers import Given
from numbapool.cuda.products import Product
from numbapool.cuda.sequences import Form, copy_steps
from numbapool.recurrent.kept import steps_of
from numbapool.recurrent.layers import GATES
from numbapool.recurrent.packed import Packed
from numbapool.recurrent.pool import refuse_pick
from numbapool.recurrent.weights import Part, Trained, parts_of
from numbapool.sequences.layout import Sequences, sequences_of

KERNELS = {"lstm": gates.lstm_step, "gru": gates.gru_step}

PICKS = {"last": gates.LAST, "mean": gates.SUM, "sum": gates.SUM, "max": gates.LARGEST}


def recurrent_call(
    x: Form, kind: str, weights: dict[str, Form], pick: str, rows: dict[str, Any], data_format: str
) -> RecurrentCall:
    """Return the call of ``lstm_pool`` or ``gru_pool``: it takes x, and the weights.

    Raises
    ------
    PoolValueError, PoolTypeError
        As these functions do.
    """
    refuse_pick(pick)
    given = sequences_of(x.blank(), data_format, **rows)
    trained = Trained({name: form.blank() for name, form in weights.items()})
    layers = parts_of(trained, kind, GATES, given.channels)
    return RecurrentCall(given, kind, layers, list(weights), pick, trained.dtype(given.x))


class RecurrentCall:
    """A layer, or several, over sequences whose rows are known, ready to run on a device."""

    def __init__(
        self,
        given: Sequences,
        kind: str,
        layers: list[list[tuple[Part, Part]]],
        names: list[str],
        pick: str,
        dtype: np.dtype[Any],
    ) -> None:
        self.given, self.kind, self.layers, self.names, self.pick = given, kind, layers, names, pick
        self.size = layers[0][0][1].shape[1]
        self.outs = (dtype,)
        self.shape: tuple[int, ...] = len(given.x), self.size * len(layers[-1])
        self.packed = Packed(steps_of(given.rows))

    @property
    def scratch_bytes(self) -> int:
        """The device's memory that a call takes besides its arrays."""
        return sum(count * kind.itemsize for count, kind in self.needed())

    def needed(self) -> list[tuple[int, np.dtype[Any]]]:
        """Return the elements of two layers' inputs, products of inputs and states, states, cells,
        and what is kept of all steps.
        """
        (dtype,), packed, size = self.outs, self.packed, self.size
        rows, gated = packed.active[0], GATES[self.kind] * size
        widest = max(self.given.channels, size * len(self.layers[0]))
        counts = [packed.total * widest] * 2 + [
            packed.total * gated,
            rows * gated,
            *[rows * size] * 2,
        ]
        return [(max(n, 1), dtype) for n in counts] + [(max(rows * size, 1), np.dtype(np.float64))]

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None, allocate: Any = None) -> None:
        """Pool ``x[0]`` by the weights after it, into ``outs[0]``."""
        packed, size = self.packed, self.size
        source, further, *room = scratch(self.needed(), stream, allocate)
        *_, states, _, kept = room
        rows = np.full(len(self.given.x), -1, np.int64)
        rows[packed.order] = np.arange(len(packed.order))
        divisors = np.ones(len(rows), np.int64)
        if self.pick == "mean":
            divisors[packed.order] = packed.counts
        tables = [sent(table, stream, allocate) for table in (rows, divisors)]
        reverse = tables[0]
        if len(self.layers[0]) > 1:
            reverse = sent(packed.reverse.astype(np.int64), stream, allocate)
        if packed.steps:
            copy_steps(x[0], source, self.places(), self.given, self.outs[0], stream, allocate)
        weights: dict[str | None, Any] = dict(zip(self.names, x[1:], strict=True))
        weights[None] = None
        for number, layer in enumerate(self.layers):
            is_last = number == len(self.layers) - 1
            for n, direction in enumerate(layer):
                wide = 0 if is_last else size * len(layer)
                lanes = (source, further, reverse, *room)
                self.run(direction, weights, lanes, (n, wide, n * size), stream)
                if is_last:
                    result = states if self.pick == "last" else kept
                    self.give(result, outs[0], tables, n * size, stream)
            source, further = further, source

    def places(self) -> Any:
        """Return where the steps that count stand in x, in the order in which the layers read."""
        row, position = self.packed.origins
        _, steps, channels = self.given.x.shape
        return row * (steps * channels) + position * (1 if self.given.channels_first else channels)

    def run(
        self,
        direction: tuple[Part, Part],
        weights: dict[str | None, Any],
        lanes: tuple[Any, ...],
        target: tuple[int, int, int],
        stream: Any,
    ) -> None:
        """Run a direction of a layer over all steps.

        `target` says whether the steps are turned round, and where the states go in rows of the
        further layer's input: the rows' length, 0 in the last layer, and the first place.
        """
        packed, size, (dtype,) = self.packed, self.size, self.outs
        source, further, reverse, of_input, of_state, states, cells, kept = lanes
        turned, wide, at = target
        near, gated = dtype.type(0), GATES[self.kind] * size
        for array, number in ((states, near), (cells, near), (kept, self.start)):
            self.fill(array, number, packed.active[0] * size, stream)
        product_of(packed.total, direction[0], near, (source, of_input), weights, stream)
        index = index_of(packed.total * max(gated, wide))
        first, second = (Given(0), Given(1)), (Given(2), Given(3), Given(4))
        args = near, first, second, Given(5), Given(6)
        arrays = of_input, of_state, states, cells, kept, further, reverse
        for step in range(packed.steps):
            rows = packed.active[step]
            product_of(rows, direction[1], near, (states, of_state), weights, stream)
            numbers = rows * size, size, packed.starts[step], turned, wide, at, PICKS[self.pick]
            given = (*args, tuple(map(index, numbers)))
            Launch(KERNELS[self.kind], *line(rows * size), given)(arrays, stream)

    @property
    def start(self) -> np.float64:
        """What is kept before the first step."""
        return np.float64(-np.inf if self.pick == "max" else 0)

    def fill(self, array: Any, number: Any, count: int, stream: Any) -> None:
        """Set the first elements of an array."""
        if count:
            args = Given(0), number, index_of(count)(count)
            Launch(moves.filled, *line(count), args)((array,), stream)

    def give(self, source: Any, out: Any, tables: list[Any], at: int, stream: Any) -> None:
        """Write a direction's part of the results."""
        total = len(self.given.x) * self.size
        if total:
            index = index_of(len(self.given.x) * self.shape[1])
            geometry = tuple(map(index, (total, self.size, self.shape[1], at)))
            args = *map(Given, range(4)), geometry
            Launch(gates.returned, *line(total), args)((source, out, *tables), stream)


def product_of(
    rows: int,
    part: Part,
    near: Any,
    arrays: tuple[Any, Any],
    weights: dict[str | None, Any],
    stream: Any,
) -> None:
    """Multiply the rows of an array by a matrix of weights into another array, and add the bias."""
    columns, depth = part.shape
    product = Product(
        1, 1, (rows, columns, depth), (0, 0, depth), (0, 0, depth, 1), (0, 0, columns)
    )
    source, target = arrays
    product(near, (source, weights[part.matrix], target), stream, weights[part.bias])
