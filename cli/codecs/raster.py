"""What codecs load and save: an array, and what its numbers and axes mean."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exits import FileError
from .georeference import Georeference

# Past twice its own limit Pillow refuses a picture as a decompression bomb; so do we.
MAX_PIXELS = 2 * 89_478_485


@dataclass(frozen=True)
class Metadata:
    """What a picture's file says beside its pixels.

    Attributes
    ----------
    poster
        Whether an APNG's first picture is shown only where it cannot be animated.
    subsampling
        A JPEG's, in Pillow's numbers.
    compression
        A TIFF's, in Pillow's words, or that an ``.npz`` is compressed.
    lossless
        The format that holds every pixel exactly (WEBP, JPEG2000), or may do so (AVIF).
    planar
        Whether a TIFF stores one channel after the other.
    white_is_zero
        Whether the file's smallest number is white; the raster holds lightness.
    maximum
        The number that stands for white where it is not the type's largest: a PGM's maximum, or
        15 of a TIFF of 4 bits.
    nodata
        The number that a GeoTIFF says to stand for no value, as text.
    gdal
        GDAL's metadata: XML with names, scales and offsets of the bands.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    loop: int | None = None
    poster: bool = False
    subsampling: int | None = None
    compression: str | None = None
    lossless: str = ""
    planar: bool = False
    white_is_zero: bool = False
    maximum: int | None = None
    nodata: str = ""
    gdal: str = ""
    georeference: Georeference | None = None


@dataclass(frozen=True)
class Form:
    """A raster without its numbers: all that decides what pooling makes of it.

    Attributes
    ----------
    shape, dtype
        The array's.
    data_format, mode, metadata, deep
        As of a `Raster`.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    data_format: str
    mode: str = ""
    metadata: Metadata = field(default_factory=Metadata)
    deep: bool = False

    @property
    def picture(self) -> bool:
        """Whether it is a picture, not a plain array."""
        return bool(self.mode)

    @property
    def spatial(self) -> tuple[int, int]:
        """Height and width."""
        if not self.data_format:
            raise FileError("which of its axes are height and width is not known: --data-format")
        height, width = self.shape[self.planes : self.planes + 2]
        return height, width

    @property
    def planes(self) -> int:
        """How many axes come before height and width."""
        return len(self.shape) - (3 if self.data_format == "NHWC" else 2)

    @property
    def channels(self) -> int:
        """How many channels a picture has; 1 of a plain array."""
        return self.shape[-1] if self.picture and len(self.shape) == 3 else 1

    @property
    def pixels(self) -> int:
        """How many pixels a picture has, or numbers an array."""
        return prod(self.spatial if self.picture else self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes its numbers take."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class Raster:
    """One picture, one frame of an animation, or one array of a file.

    Attributes
    ----------
    array
        The values. Where `mode` is not empty: (height, width) or (height, width, channels).
    data_format
        "NCHW" where the last two axes are height and width, "NHWC" where channels follow them,
        empty where that is not known and was not needed.
    mode
        What the channels are, in Pillow's words ("RGBA"), and their depth where it is not
        Pillow's ("RGBA;16", "RGB;32F", "L;16S"); empty for a plain array. A letter X is a band
        without a meaning of its own ("RGBX;8", "LXXX;16").
    frames
        How many the file has.
    deep
        Whether a frame of the file is of a kind that Pillow does not read as it is.
    duration
        How long an animation shows this frame, in milliseconds.
    name
        The array's name in an ``.npz``.
    palette
        The colours (RGB or RGBA rows) that the values are indices of.
    """

    array: NDArray[Any]
    data_format: str
    mode: str = ""
    metadata: Metadata = field(default_factory=Metadata)
    duration: float | None = None
    name: str = ""
    palette: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()
    frames: int = 1
    deep: bool = False

    @property
    def form(self) -> Form:
        """All but the numbers."""
        array = self.array
        return Form(array.shape, array.dtype, self.data_format, self.mode, self.metadata, self.deep)

    @property
    def picture(self) -> bool:
        """Whether it is a picture, not a plain array."""
        return bool(self.mode)

    @property
    def spatial(self) -> tuple[int, int]:
        """Height and width."""
        return self.form.spatial

    @property
    def pixels(self) -> int:
        """How many pixels a picture has, or numbers an array."""
        return self.form.pixels


DEPTHS: dict[str, np.dtype[Any]] = {
    **{f"{8 * size}": np.dtype(f"u{size}") for size in (1, 2, 4, 8)},
    **{f"{8 * size}S": np.dtype(f"i{size}") for size in (1, 2, 4, 8)},
    **{f"{8 * size}F": np.dtype(f"f{size}") for size in (2, 4, 8)},
}
"""The types of number that a mode's depth stands for."""

_PILLOWS: dict[str, np.dtype[Any]] = {
    "1": np.dtype(np.bool_),
    "I": np.dtype(np.int32),
    "F": np.dtype(np.float32),
}


def dtype_of(mode: str) -> np.dtype[Any]:
    """Give the type of number that a mode's channels hold."""
    base, _, depth = mode.partition(";")
    return DEPTHS[depth] if depth else _PILLOWS.get(base, np.dtype(np.uint8))


Frame = tuple[Raster, NDArray[Any], str]
"""What was pooled, and its array and mode as a file is to hold them."""


def channels_of(mode: str) -> int:
    """Give how many channels a mode has."""
    base = mode.partition(";")[0]
    return 3 if base == "YCbCr" else len(base)


def alpha_of(mode: str) -> int | None:
    """Give the place of a mode's alpha among its channels, or None."""
    base = mode.partition(";")[0]
    return base.index("A") if "A" in base and base != "LAB" else None


def spoken(mode: str) -> str:
    """Give a mode in words: "16-bit RGB" of "RGB;16", "palette" of "P"."""
    base, _, depth = mode.partition(";")
    if not depth:
        return {"P": "palette"}.get(mode, mode)
    dtype = DEPTHS[depth]
    kind = {"i": "signed ", "f": "float "}.get(dtype.kind, "")
    bands = base.rstrip("X")
    extra = f" with {len(base) - len(bands)} more bands" if bands != base else ""
    bands = {"I": "grey", "L": "grey"}.get(bands, bands)
    return f"{8 * dtype.itemsize}-bit {kind}{bands}{extra}"


def held(rasters: Iterable[Raster], most: int) -> Iterator[Raster]:
    """Give the frames, as long as all together they have at most so many pixels."""
    pixels = 0
    for raster in rasters:
        pixels += raster.pixels
        refuse_more(pixels, most)
        yield raster


def refuse_more(pixels: int, most: int) -> None:
    """Refuse to hold more pixels at once."""
    if pixels > most:
        raise FileError(
            f"its frames, which are held at once, have more than {most:,} pixels: give a larger "
            "--max-pixels if there is memory for them, or write .tif"
        )


def lightness(array: NDArray[Any], maximum: int | None = None) -> NDArray[Any]:
    """Give the lightness of numbers of which the smallest is white, or back."""
    if maximum:
        return np.asarray(maximum - array, array.dtype)
    return -array if array.dtype.kind == "f" else ~array


def turned(array: NDArray[Any], maximum: int | None = None) -> NDArray[Any]:
    """Turn grey by `lightness`; further bands beside it stay as they are."""
    if array.ndim == 2:
        return lightness(array, maximum)
    array = array.copy()
    array[..., 0] = lightness(array[..., 0], maximum)
    return array
