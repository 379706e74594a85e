"""Write TIFF through Pillow, page by page, with every kind of grey and georeferences."""

import io
import struct
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter

from numbapool.records import dataclass

from ..job import RunNote, Writing
from .holding import RENAMED
from .raster import Metadata, Raster, turned

SIDE_BY_SIDE = "its channels were stored one after another, and now stand side by side"

_LOSSLESS = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "lzma", "zstd")
MAXIMUM = 281  # the tag MaxSampleValue
_PHOTOMETRIC, _FORMAT = 262, 339
_GDAL_METADATA, _NODATA = 42112, 42113
_WHITE_IS_ZERO = 0
_UNSIGNED, _SIGNED = 1, 2
_GROUPS = (0x8769, 0x8825)  # EXIF groups: the camera's tags and the place's tags


class Plain(io.RawIOBase):
    """A file that hides its descriptor, with which libtiff and tifffile would bypass Python.

    They would not notice that a full disk took only a part.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        """Write all of the data."""
        return self._file.write(data)

    def read(self, size: int | None = -1) -> bytes:
        """Read as a file does."""
        return self._file.read(-1 if size is None else size)

    def readinto(self, room: Any) -> int:
        """Read into a buffer."""
        data = self._file.read(len(room))
        room[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True


@dataclass(frozen=True)
class Page:
    """An image with the bits of a page, the mode of the bits, and the metadata."""

    image: Image.Image
    mode: str
    metadata: Metadata


def as_stored(raster: Raster, array: NDArray[Any], mode: str) -> tuple[NDArray[Any], str]:
    """Return the numbers as the file will hold them, and a mode of Pillow that fits."""
    if raster.metadata.white_is_zero:
        array = turned(array, raster.metadata.maximum)
    if mode in RENAMED:
        room = RENAMED[mode]
        array = array.view({"L": np.uint8, "I;16": np.uint16, "I": np.int32}[room])
        return array, room
    return array, mode


def save(pages: Iterator[Page], file: BinaryIO, writing: Writing, notes: list[str]) -> None:
    """Write the pages one by one."""
    changes: list[dict[int, int]] = []
    first = next(pages)
    second = next(pages, None)
    several = second is not None
    out: Any
    with AppendingTiffWriter(file) if several else nullcontext(file) as out:
        page: Page | None = first
        while page is not None:
            page.image.save(out, format="TIFF", **_options(page, writing, notes))
            changes.append(_changes(page))
            if several:
                out.newFrame()
            page, second = second, next(pages, None)
    _set(file, changes)


def _options(page: Page, writing: Writing, notes: list[str]) -> dict[str, Any]:
    metadata = page.metadata
    options: dict[str, Any] = {}
    if writing.metadata != "none" and metadata.icc and page.image.mode != "F":
        options["icc_profile"] = metadata.icc
    if writing.metadata == "all" and metadata.dpi:
        options["dpi"] = metadata.dpi
    tags = Image.Exif()
    if writing.metadata == "all" and metadata.exif:
        tags.load(metadata.exif)
    for tag, value in beside(metadata, writing):
        tags[tag] = value
    if page.mode in ("L;8S", "L;16S"):
        tags[_FORMAT] = _SIGNED
    if metadata.maximum:
        tags[MAXIMUM] = metadata.maximum  # libtiff writes a 1, which is corrected at the end
    kind = metadata.compression
    options["compression"] = kind if kind in _LOSSLESS else "tiff_adobe_deflate"
    if len(tags):
        options["exif"] = tags
        if kind != "raw" and any(group in tags for group in _GROUPS):
            # Pillow cannot write these through libtiff, which compresses.
            options["compression"] = "raw"
            notes.append("to keep its EXIF the TIFF was left uncompressed")
    if metadata.planar:
        notes.append(SIDE_BY_SIDE)
    if metadata.described and writing.metadata == "all":
        notes.append(RunNote(metadata.described.left_out))
    return options


def beside(metadata: Metadata, writing: Writing) -> list[tuple[int, Any]]:
    """Return the tags for the place of the pixels and the meaning of the numbers."""
    tags: list[tuple[int, Any]] = []
    if metadata.georeference and writing.metadata == "all":
        tags += [(tag, value) for tag, _, value in metadata.georeference.tags()]
    if metadata.gdal and writing.metadata == "all":
        tags.append((_GDAL_METADATA, metadata.gdal))
    if metadata.nodata:
        tags.append((_NODATA, metadata.nodata))
    return tags


def _changes(page: Page) -> dict[int, int]:
    """Return the tags that Pillow writes from its mode, with the right values."""
    changes = {}
    if page.metadata.white_is_zero:
        changes[_PHOTOMETRIC] = _WHITE_IS_ZERO
    if page.metadata.maximum:
        changes[MAXIMUM] = page.metadata.maximum
    if page.mode == "L;32":
        changes[_FORMAT] = _UNSIGNED
    return changes


def _set(file: BinaryIO, changes: list[dict[int, int]]) -> None:
    """Set tags of one short number in the directories of a written file."""
    if not any(changes):
        return
    file.seek(0)
    order = "<" if file.read(2) == b"II" else ">"
    file.seek(4)
    (at,) = struct.unpack(f"{order}I", file.read(4))
    for wanted in changes:
        file.seek(at)
        (count,) = struct.unpack(f"{order}H", file.read(2))
        entries = file.read(12 * count)
        for n in range(count):
            (tag,) = struct.unpack_from(f"{order}H", entries, 12 * n)
            if tag in wanted:
                file.seek(at + 2 + 12 * n + 8)
                file.write(struct.pack(f"{order}H", wanted[tag]))
        file.seek(at + 2 + 12 * count)
        (at,) = struct.unpack(f"{order}I", file.read(4))
    file.seek(0, 2)
