"""Bytes, seconds and sizes as people read them."""

import os

from ..job import PictureShape


def bytes_at(path: str) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if not os.path.isdir(path):  # noqa: PTH112 - a string
        return os.stat(path).st_size  # noqa: PTH116 - a string
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.stat(os.path.join(folder, name)).st_size  # noqa: PTH116, PTH118
            except OSError:  # it was removed meanwhile
                continue
    return total


def in_bytes(count: int) -> str:
    """Return a number of bytes as 812 bytes, 12.3 kB, 4.56 MB.

    >>> in_bytes(812), in_bytes(12_345), in_bytes(4_560_000_000)
    ('812 bytes', '12.3 kB', '4.56 GB')
    """
    if count < 1000:
        return f"{count} byte" if count == 1 else f"{count} bytes"
    size, unit = float(count), ""
    for unit in ("kB", "MB", "GB", "TB", "PB"):  # noqa: B007 - the last one serves
        size /= 1000
        if size < 999.5:
            break
    return f"{size:.{max(0, 3 - len(str(int(size))))}f} {unit}"


def in_time(seconds: float) -> str:
    """Return a time as 0.42 s, 12.3 s, 12:40 min or 3:05:00 h.

    >>> in_time(0.421), in_time(12.34), in_time(760), in_time(11_100)
    ('0.42 s', '12.3 s', '12:40 min', '3:05:00 h')
    """
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02} h" if hours else f"{minute}:{second:02} min"


def in_shape(shape: tuple[int, ...]) -> str:
    """Return a picture's size as width × height, an array's as its shape.

    >>> in_shape(PictureShape((4000, 6000, 3))), in_shape((4000, 6000, 3))
    ('6000×4000', '4000x6000x3')
    """
    if isinstance(shape, PictureShape):
        height, width, *_ = shape
        return f"{width}×{height}"
    return "x".join(map(str, shape))
