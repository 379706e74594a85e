"""The blocks of a GIF: how far its frames reach, before any frame is decoded."""

from typing import BinaryIO

_IMAGE, _EXTENSION = b",", b"!"
_HAS_COLOURS = 0x80  # of the flags that give the size of the colour table


def extent(file: BinaryIO) -> tuple[int, int]:
    """Return the width and height that hold the screen and every frame.

    A frame may reach beyond the screen; Pillow then enlarges the picture while it reads it.
    """
    file.seek(6)
    screen = file.read(7)
    width, height = _number(screen, 0), _number(screen, 2)
    _skip_colours(file, screen[4])
    while kind := file.read(1):
        if kind == _IMAGE:
            place = file.read(9)
            if len(place) < 9:
                break
            width = max(width, _number(place, 0) + _number(place, 4))
            height = max(height, _number(place, 2) + _number(place, 6))
            _skip_colours(file, place[8])
            file.seek(1, 1)
        elif kind == _EXTENSION:
            file.seek(1, 1)
        else:  # like Pillow, skip bytes up to a known block
            continue
        while size := file.read(1):
            if size == b"\0":
                break
            file.seek(size[0], 1)
    return width, height


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _skip_colours(file: BinaryIO, flags: int) -> None:
    if flags & _HAS_COLOURS:
        file.seek(3 << (flags & 7) + 1, 1)
