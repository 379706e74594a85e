"""Pictures of more bits a channel than Pillow has modes for: 16-bit colour, colour in floats.

To find them takes their headers alone. To read them takes the extra ``deep``: tifffile for TIFF,
which knows its every form and writes them too, and imagecodecs, for what TIFFs are packed with
and for PNG by libpng. Both have wheels for Linux, macOS and Windows; OpenCV's are larger, and
it drops profile, resolution and the second page.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from ..exits import FileError
from ..job import Reading
from . import pillow, png
from .raster import Metadata, Raster, spoken

EXTRA = "pip install 'numbapool[deep]'"

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MOST_PAGES = 1 << 16
# A TIFF's tags.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION = 256, 257, 258, 259, 262, 274
_SAMPLES, _X_RESOLUTION, _Y_RESOLUTION, _UNIT, _EXTRA, _FORMAT = 277, 282, 283, 296, 338, 339
_ICC = 34675
_FLOAT = 3  # of the sample formats
_CENTIMETRE = 3  # of the resolution's units

# What photometric interpretation, samples and extra samples make, in Pillow's words. Four
# samples of RGB none of which is said to be extra are taken for RGBA, as by Pillow.
_BASES: dict[tuple[int, int, tuple[int, ...]], str] = {
    (1, 1, ()): "L",
    (1, 2, (1,)): "La",
    (1, 2, (2,)): "LA",
    (2, 3, ()): "RGB",
    (2, 4, ()): "RGBA",
    (2, 4, (0,)): "RGBX",
    (2, 4, (1,)): "RGBa",
    (2, 4, (2,)): "RGBA",
    (5, 4, ()): "CMYK",
}
# Sample format and bits; 8-bit pages may stand beside deep ones.
_DEPTHS = {(1, 8): "", (1, 16): ";16", (_FLOAT, 16): ";16F", (_FLOAT, 32): ";32F"}
_DEPTHS[_FLOAT, 64] = ";64F"
_PILLOWS = {"L;16": "I;16", "L;32F": "F"}
_TYPES = {"": "uint8", "16": "uint16", "16F": "float16", "32F": "float32", "64F": "float64"}
_PNG_BASES = {png.GREY: "L", png.RGB: "RGB", png.GREY_ALPHA: "LA", png.RGB_ALPHA: "RGBA"}


@dataclass(frozen=True)
class Page:
    """What a frame's header says. `mode` is empty where it is of a kind that is not read."""

    width: int
    height: int
    bits: int
    mode: str
    orientation: int = 1
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()

    @property
    def deep(self) -> bool:
        """Whether Pillow has no mode for it."""
        return self.bits > 8 and self.mode not in _PILLOWS.values()

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape once it stands upright."""
        size = (self.height, self.width)
        size = size[::-1] if self.orientation >= 5 else size
        base = self.mode.partition(";")[0]
        channels = 1 if self.mode in _PILLOWS.values() else len(base)
        return size if channels == 1 else (*size, channels)

    @property
    def dtype(self) -> str:
        """The name of the array's type."""
        return "float32" if self.mode == "F" else _TYPES[self.mode.partition(";")[2]]


@dataclass(frozen=True)
class Deep:
    """A file of frames one of which, at least, is deep."""

    format: str
    pages: tuple[Page, ...]
    animated: bool = False

    @property
    def bits(self) -> int:
        """The most bits a channel."""
        return max(page.bits for page in self.pages)


def find(file: BinaryIO) -> Deep | None:
    """Give what the headers say where Pillow has no mode for it, else None."""
    file.seek(0)
    head = file.read(26)
    try:
        if head.startswith(png.SIGNATURE):
            found = _find_png(file, head)
        elif head.startswith(_TIFF_MAGIC):
            found = _find_tiff(file, head)
        else:
            found = None
    except Exception:
        found = None  # a header this damaged is Pillow's to tell of
    file.seek(0)
    return found


def installed() -> bool:
    """Say whether the extra is there."""
    try:
        import imagecodecs  # noqa: F401
        import tifffile  # noqa: F401
    except ImportError:
        return False
    return True


def load(file: BinaryIO, deep: Deep, reading: Reading) -> Iterator[Raster]:
    """Give the frames, one at a time, upright, as arrays of their own type."""
    refused = refusal(file, deep)
    if refused:
        raise FileError(refused)
    for page in deep.pages:
        pillow.check_size(page.width, page.height, reading.max_pixels)
    deep = described(file, deep)
    yield from (_load_png if deep.format == "PNG" else _load_tiff)(file, deep)


def described(file: BinaryIO, deep: Deep) -> Deep:
    """Add what a PNG says beside its pixels, which may stand after them."""
    if deep.format != "PNG":
        return deep
    (page,) = deep.pages
    notes: list[str] = []
    with Image.open(png.without_pixels(file.read())) as words:
        words.load()
        metadata = pillow.metadata_of(words, notes)
        turned = pillow.orientation(words)
    if b"tRNS" in png.names(file):
        notes.append(f"its transparent colour became the alpha of {page.mode.partition(';')[0]}")
    file.seek(0)
    return replace(
        deep,
        pages=(replace(page, orientation=turned, metadata=metadata, notes=tuple(notes)),),
    )


def refusal(file: BinaryIO, deep: Deep) -> str:
    """Say why it is not read, or give nothing where it is."""
    eight = pillow_reads(file)
    accept = ", or accept 8 bits with --accept-8bit" if eight else ""
    for number, page in enumerate(deep.pages, 1):
        if not page.mode:
            where = f"page {number} of {len(deep.pages)}" if len(deep.pages) > 1 else "it"
            return (
                f"{where} holds {page.bits} bits a channel in a form that is not read: save it "
                f"as 16-bit RGB or as .npy{accept}"
            )
    if not installed():
        held = f"it holds {deep.bits} bits a channel,"
        if eight:
            return f"{held} of which Pillow reads 8: {EXTRA} keeps them, --accept-8bit takes 8"
        return f"{held} which Pillow does not read: {EXTRA} reads them"
    if deep.animated:
        return (
            "it is an animation of 16 bits a channel, which is not read: save it as a TIFF of "
            f"several pages{accept}"
        )
    return ""


def pillow_reads(file: BinaryIO) -> bool:
    """Say whether Pillow opens it, to read 8 bits."""
    file.seek(0)
    try:
        with Image.open(file):
            return True
    except Exception:
        return False
    finally:
        file.seek(0)


# ------------------------------------------------------------------------------------- PNG


def _find_png(file: BinaryIO, head: bytes) -> Deep | None:
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    bits, kind = head[24], head[25]
    if head[12:16] != b"IHDR" or bits != 16 or kind not in _PNG_BASES:
        return None
    chunks = png.names(file)
    base = _PNG_BASES[kind]
    if b"tRNS" in chunks and base in ("L", "RGB"):
        base += "A"  # the colour that is transparent becomes an alpha
    if base == "L":
        return None
    page = Page(width, height, bits, f"{base};16")
    return Deep("PNG", (page,), animated=b"acTL" in chunks)


def _load_png(file: BinaryIO, deep: Deep) -> Iterator[Raster]:
    import imagecodecs

    (page,) = deep.pages
    try:
        array = imagecodecs.png_decode(file.read())
    except Exception as error:
        raise FileError(pillow.reason_of(error)) from error
    yield _raster(np.asarray(array), page)


# ------------------------------------------------------------------------------------ TIFF


def _find_tiff(file: BinaryIO, head: bytes) -> Deep | None:
    pages: list[Page] = []
    seen: set[int] = set()
    directory = TiffImagePlugin.ImageFileDirectory_v2(head[:2] + b"*\0" + head[4:8])
    if b"+" in head[:4]:
        # A BigTIFF; where its bytes are swapped Pillow itself takes it for none.
        order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
        directory._bigtiff, directory.next = True, int.from_bytes(head[8:16], order)
    while directory.next and directory.next not in seen and len(seen) < _MOST_PAGES:
        seen.add(directory.next)
        file.seek(directory.next)
        directory.load(file)
        pages.append(_page(file, directory))
    if not any(page.deep for page in pages):
        return None
    return Deep("TIFF", tuple(pages))


def _page(file: BinaryIO, tags: Any) -> Page:
    bits, samples = tags.get(_BITS, (1,)), tags.get(_SAMPLES, 1)
    formats = tags.get(_FORMAT, (1,))
    extra = tuple(tags.get(_EXTRA, ()))
    alike = len(set(bits)) == len(set(formats)) == 1
    base = _BASES.get((tags.get(_PHOTOMETRIC, -1), samples, extra), "")
    depth = _DEPTHS.get((formats[0], bits[0]))
    mode = f"{base}{depth}" if alike and base and depth is not None else ""
    page = Page(
        tags.get(_WIDTH, 0),
        tags.get(_HEIGHT, 0),
        # One channel of whole numbers, and of 32-bit floats, Pillow reads as they are.
        max(bits) if samples > 1 or formats[0] == _FLOAT else 8,
        _PILLOWS.get(mode, mode),
        tags.get(_ORIENTATION, 1),
    )
    if not page.deep:
        return page
    notes: list[str] = []
    return replace(page, metadata=_tiff_metadata(file, tags, notes), notes=tuple(notes))


def _tiff_metadata(file: BinaryIO, tags: Any, notes: list[str]) -> Metadata:
    def exif() -> Image.Exif:
        exif = Image.Exif()
        exif.bigtiff, exif.endian = tags._bigtiff, tags._endian
        exif.load_from_fp(file, tags.offset)
        return exif

    dpi = pillow.plausible_dpi((tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION)))
    if dpi and tags.get(_UNIT, 2) == _CENTIMETRE:
        dpi = (dpi[0] * 2.54, dpi[1] * 2.54)
    elif dpi and tags.get(_UNIT, 2) != 2:
        dpi = None
    return Metadata(
        icc=tags.get(_ICC) or None,
        exif=pillow.kept_exif(exif, notes),
        dpi=dpi,
        compression=TiffImagePlugin.COMPRESSION_INFO.get(tags.get(_COMPRESSION, 1)),
    )


def _load_tiff(file: BinaryIO, deep: Deep) -> Iterator[Raster]:
    import tifffile

    # It logs what it makes good; what it would leave out is refused below.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    try:
        with tifffile.TiffFile(file) as tiff:
            if len(tiff.pages) != len(deep.pages):
                raise FileError(f"not all of its {len(deep.pages)} pages can be read")
            for number, page in enumerate(deep.pages):
                yield _raster(_tiff_pixels(tiff.pages[number]), page)
    except FileError:
        raise
    except Exception as error:
        raise FileError(pillow.reason_of(error)) from error


def _tiff_pixels(page: Any) -> NDArray[Any]:
    page = page.aspage()
    pieces = math.prod(page.chunked)
    if not (len(page.databytecounts) == len(page.dataoffsets) == pieces) or not all(
        page.databytecounts
    ):
        raise FileError("a part of its pixels is missing: the file is cut short or damaged")
    array = np.asarray(page.asarray(maxworkers=1))
    planar = page.planarconfig == 2 and array.ndim == 3
    return np.moveaxis(array, 0, -1) if planar else array


# ------------------------------------------------------------------------------------ both


def _raster(array: NDArray[Any], page: Page) -> Raster:
    array = _upright(array, page.orientation)
    if array.shape != page.shape or array.dtype.newbyteorder("=") != page.dtype:
        raise FileError(
            f"its pixels are {array.dtype} of shape {array.shape}, and its header says "
            f"{spoken(page.mode)} of {page.shape}"
        )
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    metadata = page.metadata
    if metadata.dpi and page.orientation >= 5:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    layout = "NHWC" if array.ndim == 3 else "NCHW"
    return Raster(array, layout, page.mode, metadata, notes=page.notes)


def _upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn an array as EXIF's orientation asks."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    across = -1 if orientation in (2, 3, 6, 7) else 1
    down = -1 if orientation in (3, 4, 7, 8) else 1
    return array[::down, ::across]
