"""The header of a JPEG 2000, wherever in the file its codestream begins."""

from typing import BinaryIO

from numbapool.records import dataclass

from .boxes import boxes

_JP2, _CODESTREAM = b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"
_MOST = 1 << 16  # bytes; the main header of the codestream is shorter
_COUNT, _DEPTHS = (
    40,
    42,
)  # places in the codestream: the number of components, and the depth of the first
_CODING, _TILE = b"\xff\x52", b"\xff\x90"  # markers
_SIGNED = 0x80
_REVERSIBLE = 1  # of the wavelet transforms


@dataclass(frozen=True)
class Header:
    """A JPEG 2000's main header.

    Attributes
    ----------
    bits
        The number of bits of each component.
    alpha_named
        Whether the file says which component is an alpha.
    """

    bits: tuple[int, ...]
    signed: bool
    reversible: bool
    alpha_named: bool


def header_of(file: BinaryIO) -> Header | None:
    """Return the header, or None if the file is not a JPEG 2000; the file's position stays."""
    at = file.tell()
    try:
        return _header(file)
    finally:
        file.seek(at)


def _header(file: BinaryIO) -> Header | None:
    file.seek(0)
    start, named = 0, False
    if file.read(len(_JP2)) == _JP2:
        start = -1
        for name, body, end in boxes(file):
            if name == b"jp2h":
                named = any(inner == b"cdef" for inner, _, _ in boxes(file, body, end))
            elif name == b"jp2c":
                start = body
                break
    if start < 0:
        return None
    file.seek(start)
    head = file.read(_MOST)
    if not head.startswith(_CODESTREAM):
        return None
    count = int.from_bytes(head[_COUNT:_DEPTHS], "big")
    depths = head[_DEPTHS : _DEPTHS + 3 * count : 3]
    bits = tuple((depth & ~_SIGNED & 0xFF) + 1 for depth in depths)
    signed = any(depth & _SIGNED for depth in depths)
    return Header(bits, signed, _reversible(head), named)


def _reversible(head: bytes) -> bool:
    """Read the transform from the coding style (COD)."""
    at = 2
    while at + 4 <= len(head):
        marker, size = head[at : at + 2], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == _CODING:
            return at + 13 < len(head) and head[at + 13] == _REVERSIBLE
        if marker == _TILE or marker[:1] != b"\xff":
            return False
        at += 2 + size
    return False
