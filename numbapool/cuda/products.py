"""Kernels of products of matrices, and of the softmax between two of them.

`near` is a number of the type in which they add; arrays may be of any other. A block of
``TILE × TILE`` threads makes a tile of a product, from tiles in shared memory.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.cuda.call import BLOCK
from numbapool.cuda.device_plan import index_of
from numbapool.cuda.faces import like, quotient, rounded
from numbapool.cuda.launch import Launch
from numbapool.cuda.pointers import Given
from numbapool.cuda.target import SIMULATED, cuda, overload
from numbapool.reducers.exponentials import exp

TILE = 2 if SIMULATED else 16

ALWAYS, COUNTED = 1, 2
"""Whether a bias is added: always, or in batches whose count is not 0."""

PITCH = TILE + 1
"""The row of a tile in shared memory: one longer, so the threads of a column use all banks."""


def inside(near, array, at, is_inside):
    """Return an element in the type of `near`, or 0 outside."""
    return like(near, array[at]) if is_inside else like(near, 0)


overload(inside)(lambda near, array, at, is_inside: inside)


def multiply(shared, near, a, b, bias, counts, out, geometry):
    """Multiply matrices, each by that of its head and batch, and add a bias to each row.

    `shared` is memory for two tiles. The numbers of the geometry are those of :class:`Product`.
    """
    (
        rows, columns, depth, heads, a_batch, a_head, a_row,
        b_batch, b_head, b_column, b_depth, out_batch, out_head, out_row, biased,
    ) = geometry  # fmt: skip
    tile = like(rows, TILE)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    wide = quotient(like(rows, columns + tile - 1), tile)
    high = quotient(like(rows, rows + tile - 1), tile)
    block = like(rows, cuda.blockIdx.x)
    line = quotient(block, wide)
    z = quotient(line, high)
    batch = quotient(z, heads)
    head = like(rows, z - batch * heads)
    m0, n0 = like(rows, (line - z * high) * tile), like(rows, (block - line * wide) * tile)
    m, n = m0 + y, n0 + x
    a_at, b_at = batch * a_batch + head * a_head + m * a_row, batch * b_batch + head * b_head
    i, j = (x, y) if b_depth < b_column else (y, x)  # so neighbours read neighbours
    total = like(near, 0)
    for k in range(0, depth, TILE):
        shared[0, y, x] = inside(near, a, a_at + k + x, (m < rows) & (k + x < depth))
        at = b_at + (n0 + j) * b_column + (k + i) * b_depth
        shared[1, i, j] = inside(near, b, at, (n0 + j < columns) & (k + i < depth))
        cuda.syncthreads()
        for step in range(TILE):
            total = like(near, total + shared[0, y, step] * shared[1, step, x])
        cuda.syncthreads()
    if (m < rows) & (n < columns):
        has_bias = biased == ALWAYS
        if biased == COUNTED:
            has_bias = counts[batch] > 0
        if has_bias:
            total = like(near, total + like(near, bias[head * columns + n]))
        out[batch * out_batch + head * out_head + m * out_row + n] = rounded(out, total)


overload(multiply)(lambda shared, near, a, b, bias, counts, out, geometry: multiply)


@cuda.jit
def product_float32(near, a, b, bias, counts, out, geometry):
    """Multiply matrices in float32."""
    shared = cuda.shared.array((2, TILE, PITCH), np.float32)
    multiply(shared, near, a, b, bias, counts, out, geometry)


@cuda.jit
def product_float64(near, a, b, bias, counts, out, geometry):
    """Multiply matrices in float64."""
    shared = cuda.shared.array((2, TILE, PITCH), np.float64)
    multiply(shared, near, a, b, bias, counts, out, geometry)


PRODUCTS = {"float32": product_float32, "float64": product_float64}


def share(shared, scores, counts, scale, geometry):
    """Turn rows of scores, times `scale`, into shares that add up to 1: a block makes a row.

    `shared` is memory for a number per thread. The numbers of the geometry: rows per batch, scores
    per row. Only the first `counts` of a batch
    count; the others get 0.
    """
    per_batch, steps = geometry
    row, t = like(steps, cuda.blockIdx.x), cuda.threadIdx.x
    count = like(steps, counts[quotient(row, per_batch)])
    at = row * steps
    best = like(scale, -np.inf)
    for n in range(t, count, BLOCK):
        score = like(scale, scores[at + n] * scale)
        best = score if (score > best) | (score != score) else best
    shared[t] = best
    cuda.syncthreads()
    for n in range(BLOCK):
        other = shared[n]
        best = other if (other > best) | (other != other) else best
    cuda.syncthreads()
    total = like(scale, 0)
    for n in range(t, count, BLOCK):
        part = like(scale, exp(like(scale, scores[at + n] * scale - best)))
        scores[at + n] = part
        total = like(scale, total + part)
    shared[t] = total
    cuda.syncthreads()
    total = like(scale, 0)
    for n in range(BLOCK):
        total = like(scale, total + shared[n])
    for n in range(t, steps, BLOCK):
        scores[at + n] = scores[at + n] / total if n < count else like(scale, 0)


overload(share)(lambda shared, scores, counts, scale, geometry: share)


@cuda.jit
def softmax_float32(scores, counts, scale, geometry):
    """Turn scores into shares in float32."""
    share(cuda.shared.array(BLOCK, np.float32), scores, counts, scale, geometry)


@cuda.jit
def softmax_float64(scores, counts, scale, geometry):
    """Turn scores into shares in float64."""
    share(cuda.shared.array(BLOCK, np.float64), scores, counts, scale, geometry)


SOFTMAX = {"float32": softmax_float32, "float64": softmax_float64}


class Product(NamedTuple):
    """A product of matrices a (rows × depth) and b (depth × columns), of each head of each batch.

    The steps are those in memory, in elements. A row of a, and one of the result, lies side by
    side. Heads have a bias each, which lies side by side too.
    """

    batch: int
    heads: int
    size: tuple[int, int, int]
    """Rows, columns, depth."""
    a: tuple[int, int, int]
    """The steps to the next batch, head and row of a."""
    b: tuple[int, int, int, int]
    """The steps to the next batch, head, column and element of depth of b."""
    out: tuple[int, int, int]
    """The steps to the next batch, head and row of the result."""

    def __call__(
        self, near: Any, arrays: tuple[Any, Any, Any], stream: Any, bias: Any = None,
        counts: Any = None,
    ) -> None:  # fmt: skip
        """Multiply two arrays into a third, and add the bias in batches whose count is not 0."""
        rows, columns, _ = self.size
        tiles = -(-rows // TILE) * -(-columns // TILE)
        blocks = self.batch * self.heads * tiles
        if not blocks:
            return
        biased = 0 if bias is None else ALWAYS if counts is None else COUNTED
        numbers = *self.size, self.heads, *self.a, *self.b, *self.out, biased
        a, b, out = arrays
        index = index_of(*[self.reach(steps) for steps in (self.a, self.b, self.out)], blocks)
        geometry = tuple(map(index, numbers))
        args = (near, *map(Given, range(5)), geometry)
        given = a, b, a if bias is None else bias, a if counts is None else counts, out
        kernel = PRODUCTS[near.dtype.name]
        Launch(kernel, (blocks,), (TILE, TILE), args)(given, stream)

    def reach(self, steps: tuple[int, ...]) -> int:
        """Return a number past the last place that these steps lead to."""
        ends = self.batch, self.heads, *[max(self.size) + TILE] * 2
        return sum(n * step for n, step in zip(ends, steps, strict=False)) + max(self.size) + TILE
