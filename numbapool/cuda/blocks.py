"""Blocks of an array of any number of axes on a device: moved beside each other, and pooled."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from numbapool.cuda import moves
from numbapool.cuda.call import BLOCK, DeviceCall, decide, on_device
from numbapool.cuda.device_plan import Numbers, index_of
from numbapool.cuda.target import array_of, cuda, launcher, stream_of
from numbapool.functional.blocks import (
    COMMON,
    fewest_axes,
    first_of_three,
    kinds_of_blocks,
    three_axes,
    tiled,
)
from numbapool.inputs import frozen
from numbapool.operators import SLIDING, find
from numbapool.pooling.pool import Pool


class Move(NamedTuple):
    """A copy of elements into another order of axes: see :func:`moves.arranged`."""

    axes: Numbers
    begins: tuple[int, int]
    total: int
    """Elements that are written."""


class Step(NamedTuple):
    """A pooling of blocks of one kind, and how they are brought and taken, if they are moved."""

    call: DeviceCall
    bring: Move | None = None
    take: Move | None = None


def move(counts: Any, limits: Any, steps: Any, targets: Any, begins: tuple[int, int]) -> Move:
    """Return a move from four numbers per axis; `targets` are the steps in the result."""
    index = index_of(sum(begins) + 1, *(n * s for n, s in zip(counts, steps, strict=True)),
                     *(n * s for n, s in zip(counts, targets, strict=True)))  # fmt: skip
    table = np.array([counts, limits, steps, targets], index).T[::-1]
    return Move(np.ascontiguousarray(table).reshape(-1), begins, prod(counts))


def steps_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the steps along the axes of a contiguous array, in elements."""
    return tuple(prod(shape[n + 1 :]) for n in range(len(shape)))


def block_call(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    block_size: Any,
    op: Any,
    edge: Any = "partial",
    own: dict[str, Any] | None = None,
) -> BlockCall:
    """Return the call of ``block_reduce`` for arrays of a shape and a dtype.

    Raises
    ------
    PoolValueError, PoolTypeError
        As ``block_reduce`` does.
    """
    given = own or {}
    block, fitted = tiled(shape, block_size, edge)
    find(op).in_order(SLIDING, {name: given[name] for name in given.keys() - COMMON})
    return BlockCall(shape, fitted, block, Blocks(op, given, dtype))


class Blocks(NamedTuple):
    """What is kept of blocks, of an array of a dtype."""

    op: Any
    own: dict[str, Any]
    dtype: np.dtype[Any]

    def call(self, shape: tuple[int, ...], kernel: tuple[int, ...]) -> DeviceCall:
        """Return the call that reduces blocks of three axes before the last axis."""
        pool = Pool(self.op, kernel, ceil_mode=True, data_format="NDHWC", **self.own)
        return decide(pool.form, shape, self.dtype, tuple(map(frozen, pool._key)))


class BlockCall:
    """A reduction of the blocks of arrays of one shape and dtype, ready to run on a device."""

    def __init__(
        self,
        shape: tuple[int, ...],
        fitted: tuple[int, ...],
        block: tuple[int, ...],
        blocks: Blocks,
    ) -> None:
        self.shape = tuple(-(-size // k) for size, k in zip(fitted, block, strict=True))
        self.outs = (Pool(blocks.op, 1, **blocks.own).dtype(blocks.dtype),)
        self.dtype = blocks.dtype
        self.fit: Move | None = None
        self.steps: list[Step] = []
        self._tables: dict[Any, Any] = {}
        if not prod(fitted):
            return
        if fitted != shape:
            limits = tuple(map(min, shape, fitted))
            self.fit = move(fitted, limits, steps_of(shape), steps_of(fitted), (0, 0))
        sizes, kernel = fewest_axes(fitted, block)
        first = first_of_three(kernel)
        if first is not None:
            self.steps.append(Step(blocks.call(*three_axes(sizes, kernel, first))))
            return
        results = tuple(-(-size // k) for size, k in zip(sizes, kernel, strict=True))
        for kind in kinds_of_blocks(sizes, kernel):
            self.steps.append(one_kind(kind, steps_of(sizes), steps_of(results), blocks))

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None, allocate: Any = None) -> None:
        """Reduce the blocks of `x` into ``outs[0]``."""
        given, x, outs = stream_of(stream), array_of(x), tuple(map(array_of, outs))
        if self.fit is not None:
            x = self._moved(x, None, self.fit, ("fit",), given)
        for n, (call, bring, take) in enumerate(self.steps):
            source = x if bring is None else self._moved(x, None, bring, (n, "bring"), given)
            if take is None:
                call.into(source, outs, stream, allocate)
                continue
            result = cuda.device_array(prod(call.shape), self.outs[0], stream=given)
            call.into(source, (result,), stream, allocate)
            self._moved(result, outs[0], take, (n, "take"), given)

    def _moved(self, x: Any, out: Any, way: Move, name: Any, stream: Any) -> Any:
        """Return elements moved, into a new array if `out` is None."""
        if out is None:
            out = cuda.device_array(way.total, self.dtype, stream=stream)
        axes = on_device(self._tables, name, way.axes)
        index = way.axes.dtype.type
        begins = index(way.begins[0]), index(way.begins[1])
        blocks = -(-way.total // BLOCK)
        launcher(moves.arranged, blocks, BLOCK, stream)(x, out, axes, begins, index(way.total))
        return out


def one_kind(
    kind: tuple[tuple[slice, slice, int], ...],
    steps: tuple[int, ...],
    targets: tuple[int, ...],
    blocks: Blocks,
) -> Step:
    """Return the step of blocks of one kind: the taps of each are brought side by side."""
    counts = tuple(to.stop - to.start for _, to, _ in kind)
    taps = tuple(k for _, _, k in kind)
    begin = sum(source.start * step for (source, _, _), step in zip(kind, steps, strict=True))
    end = sum(to.start * step for (_, to, _), step in zip(kind, targets, strict=True))
    across = tuple(k * step for k, step in zip(taps, steps, strict=True))
    brought = (*counts, *taps)
    bring = move(brought, brought, (*across, *steps), steps_of(brought), (begin, 0))
    take = move(counts, counts, steps_of(counts), targets, (0, end))
    shape = (prod(counts), 1, 1, prod(taps), 1)
    return Step(blocks.call(shape, (1, 1, prod(taps))), bring, take)
