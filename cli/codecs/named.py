"""Arrays by their names, of ``.npy``, ``.npz`` and ``.safetensors``: headers first, then values."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..exits import FileError
from ..job import STREAM, Reading
from . import by_magic, npy
from .broken import broken
from .extra import SAFETENSORS
from .memory import refuse_large

_NUMPYS = {  # safetensors' names of the types that NumPy has
    "BOOL": "?",
    **{f"U{8 * size}": f"u{size}" for size in (1, 2, 4, 8)},
    **{f"I{8 * size}": f"i{size}" for size in (1, 2, 4, 8)},
    **{f"F{8 * size}": f"f{size}" for size in (2, 4, 8)},
}


@dataclass(frozen=True)
class Entry:
    """An array's shape and type; one that NumPy lacks stands as text."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any] | str


@dataclass(frozen=True)
class Named:
    """The arrays of a file, by their names; the one of a ``.npy`` is named ""."""

    entries: Mapping[str, Entry]
    _read: Callable[[str], NDArray[Any]]
    _held: dict[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def archive(self) -> bool:
        """Whether its arrays have names."""
        return "" not in self.entries

    def like(self, name: str) -> NDArray[Any]:
        """Return an array of the same shape and type that takes no memory, of zeros."""
        entry = self._entry(name)
        return np.broadcast_to(np.zeros((), entry.dtype), entry.shape)

    def array(self, name: str) -> NDArray[Any]:
        """Return an array; that of a ``.npy`` is mapped from the file."""
        self._entry(name)
        if name not in self._held:
            self._held[name] = self._read(name)
        return self._held[name]

    def _entry(self, name: str) -> Entry:
        if name not in self.entries:
            raise FileError(f"it has no array {name!r}{self.listed()}")
        entry = self.entries[name]
        if isinstance(entry.dtype, str):
            raise FileError(
                f"array {name!r} is of type {entry.dtype}, which NumPy lacks: save it as F32"
            )
        return entry

    def listed(self) -> str:
        """Return its names for the end of a message."""
        names = list(self.entries)
        if not self.archive:
            return ": a .npy has one array, without a name"
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return "; it has " + (", ".join(names[:_SHOWN]) or "none") + more


_SHOWN = 8  # names in a message


@contextmanager
def read(file: BinaryIO, source: str, reading: Reading) -> Iterator[Named]:
    """Read the headers of a file's arrays."""
    reading = replace(reading, data_format=None, any_axes=True)
    if source.lower().endswith(".safetensors"):
        with _tensors(source, reading) as named:
            yield named
        return
    kind = by_magic(file.read(8))
    if not kind:
        file.seek(0)
        empty = not file.read(1)
        raise FileError(
            "it is empty" if empty else "it is not an array: .npy, .npz and .safetensors are read"
        )
    headers = npy.headers(file, kind, Reading())

    def values(name: str) -> NDArray[Any]:
        file.seek(0)
        if kind == "NPY":
            path = None if source == STREAM else Path(source)
            return next(npy.load(file, reading, path)).array
        return next(npy.load_archive(file, replace(reading, array=name))).array

    yield Named({name: Entry(each.shape, each.dtype) for name, each in headers}, values)


@contextmanager
def _tensors(source: str, reading: Reading) -> Iterator[Named]:
    try:
        from safetensors import safe_open
    except ImportError as error:
        raise FileError(f"reading .safetensors needs an extra: {SAFETENSORS}") from error
    try:
        file: Any = safe_open(source, framework="np")
        with file:
            slices = {name: file.get_slice(name) for name in sorted(file.keys())}
            entries = {name: _entry(each) for name, each in slices.items()}
    except Exception as error:
        raise FileError(broken(error)) from error

    def values(name: str) -> NDArray[Any]:
        entry = entries[name]
        size = prod(entry.shape) * np.dtype(entry.dtype).itemsize
        refuse_large(f"array {name!r} takes", size, reading)
        try:
            with safe_open(source, framework="np") as file:
                array: NDArray[Any] = file.get_tensor(name)
        except Exception as error:
            raise FileError(f"array {name!r}: {broken(error)}") from error
        return array

    yield Named(entries, values)


def _entry(tensor: Any) -> Entry:
    kind = tensor.get_dtype()
    dtype = np.dtype(_NUMPYS[kind]) if kind in _NUMPYS else str(kind)
    return Entry(tuple(tensor.get_shape()), dtype)
