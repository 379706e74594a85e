"""A launch without its arrays, and those of windows whose places a table lists."""

from __future__ import annotations

from math import prod
from typing import Any, TypeAlias

import numpy as np

from numbapool.records import dataclass
from numbapool.reducers.fields import numbers_of
from numbapool.windows.layout import Layout

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

SMALL_INDEX = 1 << 31
"""Places from here on take 64 bits."""


@dataclass(frozen=True, eq=False)
class DevicePlan:
    """A launch without its arrays."""

    shape: tuple[int, ...]
    kernel: str
    """The kernel's name in `kernels`."""
    index: Any
    """The type that places are computed in: int32 or int64."""
    table: Numbers
    sizes: tuple[int, ...]
    """The geometry, as the kernel names it."""
    threads: int
    """Threads in total: one per result, or per share of a result; results, if teams make them."""
    row: int = 0
    """Results per row, if the launch has rows; `threads` are then its rows."""
    taps: int = 0
    """Elements to gather, or shares to keep, per thread; or teams per window."""
    weights: Numbers | None = None
    form: tuple[Any, ...] = ()
    """The windows that the kernel is written out for; or the elements of a unit that teams read."""
    unaligned: DevicePlan | None = None
    """The plan for arrays whose memory does not begin at a multiple of 16 bytes."""


def is_small(place: int) -> bool:
    """Say whether a place fits into 32 bits."""
    return place < SMALL_INDEX


def index_of(*numbers: int) -> Any:
    """Return the type in which all of these numbers fit, and sums of two of them."""
    return np.int32 if max(numbers) < SMALL_INDEX - (1 << 24) else np.int64


def placed_plan(
    shape: tuple[int, ...], layout: Layout, taps: tuple[int, ...], starts: tuple[Numbers, ...]
) -> DevicePlan:
    """Return the plan of windows of `taps`; `starts` has one row per plane for each axis."""
    planes, lacking = layout.outer * layout.inner, 3 - len(taps)
    if not planes or not prod(shape):
        return DevicePlan(shape, "", np.int32, np.empty(0, np.int32), (), 0)
    ones = (1,) * lacking
    outs = (*ones, *(table.shape[1] for table in starts))
    tables = [np.zeros((planes, 1), np.int64) for _ in ones] + list(starts)
    threads = planes * prod(outs)
    elements = planes * prod(layout.spatial)
    index = index_of(elements, threads, sum(table.size for table in tables))
    table = np.concatenate([each.reshape(-1) for each in tables]).astype(index)
    sizes = (planes, *outs, *ones, *layout.spatial, *ones, *taps, layout.inner)
    return DevicePlan(shape, "placed", index, table, sizes, threads)


def fields_of(op: Any) -> Any:
    """Return a reducer with fields of fixed types, as kernels take it."""
    return type(op)(*[number.dtype.type(number) for number in numbers_of(op)])
