"""A machine with GPUs that is none: their memory cannot be read, so who reads it dies.

`Machine` stands in for numba-cuda at the one place that names it. The libraries' arrays have
addresses at which there is nothing.
"""

import ctypes
import os
import sys
from contextlib import contextmanager, nullcontext
from math import prod
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

BASE = 0xDEAD_0000_0000


class Memory(NamedTuple):
    """What a launch is given of an array."""

    pointer: int
    size: int
    dtype: Any
    owner: Any = None


class Machine:
    """What numba-cuda does, as far as the engine asks for it, and a diary."""

    def __init__(self):
        self.diary = []
        self.ends = BASE
        self.free = 1 << 30

    def memory(self, nbytes):
        """Return the address of new memory."""
        begins = self.ends
        self.ends += (nbytes // 256 + 1) * 256
        return begins

    # ---- numba.cuda

    def from_cuda_array_interface(self, told, owner=None, sync=True):
        assert not sync, "this would wait"
        return Memory(told["data"][0], prod(told["shape"]), np.dtype(told["typestr"]), owner)

    def external_stream(self, handle):
        return SimpleNamespace(handle=handle, synchronize=lambda: self.note("end", handle))

    def event(self, timing=True):
        assert not timing

        def record(stream):
            self.note("record", stream.handle)

        def wait(stream):
            self.note("wait", stream.handle)

        return SimpleNamespace(record=record, wait=wait)

    def device_array(self, shape, dtype, stream=0):
        return numba_array(self, shape, dtype, stream=stream.handle)

    @property
    def gpus(self):
        return self

    @contextmanager
    def __getitem__(self, number):
        self.note("device", number)
        yield

    # ---- the diary

    def note(self, *what):
        self.diary.append(what)

    def noted(self, what):
        return [entry[1] for entry in self.diary if entry[0] == what]


class OnDevice:
    """An array of a library."""

    def __init__(self, machine, shape, dtype, device=0, strides=None, pointer=None):
        self.machine = machine
        self.shape, self.kind, self.number = tuple(shape), np.dtype(dtype), device
        blank = np.lib.stride_tricks.as_strided(np.empty(1, self.kind), self.shape, strides)
        self.steps = blank.strides if strides else np.empty(self.shape, self.kind).strides
        nbytes = prod(self.shape) * self.kind.itemsize
        self.pointer = machine.memory(nbytes) if pointer is None else pointer

    def again(self, **changes):
        """Return a copy at another place, side by side."""
        return type(self)(self.machine, self.shape, self.kind, self.number, **changes)


def interface(array, stream=None, readonly=False):
    told = {
        "version": 3,
        "shape": array.shape,
        "strides": array.steps,
        "typestr": array.kind.str,
        "data": (array.pointer, readonly),
    }
    return told if stream is None else told | {"stream": stream}


# ------------------------------------------------------------------------------- libraries


class Tensor(OnDevice):
    __module__ = "torch"
    layout = "torch.strided"
    requires_grad = negated = False

    def is_neg(self):
        return self.negated

    @property
    def dtype(self):
        return f"torch.{self.kind.name}"

    @property
    def device(self):
        return SimpleNamespace(type="cuda", index=self.number)

    @property
    def __cuda_array_interface__(self):
        if self.requires_grad:
            raise RuntimeError("it requires grad")
        return interface(self)

    def data_ptr(self):
        return self.pointer

    def reshape(self, *shape):
        return Tensor(self.machine, shape, self.kind, self.number)

    def stride(self):
        return tuple(step // self.kind.itemsize for step in self.steps)

    def contiguous(self):
        self.machine.note("copied", "torch")
        return self.again()

    def __setitem__(self, where, other):
        self.machine.note("assigned", other.pointer)


def torch(machine, current=0):
    """Return a torch whose current stream has a handle."""
    streams = [current]

    @contextmanager
    def stream(one):
        streams.append(one.cuda_stream)
        yield
        streams.pop()

    def empty(shape, dtype, device):
        machine.note("allocated", streams[-1])
        return Tensor(machine, shape, dtype, device.index)

    def concatenate(parts, axis):
        columns = sum(part.shape[axis] for part in parts)
        return Tensor(machine, (*parts[0].shape[:-1], columns), parts[0].kind)

    made = ModuleType("torch")
    made.concatenate = concatenate
    made.empty, made.Tensor = empty, Tensor
    made.cuda = SimpleNamespace(
        current_stream=lambda device: SimpleNamespace(cuda_stream=streams[-1]),
        default_stream=lambda device: SimpleNamespace(cuda_stream=0),
        ExternalStream=lambda handle, device: SimpleNamespace(cuda_stream=handle),
        stream=stream,
    )
    for name in ("bool", "uint8", "int32", "int64", "float16", "float32", "float64"):
        setattr(made, name, np.dtype(name))
    return made


class CupyArray(OnDevice):
    __module__ = "cupy"

    @property
    def dtype(self):
        return self.kind

    @property
    def strides(self):
        return self.steps

    @property
    def data(self):
        return SimpleNamespace(ptr=self.pointer)

    @property
    def device(self):
        @contextmanager
        def entered():
            yield

        made = entered()
        made.id = self.number
        return made

    @property
    def __cuda_array_interface__(self):
        return interface(self)


def cupy(machine, current=0):
    """Return a CuPy whose current stream has a handle."""
    streams = [current]

    class ExternalStream:
        def __init__(self, ptr):
            self.ptr = ptr

        def __enter__(self):
            streams.append(self.ptr)

        def __exit__(self, *error):
            streams.pop()

    def empty(shape, dtype):
        machine.note("allocated", streams[-1])
        return CupyArray(machine, shape, dtype, machine.noted("device")[-1])

    def ascontiguousarray(x):
        machine.note("copied", "cupy")
        return x.again()

    made = ModuleType("cupy")
    made.empty, made.ascontiguousarray = empty, ascontiguousarray
    made.cuda = SimpleNamespace(
        get_current_stream=lambda: SimpleNamespace(ptr=streams[-1]),
        ExternalStream=ExternalStream,
        Stream=SimpleNamespace(null=ExternalStream(0)),
    )
    return made


class Exchanged(OnDevice):
    """An array that tells its memory by DLPack alone."""

    def __dlpack_device__(self):
        return 2, self.number

    def __dlpack__(self, *, stream):
        from numbapool.cuda import exchange

        self.machine.note("asked", stream)
        told = exchange.Written(self, self.pointer, self.shape, self.kind, self.number)
        capsule = told.__dlpack__()
        self.told = (ctypes.c_int64 * len(self.shape))(
            *(step // self.kind.itemsize for step in self.steps)
        )
        exchange.tensor_of(capsule).strides = self.told
        return capsule


class JaxArray(Exchanged):
    __module__ = "jaxlib._jax"


class ForeignArray(Exchanged):
    __module__ = "foreign.arrays"


def takes_dlpack(machine, name, kind):
    """Return a library that takes arrays by DLPack."""

    def from_dlpack(x):
        from numbapool.cuda.exchange import read

        told = read(x, 1)
        assert x.__dlpack_device__() == (2, told.device)
        made = kind(machine, told.shape, told.dtype, told.device, told.strides, told.pointer)
        made.keeps = told
        return made

    made = ModuleType(name)
    made.from_dlpack = from_dlpack
    made.numpy = SimpleNamespace(from_dlpack=from_dlpack)
    if name == "jax":
        del made.from_dlpack
    return made


class NumbaArray(OnDevice):
    __module__ = "numba.cuda.cudadrv.devicearray"
    stream = None

    @property
    def __cuda_array_interface__(self):
        return interface(self, self.stream)

    def __dlpack_device__(self):  # in place of asking the driver
        return 2, self.number

    def __setitem__(self, where, other):
        self.machine.note("copied", "numba")

    def copy_to_device(self, array, stream):
        self.machine.note("sent", (array.shape, stream.handle))


def numba_array(machine, shape, dtype, device=0, stream=None):
    made = NumbaArray(machine, shape, dtype, (machine.noted("device") or [device])[-1])
    made.stream = stream
    return made


class Plain(OnDevice):
    """An array of no known library, with the interface alone."""

    __module__ = "somewhere"
    __dlpack_device__ = NumbaArray.__dlpack_device__

    @property
    def __cuda_array_interface__(self):
        return interface(self)


# ------------------------------------------------------------------------------- the engine

RELOADED = (
    "arrays", "boxes", "call", "engine", "host", "memory", "multihead", "pointers", "sequences",
    "target",
)  # fmt: skip
"""The modules that look for the machine when they are imported, or that stand in for it."""


class Call:
    """A call that pools nothing, and notes what it is given."""

    def __init__(self, machine, shape, outs):
        self.shape, self.outs, self.machine = shape, tuple(map(np.dtype, outs)), machine
        self.scratch_bytes = 0

    @classmethod
    def of_windows(cls, machine, form, shape, dtype, key):
        from numbapool.pooling.call import DECIDERS

        decided = DECIDERS[form](shape, dtype, *key)
        return cls(machine, decided.plan.shape, decided.outs)

    @classmethod
    def of_boxes(cls, machine, shape, dtype, boxes, bins, more):
        from numbapool.roi.pool import Regions

        outs = (dtype, np.int64) if more is True else (dtype,)
        return cls(machine, Regions.of(shape, boxes, bins).shape, outs)

    def into(self, x, outs, stream=None, allocate=None):
        self.machine.note("pooled", (x, outs, stream))


@contextmanager
def machine(monkeypatch, **current):
    """Put a machine with GPUs in place, and libraries with their current streams beside it."""
    import numbapool.cuda as package
    from numbapool import arrays
    from numbapool.cuda import doctor, driver

    made = Machine()
    names = ("target", "call", "pointers", "boxes", "multihead", "sequences")
    stand_ins = [ModuleType(f"numbapool.cuda.{name}") for name in names]
    target, call, pointers, boxes, multihead, sequences = stand_ins
    pointers.Memory = Memory
    target.cuda, target.SIMULATED, target.current_device = made, False, lambda: 0
    target.small_grids = nullcontext
    call.decide = lambda *given: Call.of_windows(made, *given)
    boxes.elements_call = boxes.samples_call = lambda *given: Call.of_boxes(made, *given)
    sequences.Form = lambda shape, dtype: (shape, dtype)
    multihead.multihead_call = lambda x, query, *rest: Call(made, (x[0][0], *query[0]), (x[1],))
    monkeypatch.setattr(arrays, "_KINDS", {})
    monkeypatch.setattr(driver, "current", lambda: -1, raising=False)
    monkeypatch.setattr(driver, "current", lambda: -1)
    monkeypatch.setattr(doctor, "_usable", {os.getpid(): {0, 1}})
    for library in (
        torch(made, current.get("torch", 0)),
        cupy(made, current.get("cupy", 0)),
        takes_dlpack(made, "jax", JaxArray),
        takes_dlpack(made, "foreign", ForeignArray),
    ):
        monkeypatch.setitem(sys.modules, library.__name__, library)
    names = {name: f"numbapool.cuda.{name}" for name in RELOADED}
    kept = {name: sys.modules.pop(full, None) for name, full in names.items()}
    for name in names:
        vars(package).pop(name, None)
    for module in stand_ins:
        sys.modules[module.__name__] = module
        setattr(package, module.__name__.rpartition(".")[2], module)
    try:
        yield made
    finally:
        for name, full in names.items():
            sys.modules.pop(full, None)
            vars(package).pop(name, None)
            if kept[name] is not None:
                sys.modules[full] = kept[name]
                setattr(package, name, kept[name])
