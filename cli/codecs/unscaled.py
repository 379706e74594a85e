"""The stored numbers of a file, if Pillow scales or shifts them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..exits import FileError
from .jpeg2000 import header_of

Kept = tuple[NDArray[Any], str, int | None]
"""An array, its mode, and the number that stands for white if it is not the type's largest."""

_BIG_ENDIAN = {16: "I;16B", 32: "I;32B", -32: "F;32BF"}  # Pillow's words, by a FITS's BITPIX
_CARD = 80  # bytes of a FITS header's line
_PNM_BITS = {"1": 1, "L": 8, "I": 16, "RGB": 24}  # of a pixel, by Pillow's mode
_MOST_AXES = 999  # of a FITS
_UNIT = 36 * _CARD
_MOST_CARDS = 36 * 64
_FEW_BITS = {"L;2": 3, "L;4": 15}  # Pillow's words for a PNG's grey, and its largest number


def prepared(picture: Image.Image) -> Callable[[NDArray[Any], str], Kept]:
    """Prepare a picture before it is loaded; return a function that restores its numbers.

    Raises
    ------
    FileError
        If the numbers cannot be restored.
    """
    prepare = {"PPM": _netpbm, "FITS": _fits, "JPEG2000": _jpeg2000, "PNG": _png}.get(
        picture.format or ""
    )
    return prepare(picture) if prepare else _as_they_are


def _as_they_are(array: NDArray[Any], mode: str) -> Kept:
    return array, mode, None


def _netpbm(picture: Image.Image) -> Callable[[NDArray[Any], str], Kept]:
    """Keep a maximum such as 1023 or 15; Pillow scales numbers to 65535 or 255."""
    tile: Any = picture.tile  # type: ignore[attr-defined]
    (whole,) = tile
    if whole.codec_name not in ("ppm", "ppm_plain"):
        return _as_they_are
    if not isinstance(whole.args, tuple):
        return _as_they_are  # bits
    raw, maximum = whole.args
    if maximum > 255 and picture.mode != "I":
        return _as_they_are  # 16-bit colour, of which Pillow reads 8 bits
    if whole.codec_name == "ppm":
        whole = whole._replace(codec_name="raw", args="I;16B" if maximum > 255 else raw)
    else:
        whole = whole._replace(args=(raw, 65535 if maximum > 255 else 255))
    picture.tile = [whole]  # type: ignore[attr-defined]

    def kept(array: NDArray[Any], mode: str) -> Kept:
        most = int(array.max()) if array.size else 0
        if most > maximum:
            raise FileError(f"it is damaged: its maximum is {maximum}, and it has a {most}")
        return array, mode, None if maximum in (255, 65535) else maximum

    return kept


def more_follows(picture: Image.Image) -> bool:
    """Return whether another picture follows the first of a binary PNM."""
    file: Any = picture.fp  # type: ignore[attr-defined]
    (tile,) = picture.tile  # type: ignore[attr-defined]
    wide = isinstance(tile.args, tuple) and isinstance(tile.args[1], int) and tile.args[1] > 255
    bits = _PNM_BITS.get(picture.mode, 0) << wide
    if tile.codec_name == "ppm_plain" or not bits:
        return False
    at = file.tell()
    file.seek(tile.offset + -(-picture.width * bits // 8) * picture.height)
    following = file.read(2)
    file.seek(at)
    return following in (b"P4", b"P5", b"P6")


def _axes(cards: dict[bytes, bytes]) -> int:
    return int(cards.get(b"NAXIS", b"0"))


def _cards(file: Any) -> dict[bytes, bytes]:
    """Return the header of the first image, which may be in an extension."""
    at = file.tell()
    file.seek(0)
    cards: dict[bytes, bytes] = {}
    for _ in range(_MOST_CARDS):
        card = file.read(_CARD)
        if len(card) < _CARD:
            break
        if card[:8].strip() != b"END":
            cards.setdefault(card[:8].strip(), card[10:].partition(b"/")[0].strip())
        elif _axes(cards):
            break
        else:
            file.seek(-(-file.tell() // _UNIT) * _UNIT)  # no image here: read the next header
            cards = {}
    file.seek(at)
    return cards


def _fits(picture: Image.Image) -> Callable[[NDArray[Any], str], Kept]:
    """Restore the sign of 16 bits; refuse numbers that Pillow would round or not scale."""
    cards = _cards(picture.fp)  # type: ignore[attr-defined]
    if b"ZIMAGE" in cards:
        raise FileError("it is compressed within (ZIMAGE), which is not read: unpack it first")
    axes = min(_axes(cards), _MOST_AXES)
    if any(int(cards.get(b"NAXIS%d" % n, b"1")) != 1 for n in range(3, axes + 1)):
        raise FileError(
            f"it has {_axes(cards)} axes, of which Pillow reads the first plane: save it as .npy"
        )
    if b"BLANK" in cards:
        number = cards[b"BLANK"].decode("ascii", "replace")
        raise FileError(
            f"its number {number} stands for no value (BLANK), which is ignored here: save it "
            "as .npy, and give --nodata"
        )
    bits = int(cards.get(b"BITPIX", b"8"))
    if bits == -64:
        raise FileError("it holds 64-bit floats, which Pillow rounds to 32: save it as .npy")
    scaled = float(cards.get(b"BSCALE", b"1")), float(cards.get(b"BZERO", b"0"))
    if scaled[0] != 1 or scaled[1] != 0:
        raise FileError(
            f"its numbers are to be multiplied by {scaled[0]:g}, plus {scaled[1]:g} (BSCALE, "
            "BZERO), which is not done here: save it as .npy"
        )

    tile: Any = picture.tile  # type: ignore[attr-defined]
    if bits in _BIG_ENDIAN and tile[0].codec_name == "raw":  # Pillow 11.0 does not swap bytes
        tile[0] = tile[0]._replace(args=(_BIG_ENDIAN[bits], *tile[0].args[1:]))

    def kept(array: NDArray[Any], mode: str) -> Kept:
        return (array.view(np.int16), "L;16S", None) if mode == "I;16" else (array, mode, None)

    return kept


def _jpeg2000(picture: Image.Image) -> Callable[[NDArray[Any], str], Kept]:
    """Undo the shift by which Pillow fills 8 or 16 bits."""
    header = header_of(picture.fp)  # type: ignore[attr-defined]
    if header is None or not header.bits:
        raise FileError("it is damaged: its data cannot be decoded")
    bits = header.bits[0]
    if header.signed:
        raise FileError(
            f"it holds signed numbers of {bits} bits, which Pillow shifts: save it as .tif or .npy"
        )
    if len(set(header.bits)) > 1 or (picture.mode in ("P", "PA") and bits < 8):
        listed = ", ".join(map(str, header.bits))
        raise FileError(
            f"its numbers have {listed} bits, which Pillow shifts to 8: save it as .tif or .npy"
        )

    def kept(array: NDArray[Any], mode: str) -> Kept:
        full = 8 * array.dtype.itemsize
        if array.dtype.kind != "u" or bits >= full:
            return array, mode, None
        return array >> np.array(full - bits, array.dtype), mode, (1 << bits) - 1

    return kept


def _png(picture: Image.Image) -> Callable[[NDArray[Any], str], Kept]:
    """Set a transparent grey of 2 or 4 bits to the shade that Pillow scales it to."""
    tile: Any = picture.tile  # type: ignore[attr-defined]
    shade = picture.info.get("transparency")
    full = _FEW_BITS.get(str(tile[0].args)) if tile else None
    if full and isinstance(shade, int) and shade <= full:
        picture.info["transparency"] = shade * (255 // full)
    return _as_they_are
