"""PNG's chunks: what stands in a file beside its pixels, read and put in."""

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, GREY_ALPHA, RGB_ALPHA = 0, 2, 4, 6  # the colour types without a palette

_WORDS = frozenset({b"iCCP", b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
_INCH = 0.0254  # metres
_HEADER_END = len(SIGNATURE) + 25


def names(file: BinaryIO) -> set[bytes]:
    """Give the names of the chunks before the pixels."""
    found: set[bytes] = set()
    file.seek(len(SIGNATURE))
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        found.add(head[4:])
        file.seek(int.from_bytes(head[:4], "big") + 4, 1)
    return found


def without_pixels(data: bytes) -> BinaryIO:
    """Give a PNG of one pixel that says all else that `data` says, before and after the pixels."""
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
    """Put a profile, EXIF and a resolution into a PNG that has none."""
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
    """Make a chunk: its length, name, body and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += length + 12
