"""Read pictures through Pillow: every frame, upright, with a note on everything lost."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..exits import FileError
from ..job import Reading, RunNote
from ..telling.quiet import quiet
from . import ARRAYS, FORMATS, TIFF, gif, heif, lossless, png, unscaled
from .boxes import boxes
from .broken import CUT_SHORT, broken
from .exif import metadata_of, orientation
from .jpeg2000 import header_of
from .page import Page, refusal_of, said_of
from .raster import MAX_PIXELS, Metadata, Raster, dtype_of, lightness

logging.getLogger("PIL").addHandler(logging.NullHandler())  # the report says it in one line

# Pillow passes some other formats to programs, such as EPS to Ghostscript.
_OPENED = (*(name for name in FORMATS if name not in ARRAYS), "DIB")
T = TypeVar("T")

UNKNOWN_NUMBERS = "its header is damaged: what its numbers are is not known"

_COPIES = 8  # copies of the picture that drawing one frame of an animation over another takes
_ANIMATED = frozenset({"GIF", "PNG", "WEBP", "TIFF", "AVIF", "FLI", "DCX", "IM"})
_HEAD = 32  # bytes at the start of TIFF, PNG and SGI files that tell the format

_UNNAMED_ALPHA = RunNote(
    "in a JPEG 2000 that does not say what its last channel is, it was taken for an alpha "
    "(--alpha straight averages it as a band)"
)

_NODATA_OF_INDICES = RunNote(
    "a nodata among a palette's indices was ignored: colours were pooled (pool mode uses it)"
)

# How to turn a picture of EXIF orientation 2 to 8 upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(file: BinaryIO, reading: Reading) -> Image.Image:
    """Open a picture: read its header and check its size, without decoding pixels.

    Pillow gets a file, not a name. If it has a name, it may map the file into memory, and then it
    scrambles an uncompressed TIFF that is stored sideways.
    """
    limit = reading.max_pixels or MAX_PIXELS
    Image.MAX_IMAGE_PIXELS = limit
    try:
        picture = _opened(file)
    except FileError:
        raise
    except UnidentifiedImageError as error:
        empty = file.seek(0, 2) == 0
        known = "it is not a picture or array format that pool can read"
        reason = "the file is empty" if empty else known
        raise FileError(reason) from error
    except Exception as error:
        raise FileError(reason_of(error)) from error
    check_size(*picture.size, limit)
    return picture


def _opened(file: BinaryIO) -> Image.Image:
    """Open a picture of a listed format; try the formats that Pillow has loaded first."""
    if _at(file, lambda file: heif.is_heif(file.read(heif.HEAD))):
        heif.let_pillow_open()
        return Image.open(file, formats=["HEIF"])
    Image.preinit()
    try:
        return Image.open(file, formats=[name for name in _OPENED if name in Image.OPEN])
    except UnidentifiedImageError:
        Image.init()
        return Image.open(file, formats=[name for name in _OPENED if name in Image.OPEN])


def frame_numbers(picture: Image.Image, pages: tuple[Page, ...]) -> list[int]:
    """Return the numbers of the frames to pool: all of an animation or TIFF, else the first."""
    if picture.format not in _ANIMATED:  # the other frames of an MPO are previews, of a PSD layers
        return [0]
    reduced = {number for number, page in enumerate(pages) if page.reduced}
    return [n for n in range(getattr(picture, "n_frames", 1)) if n not in reduced]


def pages_of(file: BinaryIO) -> tuple[Page, ...]:
    """Return the pages of a TIFF."""
    from . import tiff

    return tiff.pages(file)


def _as_stored(picture: Image.Image, page: Page) -> bool:
    from . import tiff

    return tiff.as_stored(picture, page)


def refuse(pages: tuple[Page, ...]) -> None:
    """Refuse a TIFF if one of its pages is refused."""
    refused = refusal_of(pages)
    if refused:
        raise FileError(refused)


def load(file: BinaryIO, reading: Reading) -> Iterator[Raster]:
    """Yield the frames of a picture one by one, upright, as arrays."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    pages = pages_of(file) if head.startswith(TIFF) else ()
    exactly = lossless.format_of(file)
    refuse(pages)
    with open_picture(file, reading) as picture:
        try:
            numbers = frame_numbers(picture, pages)
        except Exception as error:
            raise FileError(reason_of(error)) from error
        count = len(numbers)
        copies = _COPIES if count > 1 and picture.format != "TIFF" else 1
        size = _at(file, gif.extent) if picture.format == "GIF" else picture.size
        check_size(*size, reading.max_pixels, copies)
        if picture.format == "PNG":
            _refuse_cut_short(file, inflate=count > 1)
        for number in numbers:
            try:
                if number:
                    picture.seek(number)
                    check_size(*picture.size, reading.max_pixels, copies)
                bits = bits_beyond_8(picture, file)
                if bits and not reading.accept_8bit:
                    raise FileError(too_deep(bits))
                page = pages[number] if number < len(pages) else None
                if page is None and picture.format == "TIFF":
                    raise FileError(UNKNOWN_NUMBERS)
                raster = _frame(picture, reading, count > 1, page)
                if picture.format == "PNG" and count == 1 and _ends_empty(picture):
                    _refuse_cut_short(file, inflate=True)
                metadata = replace(raster.metadata, lossless=exactly)
                notes = (*raster.notes, *said_of(pages))
                yield replace(raster, metadata=metadata, notes=notes, frames=count)
            except FileError:
                raise
            except Exception as error:
                where = f"frame {number + 1} of {count}: " if count > 1 else ""
                raise FileError(where + reason_of(error)) from error


def _frame(picture: Image.Image, reading: Reading, animated: bool, page: Page | None) -> Raster:
    stored = page is not None and _as_stored(picture, page)
    kept = unscaled.prepared(picture)
    notes = _taken_as_it_stands(picture)
    # Pillow turns a TIFF while loading it. The orientation of a PNG may follow the pixels: this
    # request loads it.
    before = orientation(picture)
    with quiet() if picture.format == "TIFF" else nullcontext():
        picture.load()
    after = orientation(picture)
    turn = _UPRIGHT.get(after)
    metadata = metadata_of(picture, notes)
    if metadata.dpi and max(before, after) >= 5:
        metadata = replace(metadata, dpi=metadata.dpi[::-1])
    image = picture
    palette = None
    if picture.mode in ("P", "PA"):
        if reading.indices and picture.mode == "P":
            palette = _colours(picture)
        else:
            mode = "RGBA" if picture.has_transparency_data else "RGB"
            image = picture.convert(mode)
            notes.append(f"its palette's colours were pooled as {mode}, not its indices")
    elif picture.mode in ("1", "L", "RGB") and picture.info.get("transparency") is not None:
        mode = "RGBA" if picture.mode == "RGB" else "LA"
        image = picture.convert(mode)
        notes.append(f"its transparent colour became the alpha of {mode}")
    elif picture.mode in _AS:
        image = picture.convert(_AS[picture.mode])
    if turn is not None:
        image = image.transpose(turn)
    array = _pixels(image)
    mode = image.mode
    if mode.startswith("I;16") or (mode == "I" and picture.format == "PPM"):
        # 16-bit grey of a PPM arrives as 32-bit numbers up to 65535.
        mode, array = "I;16", array.astype(np.uint16)
    elif mode == "LAB":
        array = flip_lab(array)
    if page is not None:
        if stored:
            mode, array = page.mode, array.view(dtype_of(page.mode))
            array = lightness(array) if page.metadata.white_is_zero else array
        elif page.metadata.maximum and page.bits < 8:
            array = array // np.uint8(255 // page.metadata.maximum)  # Pillow has scaled them
        metadata = _with_page(metadata, page)
        notes += page.notes
        if metadata.nodata and picture.mode in ("P", "PA") and palette is None:
            metadata = replace(metadata, nodata="")
            notes.append(_NODATA_OF_INDICES)
    array, mode, maximum = kept(array, mode)
    metadata = replace(metadata, maximum=maximum or metadata.maximum)
    layout = "NHWC" if array.ndim == 3 else "NCHW"
    duration = picture.info.get("duration") if animated else None
    return Raster(array, layout, mode, metadata, duration, palette=palette, notes=tuple(notes))


def _ends_empty(picture: Image.Image) -> bool:
    """Return whether one of the last two rows is all zeros, like a row without data.

    In an interlaced picture the last row may come before the row above it.
    """
    width, height = picture.size
    rows = (picture.crop((0, row, width, row + 1)) for row in range(max(0, height - 2), height))
    return any(row.getbbox(alpha_only=False) is None for row in rows)


def _refuse_cut_short(file: BinaryIO, inflate: bool) -> None:
    if _at(file, partial(png.cut_short, inflate=inflate)):
        raise FileError(CUT_SHORT)


def _at(file: BinaryIO, look: Callable[[BinaryIO], T]) -> T:
    """Call a function on a file that Pillow reads, and restore its position."""
    place = file.tell()
    found = look(file)
    file.seek(place)
    return found


def _taken_as_it_stands(picture: Image.Image) -> list[str]:
    """Return notes on the parts of a picture that are left out, before it is loaded."""
    notes: list[str] = []
    count = getattr(picture, "n_frames", 1)
    if picture.format == "PSD" and count > 1:
        notes.append("its layers were pooled as the one picture that they make")
    elif picture.format == "HEIF":
        notes += heif.notes_of(picture.info)
        if count > 1:
            notes.append(f"of its {count} pictures the main one was pooled")
    elif picture.format not in _ANIMATED and count > 1:
        notes.append(f"of its {count} pictures the first was pooled")
    if picture.format == "PPM" and unscaled.more_follows(picture):
        notes.append(RunNote("of several pictures in one PNM file the first was pooled"))
    if picture.format == "JPEG2000" and picture.mode in ("LA", "RGBA"):
        header = header_of(picture.fp)  # type: ignore[attr-defined]
        if header and not header.alpha_named:
            notes.append(_UNNAMED_ALPHA)
    return notes


def _with_page(metadata: Metadata, page: Page) -> Metadata:
    """Add metadata from TIFF tags that Pillow does not read."""
    said = page.metadata
    return replace(
        metadata,
        planar=said.planar,
        white_is_zero=said.white_is_zero,
        maximum=said.maximum,
        nodata=said.nodata,
        gdal=said.gdal,
        georeference=said.georeference,
        described=said.described,
    )


def _pixels(image: Image.Image) -> np.ndarray[Any, Any]:
    """Return the pixels as an array.

    If channels are bytes, Pillow's encoder gives them in one piece. `np.asarray` joins blocks of
    64 kB, which takes 90 ms instead of 30 ms for 12 megapixels.
    """
    channels = len(image.getbands())
    if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"):
        width, height = image.size
        try:
            encoder: Any = Image._getencoder(image.mode, "raw", (image.mode,))
            encoder.setimage(image.im, (0, 0, width, height))
            _, status, data = encoder.encode(width * height * channels)
        except (AttributeError, TypeError):
            status, data = 0, b""  # another version of Pillow
        if status == 1 and len(data) == width * height * channels:
            flat = np.frombuffer(data, np.uint8)
            return flat.reshape((height, width, channels) if channels > 1 else (height, width))
    array = np.asarray(image)
    # Pillow gives bits as bytes of 255, which kernels would sum.
    return array.view(np.uint8) != 0 if image.mode == "1" else array


_AS = {"HSV": "RGB", "RGBX": "RGB", "RGBa": "RGBA", "La": "LA"}


def flip_lab(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Turn a and b of LAB from two's complement to offset 128, which keeps their order, or back."""
    return array ^ np.array([0, 128, 128], np.uint8)


def _colours(picture: Image.Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    picture.apply_transparency()
    mode = "RGBA" if picture.palette and picture.palette.mode == "RGBA" else "RGB"
    colours = picture.getpalette(mode) or []
    return np.array(colours, np.uint8).reshape(-1, len(mode))


def bits_beyond_8(picture: Image.Image, file: BinaryIO) -> int:
    """Return the bits per channel if the file has more than the 8 that Pillow reads, else 0."""
    if file.closed:  # Pillow reads all of an FTEX and closes it; such a file has 8 bits
        return 0
    at = file.tell()
    bits = _bits(picture, file)
    file.seek(at)
    reads_8 = picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "RGBX", "PA")
    return bits if reads_8 and bits > 8 else 0


def _bits(picture: Image.Image, file: BinaryIO) -> int:
    file.seek(0)
    head = file.read(_HEAD)
    bits = 8
    if picture.format == "PNG":
        bits = head[24] if len(head) > 24 else 0  # IHDR: signature 8, length 4, name 4, size 8
    elif picture.format == "TIFF":
        per_channel = getattr(picture, "tag_v2", {}).get(258, (8,))
        bits = max(per_channel, default=8)
    elif picture.format == "PPM":
        tile = getattr(picture, "tile", None)
        args = tile[0][3] if tile else None
        bits = args[1].bit_length() if isinstance(args, tuple) and len(args) == 2 else 8
    elif picture.format == "JPEG2000":
        header = header_of(file)
        bits = max(header.bits, default=8) if header else 8
    elif picture.format == "HEIF":
        bits = picture.info.get("bit_depth", 8)
    elif picture.format == "AVIF":
        bits = _avif_bits(file)
    elif picture.format == "DDS":
        bits = 16 if getattr(picture, "pixel_format", "").startswith("BC6H") else 8
    elif picture.format == "SGI":
        bits = 8 * head[3] if len(head) > 3 else 8
    return bits


def _avif_bits(file: BinaryIO) -> int:
    """Return the depth in the box av1C, among the boxes of the header."""
    for name, start, end in boxes(file):
        if name in (b"meta", b"moov"):
            file.seek(start)
            words = file.read(end - start)
            box = words.find(b"av1C")
            if 0 <= box < len(words) - 6 and words[box + 6] & 0x40:
                return 12 if words[box + 6] & 0x20 else 10
    return 8


def too_deep(bits: int) -> str:
    """Return why a picture of more bits than Pillow reads is refused."""
    return (
        f"it holds {bits} bits per channel, of which Pillow reads 8: accept that with "
        "--accept-8bit, or save it as a 16-bit .png or .tif, or as .npy"
    )


def check_size(width: int, height: int, limit: int | None, copies: int = 1) -> None:
    """Refuse a picture of more pixels than `limit`, or than Pillow's limit if that is None."""
    limit, pixels = limit or MAX_PIXELS, width * height * copies
    if pixels > limit:
        times = f", {copies} times at once," if copies > 1 else ""
        raise FileError(_too_large(f"{width}×{height}", str(pixels), limit, times))


def _too_large(pixels: str, wanted: str, limit: int, times: str = "") -> str:
    return (
        f"its {pixels} pixels{times} are past the limit of {limit:,}, as a "
        f"decompression bomb has: if you trust it, give --max-pixels {wanted}"
    )


def reason_of(error: Exception) -> str:
    """Return in one line what is wrong with the file."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        said = re.search(r"\((\d+) pixels\)", str(error))
        pixels, wanted = (f"{int(said[1]):,}", said[1]) if said else ("many", "N")
        return _too_large(pixels, wanted, Image.MAX_IMAGE_PIXELS or MAX_PIXELS)
    return broken(error)
