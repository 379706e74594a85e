"""Metadata of a picture, through Pillow: EXIF, profile, resolution."""

from collections.abc import Callable
from typing import Any

from PIL import Image

from ..job import RunNote
from .description import about_shape
from .raster import Metadata

_ORIENTATION, _DESCRIPTION = 0x0112, 0x010E
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
# Tags that stay true for a smaller picture: texts, dates and resolution, and in the two groups
# everything except sizes and offsets. Thumbnails and georeferences do not stay true.
_KEPT_TAGS = frozenset(
    {0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x4746}
    | {0x8298, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F}
)
_STALE_TAGS = (0xA002, 0xA003, 0xA005)


def orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation; 1 if it is missing or cannot be read."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:
        return 1  # damaged EXIF is ignored: the pixels are whole


def metadata_of(picture: Image.Image, notes: list[str]) -> Metadata:
    """Return the metadata to keep; name in `notes` the metadata that cannot be kept."""
    info = picture.info
    subsampling = None
    if picture.format in ("JPEG", "MPO") and picture.mode in ("RGB", "YCbCr"):
        from PIL.JpegImagePlugin import get_sampling

        subsampling = max(get_sampling(picture), -1)
    compression = info.get("compression") if picture.format == "TIFF" else None
    return Metadata(
        icc=info.get("icc_profile") or None,
        exif=kept_exif(picture.getexif, notes, noted=picture.format != "TIFF"),
        dpi=plausible_dpi(info.get("dpi")),
        loop=info.get("loop"),
        poster=bool(info.get("default_image")),
        subsampling=subsampling,
        compression=compression if isinstance(compression, str) else None,
    )


def kept_exif(read: Callable[[], Image.Exif], notes: list[str], noted: bool = True) -> bytes | None:
    """Return the EXIF that stays true for a smaller picture.

    A description of an array's shape is left out, which is `noted`.
    """
    try:
        exif = read()
        kept = Image.Exif()
        for tag in set(exif) & _KEPT_TAGS:
            kept[tag] = exif[tag]
        shape = about_shape(kept.get(_DESCRIPTION))
        if shape:
            del kept[_DESCRIPTION]
            if noted:
                notes.append(RunNote(f"{shape} of the array before pooling was left out"))
        for group in (_EXIF_IFD, _GPS_IFD):
            tags = dict(exif.get_ifd(group)) if group in exif else {}
            for tag in _STALE_TAGS:
                tags.pop(tag, None)
            if tags:
                kept[group] = tags
        return kept.tobytes() if len(kept) else None
    except Exception:
        notes.append("its EXIF is damaged and was left out")
        return None


def plausible_dpi(dpi: Any) -> tuple[float, float] | None:
    """Return a resolution as two numbers, or None if it is not plausible."""
    try:
        across, down = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None
