"""Calls that pool boxes of images on a device: where bins lie is reckoned on the host."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numbapool.cuda.bins import largest_elements, largest_sample, mean_of_samples
from numbapool.cuda.call import line, sent
from numbapool.cuda.device_plan import fields_of, index_of
from numbapool.cuda.launch import Launch
from numbapool.cuda.pointers import Given
from numbapool.inputs import Array
from numbapool.reducers.dtypes import DType
from numbapool.roi.pool import Bins, Grid, Regions, dtypes_of

SAMPLES = {"mean": mean_of_samples, "max": largest_sample}


class BoxCall:
    """A pooling of boxes in images of one form, ready to run once on a device."""

    def __init__(self, case: Regions, kernel: Any, outs: tuple[DType, ...]) -> None:
        self.case, self.kernel, self.outs = case, kernel, outs
        self.shape = case.shape
        self.before: tuple[Any, ...] = ()
        self.tables: tuple[Array, ...] = ()
        self.after: tuple[Any, ...] = ()

    @property
    def scratch_bytes(self) -> int:
        """The device's memory that a call takes besides its arrays."""
        return sum(table.nbytes for table in self.tables)

    def given(self, elements: int, bins: list[Array], places: Array) -> tuple[Any, ...]:
        """Return the table of bins, the places, and the geometry, in one type of numbers."""
        case = self.case
        table = np.concatenate([case.boxes.images, *[each.reshape(-1) for each in bins]])
        index = index_of(elements, prod(self.shape), table.size, places.size)
        outs, sizes = case.bins, case.layout.spatial
        numbers = (
            prod(self.shape), case.inner, outs[1], outs[0], case.planes, *sizes,
            len(case.boxes.images),
        )  # fmt: skip
        return table.astype(index), places.astype(index), tuple(map(index, numbers))

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None, allocate: Any = None) -> None:
        """Pool the boxes of `x` into `outs`."""
        total = prod(self.shape)
        if not total:
            return
        count = 1 + len(outs)
        results: Any = tuple(Given(1 + n) for n in range(len(outs)))
        tables = tuple(Given(count + n) for n in range(len(self.tables)))
        if self.kernel is not largest_elements:
            (results,) = results
        args = (*self.before, Given(0), results, *tables, *self.after)
        there = [sent(table, stream, allocate) for table in self.tables]
        Launch(self.kernel, *line(total), args)((x, *outs, *there), stream)


def elements_call(
    shape: tuple[int, ...], dtype: DType, boxes: Any, given: Bins, return_indices: bool
) -> BoxCall:
    """Return the call of ``roi_pool`` for images of a shape and a dtype.

    Raises
    ------
    PoolValueError, PoolTypeError
        As ``roi_pool`` does.
    """
    case = Regions.of(shape, boxes, given)
    reduction = case.maximum(dtype, return_indices)
    call = BoxCall(case, largest_elements, reduction.outs)
    bins = [table[:, :2] for table in case.elements()]
    table, _, geometry = call.given(prod(shape), bins, np.empty(0))
    lanes = tuple(kind.type(0) for kind in reduction.lanes)
    first = dtype.type(0)
    call.before, call.tables = (fields_of(reduction.op), lanes), (table,)
    call.after = geometry, ((first, np.int64(-1)) if return_indices else first)
    return call


def samples_call(
    shape: tuple[int, ...], dtype: DType, boxes: Any, given: Bins, grid: Grid
) -> BoxCall:
    """Return the call of ``roi_align`` for images of a shape and a dtype.

    Raises
    ------
    PoolValueError, PoolTypeError
        As ``roi_align`` does.
    """
    case = Regions.of(shape, boxes, given)
    result, inner = dtypes_of(dtype)
    call = BoxCall(case, SAMPLES[grid.mode], (result,))
    bins, places, weights, first = [], [], [], 0
    for each, out in zip(case.taps(grid), case.bins, strict=True):
        count = len(case.boxes.images) * out
        table, taps = each.table[:count].copy(), each.table[count:]
        table[:, 0] += first
        first += len(taps)
        bins.append(table)
        places.append(taps[:, 0])
        weights.append(np.ascontiguousarray(taps[:, 2]).view(np.float64).astype(inner))
    of_bins, of_taps, geometry = call.given(prod(shape), bins, np.concatenate(places))
    call.before, call.after = (inner.type(0),), (geometry,)
    call.tables = of_bins, of_taps, np.concatenate(weights)
    return call
