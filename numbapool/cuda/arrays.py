"""The kinds of arrays on CUDA devices: torch's, CuPy's, JAX's, numba's, and those of protocols.

Each library is found in `sys.modules`, where whoever made the array has put it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from numbapool.arrays import Adopted, kind_of, register
from numbapool.cuda import driver, exchange, memory
from numbapool.cuda.target import SIMULATED, small_grids
from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.inputs import refuse_grad, refuse_unknown_dtype

DType = np.dtype[Any]
Shape = tuple[int, ...]


def adopt(x: Any, stream: int | None = None) -> Adopted:
    """Return the memory of an array on a device, to be used on a stream.

    Raises
    ------
    PoolTypeError, PoolValueError
        For dtypes that are not pooled, numbers without axes, and tensors that require grad.
    """
    refuse_grad(x)
    kind = kind_of(x)
    if kind is None:
        kind = INTERFACE if hasattr(x, "__cuda_array_interface__") else Exchange(library_of(x))
    held = kind.adopt(x, stream)
    refuse_unknown_dtype(held.dtype)
    if not held.shape:
        raise PoolValueError("a number has no axes to pool along")
    return held


def library_of(x: Any) -> str:
    """Return the name of the top module of an object's type."""
    return type(x).__module__.partition(".")[0]


class Interface:
    """Arrays that tell their memory by ``__cuda_array_interface__``; results are numba's."""

    namespace = ""

    def adopt(self, x: Any, stream: int | None) -> Adopted:
        """Return the memory that the interface tells."""
        told = x.__array_interface__ if simulated(x) else x.__cuda_array_interface__
        if told.get("mask") is not None:
            raise PoolTypeError("a masked array would lose its mask: fill it first")
        pointer, readonly = told["data"]
        dtype, shape = np.dtype(told["typestr"]), tuple(told["shape"])
        return Adopted(
            kind=self,
            owner=x,
            pointer=pointer or 0,
            shape=shape,
            strides=tuple(told.get("strides") or exchange.side_by_side(shape, dtype)),
            dtype=dtype,
            device=device_of(x, pointer),
            stream=told.get("stream") or None,
            readonly=readonly,
        )

    def contiguous(self, x: Any, stream: int) -> Any:
        """Return a copy that numba makes."""
        held = self.adopt(x, stream)
        made = memory.allocate(held.shape, held.dtype, stream)
        with small_grids():
            made[:] = held.shadow() if SIMULATED else x  # numba's arrays know no ellipsis
        return made

    def empty(self, shape: Shape, dtype: DType, like: Adopted, stream: int) -> Adopted:
        """Return numba's memory."""
        return self.adopt(memory.allocate(shape, dtype, stream), stream)

    def give_back(self, made: Adopted, stream: int) -> Any:
        """Return numba's array."""
        return made.owner


def simulated(x: Any) -> bool:
    """Say whether an array is what the simulator has for memory of a device."""
    return SIMULATED and not hasattr(x, "__cuda_array_interface__")


def device_of(x: Any, pointer: int) -> int:
    """Return the number of an array's device, which the interface does not tell."""
    if hasattr(x, "__dlpack_device__"):
        return int(x.__dlpack_device__()[1])
    if SIMULATED or not pointer:
        return 0
    try:
        return driver.device_of(pointer)
    except driver.DriverError as error:
        raise PoolTypeError(
            f"a {type(x).__name__} tells of memory that is no GPU's: {error}"
        ) from None


class Exchange:
    """Arrays that tell their memory by DLPack, and whose library takes results by DLPack."""

    def __init__(self, library: str, namespace: str = "") -> None:
        self.library, self.namespace = library, namespace

    def adopt(self, x: Any, stream: int | None) -> Adopted:
        """Return the memory that a capsule tells; its library lets the stream wait for it."""
        told = exchange.read(x, stream or memory.LEGACY)
        return Adopted(
            kind=self,
            owner=(x, told.capsule),
            pointer=told.pointer,
            shape=told.shape,
            strides=told.strides,
            dtype=told.dtype,
            device=told.device,
            stream=stream or memory.LEGACY,
            readonly=True,  # DLPack does not tell, and JAX's arrays never change
        )

    def contiguous(self, x: Any, stream: int) -> Any:
        """Refuse: DLPack has no copies."""
        raise PoolTypeError(
            f"a {type(x).__name__} on a GPU is pooled if its elements lie side by side: copy it"
        )

    def empty(self, shape: Shape, dtype: DType, like: Adopted, stream: int) -> Adopted:
        """Return numba's memory."""
        return replace(INTERFACE.empty(shape, dtype, like, stream), kind=self)

    def give_back(self, made: Adopted, stream: int) -> Any:
        """Return the library's array once it is written; numba's if the library takes none."""
        take = self._taker()
        if take is None:
            return made.owner
        memory.synchronize(stream)
        return take(exchange.Written(made.owner, made.pointer, made.shape, made.dtype, made.device))

    def _taker(self) -> Callable[[Any], Any] | None:
        library = sys.modules.get(self.library)
        for place in (library, getattr(library, "numpy", None)):
            take = getattr(place, "from_dlpack", None)
            if take is not None:
                return take  # type: ignore[no-any-return]
        return None


named_so = lru_cache(maxsize=64)(str)
dtype_named = lru_cache(maxsize=64)(lambda name: np.dtype(name.removeprefix("torch.")))
name_of = lru_cache(maxsize=64)(lambda dtype: dtype.name)
"""These are asked of each tensor, and take a microsecond each to be worked out."""


class Torch:
    """Tensors of torch, on its current stream."""

    namespace = "torch"

    def adopt(self, x: Any, stream: int | None) -> Adopted:
        """Return a tensor's memory."""
        if not named_so(x.layout).endswith("strided"):
            raise PoolTypeError(f"a tensor of layout {x.layout} is not pooled: pass x.to_dense()")
        if x.is_neg():
            raise PoolTypeError(
                "a tensor whose numbers are still to be negated is not pooled: pass x.resolve_neg()"
            )
        try:
            dtype = dtype_named(named_so(x.dtype))
        except TypeError:
            raise PoolTypeError(
                f"a {type(x).__name__} of {x.dtype}, which NumPy does not know, is not pooled: "
                "pass x.float()"
            ) from None
        number = x.device.index or 0
        strides = tuple([step * dtype.itemsize for step in x.stride()])
        work = self._current(number)
        return Adopted(self, x, x.data_ptr(), tuple(x.shape), strides, dtype, number, work)

    def _current(self, number: int) -> int:
        """Return the handle of torch's current stream on a device."""
        torch = sys.modules["torch"]
        raw = getattr(getattr(torch, "_C", None), "_cuda_getCurrentRawStream", None)
        if raw is not None:  # torch makes no object for it, which takes some microseconds
            return raw(number) or memory.LEGACY
        return torch.cuda.current_stream(number).cuda_stream or memory.LEGACY

    def contiguous(self, x: Any, stream: int) -> Any:
        """Return torch's copy."""
        with self._on(stream, x.device):
            return x.contiguous()

    def empty(self, shape: Shape, dtype: DType, like: Adopted, stream: int) -> Adopted:
        """Return a new tensor's memory, from torch's own pool."""
        torch, device = sys.modules["torch"], like.owner.device
        kind = getattr(torch, name_of(dtype))
        with self._on(stream, device):
            made = torch.empty(shape, dtype=kind, device=device)
        strides = exchange.side_by_side(shape, dtype)
        return Adopted(self, made, made.data_ptr(), shape, strides, dtype, like.device, stream)

    def give_back(self, made: Adopted, stream: int) -> Any:
        """Return the tensor."""
        return made.owner

    def _on(self, stream: int, device: Any) -> AbstractContextManager[Any]:
        """Let torch take memory for a stream: it is used again in that stream's order."""
        if self._current(device.index or 0) == stream:
            return nullcontext()
        cuda = sys.modules["torch"].cuda
        default = stream == memory.LEGACY
        other = cuda.default_stream(device) if default else cuda.ExternalStream(stream, device)
        return cuda.stream(other)  # type: ignore[no-any-return]


class CuPy:
    """Arrays of CuPy, on its current stream."""

    namespace = "cupy"

    def adopt(self, x: Any, stream: int | None) -> Adopted:
        """Return an array's memory."""
        with x.device:
            current = sys.modules["cupy"].cuda.get_current_stream().ptr
        return Adopted(
            kind=self,
            owner=x,
            pointer=x.data.ptr,
            shape=tuple(x.shape),
            strides=tuple(x.strides),
            dtype=np.dtype(x.dtype),
            device=int(x.device.id),
            stream=current or memory.LEGACY,
        )

    def contiguous(self, x: Any, stream: int) -> Any:
        """Return CuPy's copy."""
        with x.device, self._on(stream):
            return sys.modules["cupy"].ascontiguousarray(x)

    def empty(self, shape: Shape, dtype: DType, like: Adopted, stream: int) -> Adopted:
        """Return a new array's memory, from CuPy's own pool."""
        with like.owner.device, self._on(stream):
            return self.adopt(sys.modules["cupy"].empty(shape, dtype), stream)

    def give_back(self, made: Adopted, stream: int) -> Any:
        """Return the array."""
        return made.owner

    @contextmanager
    def _on(self, stream: int) -> Iterator[None]:
        """Let CuPy take memory for a stream: it is used again in that stream's order."""
        cuda = sys.modules["cupy"].cuda
        if (cuda.get_current_stream().ptr or memory.LEGACY) == stream:
            yield
            return
        default = stream == memory.LEGACY
        with cuda.Stream.null if default else cuda.ExternalStream(stream):
            yield


INTERFACE = Interface()

register(Torch(), "torch")
register(CuPy(), "cupy")
register(INTERFACE, "numba", "numba_cuda")
register(Exchange("jax", "jax.numpy"), "jax", "jaxlib")
