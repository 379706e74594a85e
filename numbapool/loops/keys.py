"""Numbers as keys of the same order: whole numbers from 0 on, as many bits as the numbers have.

A key of 64 bits stands in an int64, so its highest bit is the sign. NaN has none.
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.extending import overload

from numbapool.loops.options import JIT

HIGHEST = np.int64(-(1 << 63))
"""The highest bit of a key of 64 bits."""

HALF = 0xFFFFFFFF
"""The lower half of a key's bits."""


def key_of(value):
    """Return a number's key."""
    kind = np.asarray(value).dtype
    if kind == np.float32:
        return _single_key(value)
    if kind == np.float64:
        return _double_key(value)
    if kind == np.uint64:
        return _unsigned_key(value)
    return _signed_key(value) if kind == np.int64 else np.int64(value) - int(np.iinfo(kind).min)


def number_of(key, lanes):
    """Return the number of a key, of the first lane's type."""
    kind = lanes[0].dtype
    if kind == np.float32:
        return _single(key)
    if kind == np.float64:
        return _double(key)
    if kind == np.uint64:
        return _unsigned(key)
    return _signed_key(key) if kind == np.int64 else kind.type(key + int(np.iinfo(kind).min))


def is_wide(lanes):
    """Say whether keys have more than 32 bits."""
    return lanes[0].dtype.itemsize > 4


def key_bytes(lanes):
    """Return the bytes of a key, four at most: wider ones are two."""
    return min(lanes[0].dtype.itemsize, 4)


def _single_key(value):
    bits = np.int64(np.float32(value).view(np.int32))
    return (bits ^ ((bits >> 31) | 0x80000000)) & HALF


def _single(key):
    bits = key ^ 0x80000000 if key & 0x80000000 else ~key & HALF
    return np.uint32(bits).view(np.float32)


def _double_key(value):
    bits = np.float64(value).view(np.int64)
    return bits ^ ((bits >> 63) | HIGHEST)


def _double(key):
    return np.int64(key ^ HIGHEST if key < 0 else ~key).view(np.float64)


def _unsigned_key(value):
    return np.uint64(value).view(np.int64)


def _unsigned(key):
    return np.int64(key).view(np.uint64)


def _signed_key(value):
    return np.int64(value) ^ HIGHEST


@overload(key_of)
def _key_of(value):
    least = 0 if isinstance(value, types.Float) else value.minval
    others = {
        types.float32: _single_key,
        types.float64: _double_key,
        types.uint64: _unsigned_key,
        types.int64: _signed_key,
    }
    return others.get(value, lambda value: np.int64(value) - least)


single, double = njit(**JIT)(_single), njit(**JIT)(_double)


@overload(number_of)
def _number_of(key, lanes):
    kind = lanes[0].dtype
    if kind == types.float32:
        return lambda key, lanes: single(key)
    if kind == types.float64:
        return lambda key, lanes: double(key)
    if kind == types.uint64:
        return lambda key, lanes: np.int64(key).view(np.uint64)
    if kind == types.int64:
        return lambda key, lanes: np.int64(key) ^ HIGHEST
    least = kind.minval
    return lambda key, lanes: kind(key + least)


@overload(is_wide)
def _is_wide(lanes):
    answer = lanes[0].dtype.bitwidth > 32
    return lambda lanes: answer


@overload(key_bytes)
def _key_bytes(lanes):
    count = min(lanes[0].dtype.bitwidth // 8, 4)
    return lambda lanes: count
