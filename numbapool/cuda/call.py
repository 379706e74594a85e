"""Calls of kernels, decided once and run on arrays in a device's memory.

- :func:`decide` decides a call of a pooling function, from the same key as on the CPU;
  :func:`decided` that of a `Pool`, :func:`fractional` that of fractional pooling.
- ``call.into(x, outs, stream)`` pools `x` into `outs`: contiguous arrays of one axis, in the
  current device's memory, of any library that has ``__cuda_array_interface__``. NumPy arrays
  serve in the simulator.
  Nothing is checked, and nothing waits.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from numbapool.cuda import kernels
from numbapool.cuda.plan import (
    MOST_ROWS,
    SCRATCH_BYTES,
    THREADS,
    DevicePlan,
    fields_of,
    placed_plan,
    plan_of,
)
from numbapool.cuda.target import SIMULATED, array_of, cuda, current_device, stream_of
from numbapool.errors import PoolValueError
from numbapool.pooling.planners import READERS, Request, Windows, choose
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import Skip
from numbapool.reducers.extremes import maximum
from numbapool.windows.fractional import places, shifts_of
from numbapool.windows.layout import layout_of, refuse_too_large

MOST_SORTED = 1 << 20
"""The most windows that a launch gathers and sorts."""

BLOCK = 8 if SIMULATED else THREADS
"""Threads of a block; the simulator starts a thread of Python's for each."""


@lru_cache(maxsize=1024, typed=True)
def decide(form: str, shape: tuple[int, ...], dtype: np.dtype[Any], key: Any) -> DeviceCall:
    """Return the call of a form of pooling, from the key that the CPU's deciders take."""
    return decided(shape, dtype, *READERS[form](*key))


def decided(
    shape: tuple[int, ...], dtype: np.dtype[Any], window: Windows, request: Request
) -> DeviceCall:
    """Return the call of windows and a request, as a `Pool` has them."""
    try:
        chosen = choose(shape, dtype, window, request)
        refuse_too_large(chosen.placed.shape)
        plan = plan_of(chosen, dtype)
    except MemoryError:
        raise PoolValueError(
            f"the windows of an array of shape {shape} do not fit into memory"
        ) from None
    return DeviceCall(plan, chosen.reduction, dtype)


def fractional(
    shape: tuple[int, ...], dtype: np.dtype[Any], ndim: int, data_format: Any, *key: Any
) -> DeviceCall:
    """Return the call of a fractional pooling, from the key that it has on the CPU."""
    kernel_size, output_size, output_ratio, return_indices, samples, seed = key
    layout = layout_of(shape, ndim, data_format)
    shifts = shifts_of(layout, samples, seed)
    taps, starts = places(layout, kernel_size, output_size, output_ratio, shifts)
    result = layout.shape(tuple(table.shape[1] for table in starts))
    refuse_too_large(result)
    size = int(np.prod(layout.spatial, dtype=object))
    reduction = maximum(Case(dtype, Skip(), plane=size), bool(return_indices))
    return DeviceCall(placed_plan(result, layout, taps, starts), reduction, dtype)


def on_device(kept: dict[Any, Any], name: Any, table: Any) -> Any:
    """Return a table in the current device's memory: copied there once, and kept."""
    key = current_device(), name
    if key not in kept:
        kept[key] = table if SIMULATED else cuda.to_device(table)
    return kept[key]


class DeviceCall:
    """A pooling of arrays of one shape and dtype, decided and ready to run on a device."""

    def __init__(self, plan: DevicePlan, reduction: Reduction, dtype: np.dtype[Any]) -> None:
        self.plan = plan
        self.dtype = dtype
        self.reduction = reduction
        self._tables: dict[Any, Any] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """The results' shape."""
        return self.plan.shape

    @property
    def outs(self) -> tuple[np.dtype[Any], ...]:
        """The dtype of each result."""
        return self.reduction.outs

    @cached_property
    def op(self) -> Any:
        """The reducer as kernels take it."""
        return fields_of(self.reduction.op)

    @cached_property
    def lanes(self) -> tuple[Any, ...]:
        """Numbers of the accumulators' types."""
        return tuple(kind.type(0) for kind in self.reduction.lanes)

    @property
    def scratch_bytes(self) -> int:
        """The device's memory that a call takes besides its arrays and tables."""
        size = sum(kind.itemsize for kind in self.reduction.lanes)
        if self.plan.kernel.startswith("selections"):
            return self.step * self.plan.taps * size
        return self.plan.threads * size if self.plan.kernel == "shares" else 0

    @property
    def step(self) -> int:
        """The windows that a launch gathers and sorts."""
        item = self.reduction.lanes[0].itemsize
        fit = max(SCRATCH_BYTES // (self.plan.taps * item), BLOCK)
        return min(self.plan.threads, MOST_SORTED, fit)

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None) -> None:
        """Pool `x` into `outs`."""
        plan = self.plan
        if not plan.threads:
            return
        table, weights = self.tables()
        given = stream_of(stream)
        run = getattr(self, f"_{plan.kernel}")
        run(array_of(x), tuple(map(array_of, outs)), (table, weights), given)

    def tables(self) -> tuple[Any, Any]:
        """Return the windows' table and the taps' weights, in the current device's memory."""
        plan, held = self.plan, self._tables
        weights = None if plan.weights is None else on_device(held, "weights", plan.weights)
        return on_device(held, "table", plan.table), weights

    def geometry(self, *lead: int) -> tuple[Any, ...]:
        """Return the numbers of the geometry, in the type of places."""
        return tuple(map(self.plan.index, (*lead, *self.plan.sizes)))

    def _windows(self, x: Any, outs: Any, tables: Any, stream: Any) -> None:
        plan = self.plan
        across = 1
        while across < min(plan.row, BLOCK):
            across *= 2
        down = max(BLOCK // across, 1)
        geometry, most = self.geometry(plan.threads), MOST_ROWS * down
        for first in range(0, plan.threads, most):
            rows = min(plan.threads - first, most)
            grid = -(-plan.row // across), -(-rows // down)
            kernels.windows[grid, (across, down), stream](
                self.op, self.lanes, x, outs, tables[0], geometry, plan.index(first)
            )

    def _shares(self, x: Any, outs: Any, tables: Any, stream: Any) -> None:
        plan = self.plan
        first, count = plan.index(0), plan.taps
        kinds = self.reduction.lanes
        parts = tuple(cuda.device_array(plan.threads, kind, stream=stream) for kind in kinds)
        given = self.op, self.lanes, x, parts, tables[0], self.geometry(plan.threads), first
        kernels.shares[-(-plan.threads // BLOCK), BLOCK, stream](*given)
        results = plan.threads // count
        geometry = tuple(map(plan.index, (results, count, *plan.sizes[1:4], plan.sizes[-1])))
        given = self.op, self.lanes, parts, outs, tables[0], geometry, first
        kernels.gathered[-(-results // BLOCK), BLOCK, stream](*given)

    def _selections(self, x: Any, outs: Any, tables: Any, stream: Any) -> None:
        plan, step = self.plan, self.step
        values = cuda.device_array(step * plan.taps, self.reduction.lanes[0], stream=stream)
        geometry = self.geometry(plan.threads, step)
        for first in range(0, plan.threads, step):
            given = self.op, self.lanes, x, outs, values, tables[0], geometry, plan.index(first)
            kernels.selections[-(-step // BLOCK), BLOCK, stream](*given)

    def _selections_together(self, x: Any, outs: Any, tables: Any, stream: Any) -> None:
        plan, step = self.plan, self.step
        values = cuda.device_array(step * plan.taps, self.reduction.lanes[0], stream=stream)
        geometry = self.geometry(plan.threads, plan.taps)
        for first in range(0, plan.threads, step):
            windows = min(plan.threads - first, step)
            given = self.op, self.lanes, x, outs, values, tables[0], geometry, plan.index(first)
            kernels.selections_together[windows, BLOCK, stream](*given)

    def _blurred(self, x: Any, outs: Any, tables: Any, stream: Any) -> None:
        plan = self.plan
        table, weights = tables
        given = self.op, self.lanes, x, outs, weights, table, self.geometry(plan.threads)
        kernels.blurred[-(-plan.threads // BLOCK), BLOCK, stream](*given, plan.index(0))

    def _placed(self, x: Any, outs: Any, tables: Any, stream: Any) -> None:
        plan = self.plan
        given = self.op, self.lanes, x, outs, tables[0], self.geometry(plan.threads)
        kernels.placed[-(-plan.threads // BLOCK), BLOCK, stream](*given, plan.index(0))
