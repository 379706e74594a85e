"""HEIC pictures, which Pillow opens with the extra 'heif'."""

from functools import cache
from typing import Any

from ..exits import FileError
from ..job import RunNote
from .extra import HEIF, reads_heif

HEAD = 64
"""Bytes at the start of a file that tell whether it is a HEIC."""

_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_GENERAL = frozenset({b"mif1", b"msf1"})  # AVIF may have these, too
_OF_SRGB = frozenset({1, 2})  # primaries of sRGB, and primaries that are not said
_PRIMARIES = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}


def is_heif(head: bytes) -> bool:
    """Return whether a file that starts so is a HEIC."""
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    compatible = {head[at : at + 4] for at in range(16, end - 3, 4)}
    major = head[8:12]
    return major in _BRANDS or (major in _GENERAL and not _BRANDS.isdisjoint(compatible))


@cache
def let_pillow_open() -> None:
    """Register HEIC with Pillow; refuse it if the extra is not installed.

    libheif turns and mirrors the picture itself, and the extra sets the EXIF orientation to 1.
    """
    if not reads_heif():
        raise FileError(f"it is a HEIC, which is read with an extra: {HEIF}")
    try:
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    except Exception as error:
        raise FileError(f"the extra for HEIC does not load ({error}): {HEIF}") from error


def notes_of(info: dict[Any, Any]) -> list[str]:
    """Return notes on colours that no ICC profile describes."""
    said = info.get("nclx_profile")
    number = said.get("color_primaries", 2) if isinstance(said, dict) else 2
    if info.get("icc_profile") or number in _OF_SRGB:
        return []
    name = _PRIMARIES.get(number, f"number {number}")
    note = f"a HEIC's primaries ({name}) stand in no ICC profile and were not kept"
    return [RunNote(note)]
