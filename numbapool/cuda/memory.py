"""Memory, streams and devices, as kernels take them."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from math import prod
from typing import Any

import numpy as np

from numbapool.arrays import Adopted
from numbapool.cuda import driver
from numbapool.cuda.pointers import Memory
from numbapool.cuda.target import SIMULATED, cuda
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array

LEGACY = 1
"""The handle of the default stream, which waits for all other blocking streams."""

KEPT_FREE = 10
"""The part of a device's free memory that is left over: one in so many."""


def handle_of(stream: Any) -> int:
    """Return the handle of a stream of any library, or of a number.

    Raises
    ------
    PoolTypeError
        For what is no stream.
    """
    if hasattr(stream, "__cuda_stream__"):
        told = stream.__cuda_stream__
        stream = (told() if callable(told) else told)[1]
    for name in ("cuda_stream", "ptr", "handle"):
        if isinstance(stream, int):
            break
        stream = getattr(stream, name, stream)
    stream = getattr(stream, "value", stream)  # numba's handles were pointers of ctypes
    try:
        return int(stream) or LEGACY
    except (TypeError, ValueError):
        raise PoolTypeError(
            f"stream must be a stream of torch, CuPy or numba, or its handle, not {shown(stream)}"
        ) from None


def stream_at(handle: int) -> Any:
    """Return numba's stream of a handle."""
    return 0 if SIMULATED else cuda.external_stream(handle)


def wait(work: int, before: int) -> None:
    """Let a stream wait for all that another stream has been given so far."""
    event = cuda.event(timing=False)
    event.record(stream_at(before))
    event.wait(stream_at(work))


def current(device: int) -> AbstractContextManager[Any]:
    """Make a device the current one for a while."""
    if SIMULATED or driver.current() == device:
        return nullcontext()
    return cuda.gpus[device]  # type: ignore[no-any-return]


def flat(held: Adopted) -> Any:
    """Return contiguous memory as launches take it: in the simulator an array of one axis."""
    if not SIMULATED:
        return Memory(held.pointer, prod(held.shape), held.dtype, held.owner)
    return held.shadow().reshape(-1)


def allocate(shape: tuple[int, ...], dtype: np.dtype[Any], stream: int) -> Any:
    """Return new memory on the current device, as numba's array.

    Raises
    ------
    PoolValueError
        If there is not enough.
    """
    if SIMULATED:
        return np.empty(shape, dtype)
    try:
        return cuda.device_array(shape, dtype, stream=stream_at(stream))
    except Exception as error:
        if "OUT_OF_MEMORY" not in str(error):
            raise
        raise PoolValueError(
            f"there is not enough memory on the GPU for an array of shape {shape}"
        ) from None


def read(held: Adopted, work: int) -> Array:
    """Return contiguous memory as an array of the host; this waits for the stream."""
    if not prod(held.shape):
        return np.empty(held.shape, held.dtype)
    stream = stream_at(work)
    copied = flat(held)
    if SIMULATED:
        return np.array(copied).reshape(held.shape)
    copied = cuda.as_cuda_array(copied, sync=False).copy_to_host(stream=stream)
    stream.synchronize()
    return np.asarray(copied).reshape(held.shape)


class Stream:
    """A stream of our own."""

    def __init__(self) -> None:
        self.of_numba = cuda.stream()
        self.handle = LEGACY if SIMULATED else handle_of(self.of_numba)


MOST_KEPT = 1 << 28
"""The most bytes of pinned memory that are kept for the next calls."""


class Pinned:
    """Memory of the host that devices copy from and to by themselves.

    It is kept: to get it takes about as long as to send what it holds.
    """

    def __init__(self) -> None:
        self._kept: list[Array] = []
        self._lock = threading.Lock()

    def take(self, nbytes: int) -> Array:
        """Return so many bytes, or more."""
        with self._lock:
            for number, kept in enumerate(self._kept):
                if kept.nbytes >= nbytes:
                    return self._kept.pop(number)
        made: Array = cuda.pinned_array(nbytes, np.uint8)
        return made

    def give(self, given: list[Array]) -> None:
        """Take back what no stream uses any more."""
        with self._lock:
            for each in given:
                if sum(kept.nbytes for kept in self._kept) + each.nbytes <= MOST_KEPT:
                    self._kept.append(each)


PINNED = Pinned()


def send(near: Array, far: Any, stream: Stream) -> None:
    """Copy pinned memory to a device's, in a stream's order."""
    if SIMULATED:
        far[...] = near
    else:
        far.copy_to_device(near, stream=stream.of_numba)


def sent(array: Array, work: int) -> Any:
    """Return an array of the host as numba's array on the current device, in a stream's order."""
    array = np.ascontiguousarray(array)
    made = allocate(array.shape, array.dtype, work)
    if SIMULATED:
        made[...] = array
    elif array.size:
        made.copy_to_device(array, stream=stream_at(work))
    return made


def fetch(far: Any, near: Array, stream: Stream) -> None:
    """Copy a device's memory to pinned memory, in a stream's order."""
    if SIMULATED:
        near[...] = far
    else:
        far.copy_to_host(near, stream=stream.of_numba)


def synchronize(work: int) -> None:
    """Wait until a stream has done all that it has been given."""
    if not SIMULATED:
        stream_at(work).synchronize()


def free() -> int:
    """Return how many bytes of the current device's memory may be taken."""
    found = cuda.current_context().get_memory_info().free
    return int(found - found // KEPT_FREE) if found < 1 << 62 else 1 << 62  # simulated: inf
