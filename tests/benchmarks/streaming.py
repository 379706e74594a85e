"""The memory's own speed: a loop that reads as much as a pooling must, and writes as much."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit, prange

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK_BYTES = 16384
"""What of the output is written at a time: it stays in the L1 cache while the input passes."""
LEAST_BLOCKS = 64
"""Enough for all threads to have work."""
LEAST_BYTES = 1 << 18
"""What is written at least, so that the stretches joined are not too short; a cache holds it."""


@njit
def larger(a, b):
    return a if a > b else b


@njit
def largest_of_four(kept: Array, read: Array) -> None:
    m = kept.size
    for j in range(m):
        kept[j] = larger(larger(read[j], read[m + j]), larger(read[2 * m + j], read[3 * m + j]))


@njit
def keep_largest_of_four(kept: Array, read: Array) -> None:
    m = kept.size
    for j in range(m):
        new = larger(larger(read[j], read[m + j]), larger(read[2 * m + j], read[3 * m + j]))
        kept[j] = larger(kept[j], new)


@njit
def keep_larger(kept: Array, read: Array) -> None:
    for j in range(read.size):
        kept[j] = larger(kept[j], read[j])


@njit(parallel=True)
def stream(x: Array, out: Array, blocks: int) -> None:
    """Read x once, from end to end, and write out once; all of x bears on it.

    Four stretches of x are joined at a time: one at a time kept the L1 cache so busy that the
    loop took 11 ms where this takes 8 (103 MB in, 26 MB out).
    """
    for block in prange(blocks):
        kept = out[out.size * block // blocks : out.size * (block + 1) // blocks]
        at = x.size * block // blocks
        end = x.size * (block + 1) // blocks
        m = kept.size
        if end - at >= 4 * m:
            largest_of_four(kept, x[at : at + 4 * m])
            at += 4 * m
        else:
            first = min(m, end - at)
            kept[:first] = x[at : at + first]
            kept[first:] = 0
            at += first
        while end - at >= 4 * m:
            keep_largest_of_four(kept, x[at : at + 4 * m])
            at += 4 * m
        while at < end:
            last = min(at + m, end)
            keep_larger(kept[: last - at], x[at:last])
            at = last


def streaming_loop(x: Array, written: int) -> Callable[[], None]:
    """Return a call that reads x and writes as many bytes as given, in x's dtype."""
    source = x.reshape(-1)
    least = min(LEAST_BYTES, x.nbytes // 16)
    out = np.zeros(max(1, max(written, least) // x.itemsize), x.dtype)
    blocks = max(out.nbytes // BLOCK_BYTES, min(out.size, LEAST_BLOCKS))
    return lambda: stream(source, out, blocks)


@cache
def plain(ratio: int) -> Callable[[Array, Array], None]:
    """Return the loop as one would write it: so many neighbours read, one written."""

    @njit(parallel=True)
    def loop(x, out):
        for i in prange(out.size):
            kept = x[i * ratio]
            for t in range(1, ratio):
                kept = larger(kept, x[i * ratio + t])
            out[i] = kept

    return loop


def plain_loop(x: Array, written: int) -> Callable[[], None]:
    """Return a call of the plain loop that reads x and writes about as many bytes as given."""
    source = x.reshape(-1)
    ratio = max(1, x.nbytes // written)
    out = np.zeros(source.size // ratio, x.dtype)
    return lambda: plain(ratio)(source, out)
