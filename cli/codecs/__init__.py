"""Read files into arrays, and write them. This table of suffixes and formats needs no Pillow."""

import os
from pathlib import PurePath

from numbapool.records import dataclass


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes
    ----------
    name
        Pillow's name, or NPY, NPZ and ZARR.
    suffixes
        The usual one first.
    instead
        The suffix that results have by default, if the format is only read.
    """

    name: str
    suffixes: tuple[str, ...]
    written: bool = True
    lossy: bool = False
    instead: str = ""


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("PNG", (".png", ".apng")),
        Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), lossy=True),
        Format("TIFF", (".tif", ".tiff")),
        Format("WEBP", (".webp",), lossy=True),
        Format("AVIF", (".avif", ".avifs"), lossy=True),
        Format("GIF", (".gif",)),
        Format("BMP", (".bmp", ".dib")),
        Format("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm")),
        Format("JPEG2000", (".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c")),
        Format("TGA", (".tga", ".icb", ".vda", ".vst")),
        Format("PCX", (".pcx",)),
        Format("SGI", (".sgi", ".rgb", ".rgba", ".bw")),
        Format("NPY", (".npy",)),
        Format("NPZ", (".npz",)),
        Format("ZARR", (".zarr",)),
        Format("BLP", (".blp",), written=False),
        Format("CUR", (".cur",), written=False),
        Format("DCX", (".dcx",), written=False),
        Format("DDS", (".dds",), written=False),
        Format("FITS", (".fits", ".fit"), written=False),
        Format("FLI", (".fli", ".flc"), written=False),
        Format("FTEX", (".ftc", ".ftu"), written=False),
        Format("HEIF", (".heic", ".heif", ".hif", ".heics", ".heifs"), False, True, ".jpg"),
        Format("ICNS", (".icns",), written=False),
        Format("ICO", (".ico",), written=False),
        Format("IM", (".im",), written=False),
        Format("MSP", (".msp",), written=False),
        Format("PCD", (".pcd",), written=False),
        Format("PIXAR", (".pxr",), written=False),
        Format("PSD", (".psd",), written=False),
        Format("QOI", (".qoi",), written=False),
        Format("SUN", (".ras",), written=False),
        Format("XBM", (".xbm",), written=False),
        Format("XPM", (".xpm",), written=False),
    )
}
BY_SUFFIX: dict[str, Format] = {suffix: row for row in FORMATS.values() for suffix in row.suffixes}
ARRAYS = ("NPY", "NPZ", "ZARR")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFFs begin."""
WRITTEN: dict[str, Format] = {
    name: row
    for row in FORMATS.values()
    if row.written
    for name in (row.name.lower(), row.suffixes[0][1:])
}
"""The formats that can be written, by their names and by their usual suffixes: jpeg and jpg."""
NAMED = (".npy", ".npz", ".safetensors")
"""The suffixes of files that arrays of sequences, and what lies beside them, are read from."""


STORES = ("zarr.json", ".zarray", ".zgroup")
"""What lies in a folder that is a store of Zarr: one of these files."""


def by_name(path: PurePath | str) -> Format | None:
    """Return the format of the path's suffix, or None."""
    return BY_SUFFIX.get(PurePath(path).suffix.lower())


def suffixes_like(path: PurePath | str) -> list[str]:
    """Return the suffixes of formats that are written and resemble the path's suffix."""
    from difflib import get_close_matches

    known = [suffix[1:] for suffix, row in BY_SUFFIX.items() if row.written]
    typed = PurePath(path).suffix.lower()[1:]
    return [f".{name}" for name in get_close_matches(typed, known)]


def is_file(name: str) -> bool:
    """Return whether an option's value names a file: its suffix says so. Others name an array."""
    return by_name(name) is not None or PurePath(name).suffix.lower() in NAMED


def by_magic(head: bytes) -> str:
    """Return NPY or NPZ if the first bytes are of a NumPy file, else ""."""
    if head.startswith(b"\x93NUMPY"):
        return "NPY"
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return "NPZ"
    return ""


def is_store(path: str) -> bool:
    """Return whether a path is a folder that is a store: by its name, or by what lies in it.

    >>> is_store("no_such_folder.zarr")
    False
    """
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib raises for a name that is too long
        return False
    named = path.rstrip("/" + os.sep).lower().endswith(FORMATS["ZARR"].suffixes)
    return named or any(os.path.lexists(os.path.join(path, mark)) for mark in STORES)  # noqa: PTH118
