"""Layers over packed steps: two products and one kernel per step."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from numbapool.inputs import Array
from numbapool.recurrent.packed import Packed
from numbapool.recurrent.weights import Direction
from numbapool.run.call import address
from numbapool.run.loop import Loop, geometry_of

GATES = {"lstm": 4, "gru": 3}


class Taker(Protocol):
    """A consumer of the states after each step."""

    def __call__(self, step: int, states: Array) -> None:
        """Take the states after a step, one column per row."""
        ...


class Cell:
    """The states of all rows of one direction, and the loop that computes the next states."""

    def __init__(self, kind: str, weights: Direction) -> None:
        self.weights = weights
        self.gates = GATES[kind]
        self.size = weights.of_state.shape[1] - 1
        dtype = weights.of_state.dtype
        self.dtype = dtype
        states = 2 if kind == "lstm" else 1  # h, and the LSTM cell's own state
        self.loop = Loop(kind, dtype, (dtype,) * states, (dtype,))
        self.width = 0
        self._states = [np.zeros((self.size, 0), dtype)] * states
        self._room = np.empty(0, dtype)

    @property
    def state(self) -> Array:
        """The state h, one column per row."""
        return self._states[0][: self.size]

    def begin(self, width: int) -> None:
        """Start with states of 0."""
        self._hold(width, [np.zeros((self.size, width), self.dtype) for _ in self._states])

    def narrow(self, width: int) -> None:
        """Go on with only the first `width` rows."""
        if width != self.width:
            self._hold(width, [each[: self.size, :width] for each in self._states])

    def _hold(self, width: int, states: list[Array]) -> None:
        self.width = width
        # A row of ones below the state h brings the bias into the product.
        self._states = [np.ones((self.size + 1, width), self.dtype) for _ in states]
        for held, state in zip(self._states, states, strict=True):
            held[: self.size] = state
        self._of_state = np.empty((self.gates * self.size, width), self.dtype)

    def run(self, rows: Array, take: Taker, first: int) -> None:
        """Do the steps whose inputs lie in `rows`, from step `first` on."""
        width, size = self.width, self.size
        steps, count = len(rows) // width, self.gates * size
        if self._room.size < count * len(rows):
            self._room = np.empty(count * len(rows), self.dtype)
        room = self._room[: count * len(rows)]
        if width == 1:  # the numbers of a step can then lie side by side
            np.dot(rows, self.weights.of_input.T, out=room.reshape(len(rows), count))
            head = {"inner": size, "total": size, "between": 0, "stretch": size}
            pieces, next_step = 1, count
        else:
            np.dot(self.weights.of_input, rows.T, out=room.reshape(count, len(rows)))
            head = {"inner": width, "total": size * width, "between": len(rows)}
            head["stretch"] = size * len(rows)
            pieces, next_step = size, width
        geometry = geometry_of(head)
        self.loop.set(room, self._states, geometry, [self._of_state])
        place, bytes_on = address(room), next_step * self.dtype.itemsize
        for n in range(steps):
            np.dot(self.weights.of_state, self._states[0], out=self._of_state)
            self.loop.read_from(place + n * bytes_on)
            self.loop.run(pieces)
            take(first + n, self.state)


def run_direction(
    kind: str, weights: Direction, packed: Packed, source: Array, take: Taker
) -> None:
    """Run one direction of a layer over the steps in `source`, in order."""
    cell = Cell(kind, weights)
    cell.begin(packed.widths[0])
    for begin, end in packed.chunks():
        cell.narrow(packed.widths[begin])
        cell.run(source[packed.starts[begin] : packed.starts[end]], take, begin)


def run_layer(kind: str, layer: list[Direction], packed: Packed, source: Array) -> Array:
    """Return the states of all steps, both directions side by side, with a last column of ones."""
    size = layer[0].of_state.shape[1] - 1
    result = np.zeros((packed.total, size * len(layer) + 1), source.dtype)
    result[:, -1] = 1

    def forward(step: int, states: Array) -> None:
        result[packed.starts[step] : packed.starts[step + 1], :size] = states.T

    def backward(step: int, states: Array) -> None:
        start, rows = packed.starts[step], packed.active[step]
        result[packed.reverse[start : start + rows], size:-1] = states[:, :rows].T

    run_direction(kind, layer[0], packed, source, forward)
    if len(layer) > 1:
        run_direction(kind, layer[1], packed, source[packed.reverse], backward)
    return result
