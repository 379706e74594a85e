"""Run a plan on an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool import threads
from numbapool.dtypes import Reduction
from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.kernels import compiled
from numbapool.kernels.spec import spec_of
from numbapool.plan import Plan

Array = np.ndarray[Any, np.dtype[Any]]


def address(array: Array) -> int:
    """Return where an array's elements begin."""
    return int(array.__array_interface__["data"][0])


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], x: Any) -> Array:
    """Return `out` if the result can be written to it.

    Raises
    ------
    PoolTypeError, PoolValueError
        For another dtype or shape, a read-only array, or one that overlaps the input.
    """
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        kind = f"dtype {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise PoolTypeError(f"out must be an array of dtype {dtype}, not {kind}")
    if out.shape != shape:
        raise PoolValueError(f"out must have shape {shape}, not {out.shape}")
    if not out.flags.writeable:
        raise PoolValueError("out is read-only")
    if isinstance(x, np.ndarray) and np.may_share_memory(out, x):
        raise PoolValueError("out overlaps the input")
    return out


def run(plan: Plan, reduction: Reduction, x: Array) -> tuple[Array, ...]:
    """Pool a contiguous array into fresh results."""
    outs = tuple(np.empty(plan.shape, dtype) for dtype in reduction.outs)
    run_into(plan, reduction, x, outs)
    return outs


def run_into(plan: Plan, reduction: Reduction, x: Array, outs: tuple[Array, ...]) -> None:
    """Pool a contiguous array into contiguous results."""
    if not outs[0].size:
        return
    op, lanes = reduction.op, reduction.lanes
    spec = spec_of(plan.kernel, op, x.dtype, reduction.outs, lanes)
    kernel = compiled.kernel(spec)
    blocks = threads.block_count(plan.pieces, plan.work)
    scratch = tuple(np.empty(blocks * plan.room, lane) for lane in lanes)
    fields = len(op)
    call = np.empty(fields + len(outs) + len(lanes) + 3, np.int64)
    for n, value in enumerate(op):
        slot = np.asarray(value)
        call[n : n + 1].view(slot.dtype)[0] = slot
    call[fields] = address(x)
    at = fields + 1
    for out in outs:
        call[at] = address(out)
        at += 1
    call[at] = address(plan.geometry)
    for lane in scratch:
        at += 1
        call[at] = address(lane)
    call[at + 1] = plan.room
    threads.run(kernel, address(call), plan.pieces, blocks)
