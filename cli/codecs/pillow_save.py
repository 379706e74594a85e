"""Arrays to pictures, through Pillow: what a format cannot hold is refused, never clipped."""

from contextlib import nullcontext
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..exits import FileError
from ..job import Writing
from ..quiet import quiet
from . import FORMATS, deep_save
from .deep import EXTRA, installed
from .pillow import flip_lab
from .raster import Metadata, Raster, spoken

# Pixel modes that each format keeps bit for bit (or, where it is lossy, accepts).
_HOLDS: dict[str, tuple[str, ...]] = {
    "PNG": ("1", "L", "LA", "RGB", "RGBA", "I;16", "P", *deep_save.HOLDS["PNG"]),
    "JPEG": ("L", "RGB", "CMYK"),
    "TIFF": (
        *("1", "L", "LA", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I;16", "I", "F", "P"),
        *deep_save.HOLDS["TIFF"],
    ),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
    "GIF": ("1", "L", "RGB", "RGBA", "P"),
    "BMP": ("1", "L", "RGB", "RGBA", "P"),
    "PPM": ("1", "L", "RGB", "I;16", "F"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA", "I;16"),
    "TGA": ("1", "L", "LA", "RGB", "RGBA", "P"),
    "PCX": ("1", "L", "RGB", "P"),
    "SGI": ("L", "RGB", "RGBA"),
}
# What a mode may become, in order, without a value being changed.
_WIDENS = {"1": ("L", "RGB"), "L": ("RGB",), "LA": ("RGBA",), "YCbCr": ("RGB",)}
_OPAQUE = {"LA": "L", "RGBA": "RGB", "LA;16": "I;16", "RGBA;16": "RGB;16"}
_CHANNEL: dict[str, type[np.generic]] = {"1": np.bool_, "I": np.int32, "F": np.float32}
_DEPTH: dict[str, type[np.generic]] = {
    "16": np.uint16,
    "16F": np.float16,
    "32F": np.float32,
    "64F": np.float64,
}
_ANIMATED = ("GIF", "PNG", "WEBP", "TIFF", "AVIF")
_LOSSLESS_TIFF = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "lzma", "zstd")


def save(rasters: list[Raster], file: BinaryIO, writing: Writing) -> tuple[str, ...]:
    """Write the frames as one picture, and give the notes that are worth a word.

    By way of memory: given a file, Pillow and tifffile write to its descriptor, and take the
    part that a full disk still had room for as the whole.
    """
    whole = BytesIO()
    notes = _encode(rasters, whole, writing)
    file.write(whole.getbuffer())
    return notes


def _encode(rasters: list[Raster], file: BinaryIO, writing: Writing) -> tuple[str, ...]:
    format = writing.format
    if len(rasters) > 1 and format not in _ANIMATED:
        raise FileError(
            f"it has {len(rasters)} frames and {format} holds one: "
            f"write {_listed(_suffixes(_ANIMATED))}"
        )
    notes: list[str] = []
    frames = [(raster, *_values(raster, writing)) for raster in rasters]
    if any(deep_save.is_deep(mode) and mode in _HOLDS[format] for _, _, mode in frames):
        for raster, _, mode in frames:
            if mode not in _HOLDS[format]:
                raise _not_held(raster, mode, format)
        return deep_save.save(frames, file, writing)
    images = [_image(*frame, writing, notes) for frame in frames]
    options = _options(rasters, images, writing, notes)
    # Pillow's own text for a size past the format's limit is good enough.
    try:
        with quiet() if format == "TIFF" else nullcontext():
            images[0].save(file, format=format, **options)
    except (OSError, ValueError, KeyError, SystemError, OverflowError, RuntimeError) as error:
        raise FileError(f"{format} cannot hold it: {error}") from error
    return tuple(dict.fromkeys(notes))


def _image(
    raster: Raster, array: NDArray[Any], mode: str, writing: Writing, notes: list[str]
) -> Image.Image:
    holds = _HOLDS[writing.format]
    if writing.format == "PPM" and mode == "F" and array.ndim != 2:
        holds = ()
    if mode not in holds:
        wider = next((name for name in _WIDENS.get(mode, ()) if name in holds), None)
        if wider:
            return _from_array(array, mode).convert(wider)
        if mode in ("LA", "RGBA") and writing.background:
            return _flattened(_from_array(array, mode), writing.background, holds)
        if mode in _OPAQUE and _OPAQUE[mode] in holds:
            if (array[..., -1] == np.iinfo(array.dtype).max).all():
                return _from_array(np.ascontiguousarray(array[..., :-1].squeeze()), _OPAQUE[mode])
            laid = ", or lay it on a colour with --background white" if ";" not in mode else ""
            raise FileError(f"{writing.format} holds no transparency: write {_others(mode)}{laid}")
        raise _not_held(raster, mode, writing.format)
    image = _from_array(array, mode)
    if raster.palette is not None and mode == "P":
        _set_palette(image, raster.palette, writing.format)
    elif writing.format == "GIF" and mode in ("RGB", "RGBA"):
        image, exact = _indexed(array)
        if not exact:
            notes.append("GIF holds 256 colours: the nearest were taken")
    return image


def _not_held(raster: Raster, mode: str, format: str) -> FileError:
    eight = raster.picture and mode.endswith(";16") and deep_save.is_deep(mode)
    hint = ", or take 8 bits of it with --accept-8bit" if eight else ""
    return FileError(f"{format} holds no {spoken(mode)}: write {_others(mode)}{hint}")


def _set_palette(image: Image.Image, palette: NDArray[np.uint8], format: str) -> None:
    """Give an image of indices its colours, in the way that the format holds their alpha."""
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


def _values(raster: Raster, writing: Writing) -> tuple[NDArray[Any], str]:
    """Give the array in the number type of a mode, and that mode; refuse what does not fit."""
    array, mode, format = raster.array, raster.mode or _mode_of(raster), writing.format
    wanted = _DEPTH.get(mode.partition(";")[2]) or _CHANNEL.get(mode, np.uint8)
    single = array.ndim == 2
    if array.dtype == wanted:
        return array, mode
    if array.dtype.kind == "f":
        return _floats(array, mode, writing)
    if single and format == "TIFF":
        # Sums of grey go to 32 bits whatever they come to, so that one folder has one kind.
        wanted, mode = np.int32, "I"
    low, high = (0, 1) if wanted is np.bool_ else _limits(wanted)
    least, most = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if least < low or most > high:
        if not writing.clip:
            beyond = most if most > high else least
            fits = " or .tif" if single and format != "TIFF" and _within(least, most) else ""
            raise FileError(
                f"its values reach {beyond:,} and {spoken(mode)} in {format} holds {low} to "
                f"{high:,}: write .npy{fits}, or hold them at those limits with --clip"
            )
        array = np.clip(array, low, high)
    return array.astype(wanted), mode


def _floats(array: NDArray[Any], mode: str, writing: Writing) -> tuple[NDArray[Any], str]:
    """Give floats that were no floats in the input, or stand in no picture, and their mode."""
    single, format = array.ndim == 2, writing.format
    narrow = array.dtype.itemsize <= 4 or (writing.clip and format == "TIFF")
    if single and narrow and "F" in _HOLDS[format]:
        return array.astype(np.float32), "F"
    base = mode.partition(";")[0]
    base = "L" if single else base
    deep = f"{base};{array.dtype.itemsize * 8}F"
    if format == "TIFF" and deep in _HOLDS[format]:
        if not installed() and single:
            raise FileError(
                f"its values are {array.dtype}, and a TIFF of those is written with an extra: "
                f"{EXTRA}; or write .npy, or hold them in float32 with --clip"
            )
        return array, deep
    held = format != "TIFF" and (deep in _HOLDS["TIFF"] or (single and narrow))
    fits = " or .tif" if held else ""
    raise FileError(f"its values are {array.dtype}, which {format} does not hold: write .npy{fits}")


def _limits(dtype: type[Any]) -> tuple[int, int]:
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def _within(least: int, most: int) -> bool:
    low, high = _limits(np.int32)
    return low <= least and most <= high


def _mode_of(raster: Raster) -> str:
    """Find the mode that a plain array is as a picture, by its axes and type."""
    array = raster.array
    if raster.data_format == "NHWC" and array.ndim == 3 and array.dtype.kind in "uif":
        mode = {2: "LA", 3: "RGB", 4: "RGBA"}.get(array.shape[2])
        if mode:
            return mode + {"uint16": ";16"}.get(array.dtype.name, "")
    if array.ndim == 2 and array.size and array.dtype.kind in "uibf":
        by_type = {"bool": "1", "uint16": "I;16", "int32": "I", "float32": "F", "float16": "F"}
        return by_type.get(array.dtype.name, "L")
    raise FileError(
        f"{array.dtype} of shape {array.shape} is no picture: write .npy, or give a grey array "
        "of two axes, or one of 2, 3 or 4 channels with --data-format HWC"
    )


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
    """Give a GIF's indices and palette: the very colours where they are few enough."""
    height, width, channels = array.shape
    see_through = array[..., 3] < 128 if channels == 4 else None
    exact = see_through is None or bool(np.isin(array[..., 3], (0, 255)).all())
    colours = np.ascontiguousarray(array[..., :3])
    if see_through is not None:
        colours[see_through] = 0
    packed = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    distinct, indices = np.unique(packed, return_inverse=True)
    room = 256 if see_through is None or not see_through.any() else 255
    if distinct.size <= room:
        palette = (distinct[:, None] >> np.array([16, 8, 0], np.uint32) & 255).astype(np.uint8)
        places = indices.reshape(height, width).astype(np.uint8)
    else:
        exact = False
        few = _from_array(colours, "RGB").quantize(room)
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


def _options(
    rasters: list[Raster], images: list[Image.Image], writing: Writing, notes: list[str]
) -> dict[str, Any]:
    """Give what `Image.save` is told beside the pixels."""
    format, metadata = writing.format, rasters[0].metadata
    options: dict[str, Any] = {}
    if writing.metadata != "none" and metadata.icc and images[0].mode != "F":
        if format in ("PNG", "JPEG", "TIFF", "WEBP", "AVIF"):
            options["icc_profile"] = metadata.icc
        else:
            notes.append(f"{format} holds no ICC profile: it was left out")
    if writing.metadata == "all":
        if metadata.exif and format in ("PNG", "JPEG", "TIFF", "WEBP", "AVIF"):
            options["exif"] = metadata.exif
        if metadata.dpi and format in ("PNG", "JPEG", "TIFF", "BMP"):
            options["dpi"] = metadata.dpi
    if FORMATS[format].lossy:
        options["quality"] = writing.quality
    if format == "JPEG" and images[0].mode == "RGB":
        # A JPEG's own subsampling is kept; anything else had its colour in full.
        kept = metadata.subsampling
        options["subsampling"] = kept if kept is not None and kept >= 0 else 0
    if format == "TIFF":
        kind = metadata.compression
        options["compression"] = kind if kind in _LOSSLESS_TIFF else "tiff_adobe_deflate"
        if "exif" in options and kind != "raw" and _has_groups(options["exif"]):
            # Pillow fails to write these through libtiff, which does the compressing.
            options["compression"] = "raw"
            notes.append("to keep its EXIF the TIFF was left uncompressed")
    if len(rasters) > 1:
        options.update(_timing(rasters, metadata, format))
        options.update(save_all=True, append_images=images[1:])
    return options


def _has_groups(exif: bytes) -> bool:
    """Say whether EXIF holds the camera's or the place's tags, which stand in groups."""
    tags = Image.Exif()
    tags.load(exif)
    return 0x8769 in tags or 0x8825 in tags


def _timing(rasters: list[Raster], metadata: Metadata, format: str) -> dict[str, Any]:
    if format == "TIFF":
        return {}
    poster = metadata.poster and format == "PNG"
    shown = rasters[1:] if poster else rasters
    durations = [raster.duration or 0 for raster in shown]
    if format in ("WEBP", "AVIF"):
        durations = [round(duration) for duration in durations]
    options: dict[str, Any] = {"duration": durations}
    if metadata.loop is not None:
        options["loop"] = metadata.loop
    if poster:
        options["default_image"] = True
    if format == "GIF" and any(raster.mode in ("RGBA", "LA") for raster in rasters):
        options["disposal"] = 2  # what one frame shows the next may have to take away
    return options


def _others(mode: str) -> str:
    formats = [name for name, modes in _HOLDS.items() if mode in modes]
    return _listed([".npy", *_suffixes(formats[:3])])


def _suffixes(formats: list[str] | tuple[str, ...]) -> list[str]:
    return [FORMATS[name].suffixes[0] for name in formats]


def _listed(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
