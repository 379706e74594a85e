"""Arrays of more bits or bands than Pillow writes: 16-bit PNG, TIFF, and AVIF without loss."""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..exits import FileError
from ..job import RunNote, Writing
from . import png
from .extra import EXTRA, installed
from .raster import Frame, Metadata, Raster, spoken, turned
from .tiff_save import MAXIMUM, SIDE_BY_SIDE, beside

# tifffile's names for the colours of a mode, and for extra bands.
_COLOURS = {"L": "minisblack", "I": "minisblack", "F": "minisblack", "RGB": "rgb"}
_COLOURS |= {"CMYK": "separated"}
_EXTRA_BANDS = {"X": "unspecified", "a": "assocalpha", "A": "unassalpha"}

# Lossless compressions of TIFF: Pillow's name, and tifffile's.
_PACKED = {
    "raw": None,
    "packbits": "packbits",
    "tiff_lzw": "lzw",
    "tiff_adobe_deflate": "zlib",
    "lzma": "lzma",
    "zstd": "zstd",
}
_PREDICTED = ("lzw", "zlib", "zstd")
_LARGE = (1 << 32) - (1 << 25)  # bytes; larger files may need offsets of more than 32 bits
_RESOLUTION = frozenset({0x011A, 0x011B, 0x0128})
_GROUPS = frozenset({0x8769, 0x8825})
_LOSSLESS_AVIF = 100  # libavif's quality


def _require(kind: str) -> None:
    if not installed():
        raise FileError(f"{kind} needs an extra: {EXTRA}; .npy needs none")


def save_png(frame: Frame, file: BinaryIO, writing: Writing) -> None:
    """Write a 16-bit PNG."""
    raster, array, mode = frame
    _require(f"a PNG of {spoken(mode)}")
    if raster.frames > 1:
        raise FileError(
            f"it has {raster.frames} frames and a 16-bit PNG holds one: write .tif or .npz"
        )
    import imagecodecs

    kept = _kept(raster.metadata, writing)
    data = imagecodecs.png_encode(np.ascontiguousarray(array))
    file.write(png.with_words(bytes(data), kept.icc, kept.exif, kept.dpi))


def save_avif(array: NDArray[Any], raster: Raster, file: BinaryIO, notes: list[str]) -> None:
    """Write an AVIF that keeps every pixel exactly."""
    _require("a lossless AVIF")
    if raster.frames > 1:
        raise FileError(
            f"it has {raster.frames} frames and a lossless AVIF holds one: write .webp or .png"
        )
    import imagecodecs

    data = bytes(imagecodecs.avif_encode(np.ascontiguousarray(array), level=_LOSSLESS_AVIF))
    found = imagecodecs.avif_decode(data)
    opaque = array.shape[-1] == 4 and found.shape[-1] == 3 and (array[..., 3] == 255).all()
    if not np.array_equal(found, array[..., :3] if opaque else array):
        raise FileError("this imagecodecs writes no lossless AVIF: write .webp or .png")
    metadata = raster.metadata
    if metadata.icc or metadata.exif:
        notes.append("a lossless AVIF is written without ICC profile and EXIF: they were left out")
    file.write(data)


def save_tiff(frames: Iterable[Frame], file: BinaryIO, writing: Writing, notes: list[str]) -> None:
    """Write the frames as pages of a TIFF, one by one."""
    frames = iter(frames)
    first = next(frames)
    raster, array, mode = first
    _require(f"a TIFF of {spoken(mode)}")
    import tifffile

    size = array.nbytes * raster.frames
    joined = raster.metadata.described is not None and writing.metadata == "all"
    with tifffile.TiffWriter(file, bigtiff=size > _LARGE) as tiff:
        for number, (raster, array, mode) in enumerate(itertools.chain([first], frames)):
            photometric, extra = _kind(mode, raster.metadata.white_is_zero)
            kept = _kept(raster.metadata, writing)
            if kept.planar:
                notes.append(SIDE_BY_SIDE)
            packed = _PACKED.get(kept.compression or "", "zlib")
            if kept.white_is_zero:
                array = turned(array, kept.maximum)
            text, placed = _described(raster, array, kept, notes) if not number else (b"", {})
            tiff.write(
                np.ascontiguousarray(array),
                photometric=photometric,
                planarconfig="contig" if array.ndim == 3 else None,
                extrasamples=extra if array.ndim == 3 else None,
                compression=packed,
                contiguous=joined and not packed,  # as readers of a shape expect
                predictor=packed in _PREDICTED and _predictable(array.dtype),
                **placed or _resolution(kept.dpi, "INCH"),
                description=text or None,
                iccprofile=kept.icc,
                software=False,
                metadata=None,
                extratags=[*_tags(kept.exif, notes), *map(_tag, _numbers(kept, writing))],
            )


def _resolution(found: tuple[float, float] | None, unit: str) -> dict[str, Any]:
    return {"resolution": found, "resolutionunit": unit if found else None}


def _described(
    raster: Raster, array: NDArray[Any], kept: Metadata, notes: list[str]
) -> tuple[bytes, dict[str, Any]]:
    """Return the description of the first page, and its resolution if ImageJ has one."""
    said = kept.described
    if said is None:
        return b"", {}
    text = said.fitted(raster.frames, array.shape, array.dtype)
    if not text:
        notes.append(RunNote(said.left_out))
        return b"", {}
    if said.resolution is None:
        return text.encode(), {}
    (across, down), (high, wide) = said.resolution, said.strides
    return text.encode(), _resolution((across / wide, down / high), "NONE")


def is_plain(mode: str) -> bool:
    """Return whether pages of a mode can be written here."""
    base = mode.partition(";")[0]
    return base.rstrip("XaA") in _COLOURS and mode != "1"


def _predictable(dtype: np.dtype[Any]) -> bool:
    """Return whether tifffile writes differences of these numbers."""
    return dtype.kind == "f" or dtype.itemsize <= 4


def _kind(mode: str, white_is_zero: bool) -> tuple[str, tuple[str, ...]]:
    """Return tifffile's name for the colours of a mode, and its names for extra bands."""
    base = mode.partition(";")[0]
    colour = base.rstrip("XaA")
    if colour not in _COLOURS or base == "LAB" or mode == "1":
        raise FileError(f"a page of {spoken(mode)} does not stand beside deep ones: write .npz")
    photometric = "miniswhite" if white_is_zero else _COLOURS[colour]
    return photometric, tuple(_EXTRA_BANDS[letter] for letter in base[len(colour) :])


def _kept(metadata: Metadata, writing: Writing) -> Metadata:
    """Return the metadata to write."""
    kept = replace(metadata, icc=metadata.icc if writing.metadata != "none" else None)
    return kept if writing.metadata == "all" else replace(kept, exif=None, dpi=None, described=None)


def _numbers(metadata: Metadata, writing: Writing) -> list[tuple[int, Any]]:
    maximum = [(MAXIMUM, (metadata.maximum,))] if metadata.maximum else []
    return [*maximum, *beside(metadata, writing)]


def _tag(tag: tuple[int, Any]) -> tuple[int, str, int, Any, bool]:
    """Return a tag in tifffile's form."""
    number, value = tag
    if isinstance(value, str):
        return number, "s", 0, value, True
    return number, "H" if isinstance(value[0], int) else "d", len(value), value, True


def _tags(exif: bytes | None, notes: list[str]) -> list[tuple[int, str, int, Any, bool]]:
    """Return EXIF as tags of a TIFF; tifffile has no place for tags in groups."""
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
