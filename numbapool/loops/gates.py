"""A step of a recurrent layer after its two products: gates, and the states that they make.

`x` holds the product of the step's input, the lane the product of the state before, both with
their bias. A gate is `total` numbers, in rows of `inner`. In `x`, rows are `between` apart and
gates `stretch` apart; all other arrays are dense. The first result is the state h, which the step
changes in place.
"""

from __future__ import annotations

from numba import njit

from numbapool.loops.lanes import held
from numbapool.loops.options import CONTRACT, JIT
from numbapool.reducers.exponentials import sigmoid, tanh


@njit(**JIT, fastmath=CONTRACT)
def lstm_gates(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Apply gates i, f, g and o in rows [begin, end); the second result is the cell's state c."""
    inner, gate, x_gate = geometry.inner, geometry.total, geometry.stretch
    h, c, y, one = outs[0], outs[1], lanes[0], held(lanes, 1)
    for row in range(begin, end):
        a, b = row * geometry.between, row * inner
        for n in range(inner):
            i = sigmoid(x[a + n] + y[b + n], one)
            f = sigmoid(x[a + x_gate + n] + y[b + gate + n], one)
            g = tanh(x[a + 2 * x_gate + n] + y[b + 2 * gate + n], one)
            o = sigmoid(x[a + 3 * x_gate + n] + y[b + 3 * gate + n], one)
            cell = f * c[b + n] + i * g
            c[b + n] = cell
            h[b + n] = o * tanh(cell, one)


@njit(**JIT, fastmath=CONTRACT)
def gru_gates(op, form, x, outs, geometry, lanes, scratch, begin, end):
    """Apply gates r, z and n in rows [begin, end)."""
    inner, gate, x_gate = geometry.inner, geometry.total, geometry.stretch
    h, y, one = outs[0], lanes[0], held(lanes, 1)
    for row in range(begin, end):
        a, b = row * geometry.between, row * inner
        for n in range(inner):
            r = sigmoid(x[a + n] + y[b + n], one)
            z = sigmoid(x[a + x_gate + n] + y[b + gate + n], one)
            new = tanh(x[a + 2 * x_gate + n] + r * y[b + 2 * gate + n], one)
            h[b + n] = new + z * (h[b + n] - new)
