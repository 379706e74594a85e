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

from numbapool.cuda import chunks, fast, kernels, large, medians, teams
from numbapool.cuda.device_plan import DevicePlan, fields_of, placed_plan
from numbapool.cuda.launch import Launch
from numbapool.cuda.plan import MOST_ROWS, SCRATCH_BYTES, THREADS, plan_of
from numbapool.cuda.pointers import Given, aligned
from numbapool.cuda.target import SIMULATED, array_of, cuda, current_device, stream_of
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array
from numbapool.pooling.fractional import decided as fractional_decided
from numbapool.pooling.planners import READERS, Request, Windows, choose
from numbapool.reducers.case import Reduction
from numbapool.reducers.dtypes import limits
from numbapool.windows.layout import refuse_too_large
from numbapool.windows.window import Window

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
    """Return the call of windows and a request, as a `Pool` has them.

    Raises
    ------
    PoolTypeError
        For windows with a padding mode, which no kernel here fills.
    """
    mode = window.padding_mode if isinstance(window, Window) else None
    if mode is not None:
        raise PoolTypeError(
            f"padding_mode {shown(mode)} is for arrays in the CPU's memory: on a GPU pad the array "
            "first, as torch.nn.functional.pad(x, pad, mode) does, and pool it without padding"
        )
    if isinstance(window, Window) and window.footprint is not None:
        raise PoolTypeError("footprint is for the CPU: copy x to its memory, or leave device out")
    if request.min_count is not None:
        raise PoolTypeError("min_count is for the CPU: copy x to its memory, or leave device out")
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
    placed, reduction = fractional_decided(shape, dtype, ndim, data_format, *key)
    return DeviceCall(placed_plan(*placed), reduction, dtype)


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
        self._launches: dict[Any, list[Launch]] = {}

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
    def ends(self) -> tuple[Any, ...]:
        """The least and the greatest number of the first accumulator's type."""
        return limits(self.reduction.lanes[0])

    @property
    def scratch_bytes(self) -> int:
        """The device's memory that a call takes besides its arrays and tables."""
        return sum(count * kind.itemsize for count, kind in self.needed(self.plan))

    @property
    def step(self) -> int:
        """The windows that a launch gathers and sorts."""
        item = self.reduction.lanes[0].itemsize
        fit = max(SCRATCH_BYTES // (self.plan.taps * item), BLOCK)
        return min(self.plan.threads, MOST_SORTED, fit)

    def into(self, x: Any, outs: tuple[Any, ...], stream: Any = None, allocate: Any = None) -> None:
        """Pool `x` into `outs`.

        `allocate` returns memory for scratch, from a number of elements and a dtype.
        """
        plan = self.plan
        if not plan.threads:
            return
        outs = tuple(outs)
        if plan.unaligned is not None and not aligned(x, *outs):
            plan = plan.unaligned
        key = current_device(), plan
        launches = self._launches.get(key)
        if launches is None:
            launches = self._launches[key] = self.launches(plan)
        given = x, *outs, *scratch(self.needed(plan), stream, allocate)
        for launch in launches:
            launch(given, stream)

    def launches(self, plan: DevicePlan) -> list[Launch]:
        """Return the launches of a plan on the current device; the arrays are still to be given."""
        made: list[Launch] = getattr(self, f"_{plan.kernel}")(plan, self._table(plan, "table"))
        return made

    def _table(self, plan: DevicePlan, name: str) -> Any:
        """Return a table of a plan in the current device's memory."""
        return on_device(self._tables, (plan, name), getattr(plan, name))

    def needed(self, plan: DevicePlan) -> list[tuple[int, np.dtype[Any]]]:
        """Return the sizes and dtypes of the arrays that a plan needs besides those given."""
        lanes = self.reduction.lanes
        if plan.kernel.startswith("selections"):
            return [(self.step * plan.taps, lanes[0])]
        count = {
            "shares": plan.threads,
            "in_pieces": plan.threads * plan.taps,
            "across": plan.row * plan.taps,
        }.get(plan.kernel, 0)
        return [(count, kind) for kind in lanes] if count else []

    @property
    def targets(self) -> tuple[Given, ...]:
        """The results among the arrays that a launch is given."""
        return tuple(Given(1 + n) for n in range(len(self.outs)))

    @property
    def parts(self) -> tuple[Given, ...]:
        """The accumulators between two launches among these arrays: one array per lane."""
        begin = 1 + len(self.outs)
        return tuple(Given(begin + n) for n in range(len(self.lanes)))

    def _rows(self, kernel: Any, plan: DevicePlan, table: Any) -> list[Launch]:
        """Return launches whose threads along x make a row, and along y further rows."""
        across = min(plan.row, BLOCK)
        down = BLOCK // across
        lead = (plan.threads,) if plan.kernel == "windows" else (plan.threads, plan.row)
        geometry, most = numbers(plan, *lead), MOST_ROWS * down
        before: Any = (Given(0), self.targets, table)
        if plan.weights is not None:
            weights = self._table(plan, "weights")
            before = self.ends, Given(0), self.targets, weights, table
        launches = []
        for first in range(0, plan.threads, most):
            rows = min(plan.threads - first, most)
            grid = -(-plan.row // across), -(-rows // down)
            args = (*before, geometry, plan.index(first))
            launches.append(Launch(kernel, grid, (across, down), (self.op, self.lanes, *args)))
        return launches

    def _windows(self, plan: DevicePlan, table: Any) -> list[Launch]:
        return self._rows(kernels.windows, plan, table)

    def _channels(self, plan: DevicePlan, table: Any) -> list[Launch]:
        return self._rows(fast.channels(*plan.form), plan, table)

    def _tiles(self, plan: DevicePlan, table: Any) -> list[Launch]:
        return self._rows(fast.tiles(*plan.form), plan, table)

    def _chunks(self, plan: DevicePlan, table: Any) -> list[Launch]:
        return self._rows(chunks.chunks(plan.form), plan, table)

    def _slides(self, plan: DevicePlan, table: Any) -> list[Launch]:
        return self._rows(fast.slides(*plan.form), plan, table)

    def _medians(self, plan: DevicePlan, table: Any) -> list[Launch]:
        return self._rows(medians.medians(*plan.form), plan, table)

    def _shares(self, plan: DevicePlan, table: Any) -> list[Launch]:
        first, count = plan.index(0), plan.taps
        parts = self.parts
        args: Any = (Given(0), parts, table, numbers(plan, plan.threads), first)
        folded = Launch(large.shares, *line(plan.threads), (self.op, self.lanes, *args))
        results = plan.threads // count
        geometry = tuple(map(plan.index, (results, count, *plan.sizes[1:4], plan.sizes[-1])))
        args = parts, self.targets, table, geometry, first
        return [folded, Launch(large.gathered, *line(results), (self.op, self.lanes, *args))]

    def _together(self, plan: DevicePlan, table: Any) -> list[Launch]:
        blocks = -(-plan.threads // (BLOCK // min(plan.sizes[0], BLOCK)))
        return [self._teams(teams.together, plan, table, blocks, Given(0), self.targets)]

    def _in_pieces(self, plan: DevicePlan, table: Any) -> list[Launch]:
        blocks, parts = plan.threads * plan.taps, self.parts
        return [
            self._teams(teams.in_pieces, plan, table, blocks, Given(0), parts),
            self._teams(teams.rejoined, plan, table, plan.threads, parts, self.targets),
        ]

    def _teams(
        self, body: Any, plan: DevicePlan, table: Any, blocks: int, x: Any, outs: Any
    ) -> Launch:
        team, across, *sizes = plan.sizes
        team = min(team, BLOCK)
        powers = team, min(across, team * plan.taps), plan.taps
        numbers = plan.threads, *(each.bit_length() - 1 for each in powers), *sizes
        kernel = teams.sharing(body, tuple(kind.type.__name__ for kind in self.reduction.lanes))
        unit = (plan.index(0),) * plan.form[0]
        args = self.op, self.lanes, x, outs, table, tuple(map(plan.index, numbers)), unit
        return Launch(kernel, (blocks,), (BLOCK,), args)

    def _across(self, plan: DevicePlan, table: Any) -> list[Launch]:
        out_d, out_h, out_w, size_d, size_h, size_w, dil_d, dil_h, dil_w, inner = plan.sizes
        parts = self.parts
        launches = []
        for first in range(0, plan.threads, plan.taps):
            planes, at = min(plan.threads - first, plan.taps), plan.index(first)
            total = planes * plan.row
            sizes: Any = (total, size_d * size_h, out_w, size_w, dil_w, out_d + out_h, inner)
            args: Any = (Given(0), parts, table, tuple(map(plan.index, sizes)), at)
            launches.append(Launch(large.across, *line(total), (self.op, self.lanes, *args)))
            total = planes * out_d * out_h * out_w * inner
            sizes = (total, out_d, out_h, out_w, size_d, size_h, dil_d, dil_h, inner)
            args = (parts, self.targets, table, tuple(map(plan.index, sizes)), at)
            launches.append(Launch(large.down, *line(total), (self.op, self.lanes, *args)))
        return launches

    def _selections(self, plan: DevicePlan, table: Any) -> list[Launch]:
        step, values = self.step, Given(1 + len(self.outs))
        geometry = numbers(plan, plan.threads, step)
        fixed = self.op, self.lanes, Given(0), self.targets, values, table, geometry
        return [
            Launch(kernels.selections, *line(step), (*fixed, plan.index(first)))
            for first in range(0, plan.threads, step)
        ]

    def _selections_together(self, plan: DevicePlan, table: Any) -> list[Launch]:
        values, geometry = Given(1 + len(self.outs)), numbers(plan, plan.threads, plan.taps)
        fixed = self.op, self.lanes, Given(0), self.targets, values, table, geometry
        return [
            Launch(
                kernels.selections_together,
                (min(plan.threads - first, self.step),),
                (BLOCK,),
                (*fixed, plan.index(first)),
            )
            for first in range(0, plan.threads, self.step)
        ]

    def _blurred(self, plan: DevicePlan, table: Any) -> list[Launch]:
        weights = self._table(plan, "weights")
        args = Given(0), self.targets, weights, table, numbers(plan, plan.threads), plan.index(0)
        return [Launch(kernels.blurred, *line(plan.threads), (self.op, self.lanes, *args))]

    def _placed(self, plan: DevicePlan, table: Any) -> list[Launch]:
        args = Given(0), self.targets, table, numbers(plan, plan.threads), plan.index(0)
        return [Launch(kernels.placed, *line(plan.threads), (self.op, self.lanes, *args))]


def scratch(needed: list[tuple[int, np.dtype[Any]]], stream: Any, allocate: Any) -> list[Any]:
    """Return memory for some elements of some dtypes: numba's, unless told how to get it."""
    if allocate is not None:
        return [allocate(count, kind) for count, kind in needed]
    work = stream_of(stream) if needed else None
    return [cuda.device_array(count, kind, stream=work) for count, kind in needed]


def sent(table: Array, stream: Any, allocate: Any) -> Any:
    """Return an array of one axis in the device's memory, copied there in a stream's order."""
    (there,) = scratch([(max(table.size, 1), table.dtype)], stream, allocate)
    if SIMULATED:
        there[: table.size] = table
    elif table.size:
        array_of(there)[: table.size].copy_to_device(table, stream=stream_of(stream))
    return there


def numbers(plan: DevicePlan, *lead: int) -> tuple[Any, ...]:
    """Return the numbers of a plan's geometry, in the type of places."""
    return tuple(map(plan.index, (*lead, *plan.sizes)))


def line(threads: int) -> tuple[tuple[int], tuple[int]]:
    """Return the grid and the block for a line of threads."""
    return (-(-threads // BLOCK),), (BLOCK,)
