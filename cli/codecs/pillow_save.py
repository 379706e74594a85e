"""Write pictures through Pillow. Numbers that a format cannot hold are refused, never clipped."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from numbapool.errors import PoolError

from ..exits import FileError
from ..job import RunNote, Writing
from ..telling.quiet import quiet
from . import FORMATS, holding
from .extra import installed
from .holding import HOLDS, OPAQUE, WIDENS, is_deep, not_held
from .pillow import flip_lab
from .raster import MAX_PIXELS, Frame, Raster, held, spoken

if TYPE_CHECKING:
    from . import tiff_save

_ANIMATED = ("GIF", "PNG", "WEBP", "TIFF", "AVIF")
_DB_PER_QUALITY = 0.5  # of a JPEG 2000: 45 dB of signal to noise at --quality 90
_AT_ONCE = 1 << 18  # pixels per look-up of colours
_KEEPS_PROFILE = ("PNG", "JPEG", "WEBP", "AVIF")


def save(
    rasters: Iterable[Raster], file: BinaryIO, writing: Writing, max_pixels: int | None = None
) -> tuple[str, ...]:
    """Write the frames as one picture, and return notes for the user.

    Frames are taken one by one. Pages of a TIFF are written as they come, frames of a GIF are held
    as indices, others are held until the last. At most `max_pixels` are held.
    """
    notes: list[str] = []
    frames = iter(rasters)
    first = next(frames)
    format = writing.format
    several = first.frames > 1
    if several and format not in _ANIMATED:
        raise FileError(
            f"it has {first.frames} frames and {format} holds one: "
            f"write {holding.listed(holding.suffixes(_ANIMATED))}"
        )
    frames = itertools.chain([first], frames)
    if several and first.metadata.poster and format in ("GIF", "WEBP", "AVIF"):
        next(frames)
        notes.append(f"the picture for viewers that do not animate was left out: {format} has none")
    if several and format != "TIFF":
        frames = held(frames, max_pixels or MAX_PIXELS)
    numbered = ((raster, *holding.numbers(raster, writing, notes)) for raster in frames)
    _encode(numbered, file, writing, notes)
    return tuple(dict.fromkeys(notes))


def _encode(frames: Iterator[Frame], file: BinaryIO, writing: Writing, notes: list[str]) -> None:
    """Write frames by tifffile, by Pillow page by page, or by Pillow at once."""
    first = next(frames)
    frames = itertools.chain([first], frames)
    (raster, _, mode), format = first, writing.format
    if format == "TIFF":
        deep = raster.deep or is_deep(mode) or _corrects(raster, mode, writing)
        _save_tiff(frames, file, writing, notes, deep)
        return
    if raster.metadata.described and writing.metadata == "all":
        notes.append(RunNote(raster.metadata.described.left_out))
    # Write to memory first. Given a file, Pillow writes to its descriptor. If the disk fills up,
    # Pillow takes the part that was written for the whole.
    whole = BytesIO()
    if is_deep(mode):
        from . import deep_save

        deep_save.save_png(next(_held_by(format, frames)), whole, writing)
    elif format == "AVIF" and writing.lossless:
        from . import deep_save

        raster, array, mode = next(frames)
        image = _image(raster, array, mode, writing, notes)
        deep_save.save_avif(np.asarray(image), raster, whole, notes)
    else:
        _save_by_pillow(frames, whole, writing, notes)
    file.write(whole.getbuffer())


def _save_tiff(
    frames: Iterator[Frame], file: BinaryIO, writing: Writing, notes: list[str], deep: bool
) -> None:
    from . import deep_save, tiff_save

    seekable = cast(BinaryIO, tiff_save.Plain(file))
    if deep:
        deep_save.save_tiff(_held_by("TIFF", frames), seekable, writing, notes)
        return
    with _told("TIFF"), quiet():
        tiff_save.save(_pages(frames, writing, notes), seekable, writing, notes)


def _corrects(raster: Raster, mode: str, writing: Writing) -> bool:
    """Return whether to write by tifffile, since there is a description in UTF-8 to correct."""
    from . import deep_save

    wanted = raster.metadata.described and writing.metadata == "all"
    return bool(wanted) and deep_save.is_plain(mode) and installed()


def _held_by(format: str, frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield the frames; refuse a mode that the format does not hold."""
    for raster, array, mode in frames:
        if not holding.holds(format, mode):
            raise not_held(raster, mode, format)
        yield raster, array, mode


def _pages(
    frames: Iterable[Frame], writing: Writing, notes: list[str]
) -> Iterator["tiff_save.Page"]:
    from . import tiff_save

    for raster, array, mode in frames:
        if is_deep(mode):
            raise FileError(f"a page of {spoken(mode)} does not stand beside others: write .npz")
        stored, room = tiff_save.as_stored(raster, array, mode)
        yield tiff_save.Page(_image(raster, stored, room, writing, notes), mode, raster.metadata)


@contextmanager
def _told(format: str) -> Iterator[None]:
    """Raise a FileError if Pillow cannot write; keep Pillow's own text for a size limit."""
    try:
        yield
    except PoolError:  # a later frame's error, which is also a ValueError
        raise
    except (OSError, ValueError, KeyError, SystemError, OverflowError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's error
        raise FileError(f"{format} cannot hold it: {error}") from error


def _save_by_pillow(
    frames: Iterator[Frame], file: BytesIO, writing: Writing, notes: list[str]
) -> None:
    format = writing.format
    raster, array, mode = next(frames)
    options = _options(raster, mode, writing, notes)
    if raster.frames > 1:
        frames = itertools.chain([(raster, array, mode)], frames)
        images = _animated(frames, options, writing, notes)
        image = next(images)
        options["append_images"] = images if format == "GIF" else list(images)
    else:
        image = _image(raster, array, mode, writing, notes)
    if format == "JPEG" and image.mode == "RGB":
        # Keep the subsampling of a JPEG; other formats have full colour.
        kept = raster.metadata.subsampling
        options["subsampling"] = kept if kept is not None and kept >= 0 else 0
    with _told(format):
        image.save(file, format=format, **options)
    if format == "PPM" and raster.metadata.maximum:
        _set_maximum(file, raster.metadata.maximum)


def _set_maximum(file: BytesIO, maximum: int) -> None:
    """Set the maximum in the header of a PGM or PPM, to suit its numbers."""
    kind, size, _, pixels = file.getvalue().split(b"\n", 3)
    file.seek(0)
    file.truncate()
    file.write(b"%b\n%b\n%d\n%b" % (kind, size, maximum, pixels))


def _image(
    raster: Raster, array: NDArray[Any], mode: str, writing: Writing, notes: list[str]
) -> Image.Image:
    holds = HOLDS[writing.format]
    if writing.format == "PPM" and mode == "F" and array.ndim != 2:
        holds = ()
    if mode not in holds:
        wider = next((name for name in WIDENS.get(mode, ()) if name in holds), None)
        if wider:
            return _from_array(array, mode).convert(wider)
        if mode in ("LA", "RGBA") and writing.background:
            return _flattened(_from_array(array, mode), writing.background, holds)
        if mode in OPAQUE and OPAQUE[mode] in holds:
            if (array[..., -1] == np.iinfo(array.dtype).max).all():
                opaque = array[..., 0] if array.shape[-1] == 2 else array[..., :-1]
                return _from_array(np.ascontiguousarray(opaque), OPAQUE[mode])
            laid = ", or lay it on a colour with --background white" if ";" not in mode else ""
            raise FileError(
                f"{writing.format} holds no transparency: write {holding.others(mode)}{laid}"
            )
        raise not_held(raster, mode, writing.format)
    image = _from_array(array, mode)
    if raster.palette is not None and mode == "P":
        _set_palette(image, raster.palette, writing.format)
    elif writing.format == "GIF" and mode in ("RGB", "RGBA"):
        image, exact = _indexed(array)
        if not exact and writing.lossless:
            raise FileError("a GIF holds 256 colours, and this has more: write .png or .webp")
        if not exact:
            notes.append("GIF holds 256 colours: the nearest were taken")
    return image


def _set_palette(image: Image.Image, palette: NDArray[np.uint8], format: str) -> None:
    """Add colours to an image of indices, with alpha as the format stores it."""
    alpha = palette[:, 3] if palette.shape[1] == 4 else np.full(len(palette), 255, np.uint8)
    clear = np.flatnonzero(alpha != 255)
    if not clear.size:
        image.putpalette(np.ascontiguousarray(palette[:, :3]).tobytes(), "RGB")
    elif format == "PNG":
        image.putpalette(palette.tobytes(), "RGBA")
    elif format == "GIF" and clear.size == 1 and alpha[clear[0]] == 0:
        image.putpalette(np.ascontiguousarray(palette[:, :3]).tobytes(), "RGB")
        image.info["transparency"] = int(clear[0])
    else:
        raise FileError(f"{format} holds no such transparent palette: write .png, or .npy")


def _from_array(array: NDArray[Any], mode: str) -> Image.Image:
    if not array.size:
        raise FileError("it has no pixels")
    height, width = array.shape[:2]
    raw = mode
    if mode == "1":
        raw, array = "1;8", array.astype(np.uint8) * np.uint8(255)
    elif mode == "LAB":
        array = flip_lab(array)
    elif mode == "I;16":
        array = array.astype("<u2", copy=False)
    return Image.frombytes(mode, (width, height), np.ascontiguousarray(array).data, "raw", raw)


def _flattened(image: Image.Image, background: str, holds: tuple[str, ...]) -> Image.Image:
    from PIL import ImageColor

    ground = Image.new("RGBA", image.size, ImageColor.getrgb(background))
    flat = Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    red, green, blue = ImageColor.getrgb(background)[:3]
    grey = image.mode == "LA" and red == green == blue and "L" in holds
    return flat.convert("L") if grey else flat


def _indexed(array: NDArray[Any]) -> tuple[Image.Image, bool]:
    """Return the indices and palette of a GIF; exact colours if they are few enough."""
    height, width, channels = array.shape
    see_through = array[..., 3] < 128 if channels == 4 else None
    exact = see_through is None or bool(np.isin(array[..., 3], (0, 255)).all())
    colours = np.ascontiguousarray(array[..., :3])
    if see_through is not None:
        colours[see_through] = 0
    room = 256 if see_through is None or not see_through.any() else 255
    whole = _from_array(colours, "RGB")
    found = whole.getcolors(room)
    if found:
        palette = np.array(sorted(colour for _, colour in found), np.uint8)
        places = _places(colours, palette)
    else:
        exact = False
        few = whole.quantize(room)
        palette = np.array(few.getpalette("RGB"), np.uint8).reshape(-1, 3)
        places = np.asarray(few).copy()
    if room == 255 and see_through is not None:
        places[see_through] = len(palette)
        palette = np.vstack([palette, np.zeros((1, 3), np.uint8)])
    image = Image.frombytes("P", (width, height), places.data)
    image.putpalette(palette.tobytes())
    if room == 255:
        image.info["transparency"] = len(palette) - 1
    return image, exact


def _places(colours: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the place of each pixel's colour in a sorted palette, a few rows at a time."""
    digits = np.array([1 << 16, 1 << 8, 1], np.uint32)
    known = palette.astype(np.uint32) @ digits
    places = np.empty(colours.shape[:2], np.uint8)
    rows = max(1, _AT_ONCE // colours.shape[1])
    for top in range(0, len(places), rows):
        part = slice(top, top + rows)
        places[part] = np.searchsorted(known, colours[part].astype(np.uint32) @ digits)
    return places


def _options(raster: Raster, mode: str, writing: Writing, notes: list[str]) -> dict[str, Any]:
    """Return the options for `Image.save`."""
    format, metadata = writing.format, raster.metadata
    options = _quality(raster, writing, notes)
    if writing.metadata != "none" and metadata.icc and mode != "F":
        if format in _KEEPS_PROFILE:
            options["icc_profile"] = metadata.icc
        else:
            notes.append(f"{format} holds no ICC profile: it was left out")
    if writing.metadata == "all":
        if metadata.exif and format in _KEEPS_PROFILE:
            options["exif"] = metadata.exif
        if metadata.dpi and format in ("PNG", "JPEG", "BMP"):
            options["dpi"] = metadata.dpi
        if metadata.georeference:
            notes.append(RunNote(f"{format} holds no georeference: it was left out"))
        if metadata.gdal:
            notes.append(RunNote(f"{format} holds no GDAL metadata: it was left out"))
    if metadata.nodata:
        notes.append(RunNote(f"{format} does not say which number is nodata"))
    return options


def _quality(raster: Raster, writing: Writing, notes: list[str]) -> dict[str, Any]:
    """Return options for lossless or lossy: as requested, else like an input of the same format."""
    format, asked = writing.format, writing.lossless
    if format == "JPEG":
        if asked:
            raise FileError("a JPEG is never lossless: write .png, .webp, .tif or .jp2")
        return {"quality": writing.quality}
    exactly = raster.metadata.lossless == format if asked is None else asked
    if format == "WEBP" and exactly:
        return {"lossless": True, "exact": True}
    if format == "JPEG2000" and asked is False:
        decibels = [writing.quality * _DB_PER_QUALITY]
        return {"irreversible": True, "quality_mode": "dB", "quality_layers": decibels}
    if format == "AVIF" and raster.metadata.lossless == "AVIF" and asked is None:
        notes.append(
            RunNote("whether an AVIF came lossless is not looked for: --lossless keeps every pixel")
        )
    return {"quality": writing.quality} if FORMATS[format].lossy else {}


class _Disposals(list[int]):
    """How each frame of a GIF is disposed of before the next.

    If all frames are alike, Pillow writes one frame, and compares this with a number.
    """

    def __int__(self) -> int:
        return 0


def _animated(
    frames: Iterator[Frame], options: dict[str, Any], writing: Writing, notes: list[str]
) -> Iterator[Image.Image]:
    """Yield the images of the frames; before each, set in `options` how it is shown.

    For a GIF Pillow reads the options frame by frame, for other formats after the last frame.
    """
    format = writing.format
    durations: list[float] = []
    disposals = _Disposals()
    options.update(save_all=True, duration=durations)
    current: Frame | None = next(frames)
    assert current is not None
    metadata = current[0].metadata
    poster = metadata.poster and format == "PNG"
    if metadata.loop is not None:
        options["loop"] = metadata.loop
    if poster:
        options["default_image"] = True
    if format == "GIF":
        options["disposal"] = disposals
    while current is not None:
        following = next(frames, None)
        raster, array, mode = current
        if not poster:
            duration = raster.duration or 0
            durations.append(round(duration) if format in ("WEBP", "AVIF") else duration)
        poster = False
        # A frame may have to remove the frame before it.
        pair = (mode, following[2] if following else "")
        disposals.append(2 if {"RGBA", "LA"} & set(pair) else 0)
        yield _image(raster, array, mode, writing, notes)
        current = following
