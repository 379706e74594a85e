"""Arrays of the host, pooled on a GPU: there and back in chunks, through pinned memory.

While one chunk is pooled, the next is on its way there and the last on its way back. What a chunk
takes is known before anything is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from numbapool.arrays import Device
from numbapool.cuda import doctor
from numbapool.errors import PoolDeviceError, PoolError, PoolValueError
from numbapool.inputs import Array, as_array, frozen, viewed
from numbapool.operators import FRACTIONAL, GLOBAL
from numbapool.plan.choose import longest
from numbapool.pooling import planners
from numbapool.pooling.planners import READERS
from numbapool.run.call import checked_outs
from numbapool.windows.window import Window

if TYPE_CHECKING:
    from numbapool.cuda.call import DeviceCall

Key: TypeAlias = tuple[Any, ...]

Decider: TypeAlias = Callable[..., "DeviceCall"]
"""Returns the call for the shapes and dtypes of the inputs, in turn."""

COSTLY = 1 << 26
"""Elements to gather and sort, from which "auto" sends an array to a GPU: they take a CPU some
tenths of a second, and the way there and back a hundredth of that."""

CHUNK_BYTES = 1 << 25
"""The bytes of an array that are sent at once. Larger chunks need more pinned memory, which takes
long to get; smaller ones leave the bus idle in between."""

MOST_LANES = 2
"""The most chunks on their way at once."""

PLACED_BY_CHANCE = ("stochastic",)
"""Operators whose results depend on where in the array an element is: their arrays stay whole."""


def decider(form: str, key: Key) -> Decider:
    """Return what decides the calls of a form of pooling."""

    def decide(shape: tuple[int, ...], dtype: np.dtype[Any]) -> DeviceCall:
        from numbapool.cuda import call

        if form == FRACTIONAL:
            return call.fractional(shape, dtype, *key)
        try:
            return call.decide(form, shape, dtype, key)
        except PoolError:
            raise
        except TypeError:  # a parameter cannot be a key
            return call.decide(form, shape, dtype, tuple(map(frozen, key)))

    return decide


def pool(form: str, x: Any, key: Key, out: Any, device: Device) -> tuple[Array, ...] | None:
    """Pool an array of the host on the current GPU; return None if "auto" leaves it to the CPU.

    Raises
    ------
    PoolError
        As on the CPU, if no GPU can be used, and if the device has not the memory.
    """
    held = viewed(x)
    array = as_array(held)
    if device == "auto" and not (costly(form, array, key) and usable()):
        return None
    doctor.require()
    decide = decider(form, key)
    call = decide(array.shape, array.dtype)
    targets = targets_of(call, out, held)
    if not prod(call.shape):
        return targets
    straight = [
        each if each.flags.c_contiguous else np.empty_like(each, order="C") for each in targets
    ]
    send(decide, call, array, straight, items_of(form, array, key))
    for target, result in zip(targets, straight, strict=True):
        if result is not target:
            target[...] = result
    return targets


def whole(decide: Decider, inputs: tuple[Any, ...], out: Any) -> tuple[Array, ...]:
    """Pool arrays of the host on the current GPU, in one piece.

    Raises
    ------
    PoolError
        As on the CPU, if no GPU can be used, and if the device has not the memory.
    """
    doctor.require()
    from numbapool.cuda import memory

    held = viewed(inputs[0])
    arrays = [as_array(held), *map(as_array, inputs[1:])]
    call = decide(*[part for each in arrays for part in (each.shape, each.dtype)])
    targets = targets_of(call, out, held)
    if not prod(call.shape):
        return targets
    sizes = sum(each.nbytes for each in arrays), sum(each.nbytes for each in targets)
    chunks_of(1, *sizes, getattr(call, "scratch_bytes", 0), memory.free())
    stream = memory.Stream()
    far = [memory.allocate((each.size,), each.dtype, stream.handle) for each in arrays]
    made = [memory.allocate((each.size,), each.dtype, stream.handle) for each in targets]
    for array, there in zip(arrays, far, strict=True):
        memory.send(array.reshape(-1), there, stream)
    call.into(far[0] if len(far) == 1 else tuple(far), tuple(made), stream.handle)
    for target, there in zip(targets, made, strict=True):
        near = np.empty(target.size, target.dtype)
        memory.fetch(there, near, stream)
        memory.synchronize(stream.handle)
        target[...] = near.reshape(target.shape)
    return targets


def targets_of(call: DeviceCall, out: Any, held: Array) -> tuple[Array, ...]:
    """Return the arrays to write results to: those of `out`, or new ones."""
    if out is None:
        return tuple([np.empty(call.shape, dtype) for dtype in call.outs])
    return checked_outs(out, call.shape, call.outs, held)


def costly(form: str, array: Array, key: Key) -> bool:
    """Say whether a pooling takes a CPU much longer than the way to a GPU and back."""
    if form == FRACTIONAL:
        return False
    window, request = READERS[form](*map(frozen, key))
    if request.min_count is not None:
        return False
    if isinstance(window, Window) and (window.padding_mode, window.footprint) != (None, None):
        return False  # pooled on the CPU alone
    plan, _ = planners.decide(array.shape, array.dtype, window, request)
    rows, columns = longest(planners.place(array.shape, window, request).axes)
    return plan.kernel == "selection" and prod(plan.shape) * rows * columns >= COSTLY


_told: set[str] = set()


def usable() -> bool:
    """Say whether a GPU can be used; if not, warn once of why."""
    try:
        doctor.require()
    except PoolDeviceError as error:
        if not _told:
            _told.add(str(error))
            warnings.warn(f"pooled on the CPU: {error}", RuntimeWarning, stacklevel=6)
        return False
    return True


def items_of(form: str, array: Array, key: Key) -> int:
    """Return how many items follow one another in an array, each pooled by itself."""
    if form == FRACTIONAL:
        return 1
    window, request = READERS[form](*map(frozen, key))
    lead = planners.choose(array.shape, array.dtype, window, request).placed.layout.lead
    if not lead or request.operator.name in PLACED_BY_CHANCE:
        return 1
    return array.shape[0] if form == GLOBAL else prod(lead)


class Chunks(NamedTuple):
    """How an array is cut."""

    items: int
    """The items of a chunk."""
    lanes: int
    """Chunks on their way at once."""


def chunks_of(items: int, nbytes: int, more: int, scratch: int, free: int) -> Chunks:
    """Return the chunks of an array of `nbytes`, whose results take `more`, for a device's memory.

    Raises
    ------
    PoolValueError
        If a single item does not fit.
    """
    each = -(-(nbytes + more) // items)
    lanes = min(items, MOST_LANES)
    while lanes > 1 and lanes * (each + scratch) > free:
        lanes -= 1
    fit = (free // lanes - scratch) // max(each, 1)
    if fit < 1:
        raise PoolValueError(
            f"this takes {each + scratch:,} bytes of the GPU's memory, of which {free:,} are free: "
            "pool a part of the array at a time, or on the CPU"
        )
    wanted = max(CHUNK_BYTES * items // max(nbytes, 1), 1)
    return Chunks(min(items, fit, wanted), lanes)


def send(decide: Decider, call: DeviceCall, array: Array, targets: list[Array], items: int) -> None:
    """Pool an array into contiguous targets, in chunks of its items."""
    from numbapool.cuda import memory

    more = sum(target.nbytes for target in targets)
    chunks = chunks_of(items, array.nbytes, more, call.scratch_bytes, memory.free())
    first = array.ndim if items == 1 else _leads(array.shape, items)
    rest = array.shape if items == 1 else array.shape[first:]
    source = array.reshape(items, -1)
    results = [target.reshape(items, -1) for target in targets]
    lanes = [Lane(chunks.items, source, results) for _ in range(chunks.lanes)]
    for number, start in enumerate(range(0, items, chunks.items)):
        stop = min(start + chunks.items, items)
        one = call if stop - start == items else decide((stop - start, *rest), array.dtype)
        lanes[number % chunks.lanes].go(one, start, stop)
    for lane in lanes:
        lane.collect()
        lane.memory.PINNED.give(lane.buffers)


def _leads(shape: tuple[int, ...], items: int) -> int:
    """Return how many axes from the first on hold so many items."""
    return next(n for n in range(1, len(shape) + 1) if prod(shape[:n]) == items)


class Lane:
    """One way there and back: a stream, with memory for a chunk at both ends."""

    def __init__(self, items: int, source: Array, results: list[Array]) -> None:
        from numbapool.cuda import memory

        self.memory = memory
        self.source, self.results = source, results
        self.stream = memory.Stream()
        arrays = [source, *results]
        sizes = [items * each.shape[1] * each.itemsize for each in arrays]
        self.buffers = [memory.PINNED.take(size) for size in sizes]
        self.pinned = [
            buffer[:size].view(each.dtype)
            for buffer, size, each in zip(self.buffers, sizes, arrays, strict=True)
        ]
        self.held = [
            memory.allocate((items * each.shape[1],), each.dtype, self.stream.handle)
            for each in arrays
        ]
        self.under_way: slice | None = None

    def go(self, call: DeviceCall, start: int, stop: int) -> None:
        """Send items there, let them be pooled, and send the results back."""
        self.collect()
        items, stream = slice(start, stop), self.stream
        sizes = [(stop - start) * each.shape[1] for each in (self.source, *self.results)]
        near = [each[:size] for each, size in zip(self.pinned, sizes, strict=True)]
        far = [each[:size] for each, size in zip(self.held, sizes, strict=True)]
        near[0][:] = self.source[items].reshape(-1)
        self.memory.send(near[0], far[0], stream)
        call.into(far[0], tuple(far[1:]), stream.handle)
        for there, here in zip(far[1:], near[1:], strict=True):
            self.memory.fetch(there, here, stream)
        self.under_way = items

    def collect(self) -> None:
        """Wait for the results under way, and put them where they belong."""
        if self.under_way is None:
            return
        self.memory.synchronize(self.stream.handle)
        count = self.under_way.stop - self.under_way.start
        for result, pinned in zip(self.results, self.pinned[1:], strict=True):
            result[self.under_way] = pinned[: count * result.shape[1]].reshape(count, -1)
        self.under_way = None
