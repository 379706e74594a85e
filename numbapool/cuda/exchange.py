"""DLPack by ctypes: the memory of tensors that tell it in no other way, both ways."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from numbapool.errors import PoolTypeError

CUDA = 2
"""DLPack's number of CUDA devices."""

NAME = b"dltensor"

CODES = {0: "i", 1: "u", 2: "f", 6: "b"}
"""DLPack's numbers of the kinds of dtypes; bool is 6."""


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    )


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Destructor = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
_Managed._fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter))

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, _Destructor)
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
_valid = ctypes.pythonapi.PyCapsule_IsValid
_valid.restype, _valid.argtypes = ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p)
_pointer_of_dying = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class Read(NamedTuple):
    """What a tensor's capsule tells. The capsule must be kept as long as the memory is used."""

    capsule: Any
    pointer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """In bytes."""
    dtype: np.dtype[Any]
    device: int


def read(x: Any, stream: int) -> Read:
    """Return a tensor's memory, for work on a stream.

    Raises
    ------
    PoolTypeError
        For a dtype that NumPy does not know.
    """
    capsule = x.__dlpack__(stream=stream)
    tensor = tensor_of(capsule)
    kind = CODES.get(tensor.code)
    if kind is None or tensor.lanes != 1 or tensor.bits not in (8, 16, 32, 64):
        raise PoolTypeError(
            f"a {type(x).__name__} of {getattr(x, 'dtype', 'an unknown dtype')}, which NumPy does "
            "not know, is not pooled: convert it first"
        )
    dtype = np.dtype("bool" if kind == "b" else f"{kind}{tensor.bits // 8}")
    shape = tuple(tensor.shape[: tensor.ndim])
    if tensor.strides:
        strides = tuple(step * dtype.itemsize for step in tensor.strides[: tensor.ndim])
    else:
        strides = side_by_side(shape, dtype)
    return Read(
        capsule, (tensor.data or 0) + tensor.offset, shape, strides, dtype, tensor.device_id
    )


def tensor_of(capsule: Any) -> Any:
    """Return the tensor in a capsule."""
    return _Managed.from_address(_pointer(capsule, NAME)).tensor


def side_by_side(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, ...]:
    """Return the strides, in bytes, of elements that lie side by side."""
    strides, itemsize = [], dtype.itemsize
    for size in reversed(shape):
        strides.append(itemsize)
        itemsize *= size
    return tuple(reversed(strides))


class Written:
    """Memory on a device, as other libraries take it."""

    def __init__(
        self, owner: Any, pointer: int, shape: tuple[int, ...], dtype: np.dtype[Any], device: int
    ) -> None:
        self.told = owner, pointer, shape, dtype, device

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return DLPack's numbers of the device."""
        return CUDA, self.told[-1]

    def __dlpack__(self, **asked: Any) -> Any:
        """Return a capsule; the memory must have been written whole."""
        owner, pointer, shape, dtype, device = self.told
        sizes = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        code = next(code for code, kind in CODES.items() if kind == dtype.kind)
        tensor = _Tensor(
            pointer, CUDA, device, len(shape), code, 8 * dtype.itemsize, 1, sizes, None, 0
        )
        made = _Managed(tensor, None, _delete)
        at = ctypes.addressof(made)
        _kept[at] = made, sizes, owner
        return _new(at, NAME, _destroy)


_kept: dict[int, Any] = {}
"""What other libraries hold, by its address."""


def _deleted(made: Any, kept: Any = _kept, address: Any = ctypes.addressof) -> None:
    """Let go of memory that a library has done with."""
    kept.pop(address(made.contents), None)


def _destroyed(
    capsule: int, kept: Any = _kept, valid: Any = _valid, pointer: Any = _pointer_of_dying
) -> None:
    """Let go of memory that no library has taken."""
    if valid(capsule, b"dltensor"):
        kept.pop(pointer(capsule, b"dltensor"), None)


_delete, _destroy = _Deleter(_deleted), _Destructor(_destroyed)

for _called in (_delete, _destroy):
    # The last capsules die when Python ends, after this module. Nothing may be missing then: what
    # these functions need is in their defaults, and they themselves are never freed.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_called))
