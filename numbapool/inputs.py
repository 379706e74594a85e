"""From users' objects to arrays: NumPy arrays, lists, buffers, tensors, data frames."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from numbapool.errors import PoolTypeError, PoolValueError, shown

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class Exchanged(Protocol):
    """An object that NumPy reads by DLPack: a tensor in the CPU's memory."""

    def __dlpack__(self, *, stream: Any = None) -> Any:
        """Hand the memory over."""
        ...


ArrayLike: TypeAlias = npt.ArrayLike | Exchanged
"""Lists, buffers, arrays and tensors."""

DTYPES = frozenset(
    map(np.dtype, ["bool", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
)

PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__")
"""NumPy reads an object by one of these, or as a buffer."""

DEVICES = {
    2: "a CUDA device",
    4: "an OpenCL device",
    7: "a Vulkan device",
    8: "a Metal device",
    10: "a ROCm device",
    14: "a oneAPI device",
}
"""DLPack's numbers of devices with their own memory."""

MOST_READ = 1 << 26
"""The most bytes of a zarr array that is read whole without being asked."""

WITH_GRAD = (
    "that requires grad is not pooled, since no gradient would come back: pass x.detach() "
    "(gradients are for numbapool.torch, which this version lacks)"
)

IN_REACH = (1, 3, 11, 13)
"""DLPack's numbers of the CPU's memory: plain, pinned for CUDA or ROCm, and managed."""


def as_array(x: Any) -> Array:
    """Return anything array-like as a C-contiguous array in native byte order.

    Raises
    ------
    PoolTypeError
        For masked arrays, for dtypes that are not pooled, and for objects that NumPy cannot read.
    """
    if type(x) is np.ndarray and x.dtype in DTYPES and x.flags.c_contiguous and x.ndim:
        return x  # the most frequent case: nothing to do
    array = as_numbers(x)
    if array.ndim == 0:
        raise PoolValueError("a number has no axes to pool along")
    return np.ascontiguousarray(array)


def as_numbers(x: Any) -> Array:
    """Return anything array-like as numbers in native byte order, in any layout.

    Raises
    ------
    PoolTypeError
        For masked arrays, for dtypes that are not pooled, and for objects that NumPy cannot read.
    """
    array = viewed(x)
    if array.dtype not in DTYPES:
        native = array.dtype.newbyteorder("=")
        refuse_unknown_dtype(native)
        array = array.astype(native)
    return array


def refuse_unknown_dtype(dtype: np.dtype[Any]) -> None:
    """Raise if arrays of a dtype are not pooled."""
    if dtype not in DTYPES:
        raise PoolTypeError(
            f"arrays of dtype {dtype} are not pooled; bool, integers up to 64 bits, "
            "float16, float32 and float64 are"
        )


def refuse_grad(x: Any) -> None:
    """Raise if a tensor requires grad."""
    if getattr(x, "requires_grad", False):
        raise PoolTypeError(f"a {type(x).__name__} {WITH_GRAD}")


def viewed(x: Any) -> Array:
    """Return anything array-like as NumPy reads it, without a copy if possible.

    Raises
    ------
    PoolTypeError
        For masked arrays, tensors on other devices, and other objects that NumPy cannot read.
    PoolValueError
        For lists of unequal lengths.
    """
    if type(x) is np.ndarray:
        return x
    if isinstance(x, np.ma.MaskedArray) or (isinstance(x, list | tuple) and _holds_masks(x)):
        raise PoolTypeError(
            "a masked array would lose its mask: pass x.filled(v) with nodata=v, "
            "or x.filled(nan) with nan='skip'"
        )
    refuse_large_store(x)
    try:
        array = np.asarray(x) if _numpy_reads(x) else _read_tensor(x)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        one = _first(x)
        why = _why_not(one)
        if why is None and isinstance(error, TypeError | BufferError):
            why = f"cannot be read as an array: {error}"
        if why is not None:
            raise PoolTypeError(f"a {type(one).__name__} {why}") from error
        if one is not x:
            raise PoolValueError(str(error)) from error
        raise
    if array.dtype == object and hasattr(x, "dtypes"):
        kinds = x.dtypes if hasattr(x.dtypes, "__iter__") else [x.dtypes]
        raise PoolTypeError(
            f"a {type(x).__name__} of {', '.join(dict.fromkeys(map(str, kinds)))} becomes an array "
            "of dtype object, which is not pooled: pass x.to_numpy() with a dtype that holds them"
        )
    return array


def refuse_large_store(x: Any) -> None:
    """Raise if a zarr array is large: it would be read into memory in silence."""
    kind = type(x).__module__.partition(".")[0]
    if kind == "zarr" and getattr(x, "nbytes", 0) > MOST_READ:
        raise PoolTypeError(
            f"a zarr array of {x.nbytes} bytes would be read whole: pool it step by step with "
            "numbapool.pool_into, or lazily from dask.array.from_zarr; x[:] reads it"
        )


def _holds_masks(x: list[Any] | tuple[Any, ...]) -> bool:
    kinds = set(map(type, x))
    if any(issubclass(kind, np.ma.MaskedArray) for kind in kinds):
        return True
    deeper = any(issubclass(kind, list | tuple) for kind in kinds)
    return deeper and any(isinstance(part, list | tuple) and _holds_masks(part) for part in x)


def _first(x: Any) -> Any:
    """Return the first innermost object of a list of lists."""
    while isinstance(x, list | tuple) and x:
        x = x[0]
    return x


def _numpy_reads(x: Any) -> bool:
    """Say whether NumPy can read an object; it takes an unknown one for a list or a scalar."""
    if isinstance(x, np.ndarray) or any(hasattr(x, name) for name in PROTOCOLS):
        return True
    return not (hasattr(x, "__dlpack__") or hasattr(x, "__cuda_array_interface__")) or _is_buffer(x)


def _is_buffer(x: Any) -> bool:
    try:
        memoryview(x)
    except TypeError:
        return False
    return True


def _read_tensor(x: Any) -> Array:
    """Read by DLPack an object that NumPy cannot read otherwise."""
    if device_of(x) is not None:
        raise TypeError("it lies on another device")
    return np.from_dlpack(x)


def device_of(x: Any) -> str | None:
    """Return the device whose memory holds an array; None for the CPU."""
    try:
        kind = int(x.__dlpack_device__()[0])
    except Exception:  # no device is named, or DLPack has no number for it
        if hasattr(x, "__cuda_array_interface__"):
            return DEVICES[2]
        name = str(getattr(x, "device", "cpu"))
        return None if name.startswith("cpu") else f"the device {name}"
    return None if kind in IN_REACH else DEVICES.get(kind, f"a device of DLPack's kind {kind}")


def _why_not(x: Any) -> str | None:
    """Return why NumPy cannot read an array, and what to do, as far as the array tells."""
    device = device_of(x)
    if device is not None:
        return (
            f"lies on {device}, and pooling reads the CPU's memory: "
            "copy it there first, as x.cpu() or x.get() do"
        )
    if getattr(x, "requires_grad", False):
        return WITH_GRAD
    dtype = getattr(x, "dtype", None)
    if str(dtype).startswith(("torch.bfloat", "torch.float8", "torch.float4")):
        return f"of {dtype}, which NumPy does not know, is not pooled: pass x.float()"
    return None


def frozen(value: Any) -> Any:
    """Return a parameter that can be a key: lists and arrays become tuples.

    Raises
    ------
    PoolTypeError
        For a value that cannot be a key, and so is no parameter: a dict, a set.
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()  # without axes this is a number
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return tuple(frozen(part) for part in value)
    try:
        hash(value)
    except TypeError:
        raise PoolTypeError(f"no parameter of a pooling can be {shown(value)}") from None
    return value
