"""Whether a WebP or JPEG 2000 holds every pixel exactly, by its own headers."""

from typing import BinaryIO

from .jpeg2000 import header_of


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
    elif head[4:12] in (b"ftypavif", b"ftypavis"):
        found = "AVIF"
    else:
        header = header_of(file)
        found = "JPEG2000" if header and header.reversible else ""
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
