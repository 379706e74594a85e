"""Run a plan on an array."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from numbapool.compile import compiled, contract
from numbapool.compile.contract import SLOTS, Arguments
from numbapool.compile.spec import Spec, spec_of
from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.inputs import Array
from numbapool.plan.choose import Plan
from numbapool.reducers.case import Reduction
from numbapool.reducers.fields import numbers_of
from numbapool.run import threads

ALIGNMENT = 64
"""Bytes of a cache line: each lane begins at a multiple of it."""

KEPT_BYTES = 1 << 23
"""The largest scratch that a thread keeps for its next call."""


def told_address(array: Array) -> int:
    """Return where an array's elements begin, from NumPy, which takes a microsecond."""
    return int(array.__array_interface__["data"][0])


def read_address(array: Array) -> int:
    """Return where an array's elements begin, from its first field in NumPy's C interface."""
    return _pointer_at(id(array) + _FIRST_FIELD).value


_pointer_at = ctypes.c_ssize_t.from_address
_FIRST_FIELD = object.__basicsize__


def _choose_address() -> Callable[[Array], int]:
    if sys.implementation.name != "cpython":  # elsewhere an id is no address
        return told_address
    probe = np.empty(1)
    return read_address if read_address(probe) == told_address(probe) else told_address


address = _choose_address()


def check_out(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], x: Array) -> Array:
    """Return `out` if the result can be written to it.

    Raises
    ------
    PoolTypeError, PoolValueError
        For another dtype or shape, a read-only array, or an array that overlaps the input.
    """
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        kind = f"dtype {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise PoolTypeError(f"out must be an array of dtype {dtype}, not {kind}")
    if out.shape != shape:
        raise PoolValueError(f"out must have shape {shape}, not {out.shape}")
    if not out.flags.writeable:
        raise PoolValueError("out is read-only")
    if np.may_share_memory(out, x) and overlap(out, x):
        raise PoolValueError("out overlaps the input")
    return out


def checked_outs(
    out: Any, shape: tuple[int, ...], dtypes: tuple[np.dtype[Any], ...], x: Array
) -> tuple[Array, ...]:
    """Return the arrays of `out`, one per result, if the results can be written to them.

    Raises
    ------
    PoolTypeError, PoolValueError
        As :func:`check_out`, and for another number of arrays or two that overlap.
    """
    given = out if isinstance(out, tuple) else (out,)
    if len(given) != len(dtypes):
        raise PoolValueError(f"out takes {len(dtypes)} arrays, not {len(given)}")
    pairs = zip(given, dtypes, strict=True)
    targets = tuple([check_out(target, shape, dtype, x) for target, dtype in pairs])
    if len(targets) == 2 and np.may_share_memory(*targets) and overlap(*targets):
        raise PoolValueError("the two arrays of out overlap")
    return targets


def overlap(a: Array, b: Array) -> bool:
    """Say whether two arrays share an element, or may share one and it is too hard to tell."""
    try:
        return np.shares_memory(a, b, max_work=1000)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


class Frame:
    """The memory that a call needs besides its arrays: the kernel's arguments, and scratch."""

    def __init__(self) -> None:
        self.slots = (ctypes.c_int64 * SLOTS)()
        self.address = ctypes.addressof(self.slots)
        self.ready: tuple[Call | None, int, int] = None, 0, 0
        """The call whose arguments, except the arrays, stand in the slots; its blocks and room."""
        self.resize(0)

    def resize(self, size: int) -> None:
        """Make room for `size` bytes of scratch."""
        self._buffer = np.empty(size + ALIGNMENT, np.uint8)
        self.size = size
        self.scratch = -(-address(self._buffer) // ALIGNMENT) * ALIGNMENT


class Frames(threading.local):
    """A thread's frames that no call is using, most often one."""

    def __init__(self) -> None:
        self.free: list[Frame] = []


_frames = Frames()


class Call:
    """A pooling of arrays of one shape and dtype, decided and ready to run."""

    def __init__(
        self,
        plan: Plan,
        reduction: Reduction,
        dtype: np.dtype[Any],
        more: tuple[np.dtype[Any], ...] = (),
    ) -> None:
        self.plan = plan
        self.dtype = dtype
        self.op = reduction.op
        self.lanes = reduction.lanes
        self.outs = reduction.outs
        self.more = more
        self._stretches: dict[tuple[int, int], list[int]] = {}

    @cached_property
    def spec(self) -> Spec:
        """What the kernel is compiled for."""
        plan = self.plan
        return spec_of(
            plan.kernel,
            self.op,
            self.dtype,
            self.outs,
            self.lanes,
            plan.group,
            self.more,
            plan.written,
        )

    @cached_property
    def kernel(self) -> Any:
        """The compiled kernel."""
        return compiled.kernel(self.spec)

    @cached_property
    def places(self) -> tuple[int, int]:
        """The slots of the input and of the geometry.

        After the input stand the arrays that go with it, then the results.
        """
        counts = len(self.outs), len(self.lanes), len(self.more)
        at = contract.taken(range(SLOTS), len(self.op), *counts)
        assert at.outs[0] == at.x + 1 + len(self.more)
        return int(at.x), int(at.geometry)

    @cached_property
    def fields(self) -> list[int]:
        """The bits of the reducer's fields, which fill the first slots."""
        slots = np.zeros(len(self.op), np.int64)
        for n, field in enumerate(numbers_of(self.op)):
            slots[n : n + 1].view(field.dtype)[0] = field
        return [int(slot) for slot in slots]

    @cached_property
    def geometry(self) -> int:
        """The address of the plan's numbers."""
        return address(self.plan.geometry)

    def stretches(self, blocks: int, room: int) -> list[int]:
        """Return where each lane begins in the scratch of `blocks` blocks, and where all end."""
        edges = self._stretches.get((blocks, room))
        if edges is None:
            edges = [0]
            for lane in self.lanes:
                size = blocks * room * lane.itemsize
                edges.append(edges[-1] + -(-size // ALIGNMENT) * ALIGNMENT)
            self._stretches[blocks, room] = edges
        return edges

    @property
    def shape(self) -> tuple[int, ...]:
        """The results' shape."""
        return self.plan.shape

    @cached_property
    def record(self) -> int:
        """The address of the numbers that compiled code runs this call by, in one thread."""
        self._record = np.array(self.numbers(()), np.int64)
        return address(self._record)

    def numbers(self, key: tuple[int, ...]) -> list[int]:
        """Return a record's numbers: arguments with blanks, the shape, and its key.

        The arrays' addresses are blank. For a lane's address stands its place in the scratch.
        """
        edges = self.stretches(1, self.plan.room)
        kernel = self.kernel.address if self.plan.pieces else 0
        arguments = self.arguments(edges[:-1], self.plan.room)
        return contract.record(kernel, self.plan.pieces, edges[-1], arguments, self.shape, key)

    def arguments(self, lanes: list[int], room: int) -> Arguments:
        """Return the kernel's arguments, with the arrays' addresses blank."""
        blanks = [0] * len(self.outs)
        more = [0] * len(self.more)
        return Arguments(self.fields, 0, more, blanks, self.geometry, lanes, room)

    def fresh(self, x: Array) -> tuple[Array, ...]:
        """Pool a contiguous array into new results."""
        shape = self.plan.shape
        one, *others = self.outs
        outs: tuple[Array, ...] = (np.empty(shape, one),)
        if others:
            outs += tuple([np.empty(shape, dtype) for dtype in others])
        self.into(x, outs)
        return outs

    def into(
        self,
        x: Array,
        outs: tuple[Array, ...],
        more: tuple[Array, ...] = (),
        other: Plan | None = None,
    ) -> None:
        """Pool a contiguous array, and the arrays that go with it, into contiguous results.

        With an `other` plan for the same kernel, pool by that one.
        """
        if not outs[0].size:
            return
        plan = self.plan if other is None else other
        blocks = threads.block_count(plan.pieces, plan.work)
        frame = self._framed(blocks, plan, x, outs, more)
        if other is not None:
            frame.slots[self.places[1]] = address(other.geometry)
        threads.run_kernel(self.kernel, frame.address, plan.pieces, blocks)
        if frame.size <= KEPT_BYTES:
            _frames.free.append(frame)

    def _framed(
        self,
        blocks: int,
        plan: Plan,
        x: Array,
        outs: tuple[Array, ...],
        more: tuple[Array, ...] = (),
    ) -> Frame:
        """Return a frame with all arguments in its slots."""
        free = _frames.free
        frame = free.pop() if free else Frame()
        if frame.ready != (self, blocks, plan.room):
            self._fill(frame, blocks, plan.room)
        slots, at = frame.slots, self.places[0]
        slots[at] = address(x)
        for array in (*more, *outs) if more else outs:
            at += 1
            slots[at] = address(array)
        return frame

    def _fill(self, frame: Frame, blocks: int, room: int) -> None:
        """Put the arguments that are the same for all arrays into a frame's slots."""
        edges = self.stretches(blocks, room)
        if frame.size < edges[-1]:
            frame.resize(edges[-1])
        slots = self.arguments([frame.scratch + edge for edge in edges[:-1]], room).flat()
        frame.slots[: len(slots)] = slots
        frame.ready = self, blocks, room


BAND_BYTES = 1 << 18
"""Bytes of the input that each of several calls reads before the next call reads them: a thread's
share stays in a second-level cache. A maximum, a minimum and a mean by 2 of 32 x 64 x 112 x 112
float32 took 9.3 ms, 9.7 with bands of 2 MB and 12.2 with 8 MB; one of them alone takes 4.5. At the
memory's speed all three would take 1.4 times as long as one, since they write three times as much.
"""


def into_together(calls: Sequence[Call], x: Array, outs: Sequence[tuple[Array, ...]]) -> None:
    """Run several calls on one contiguous array, band by band, so that memory is read once.

    A band is a share of each call's pieces. Each call gives what it gives alone.
    """
    pieces = [call.plan.pieces for call in calls]
    if len(calls) < 2 or not min(pieces) or x.nbytes <= BAND_BYTES:
        for call, targets in zip(calls, outs, strict=True):
            call.into(x, targets)
        return
    blocks = threads.block_count(min(pieces), sum(call.plan.work for call in calls))
    frames = [
        call._framed(blocks, call.plan, x, targets)
        for call, targets in zip(calls, outs, strict=True)
    ]
    runs = [
        (call.kernel, frame.address, call.plan.pieces)
        for call, frame in zip(calls, frames, strict=True)
    ]
    threads.run_together(runs, -(-x.nbytes // BAND_BYTES // blocks), blocks)
    _frames.free += [frame for frame in frames if frame.size <= KEPT_BYTES]
