"""Arrays of more bits a channel than Pillow writes, to 16-bit PNG and to TIFF."""

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..exits import FileError
from ..job import Writing
from . import png
from .deep import EXTRA, installed
from .raster import Metadata, Raster, spoken

# What TIFF calls the channels: photometric interpretation and extra samples.
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "L": ("minisblack", ()),
    "I": ("minisblack", ()),
    "F": ("minisblack", ()),
    "LA": ("minisblack", ("unassalpha",)),
    "La": ("minisblack", ("assocalpha",)),
    "RGB": ("rgb", ()),
    "RGBA": ("rgb", ("unassalpha",)),
    "RGBa": ("rgb", ("assocalpha",)),
    "RGBX": ("rgb", ("unspecified",)),
    "CMYK": ("separated", ()),
}
_DEEP = ("LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK")
_FLOATS = ("16F", "32F", "64F")

HOLDS: dict[str, tuple[str, ...]] = {
    "PNG": ("LA;16", "RGB;16", "RGBA;16"),
    "TIFF": (
        *(f"{base};16" for base in _DEEP),
        *(f"{base};{depth}" for base in _DEEP for depth in _FLOATS),
        "L;16F",
        "L;64F",
    ),
}
"""The modes that each format keeps bit for bit, beside Pillow's own."""

# TIFF's lossless ways to pack, Pillow's word and tifffile's.
_PACKED = {
    "raw": None,
    "packbits": "packbits",
    "tiff_lzw": "lzw",
    "tiff_adobe_deflate": "zlib",
    "lzma": "lzma",
    "zstd": "zstd",
}
_PREDICTED = ("lzw", "zlib", "zstd")
_LARGE = (1 << 32) - (1 << 25)  # bytes past which offsets of 32 bits may not do
_RESOLUTION = frozenset({0x011A, 0x011B, 0x0128})
_GROUPS = frozenset({0x8769, 0x8825})

Frame = tuple[Raster, NDArray[Any], str]
"""What was pooled, and its array and mode as the file is to hold them."""


def is_deep(mode: str) -> bool:
    """Say whether a mode is none of Pillow's."""
    return ";" in mode and mode != "I;16"


def save(frames: list[Frame], file: BinaryIO, writing: Writing) -> tuple[str, ...]:
    """Write the frames as one picture, and give the notes that are worth a word."""
    format = writing.format
    if not installed():
        deepest = next(mode for _, _, mode in frames if is_deep(mode))
        raise FileError(
            f"a {format} of {spoken(deepest)} is written with an extra: {EXTRA}; .npy needs none"
        )
    notes: list[str] = []
    if format == "PNG":
        if len(frames) > 1:
            raise FileError(
                f"it has {len(frames)} frames and a 16-bit PNG holds one: write .tif or .npz"
            )
        _save_png(frames[0], file, writing)
    else:
        _save_tiff(frames, file, writing, notes)
    return tuple(dict.fromkeys(notes))


def _save_png(frame: Frame, file: BinaryIO, writing: Writing) -> None:
    import imagecodecs

    raster, array, _ = frame
    kept = _kept(raster.metadata, writing)
    data = imagecodecs.png_encode(np.ascontiguousarray(array))
    file.write(png.with_words(bytes(data), kept.icc, kept.exif, kept.dpi))


def _save_tiff(frames: list[Frame], file: BinaryIO, writing: Writing, notes: list[str]) -> None:
    import tifffile

    size = sum(array.nbytes for _, array, _ in frames)
    with tifffile.TiffWriter(file, bigtiff=size > _LARGE) as tiff:
        for raster, array, mode in frames:
            kind = _KINDS.get(mode.partition(";")[0])
            if kind is None:
                raise FileError(
                    f"a page of {spoken(mode)} does not stand beside deep ones: write .npz"
                )
            photometric, extra = kind
            kept = _kept(raster.metadata, writing)
            packed = _PACKED.get(kept.compression or "", "zlib")
            tiff.write(
                np.ascontiguousarray(array),
                photometric=photometric,
                planarconfig="contig" if array.ndim == 3 else None,
                extrasamples=extra if array.ndim == 3 else None,
                compression=packed,
                predictor=packed in _PREDICTED,
                resolution=kept.dpi,
                resolutionunit="INCH" if kept.dpi else None,
                iccprofile=kept.icc,
                software=False,
                metadata=None,
                extratags=_tags(kept.exif, notes),
            )


def _kept(metadata: Metadata, writing: Writing) -> Metadata:
    """Give what is to be written beside the pixels."""
    everything = writing.metadata == "all"
    return Metadata(
        icc=metadata.icc if writing.metadata != "none" else None,
        exif=metadata.exif if everything else None,
        dpi=metadata.dpi if everything else None,
        compression=metadata.compression,
    )


def _tags(exif: bytes | None, notes: list[str]) -> list[tuple[int, str, int, Any, bool]]:
    """Give EXIF as a TIFF's own tags; those in groups tifffile has no place for."""
    if not exif:
        return []
    tags = Image.Exif()
    tags.load(exif)
    if _GROUPS & set(tags):
        notes.append("its camera's and place's EXIF was left out: a deep TIFF is written without")
    found: list[tuple[int, str, int, Any, bool]] = []
    for tag in sorted(set(tags) - _GROUPS - _RESOLUTION):
        value = tags[tag]
        if isinstance(value, str):
            found.append((tag, "s", 0, value.encode(), True))
        elif isinstance(value, bytes):
            found.append((tag, "B", len(value), value, True))
        elif isinstance(value, int):
            found.append((tag, "H" if value < 1 << 16 else "I", 1, value, True))
    return found
