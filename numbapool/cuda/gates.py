"""Kernels of a recurrent layer's steps: gates after the two products, and what is kept of states.

`near` is a number of the type in which they compute. A thread serves one state of one row.
"""

from __future__ import annotations

import numpy as np

from numbapool.cuda.faces import like, quotient, rounded
from numbapool.cuda.target import cuda, overload
from numbapool.reducers.exponentials import sigmoid, tanh

LAST, SUM, LARGEST = range(3)
"""What is kept of all steps' states: the last, which stands in the states themselves."""


def kept_with(kept, state, pick):
    """Return what is kept of the steps so far, and a further state; NaN is larger than numbers."""
    if pick == SUM:
        return kept + state
    return state if (state > kept) | (state != state) else kept


overload(kept_with)(lambda kept, state, pick: kept_with)


@cuda.jit
def lstm_step(near, products, held, further, places, geometry):
    """Make the next states of the first rows, and write them to the further layer's input."""
    of_input, of_state = products
    states, cells, kept = held
    total, size, start, turned, wide, at, pick = geometry
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        row = quotient(t, size)
        n = like(total, t - row * size)
        place = like(total, places[start + row]) if turned else like(total, start + row)
        a, b = 4 * place * size + n, 4 * row * size + n
        one = like(near, 1)
        i = sigmoid(like(near, of_input[a] + of_state[b]), one)
        f = sigmoid(like(near, of_input[a + size] + of_state[b + size]), one)
        g = tanh(like(near, of_input[a + 2 * size] + of_state[b + 2 * size]), one)
        o = sigmoid(like(near, of_input[a + 3 * size] + of_state[b + 3 * size]), one)
        cell = like(near, f * cells[t] + i * g)
        state = like(near, o * tanh(cell, one))
        cells[t] = cell
        states[t] = state
        if wide:
            further[place * wide + at + n] = state
        elif pick != LAST:
            kept[t] = kept_with(kept[t], np.float64(state), pick)


@cuda.jit
def gru_step(near, products, held, further, places, geometry):
    """Make the next states of the first rows, and write them to the further layer's input."""
    of_input, of_state = products
    states, _, kept = held
    total, size, start, turned, wide, at, pick = geometry
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        row = quotient(t, size)
        n = like(total, t - row * size)
        place = like(total, places[start + row]) if turned else like(total, start + row)
        a, b = 3 * place * size + n, 3 * row * size + n
        one = like(near, 1)
        r = sigmoid(like(near, of_input[a] + of_state[b]), one)
        z = sigmoid(like(near, of_input[a + size] + of_state[b + size]), one)
        new = tanh(like(near, of_input[a + 2 * size] + r * of_state[b + 2 * size]), one)
        state = like(near, new + z * (states[t] - new))
        states[t] = state
        if wide:
            further[place * wide + at + n] = state
        elif pick != LAST:
            kept[t] = kept_with(kept[t], np.float64(state), pick)


@cuda.jit
def returned(source, out, rows, divisors, geometry):
    """Write each row's result, divided by a number of its own; a row without steps gets 0."""
    total, size, wide, at = geometry
    t = like(total, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    if t < total:
        row = quotient(t, size)
        n = like(total, t - row * size)
        place = like(total, rows[row])
        value = 0.0
        if place >= 0:
            value = np.float64(source[place * size + n]) / np.float64(divisors[row])
        out[row * wide + at + n] = rounded(out, value)
