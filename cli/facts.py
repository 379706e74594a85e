"""What is in a file, by its header alone, and what a pooling would make of it."""

import math
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from .codecs import ARRAYS, by_magic
from .engine import failed, opened
from .exits import FileError
from .job import Job, Outcome, Reading, Window
from .pooling import window_arguments
from .targets import exists, refuse_taken


@dataclass(frozen=True)
class Part:
    """One frame or array: its shape as it will be loaded, and its axes."""

    shape: tuple[int, ...]
    data_format: str | None
    picture: bool
    dtype: str
    name: str = ""

    def pooled(self, window: Window) -> tuple[int, ...]:
        """Give the shape that pooling makes of it."""
        from numbapool import pool2d_shape

        if self.data_format is None:
            raise FileError("which of its axes are height and width is not known: --data-format")
        first = len(self.shape) - (3 if self.data_format == "NHWC" else 2)
        spatial = self.shape[first], self.shape[first + 1]
        arguments = window_arguments(window, spatial, self.picture)
        size = arguments.get("output_size")
        if size:
            return (*self.shape[:first], *size, *self.shape[first + 2 :])
        return tuple(pool2d_shape(self.shape, **arguments, data_format=self.data_format))


@dataclass(frozen=True)
class Facts:
    """A file's format, its parts and the rows that ``pool info`` prints."""

    format: str
    parts: tuple[Part, ...]
    dtype: str
    mode: str
    rows: tuple[tuple[str, str], ...]


def inspect(source: str, reading: Reading) -> Facts:
    """Read a file's header."""
    with opened(source) as file:
        kind = by_magic(file.read(8))
        file.seek(0)
        if kind in ARRAYS:
            return _arrays(file, kind, reading)
        return _picture(file, reading)


def planned(job: Job) -> Outcome:
    """Tell what a job would write, or why it would not, without doing it."""
    try:
        if job.writing.on_exists == "error":
            refuse_taken(job.target)
        elif job.writing.on_exists == "skip" and exists(job.target):
            return Outcome(job.source, job.target, "skipped", reason="it exists")
        return _planned(job)
    except Exception as error:
        return failed(job, error)


def _planned(job: Job) -> Outcome:
    facts = inspect(job.source, job.reading)
    after = tuple(part.pooled(job.window) for part in facts.parts)
    dtypes = [_result_type(job.operator, part) for part in facts.parts]
    return Outcome(
        job.source,
        job.target,
        "planned",
        before=tuple(part.shape for part in facts.parts),
        after=after,
        dtype=" ".join(dict.fromkeys(dtypes)),
        nbytes=sum(
            math.prod(shape) * np.dtype(dtype).itemsize
            for shape, dtype in zip(after, dtypes, strict=True)
        ),
    )


def _result_type(operator: str, part: Part) -> str:
    """Give the type of number that the operator makes of a part's."""
    kind = np.dtype(part.dtype).kind
    if operator == "sum" and kind in "bui":
        return "uint64" if kind == "u" else "int64"
    if operator == "avg" and kind == "b":
        return "uint8" if part.picture else "float32"
    return part.dtype


def _arrays(file: BinaryIO, kind: str, reading: Reading) -> Facts:
    from .codecs import npy

    parts, rows = [], [("format", f"NumPy {kind.lower()}")]
    dtypes = []
    for name, header in npy.headers(file, kind, reading.array):
        try:
            layout = npy.data_format(header.shape, reading.data_format)
        except FileError:
            if reading.data_format:
                raise
            layout = None
        parts.append(Part(header.shape, layout, False, header.dtype.name, name))
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
    from .codecs import pillow

    head = file.read(pillow.HEAD)
    file.seek(0)
    with pillow.open_picture(file, reading) as picture:
        try:
            return _picture_facts(picture, head)
        except FileError:
            raise
        except Exception as error:
            raise FileError(f"its header is damaged: {error}") from error


# Bytes a channel, and channels, of the array that a mode is loaded as.
_MODES = {
    "1": ("bool", 1),
    "L": ("uint8", 1),
    "LA": ("uint8", 2),
    "La": ("uint8", 2),
    "RGB": ("uint8", 3),
    "RGBA": ("uint8", 4),
    "RGBX": ("uint8", 3),
    "RGBa": ("uint8", 4),
    "CMYK": ("uint8", 4),
    "YCbCr": ("uint8", 3),
    "LAB": ("uint8", 3),
    "HSV": ("uint8", 3),
    "I": ("int32", 1),
    "F": ("float32", 1),
}


def _picture_facts(picture: Any, head: bytes) -> Facts:
    from .codecs import pillow

    mode, (width, height) = picture.mode, picture.size
    turned = pillow.orientation(picture)
    sideways = turned >= 5
    if sideways:
        width, height = height, width
    if mode in ("P", "PA"):
        loaded = "RGBA" if picture.has_transparency_data else "RGB"
    elif picture.info.get("transparency") is not None and mode in ("1", "L", "RGB"):
        loaded = "RGBA" if mode == "RGB" else "LA"
    else:
        loaded = mode
    dtype, channels = _MODES.get(loaded, ("uint16", 1))
    shape = (height, width) if channels == 1 else (height, width, channels)
    count = pillow.frame_count(picture)
    deep = pillow.bits_beyond_8(picture, head)
    bits = deep or {"bool": 1, "uint8": 8, "uint16": 16}.get(dtype, 32)
    rows = [("format", str(picture.format))]
    rows.append(("mode", f"{mode}, {bits} bit{'s'[: bits > 1]} a channel"))
    if deep:
        rows.append(("", "of which Pillow reads 8: --accept-8bit accepts that"))
    rows.append(("size", f"{width} x {height} (width x height)"))
    if turned != 1:
        how = "sideways" if sideways else "upside down or mirrored"
        rows.append(("orientation", f"{turned}: it is stored {how}, and pooled upright"))
    if mode in ("P", "PA"):
        rows.append(("palette", f"pooled as {loaded}"))
    if count > 1:
        rows.append(("frames", str(count)))
    icc = picture.info.get("icc_profile")
    if icc:
        rows.append(("ICC profile", _profile_name(icc)))
    if picture.info.get("dpi"):
        rows.append(("DPI", " x ".join(f"{float(number):g}" for number in picture.info["dpi"])))
    layout = "NCHW" if channels == 1 else "NHWC"
    parts = tuple(Part(shape, layout, True, dtype) for _ in range(count))
    return Facts(str(picture.format), parts, dtype, mode, tuple(rows))


def _profile_name(icc: bytes) -> str:
    """Give an ICC profile's own description, where it can be read."""
    import io

    try:
        from PIL import ImageCms

        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc))).strip()
    except Exception:
        name = ""
    return f"{name or 'unnamed'} ({len(icc):,} bytes)"
