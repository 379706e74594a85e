"""NumPy's ``.npy`` and ``.npz``: mapped or read, checked first, never unpickled."""

import errno
import io
import math
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..exits import FileError
from ..job import Reading, RunNote
from .axes import data_format
from .broken import CUT_SHORT, broken
from .memory import refuse_large
from .raster import Metadata, Raster

_ENCRYPTED = 1  # of a zip's flags
_MOST_HEADER = (
    10_000  # the longest header that NumPy reads; headers that it writes have some hundred bytes
)
_MOST_AXES = 64  # of NumPy's arrays
_PIECE = 1 << 24  # bytes read at once
_NO_FALLOCATE = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)  # on some file systems


@dataclass(frozen=True)
class Header:
    """The header of an array, checked against the size of the file."""

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def nbytes(self) -> int:
        """The number of bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: Any, size: int) -> Header:
    """Return the header of an array, from the start of a stream of `size` bytes."""
    head = _header_bytes(file)
    try:
        version = np.lib.format.read_magic(head)
        if version == (1, 0):
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(head)
        else:  # 3.0 differs from 2.0 only in the encoding of names in structured types
            shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(head)
    except Exception as error:
        raise FileError(broken(error)) from error
    if dtype.hasobject:
        raise FileError(
            "it holds pickled Python objects, which may run code when loaded: "
            "save it as an array of numbers"
        )
    if any(type(length) is not int or length < 0 for length in shape):
        raise FileError(f"its header gives the impossible shape {shape}")
    if not dtype.itemsize:
        raise FileError(f"its values are of type {dtype}, which has no bytes: nothing to pool")
    most = math.prod(length for length in shape if length) * dtype.itemsize
    if len(shape) > _MOST_AXES or most > sys.maxsize:
        raise FileError(f"its header gives shape {shape} of {dtype}, which no array can have")
    header = Header(shape, fortran_order, dtype, head.tell())
    if header.offset + header.nbytes > size:
        raise FileError(
            f"its header says shape {shape} of {dtype}, {header.nbytes:,} bytes, but only "
            f"{size - header.offset:,} follow: the file is cut short or damaged"
        )
    return header


def _header_bytes(file: Any) -> io.BytesIO:
    """Return the bytes of the header; refuse an absurd length."""
    head = file.read(12)
    wide = head[6:7] != b"\1"  # version 1 has a length of two bytes, later versions of four
    length = int.from_bytes(head[8:12] if wide else head[8:10], "little")
    if head[6:7] > b"\3":
        raise FileError(f"the version {head[6]} of its format is not known")
    if length > _MOST_HEADER:
        raise FileError(
            f"its header says that it is {length:,} bytes long, and the most is "
            f"{_MOST_HEADER:,}: it is damaged"
        )
    rest = max(0, length - (0 if wide else 2))
    return io.BytesIO(head + file.read(rest))


def _values(file: Any, header: Header) -> NDArray[Any]:
    """Return an array's values, read in pieces so that missing data take no memory."""
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    array: NDArray[Any] = np.empty(header.shape, header.dtype, order)
    left = array.ravel(order="K").view(np.uint8).data
    while left:
        count = file.readinto(left[:_PIECE])
        if not count:
            raise FileError(CUT_SHORT)
        left = left[count:]
    return array


def load(file: BinaryIO, reading: Reading, path: Path | None) -> Iterator[Raster]:
    """Yield the array of a ``.npy`` file, memory-mapped if `path` is given."""
    size = file.seek(0, 2)
    file.seek(0)
    header = read_header(file, size)
    if path is not None and header.nbytes:
        order: Literal["F", "C"] = "F" if header.fortran_order else "C"
        mapped = np.memmap(path, header.dtype, "r", header.offset, header.shape, order)
        array: NDArray[Any] = np.asarray(mapped)
    else:
        file.seek(header.offset)
        array = _values(file, header)
    yield Raster(array, data_format(header.shape, reading))


def load_archive(file: BinaryIO, reading: Reading) -> Iterator[Raster]:
    """Yield the arrays of a ``.npz`` one by one, or the one that `reading` names."""
    with _archive(file) as archive:
        entries = _entries(archive, reading)
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            refuse_large(f"array {name!r} takes", entry.file_size, reading)
            compression = "deflate" if entry.compress_type else None
            with _member(archive, entry, name) as member:
                header = read_header(member, entry.file_size)
                array = _values(member, header)
                member.read(1)  # reading to the end verifies the checksum
            try:
                layout = data_format(header.shape, reading, f"array {name!r} has")
            except FileError as error:
                alone = "" if reading.array else "; or pool another array alone with --array NAME"
                raise FileError(f"{error}{alone}") from None
            metadata = Metadata(compression=compression)
            yield Raster(array, layout, metadata=metadata, name=name, frames=len(entries))


def headers(file: BinaryIO, format: str, reading: Reading) -> list[tuple[str, Header]]:
    """Return each array's name and header without reading its values."""
    if format == "NPY":
        size = file.seek(0, 2)
        file.seek(0)
        return [("", read_header(file, size))]
    found = []
    with _archive(file) as archive:
        for entry in _entries(archive, reading):
            name = entry.filename.removesuffix(".npy")
            with _member(archive, entry, name) as member:
                found.append((name, read_header(member, entry.file_size)))
    return found


def save(rasters: Iterable[Raster], file: BinaryIO, format: str) -> tuple[str, ...]:
    """Write arrays one by one, and return notes for the user.

    A ``.npy`` takes one array, or frames of one shape as a stack; a ``.npz`` takes any.
    """
    left = iter(rasters)
    first = next(left)
    notes = tuple(_refused_or_noted(first))
    if format == "NPY":
        _save_stacked(first, left, file)
        return notes
    method = zipfile.ZIP_DEFLATED if first.metadata.compression else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", method) as archive:
        for number, raster in enumerate(chain([first], left)):
            with archive.open(f"{raster.name or f'arr_{number}'}.npy", "w", force_zip64=True) as to:
                np.lib.format.write_array(to, np.ascontiguousarray(raster.array), None, False)
    return notes


def _save_stacked(first: Raster, left: Iterator[Raster], file: BinaryIO) -> None:
    second = next(left, None)
    if second is None:
        np.lib.format.write_array(file, np.ascontiguousarray(first.array), None, False)
        return
    # The number of frames is known at the end; NumPy's headers have room for it.
    shape, dtype, count = first.array.shape, first.array.dtype, 0
    start = file.tell()
    _write_header(file, (1, *shape), dtype)
    for raster in chain([first, second], left):
        if raster.array.shape != shape or raster.array.dtype != dtype:
            raise FileError(
                "its frames or arrays differ in shape or type and do not stack in one .npy: "
                "write a .npz"
            )
        file.write(np.ascontiguousarray(raster.array).data)
        count += 1
    end = file.tell()
    file.seek(start)
    _write_header(file, (count, *shape), dtype)
    file.seek(end)


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    descr = np.lib.format.dtype_to_descr(dtype)
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _refused_or_noted(raster: Raster) -> Iterator[str]:
    """Refuse floats that grow darker, and yield notes on metadata that an array cannot hold."""
    metadata = raster.metadata
    if metadata.white_is_zero and raster.array.dtype.kind == "f":
        raise FileError("its floats grow darker (MinIsWhite), which .npy cannot say: write .tif")
    if metadata.white_is_zero:
        yield RunNote("in a file whose zero is white, the lightness was pooled")
    if metadata.georeference:
        yield RunNote("NumPy's files hold no georeference: it was left out")
    if metadata.described:
        yield RunNote(metadata.described.left_out)
    if metadata.gdal:
        yield RunNote("NumPy's files hold no GDAL metadata: it was left out")
    if metadata.nodata:
        yield RunNote("NumPy's files do not say which number is nodata")


def create(file: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Write the header of an array, and return its values, mapped from the file to be filled.

    The room on disk is reserved first. If a disk gets full while a map is written, the system
    kills the process.
    """
    _write_header(file, shape, dtype)
    offset = file.tell()
    size = math.prod(shape) * dtype.itemsize
    if not size:
        return np.empty(shape, dtype)
    file.flush()
    file.truncate(offset + size)
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), offset, size)
        except OSError as error:
            if error.errno not in _NO_FALLOCATE:
                raise
    mapped: NDArray[Any] = np.memmap(file, dtype, "r+", offset, shape)
    return np.asarray(mapped)


def _archive(file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except Exception as error:
        raise FileError("its list of arrays cannot be read: it is cut short or damaged") from error


@contextmanager
def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Iterator[IO[bytes]]:
    """Open the file of an array; an error names the array."""
    if entry.flag_bits & _ENCRYPTED:
        raise FileError(f"array {name!r} is encrypted, which is not read")
    try:
        with archive.open(entry) as member:
            yield member
    except FileError as error:
        raise FileError(f"array {name!r}: {error}") from error.__cause__
    except Exception as error:
        raise FileError(f"array {name!r}: {broken(error)}") from error


def _entries(archive: zipfile.ZipFile, reading: Reading) -> list[zipfile.ZipInfo]:
    """Return an archive's arrays: the one that `reading` names, or all but the one aside."""
    wanted, aside = reading.array, reading.aside
    entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
    names = [entry.filename.removesuffix(".npy") for entry in entries]
    if wanted is not None:
        entries = [entry for entry, name in zip(entries, names, strict=True) if name == wanted]
    elif aside in names:
        entries = [entry for entry, name in zip(entries, names, strict=True) if name != aside]
    if not entries:
        lack = "no array" if wanted is None else f"no array {wanted!r}"
        lack += f" beside {aside!r}" if wanted is None and aside in names else ""
        raise FileError(f"it holds {lack}" + (f"; it has {', '.join(names)}" if names else ""))
    return entries
