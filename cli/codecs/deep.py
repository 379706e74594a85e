"""Pictures that Pillow does not read exactly: 16-bit colour, more bands, colour in floats.

Their headers are enough to find them. Reading them needs the extra ``deep``: tifffile reads and
writes every kind of TIFF, and imagecodecs unpacks TIFFs, and reads PNG by libpng. Both have wheels
for Linux, macOS and Windows. OpenCV is larger, and drops profile, resolution and all pages but
the first.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from numbapool.records import dataclass

from ..exits import FileError
from ..job import Reading
from . import TIFF, pillow, png
from .broken import CUT_SHORT
from .exif import metadata_of, orientation
from .extra import EXTRA, installed
from .page import Page, refusal_of, said_of
from .raster import Raster, spoken, turned

_PNG_BASES = {png.GREY: "L", png.RGB: "RGB", png.GREY_ALPHA: "LA", png.RGB_ALPHA: "RGBA"}
_COLOUR_PFM = b"PF"


@dataclass(frozen=True)
class Deep:
    """A file with a frame that Pillow does not read exactly."""

    format: str
    pages: tuple[Page, ...]
    animated: bool = False
    offset: int = 0  # where the numbers of a PFM begin
    order: str = "<"  # the byte order of a PFM

    @property
    def bits(self) -> int:
        """The largest number of bits per channel."""
        return max(page.bits for page in self.pages)

    @property
    def eight_of_more(self) -> bool:
        """Whether Pillow loses only bits beyond the eighth."""
        return all(page.exact or page.eight_of_more for page in self.pages)


def find(file: BinaryIO, accept_8bit: bool = False) -> Deep | None:
    """Return the headers' facts if Pillow does not read the file exactly, else None.

    With `accept_8bit`, bits beyond the eighth do not count if Pillow reads the others.
    """
    file.seek(0)
    head = file.read(26)
    try:
        if head.startswith(png.SIGNATURE):
            found = _find_png(file, head)
        elif head.startswith(TIFF):
            found = _find_tiff(file)
        elif head.startswith(_COLOUR_PFM):
            found = _find_pfm(file)
        else:
            found = None
    except Exception:
        found = None  # Pillow reports such a damaged header
    file.seek(0)
    if found and accept_8bit and found.eight_of_more and pillow_reads(file):
        return None
    return found


def load(file: BinaryIO, deep: Deep, reading: Reading) -> Iterator[Raster]:
    """Yield the frames one by one, upright, as arrays of their own type."""
    refused = refusal(file, deep)
    if refused:
        raise FileError(refused)
    for page in deep.pages:
        pillow.check_size(page.width, page.height, reading.max_pixels)
    deep = described(file, deep)
    load = {"PNG": _load_png, "TIFF": _load_tiff, "PFM": _load_pfm}[deep.format]
    yield from load(file, deep)


def described(file: BinaryIO, deep: Deep) -> Deep:
    """Return `deep` with the metadata of a PNG, which may follow the pixels."""
    if deep.format != "PNG":
        return deep
    (page,) = deep.pages
    notes: list[str] = []
    with Image.open(png.without_pixels(file.read())) as words:
        words.load()
        metadata = metadata_of(words, notes)
        turned = orientation(words)
    if b"tRNS" in png.names(file):
        notes.append(f"its transparent colour became the alpha of {page.mode.partition(';')[0]}")
    file.seek(0)
    return replace(
        deep,
        pages=(replace(page, orientation=turned, metadata=metadata, notes=tuple(notes)),),
    )


def refusal(file: BinaryIO, deep: Deep) -> str:
    """Return why the file is not read, or ""."""
    refused = refusal_of(deep.pages)
    if refused:
        return refused
    eight = deep.eight_of_more and pillow_reads(file)
    accept = ", or accept 8 bits with --accept-8bit" if eight else ""
    for number, page in enumerate(deep.pages, 1):
        if not page.mode:
            where = f"page {number} of {len(deep.pages)}" if len(deep.pages) > 1 else "it"
            return (
                f"{where} holds {page.bits} bits per channel in a form that pool does not read: "
                f"save it as grey or RGB of 8 or 16 bits, or as .npy{accept}"
            )
    if not installed():
        if eight:
            return (
                f"it holds {deep.bits} bits per channel, of which Pillow reads 8: {EXTRA} keeps "
                "them, --accept-8bit takes 8"
            )
        first = next(page for page in deep.pages if not page.exact)
        return (
            f"it holds {first.bits} bits per channel, {spoken(first.mode)}, in a {deep.format} "
            f"that Pillow does not read: {EXTRA} reads it"
        )
    if deep.animated:
        return (
            "it is an animation of 16 bits per channel, which pool does not read: save it as a "
            f"TIFF of several pages{accept}"
        )
    return ""


def pillow_reads(file: BinaryIO) -> bool:
    """Return whether Pillow opens the file, to read 8 bits."""
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
        base += "A"  # a transparent colour becomes an alpha
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


def _find_tiff(file: BinaryIO) -> Deep | None:
    from . import tiff

    pages = tiff.pages(file, described=True)
    if all(page.exact for page in pages):
        return None
    return Deep("TIFF", pages)


def _load_tiff(file: BinaryIO, deep: Deep) -> Iterator[Raster]:
    import tifffile

    # tifffile logs its repairs. The parts that it would leave out are refused below.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    try:
        with tifffile.TiffFile(file) as opened:
            if len(opened.pages) != len(deep.pages):
                raise FileError(f"not all of its {len(deep.pages)} pages can be read")
            numbers = [n for n, page in enumerate(deep.pages) if not page.reduced]
            for number in numbers:
                page = deep.pages[number]
                page = replace(page, notes=(*page.notes, *said_of(deep.pages)))
                yield _raster(_tiff_pixels(opened.pages[number]), page, len(numbers))
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


# ------------------------------------------------------------------------------------- PFM


def _find_pfm(file: BinaryIO) -> Deep | None:
    file.seek(0)
    words = [file.readline(64) for _ in range(3)]
    if words[0].split() != [_COLOUR_PFM]:
        return None
    width, height = (int(word) for word in words[1].split())
    if min(width, height) < 1:
        return None
    order = "<" if float(words[2]) < 0 else ">"
    page = Page(width, height, 32, "RGB;32F")
    return Deep("PFM", (page,), offset=file.tell(), order=order)


def _load_pfm(file: BinaryIO, deep: Deep) -> Iterator[Raster]:
    (page,) = deep.pages
    file.seek(deep.offset)
    data = file.read(page.width * page.height * 3 * 4)
    if len(data) < page.width * page.height * 3 * 4:
        raise FileError(CUT_SHORT)
    upward = np.frombuffer(data, f"{deep.order}f4").reshape(page.height, page.width, 3)
    yield _raster(upward[::-1], page)


# ------------------------------------------------------------------------------------- all


def _raster(array: NDArray[Any], page: Page, frames: int = 1) -> Raster:
    array = _upright(array, page.orientation)
    dtype = array.dtype.newbyteorder("=")
    if array.shape != page.shape or dtype != page.dtype:
        raise FileError(
            f"its pixels are {array.dtype} of shape {array.shape}, and its header says "
            f"{spoken(page.mode)} of {page.shape}"
        )
    array = np.ascontiguousarray(array, dtype)
    if page.metadata.white_is_zero:
        array = turned(array, page.metadata.maximum)
    metadata = page.metadata
    if metadata.dpi and page.orientation >= 5:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    layout = "NHWC" if array.ndim == 3 else "NCHW"
    return Raster(array, layout, page.mode, metadata, notes=page.notes, frames=frames, deep=True)


def _upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return an array, turned upright by EXIF's orientation."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    across = -1 if orientation in (2, 3, 6, 7) else 1
    down = -1 if orientation in (3, 4, 7, 8) else 1
    return array[::down, ::across]
