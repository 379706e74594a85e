"""Describe a file from its header alone."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from numbapool.records import dataclass

from ..codecs import ARRAYS, TIFF, by_magic
from ..codecs.axes import data_format
from ..codecs.raster import Form, Metadata, channels_of, dtype_of
from ..exits import FileError
from ..files.open import opened
from ..job import Reading
from ..rasters.nodata import holds

if TYPE_CHECKING:
    from ..codecs.deep import Deep
    from ..codecs.page import Page


@dataclass(frozen=True)
class Part:
    """One frame or array: its form after loading, and its name in an ``.npz``."""

    form: Form
    name: str = ""


@dataclass(frozen=True)
class Facts:
    """A file's format, its parts and the rows that ``pool info`` prints.

    `refused` says why pooling would not read the file, or is empty.
    """

    format: str
    parts: tuple[Part, ...]
    dtype: str
    mode: str
    rows: tuple[tuple[str, str], ...]
    refused: str = ""


def inspect(source: str, reading: Reading) -> Facts:
    """Read a file's header."""
    with opened(source, reading) as file:
        return inspected(file, reading)


def inspected(file: BinaryIO, reading: Reading) -> Facts:
    """Read the header of an open file."""
    kind = by_magic(file.read(8))
    file.seek(0)
    if kind in ARRAYS:
        return _arrays(file, kind, reading)
    facts = _picture(file, reading)
    if reading.convert is None:
        return facts
    from ..codecs.colour import form_in_srgb

    parts = tuple(replace(part, form=form_in_srgb(part.form)) for part in facts.parts)
    return replace(facts, parts=parts)


def _arrays(file: BinaryIO, kind: str, reading: Reading) -> Facts:
    from ..codecs import npy

    parts, rows = [], [("format", f"NumPy {kind.lower()}")]
    dtypes = []
    for name, header in npy.headers(file, kind, reading):
        try:
            layout = data_format(header.shape, reading)
        except FileError:
            if reading.data_format:
                raise
            layout = ""
        parts.append(Part(Form(header.shape, header.dtype, layout), name))
        dtypes.append(header.dtype.name)
        order = "Fortran order" if header.fortran_order else "C order"
        swapped = "" if header.dtype.isnative else ", bytes swapped"
        rows.append(
            (
                name or "array",
                f"shape {header.shape}, {header.dtype.name}{swapped}, {order}, "
                f"{header.nbytes:,} bytes" + ("" if layout else " (needs --data-format)"),
            )
        )
    return Facts(kind, tuple(parts), " ".join(dict.fromkeys(dtypes)), "", tuple(rows))


def _picture(file: BinaryIO, reading: Reading) -> Facts:
    from ..codecs import deep, pillow, unscaled

    found = deep.find(file, reading.accept_8bit)
    if found:
        return _deep_facts(file, found, reading)
    file.seek(0)
    pages = pillow.pages_of(file) if file.read(4) in TIFF else ()
    file.seek(0)
    pillow.refuse(pages)
    with pillow.open_picture(file, reading) as picture:
        try:
            unscaled.prepared(picture)  # refuses what it cannot restore
            return _picture_facts(picture, file, pages, reading)
        except FileError:
            raise
        except Exception as error:
            raise FileError(pillow.reason_of(error)) from error


def _picture_facts(
    picture: Any, file: BinaryIO, pages: tuple["Page", ...], reading: Reading
) -> Facts:
    from ..codecs import pillow
    from ..codecs.exif import orientation

    numbers = pillow.frame_numbers(picture, pages)
    mode, first = _part(picture, pages[0] if pages else None, reading)
    deep = pillow.bits_beyond_8(picture, file)
    bits = deep or (1 if first.form.dtype == np.bool_ else 8 * first.form.dtype.itemsize)
    refused = "" if not deep or reading.accept_8bit else pillow.too_deep(deep)
    if picture.format == "TIFF" and len(pages) < getattr(picture, "n_frames", 1):
        refused = pillow.UNKNOWN_NUMBERS
    rows = [("format", str(picture.format))]
    rows.append(("mode", f"{mode}, {bits} bit{'s'[: bits > 1]} per channel"))
    if deep:
        rows.append(("", "of which Pillow reads 8: --accept-8bit accepts that"))
    rows += _place_rows(*first.form.spatial[::-1], orientation(picture))
    if mode in ("P", "PA"):
        rows.append(("palette", f"pooled as {_colours_of(picture)}, by mode on its indices"))
    dpi = picture.info.get("dpi")
    rows += _word_rows(len(numbers), picture.info.get("icc_profile"), dpi)
    rows += _raster_rows(pages[0]) if pages else []
    parts = [first]
    for number in numbers[1:]:
        if number < len(pages):  # pages of a TIFF may differ; frames of an animation have one size
            picture.seek(number)
            parts.append(_part(picture, pages[number], reading)[1])
        else:
            parts.append(first)
    dtype = " ".join(dict.fromkeys(part.form.dtype.name for part in parts))
    return Facts(str(picture.format), tuple(parts), dtype, mode, tuple(rows), refused)


def _colours_of(picture: Any) -> str:
    return "RGBA" if picture.has_transparency_data else "RGB"


def _part(picture: Any, page: "Page | None", reading: Reading) -> tuple[str, Part]:
    """Return the mode of a frame in the file, and the frame as it will be loaded."""
    from ..codecs.exif import orientation

    # Some versions of Pillow give the upright size of a TIFF that is stored sideways.
    mode = picture.mode
    width, height = (page.width, page.height) if page else picture.size
    if orientation(picture) >= 5:
        width, height = height, width
    if mode == "P" and reading.indices:
        loaded = mode
    elif mode in ("P", "PA"):
        loaded = _colours_of(picture)
    elif picture.info.get("transparency") is not None and mode in ("1", "L", "RGB"):
        loaded = "RGBA" if mode == "RGB" else "LA"
    else:
        loaded = mode
    loaded = {"RGBX": "RGB", "HSV": "RGB", "RGBa": "RGBA", "La": "LA"}.get(loaded, loaded)
    if page and page.mode and page.mode != "P" and channels_of(page.mode) == 1:
        loaded = mode = page.mode
    elif loaded.startswith("I;16") or (loaded == "I" and picture.format == "PPM"):
        loaded = "L;16S" if picture.format == "FITS" else "I;16"
    channels = channels_of(loaded)
    shape = (height, width) if channels == 1 else (height, width, channels)
    layout = "NCHW" if channels == 1 else "NHWC"
    metadata = page.metadata if page else Metadata()
    return mode, Part(Form(shape, dtype_of(loaded), layout, loaded, metadata))


def _deep_facts(file: BinaryIO, found: "Deep", reading: Reading) -> Facts:
    from ..codecs import deep, pillow

    for page in found.pages:
        pillow.check_size(page.width, page.height, reading.max_pixels)
    found = deep.described(file, found)
    first = found.pages[0]
    mode = first.mode.partition(";")[0] or "unknown"
    floats = ", floats" if first.mode.endswith("F") else ""
    rows = [("format", found.format), ("mode", f"{mode}, {first.bits} bits per channel{floats}")]
    refused = deep.refusal(file, found)
    if refused:
        rows.append(("", refused))
    height, width = first.shape[:2]
    rows += _place_rows(width, height, first.orientation)
    rows += _word_rows(
        sum(not page.reduced for page in found.pages), first.metadata.icc, first.metadata.dpi
    )
    rows += _raster_rows(first)
    parts = tuple(
        Part(
            Form(
                page.shape,
                np.dtype(page.dtype),
                "NCHW" if len(page.shape) == 2 else "NHWC",
                page.mode,
                page.metadata,
                deep=True,
            )
        )
        for page in found.pages
        if page.mode and not page.reduced
    )
    return Facts(found.format, parts, first.dtype, first.mode, tuple(rows), refused)


def _place_rows(width: int, height: int, turned: int) -> list[tuple[str, str]]:
    rows = [("size", f"{width}×{height} (width × height)")]
    if turned != 1:
        how = "sideways" if turned >= 5 else "upside down or mirrored"
        rows.append(("orientation", f"{turned}: it is stored {how}, and pooled upright"))
    return rows


def _word_rows(
    count: int, icc: bytes | None, dpi: tuple[float, float] | None
) -> list[tuple[str, str]]:
    rows = []
    if count > 1:
        rows.append(("frames", str(count)))
    if icc:
        rows.append(("ICC profile", _profile_name(icc)))
    if dpi:
        rows.append(("DPI", " x ".join(f"{float(number):g}" for number in dpi)))
    return rows


def _raster_rows(page: "Page") -> list[tuple[str, str]]:
    """Return rows for the tags of a GeoTIFF, and for the number of white."""
    rows, metadata = [], page.metadata
    if metadata.white_is_zero:
        rows.append(("white", "is the smallest number; lightness is pooled"))
    if metadata.nodata:
        left = holds(metadata.nodata, np.dtype(page.dtype))
        what = "is left out" if left else f"is ignored: {page.dtype} does not hold it"
        rows.append(("nodata", f"{metadata.nodata} {what}"))
    if metadata.georeference:
        kind = "a pixel's centre" if metadata.georeference.point else "a pixel's corner"
        rows.append(("georeference", f"of {kind}, moved with the windows"))
    return rows


def _profile_name(icc: bytes) -> str:
    """Return the description of an ICC profile, if it can be read."""
    import io

    try:
        from PIL import ImageCms

        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc))).strip()
    except Exception:
        name = ""
    return f"{name or 'unnamed'} ({len(icc):,} bytes)"
