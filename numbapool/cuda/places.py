"""Unpooling on a device: each value at its index."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numbapool.cuda import moves
from numbapool.cuda.call import BLOCK
from numbapool.cuda.device_plan import index_of
from numbapool.cuda.target import array_of, cuda, launcher, stream_of
from numbapool.functional.places import refuse_ends, unpooled


def unpool_call(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    ndim: int,
    data_format: str | None,
    windows: tuple[Any, ...],
) -> UnpoolCall:
    """Return the call of ``max_unpool1d`` and its siblings, for values of a shape and a dtype.

    `windows` has kernel_size, stride, padding and output_size.
    """
    layout, plane = unpooled(shape, ndim, data_format, windows)
    return UnpoolCall(layout, plane, dtype)


class UnpoolCall:
    """An unpooling of values of one form. It waits for the device, to refuse indices outside."""

    def __init__(self, layout: Any, plane: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.plane, self.shape, self.outs = plane, layout.shape(plane), (dtype,)
        self.sizes = prod(layout.spatial), prod(plane), layout.inner
        values, size, inner = self.sizes
        self.values, self.total = layout.outer * values * inner, layout.outer * size * inner
        self.index = index_of(self.values, self.total)

    @property
    def scratch_bytes(self) -> int:
        """The device's memory that a call takes besides its arrays."""
        return 8 * int(self.total)

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None, allocate: Any = None) -> None:
        """Put the values of the pair `x`, values and indices, at their indices in ``outs[0]``.

        Raises
        ------
        PoolValueError
            If an index points outside its plane.
        """
        given = stream_of(stream)
        values, places = map(array_of, x)
        numbers = tuple(map(self.index, self.sizes))
        owners = cuda.device_array(max(self.total, 1), np.int64, stream=given)
        ends = cuda.to_device(np.zeros(2, np.int64), stream=given)
        if self.total:
            blocks, total = -(-self.total // BLOCK), self.index(self.total)
            launcher(moves.filled, blocks, BLOCK, given)(owners, np.int64(-1), total)
        if self.values:
            blocks, total = -(-self.values // BLOCK), self.index(self.values)
            launcher(moves.claimed, blocks, BLOCK, given)(places, owners, ends, (total, *numbers))
            found = ends.copy_to_host(stream=given)
            if given:
                given.synchronize()
            refuse_ends(int(found[0]), int(found[1]), self.plane)
        if self.total:
            blocks, total = -(-self.total // BLOCK), self.index(self.total)
            launcher(moves.delivered, blocks, BLOCK, given)(
                values, owners, array_of(outs[0]), (total, *numbers)
            )
