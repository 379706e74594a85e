"""Which numbers each format holds. Numbers that do not fit are refused, never clipped."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exits import FileError
from ..job import Writing
from . import FORMATS
from .extra import EXTRA, installed
from .raster import Raster, dtype_of, spoken

# Pillow's modes that each format keeps exactly, or accepts if it is lossy.
HOLDS: dict[str, tuple[str, ...]] = {
    "PNG": ("1", "L", "LA", "RGB", "RGBA", "I;16", "P"),
    "JPEG": ("L", "RGB", "CMYK"),
    "TIFF": ("1", "L", "LA", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I;16", "I", "F", "P"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
    "GIF": ("1", "L", "RGB", "RGBA", "P"),
    "BMP": ("1", "L", "RGB", "P"),  # readers ignore the alpha that Pillow writes
    "PPM": ("1", "L", "RGB", "I;16", "F"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA", "I;16"),
    "TGA": ("1", "L", "LA", "RGB", "RGBA", "P"),
    "PCX": ("1", "L", "RGB", "P"),
    "SGI": ("L", "RGB", "RGBA"),
}
# Kinds of grey that Pillow writes to TIFF under another name.
RENAMED: dict[str, str] = {"L;8S": "L", "L;16S": "I;16", "L;32": "I"}
# The modes that the extra ``deep`` writes.
_DEEP_PNG = ("LA;16", "RGB;16", "RGBA;16")
_DEEP_TIFF = ("L", "La", "LA", "RGB", "RGBa", "RGBA", "CMYK")

# The modes that a mode may become, in order, without a change of values.
WIDENS = {"1": ("L", "RGB"), "L": ("RGB",), "LA": ("RGBA",), "YCbCr": ("RGB",)}
OPAQUE = {"LA": "L", "RGBA": "RGB", "LA;16": "I;16", "RGBA;16": "RGB;16"}

_OWN_MAXIMUM = ("PPM", "TIFF")  # formats that can give a maximum below the largest of the type


def is_deep(mode: str) -> bool:
    """Return whether the extra ``deep`` writes a mode, instead of Pillow."""
    return ";" in mode and mode != "I;16" and mode not in RENAMED


def holds(format: str, mode: str) -> bool:
    """Return whether a format holds a mode."""
    if mode in HOLDS[format]:
        return True
    if format == "TIFF":
        base = mode.partition(";")[0]
        return mode in RENAMED or (is_deep(mode) and base.replace("X", "") in _DEEP_TIFF)
    return format == "PNG" and mode in _DEEP_PNG


def not_held(raster: Raster, mode: str, format: str) -> FileError:
    """Return an error that names formats that hold the mode."""
    eight = raster.picture and mode.endswith(";16") and is_deep(mode)
    hint = ", or take 8 bits of it with --accept-8bit" if eight else ""
    return FileError(f"{format} holds no {spoken(mode)}: write {others(mode)}{hint}")


def numbers(raster: Raster, writing: Writing, notes: list[str]) -> tuple[NDArray[Any], str]:
    """Return the array in the type of a mode, and the mode; refuse numbers that do not fit."""
    raster = _as_the_format_counts(raster, writing.format, notes)
    array, format = raster.array, writing.format
    mode = raster.mode or _mode_of(raster, format)
    wanted = dtype_of(mode)
    single = array.ndim == 2
    floats = array.dtype.kind == "f"
    if array.dtype == wanted and (not floats or holds(format, mode)):
        return array, mode
    if floats:
        return _floats(array, mode, writing)
    if single and format == "TIFF" and mode != "L;32":
        # Sums of grey always take 32 bits, so that all files of a folder have one type.
        wanted, mode = np.dtype(np.int32), "I"
    low, high = _limits(wanted)
    least, most = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if least < low or most > high:
        if not writing.clip:
            beyond = most if most > high else least
            within = _limits(np.dtype(np.int32))
            fits = " or .tif" if within[0] <= least and most <= within[1] else ""
            fits = fits if single and format != "TIFF" else ""
            raise FileError(
                f"its values reach {beyond:,} and {spoken(mode)} in {format} holds {low} to "
                f"{high:,}: write .npy{fits}, or clip them to these limits with --clip"
            )
        array = np.clip(array, low, high)
    return array.astype(wanted), mode


def _as_the_format_counts(raster: Raster, format: str, notes: list[str]) -> Raster:
    """Return the raster with white at the number that the format uses."""
    array, maximum = raster.array, raster.metadata.maximum
    if maximum and format not in _OWN_MAXIMUM:
        full = np.iinfo(array.dtype).max
        wide = array.astype(np.int64)
        scaled = (2 * wide * full + maximum) // (2 * maximum)
        notes.append(
            f"its numbers up to {maximum} became numbers up to {full}, as {format} has them"
        )
        return replace(raster, array=scaled.astype(array.dtype))
    if raster.metadata.white_is_zero and array.dtype.kind == "f" and format != "TIFF":
        raise FileError(
            f"its floats grow darker (MinIsWhite), which {format} cannot say: write .tif"
        )
    return raster


def _floats(array: NDArray[Any], mode: str, writing: Writing) -> tuple[NDArray[Any], str]:
    """Return an array or a picture as floats, and their mode."""
    single, format = array.ndim == 2, writing.format
    narrow = array.dtype.itemsize <= 4 or (writing.clip and format == "TIFF")
    if single and narrow and "F" in HOLDS[format]:
        return array.astype(np.float32), "F"
    base = mode.partition(";")[0]
    base = "L" if single else base
    deep = f"{base};{array.dtype.itemsize * 8}F"
    if format == "TIFF" and holds(format, deep):
        if not installed() and single:
            raise FileError(
                f"its values are {array.dtype}, and a TIFF of them needs an extra: "
                f"{EXTRA}; or write .npy, or clip them to float32 with --clip"
            )
        return array, deep
    whole = _mode_of_whole_numbers(mode, single, format)
    if format != "TIFF" and writing.clip:
        return _rounded(array, whole, format), whole
    most = f"{_limits(dtype_of(whole))[1]:,}"
    clip = f", or round them and hold them at 0 to {most} with --clip" if format != "TIFF" else ""
    raise FileError(
        f"its values are {array.dtype}, which {format} does not hold: write "
        f"{others('F' if single and narrow else deep)}{clip}"
    )


def _mode_of_whole_numbers(mode: str, single: bool, format: str) -> str:
    """Return the mode of rounded floats: of 8 bits, or of the 16 that the picture had."""
    base, _, depth = mode.partition(";")
    if depth == "16" and holds(format, mode):
        return mode
    return "L" if single else base


def _rounded(array: NDArray[Any], mode: str, format: str) -> NDArray[Any]:
    """Return floats as the whole numbers of a mode."""
    wanted = dtype_of(mode)
    if np.isnan(array).any():
        raise FileError(
            f"it has NaN, and {format} has no number for that: leave NaN out with --nan skip, or "
            "write .npy"
        )
    _, most = _limits(wanted)
    return np.floor(np.clip(array.astype(np.float64), 0, most) + 0.5).astype(wanted)


def _limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    if dtype.kind == "b":
        return 0, 1
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def _mode_of(raster: Raster, format: str) -> str:
    """Return the mode of a plain array as a picture, by its axes and type."""
    array = raster.array
    if raster.data_format == "NHWC" and array.ndim == 3 and array.dtype.kind in "uif":
        mode = {2: "LA", 3: "RGB", 4: "RGBA"}.get(array.shape[2])
        if mode:
            return mode + {"uint16": ";16"}.get(array.dtype.name, "")
    grey = array.ndim == 2 and raster.data_format == "NCHW"
    if grey and array.size and array.dtype.kind in "uibf":
        by_type = {"bool": "1", "uint16": "I;16", "int32": "I", "float32": "F", "float16": "F"}
        if format == "TIFF":
            by_type |= {"int8": "L;8S", "int16": "L;16S", "uint32": "L;32"}
        return by_type.get(array.dtype.name, "L")
    raise FileError(
        f"{array.dtype} of shape {array.shape} is not a picture: write .npy, or give a grey array "
        "of two axes, or one of 2, 3 or 4 channels with --data-format HWC"
    )


def others(mode: str) -> str:
    """Return the names of formats that hold a mode."""
    formats = [name for name in HOLDS if holds(name, mode)]
    return listed([".npy", *suffixes(formats[:3])])


def suffixes(formats: list[str] | tuple[str, ...]) -> list[str]:
    """Return the usual suffix of each format."""
    return [FORMATS[name].suffixes[0] for name in formats]


def listed(names: list[str]) -> str:
    """Return names as a choice: "a, b or c"."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
