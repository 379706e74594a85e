"""Load rasters from a file; its first bytes tell the format."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..exits import FileError
from ..job import STREAM, Reading
from . import ARRAYS, by_magic
from .raster import Raster


def load(file: BinaryIO, source: str, reading: Reading) -> Iterator[Raster]:
    """Load the frames or arrays of a file; its first bytes tell the format."""
    kind = by_magic(file.read(8))
    file.seek(0)
    if kind in ARRAYS:
        from . import npy

        if kind == "NPZ":
            return npy.load_archive(file, reading)
        return npy.load(file, reading, None if source == STREAM else Path(source))
    if source.lower().endswith((".npy", ".npz")):
        raise FileError("it is empty" if not file.read(1) else f"it is not a {source[-4:]} file")
    from . import deep, pillow

    found = deep.find(file, reading.accept_8bit)
    rasters = deep.load(file, found, reading) if found else pillow.load(file, reading)
    if reading.convert is None:
        return rasters
    from .colour import in_srgb

    return map(in_srgb, rasters)
