"""Rasters, which codecs load and save: an array, and the meaning of its numbers and axes."""

from collections.abc import Iterable, Iterator
from dataclasses import field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..exits import FileError
from ..job import PictureShape
from .axes import unknown
from .description import Described
from .georeference import Georeference

# Like Pillow, refuse a picture beyond twice Pillow's limit as a decompression bomb.
MAX_PIXELS = 2 * 89_478_485


@dataclass(frozen=True)
class Metadata:
    """The metadata of a picture.

    Attributes
    ----------
    poster
        Whether the first picture of an APNG is only for programs that show no animation.
    subsampling
        The chroma subsampling of a JPEG, as Pillow numbers it.
    compression
        The compression of a TIFF, as Pillow names it, or of an ``.npz``.
    lossless
        The format of a lossless file (WEBP, JPEG2000), or a perhaps lossless one (AVIF).
    planar
        Whether a TIFF stores one channel after the other.
    white_is_zero
        Whether the file's smallest number is white; the raster holds lightness.
    maximum
        The number of white, if it is not the largest of the type: the maximum of a PGM, or 15
        in a TIFF of 4 bits.
    nodata
        The number that means "no value" in a GeoTIFF, as text.
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
    described: Described | None = None


@dataclass(frozen=True)
class Form:
    """A raster without its numbers. It decides how the raster is pooled.

    Attributes
    ----------
    shape, dtype
        The array's.
    data_format, mode, metadata, deep
        As in `Raster`.
    weights
        The form of its weights.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    data_format: str
    mode: str = ""
    metadata: Metadata = field(default_factory=Metadata)
    deep: bool = False
    weights: "Form | None" = None

    @property
    def picture(self) -> bool:
        """Whether it is a picture, not a plain array."""
        return bool(self.mode)

    @property
    def told(self) -> tuple[int, ...]:
        """The shape, which is told as width × height if it is a picture's."""
        return PictureShape(self.shape) if self.picture else self.shape

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of the pooled axes: height and width, or depth and these, or one."""
        if not self.data_format:
            raise FileError(unknown(self.shape))
        return self.shape[self.planes : self.planes + self.axes]

    @property
    def spatial(self) -> tuple[int, int]:
        """Height and width, for what is done with pictures and planes alone."""
        if self.axes != 2:
            names = "one axis" if self.axes == 1 else "depth, height and width"
            raise FileError(f"it has {names}, and this is done with height and width alone")
        height, width = self.lengths
        return height, width

    @property
    def axes(self) -> int:
        """The number of pooled axes: 1, 2 or 3."""
        return len(self.data_format.strip("NC")) or 2

    @property
    def channels_last(self) -> bool:
        """Whether channels follow the pooled axes."""
        return self.data_format.endswith("C")

    @property
    def planes(self) -> int:
        """The number of axes before the pooled axes."""
        return len(self.shape) - self.axes - self.channels_last

    @property
    def channels(self) -> int:
        """The number of channels of a picture; 1 for a plain array."""
        return self.shape[-1] if self.picture and len(self.shape) == 3 else 1

    @property
    def pixels(self) -> int:
        """How many pixels a picture has, or how many numbers an array has."""
        return prod(self.spatial if self.picture else self.shape)

    @property
    def nbytes(self) -> int:
        """The number of bytes of the numbers."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class Raster:
    """One picture, one frame of an animation, or one array of a file.

    Attributes
    ----------
    array
        The values; of a picture: (height, width) or (height, width, channels).
    data_format
        "NCHW" if the last two axes are height and width, "NHWC" if channels follow them, empty if
        it is not known; the same with L for one axis and with DHW for three.
    mode
        The channels, as Pillow names them ("RGBA"), with their depth if Pillow has no such mode
        ("RGBA;16", "RGB;32F", "L;16S"); empty for a plain array. X is a band without a meaning
        ("RGBX;8", "LXXX;16").
    frames
        The number of frames of the file.
    deep
        Whether Pillow does not read a frame of the file exactly.
    duration
        How long an animation shows the frame, in milliseconds.
    name
        The array's name in an ``.npz``.
    palette
        The colours (rows of RGB or RGBA) for the values, which are indices.
    weights
        What the values weigh: an array that broadcasts to them, or of one number per pixel.
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
    weights: NDArray[Any] | None = None

    @property
    def form(self) -> Form:
        """The raster without its numbers."""
        array, given = self.array, self.weights
        return Form(
            array.shape,
            array.dtype,
            self.data_format,
            self.mode,
            self.metadata,
            self.deep,
            None if given is None else Form(given.shape, given.dtype, ""),
        )

    @property
    def picture(self) -> bool:
        """Whether it is a picture, not a plain array."""
        return bool(self.mode)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of the pooled axes: height and width, or depth and these, or one."""
        return self.form.lengths

    @property
    def spatial(self) -> tuple[int, int]:
        """Height and width, for what is done with pictures and planes alone."""
        return self.form.spatial

    @property
    def pixels(self) -> int:
        """How many pixels a picture has, or how many numbers an array has."""
        return self.form.pixels


DEPTHS: dict[str, np.dtype[Any]] = {
    **{f"{8 * size}": np.dtype(f"u{size}") for size in (1, 2, 4, 8)},
    **{f"{8 * size}S": np.dtype(f"i{size}") for size in (1, 2, 4, 8)},
    **{f"{8 * size}F": np.dtype(f"f{size}") for size in (2, 4, 8)},
}
"""The dtypes for the depths of modes."""

_PILLOWS: dict[str, np.dtype[Any]] = {
    "1": np.dtype(np.bool_),
    "I": np.dtype(np.int32),
    "F": np.dtype(np.float32),
}


def dtype_of(mode: str) -> np.dtype[Any]:
    """Return the dtype of a mode's channels."""
    base, _, depth = mode.partition(";")
    return DEPTHS[depth] if depth else _PILLOWS.get(base, np.dtype(np.uint8))


Frame = tuple[Raster, NDArray[Any], str]
"""A raster, and its array and mode as the file will hold them."""


def channels_of(mode: str) -> int:
    """Return the number of channels of a mode."""
    base = mode.partition(";")[0]
    return 3 if base == "YCbCr" else len(base)


def alpha_of(mode: str) -> int | None:
    """Return the index of the alpha among a mode's channels, or None."""
    base = mode.partition(";")[0]
    return base.index("A") if "A" in base and base != "LAB" else None


def spoken(mode: str) -> str:
    """Return a mode in words: "16-bit RGB" for "RGB;16", "palette" for "P"."""
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
    """Yield the frames; refuse more than `most` pixels in all."""
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
    """Return lightness for numbers whose smallest is white, or such numbers for lightness."""
    if maximum:
        return np.asarray(maximum - array, array.dtype)
    return -array if array.dtype.kind == "f" else ~array


def turned(array: NDArray[Any], maximum: int | None = None) -> NDArray[Any]:
    """Return an array with grey turned by `lightness`; other bands stay as they are."""
    if array.ndim == 2:
        return lightness(array, maximum)
    array = array.copy()
    array[..., 0] = lightness(array[..., 0], maximum)
    return array
