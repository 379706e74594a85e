"""Whether a WebP or JPEG 2000 is lossless, by its headers."""

from typing import BinaryIO

from .jpeg2000 import header_of


def format_of(file: BinaryIO) -> str:
    """Return the format of a lossless file: WEBP, JPEG2000, AVIF or "".

    In a lossless WebP all frames are lossless; in a lossless JPEG 2000 the transform is
    reversible. The content of an AVIF is not checked.
    """
    file.seek(0)
    head = file.read(12)
    found = ""
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        found = "WEBP" if _webp(file) else ""
    elif head[4:12] in (b"ftypavif", b"ftypavis"):
        found = "AVIF"
    else:
        header = header_of(file)
        found = "JPEG2000" if header and header.reversible else ""
    file.seek(0)
    return found


def _webp(file: BinaryIO) -> bool:
    """Return whether all frames are lossless (VP8L, not VP8)."""
    kinds: set[bytes] = set()
    while len(head := file.read(8)) == 8:
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if name == b"ANMF":
            file.seek(16, 1)  # skip the frame's place and time; its chunks follow
            continue
        kinds.add(name)
        file.seek(size + size % 2, 1)
    return b"VP8L" in kinds and b"VP8 " not in kinds
