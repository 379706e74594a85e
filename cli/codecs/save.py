"""Save rasters: arrays in NumPy's formats, pictures by Pillow or the extra 'deep'."""

from collections.abc import Iterable
from typing import BinaryIO

from ..exits import FileError
from ..job import Writing
from . import ARRAYS
from .raster import Raster


def save(
    rasters: Iterable[Raster], file: BinaryIO, writing: Writing, max_pixels: int | None = None
) -> tuple[str, ...]:
    """Write rasters to a file, and return notes for the user."""
    if writing.format in ARRAYS:
        from . import npy

        if writing.format == "ZARR":
            raise FileError("a .zarr is made of an array, in .npy or .zarr: write another format")

        return npy.save(rasters, file, writing.format)
    from . import pillow_save

    return pillow_save.save(rasters, file, writing, max_pixels)
