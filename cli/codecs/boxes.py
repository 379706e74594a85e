"""The boxes of JPEG 2000 and AVIF files: each has a length, a name and a body."""

from collections.abc import Iterator
from typing import BinaryIO

_WITH_LENGTH = 1  # instead of a length: the length follows the name, in eight bytes
_TO_THE_END = 0


def boxes(
    file: BinaryIO, start: int = 0, stop: int | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each box, and where its body begins and ends."""
    end = file.seek(0, 2) if stop is None else stop
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        length, body = int.from_bytes(head[:4], "big"), start + 8
        if length == _WITH_LENGTH:
            length, body = int.from_bytes(head[8:16], "big"), start + 16
        following = end if length == _TO_THE_END else min(start + length, end)
        if following < body:
            return
        yield head[4:8], body, following
        start = following
