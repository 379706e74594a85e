"""Whether a WebP or JPEG 2000 holds every pixel exactly, by its own headers."""

from typing import BinaryIO

_JP2, _CODESTREAM = b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"
_SIZ_TO_COD = 1 << 16  # bytes in which the coding style is looked for
_REVERSIBLE = 1  # of the wavelet transforms


def format_of(file: BinaryIO) -> str:
    """Give the format that keeps every pixel of a file: WEBP, JPEG2000, AVIF or none.

    A WebP's frames are then all lossless, a JPEG 2000's transform is reversible; of an AVIF it
    is not looked for.
    """
    file.seek(0)
    head = file.read(12)
    found = ""
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        found = "WEBP" if _webp(file) else ""
    elif head == _JP2 or head.startswith(_CODESTREAM):
        file.seek(0)
        found = "JPEG2000" if _jpeg2000(file.read(_SIZ_TO_COD)) else ""
    elif head[4:12] in (b"ftypavif", b"ftypavis"):
        found = "AVIF"
    file.seek(0)
    return found


def _webp(file: BinaryIO) -> bool:
    """Look at the kind of every frame: VP8L is lossless, VP8 is not."""
    kinds: set[bytes] = set()
    while len(head := file.read(8)) == 8:
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ANMF":
            file.seek(16, 1)  # the frame's place and time, before chunks of its own
            continue
        kinds.add(name)
        file.seek(size + size % 2, 1)
    return b"VP8L" in kinds and b"VP8 " not in kinds


def _jpeg2000(head: bytes) -> bool:
    """Read the transform out of the coding style (COD) in the main header."""
    at = head.find(_CODESTREAM)
    if at < 0:
        return False
    at += 2
    while at + 4 <= len(head):
        marker, size = head[at : at + 2], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker == b"\xff\x52":
            return at + 13 < len(head) and head[at + 13] == _REVERSIBLE
        if marker == b"\xff\x90" or marker[:1] != b"\xff":  # the first tile begins
            return False
        at += 2 + size
    return False
