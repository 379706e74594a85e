"""The chunks of a PNG: read and inserted."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6  # the colour types

_WORDS = frozenset({b"iCCP", b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
# The passes of an interlaced PNG: first row and column, and the steps to the next.
_PASSES = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)
_MOST_INFLATED = 1032  # the most bytes that one byte of deflate can become
_PIECE = 1 << 18  # bytes that are inflated at once
_INCH = 0.0254  # metres
_HEADER_END = len(SIGNATURE) + 25


def names(file: BinaryIO) -> set[bytes]:
    """Return the names of the chunks before the pixels."""
    found: set[bytes] = set()
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        found.add(head[4:])
        file.seek(int.from_bytes(head[:4], "big") + 4, 1)
    return found


def cut_short(file: BinaryIO, inflate: bool = False) -> bool:
    """Return whether the data of a frame end before its last row; Pillow leaves the rest black.

    Without `inflate`, find only data that are too short for the pixels, however well packed.
    """
    file.seek(len(SIGNATURE) + 8)
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", file.read(13))
    pixel = bits * _CHANNELS.get(kind, 1)
    for (wide, high), parts in _frames(file, (width, height)):
        if interlaced:
            sizes = [
                (-(-(wide - left) // across), -(-(high - top) // down))
                for top, left, down, across in _PASSES
            ]
        else:
            sizes = [(wide, high)]
        wanted = sum(
            rows * (1 + (columns * pixel + 7) // 8) for columns, rows in sizes if columns > 0
        )
        if wanted > _MOST_INFLATED * sum(size for _, size in parts):
            return True
        if inflate and not _inflates_to(file, parts, wanted):
            return True
    return False


def _frames(
    file: BinaryIO, size: tuple[int, int]
) -> Iterator[tuple[tuple[int, int], list[tuple[int, int]]]]:
    """Yield the width and height of each frame, and the places of its data."""
    parts: list[tuple[int, int]] = []
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8:
        length, name, at = int.from_bytes(head[:4], "big"), head[4:], file.tell()
        if name == b"fcTL":
            control = file.read(12)
            if parts:
                yield size, parts
            size, parts = (struct.unpack(">II", control[4:]) if len(control) == 12 else size), []
        elif name == b"IDAT":
            parts.append((at, length))
        elif name == b"fdAT":
            parts.append((at + 4, length - 4))
        file.seek(at + length + 4)
    if parts:
        yield size, parts


def _inflates_to(file: BinaryIO, parts: list[tuple[int, int]], wanted: int) -> bool:
    """Return whether the data have this many bytes once they are inflated."""
    inflater = zlib.decompressobj()
    for at, size in parts:
        file.seek(at)
        data = file.read(size)
        while data and wanted > 0:
            try:
                wanted -= len(inflater.decompress(data, _PIECE))
            except zlib.error:
                return False
            data = inflater.unconsumed_tail
    return wanted <= 0


def without_pixels(data: bytes) -> BinaryIO:
    """Return a PNG of one pixel with all the other chunks of `data`."""
    words = b"".join(chunk(name, body) for name, body in _chunks(data) if name in _WORDS)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, GREY, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(2)))
    return BytesIO(SIGNATURE + header + words + pixels + chunk(b"IEND", b""))


def with_words(
    data: bytes,
    icc: bytes | None = None,
    exif: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """Insert a profile, EXIF and a resolution into a PNG that has none."""
    words = b""
    if icc:
        words += chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc))
    if dpi:
        across, down = (round(number / _INCH) for number in dpi)
        words += chunk(b"pHYs", struct.pack(">IIB", across, down, 1))
    if exif:
        words += chunk(b"eXIf", exif.removeprefix(b"Exif\0\0"))
    return data[:_HEADER_END] + words + data[_HEADER_END:]


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk: length, name, body and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += length + 12
