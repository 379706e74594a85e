"""e to a power, fast enough for inner loops: of float32 a polynomial, which vectorises."""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.options import JIT

CONTRACT = {"contract", "nsz"}
"""A product and a sum may be one instruction; NaN and inf keep their meaning."""

LEAST, MOST = np.float32(-87), np.float32(88)
"""Past these the result is 0 or inf in float32, or nearly: it stays at theirs."""

LOG2_E = np.float32(1.44269504)
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
"""Their sum is ln 2; the first has few bits, so that its products are exact."""

A, B, C, D, E, F = map(
    np.float32,
    (
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    ),
)
"""Cephes' polynomial of (e^r - 1 - r) / r² for |r| <= ln 2 / 2, the highest power first."""


def exponential(v):
    """Return e to the power of v; the error is at most 2.9e-7 of the result in float32."""
    return np.exp(v)


@njit(**JIT, fastmath=CONTRACT)
def single(v):
    """Return e to the power of a float32."""
    held = LEAST if v < LEAST else v
    held = MOST if held > MOST else held
    held = held if held == held else MOST  # a NaN has no whole part
    z = np.floor(held * LOG2_E + np.float32(0.5))
    r = held - z * LN2_HIGH - z * LN2_LOW
    p = ((((A * r + B) * r + C) * r + D) * r + E) * r + F
    p = p * (r * r) + r + np.float32(1)
    power = np.int32((np.int32(z) + np.int32(127)) << np.int32(23))
    return p * power.view(np.float32) if v == v else v


@overload(exponential)
def _exponential(v):
    return (lambda v: single(v)) if v == types.float32 else (lambda v: np.exp(v))


def sigmoid(v):
    """Return 1 / (1 + e^-v)."""
    one = type(v)(1)
    return one / (one + exponential(-v))


def tanh(v):
    """Return the hyperbolic tangent, its error a few times the rounding of 1."""
    one = type(v)(1)
    return (one + one) / (one + exponential(-(v + v))) - one


@overload(sigmoid)
def _sigmoid(v):
    kind = v
    return lambda v: kind(1) / (kind(1) + exponential(-v))


@overload(tanh)
def _tanh(v):
    kind = v
    return lambda v: kind(2) / (kind(1) + exponential(kind(-2) * v)) - kind(1)
