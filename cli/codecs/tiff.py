"""The pages of a TIFF, from their tags: which numbers they hold, and what the numbers mean.

Pillow opens many kinds of grey and misreads some: it takes unsigned 32 bits for signed, signed 8
bits for unsigned, and does not swap bytes of compressed data. So pool asks Pillow for the stored
bits (`as_stored`), and reads their type from the tags.
"""

from dataclasses import replace
from typing import Any, BinaryIO, Literal
from xml.etree import ElementTree

from PIL import Image, TiffImagePlugin

from ..job import RunNote
from .description import described
from .exif import kept_exif, plausible_dpi
from .georeference import georeference_of
from .page import Page
from .raster import DEPTHS, Metadata

_MOST_PAGES = 1 << 16
# A TIFF's tags.
_KIND, _STRIPS, _TILES = 254, 273, 324
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_ORIENTATION, _SAMPLES, _PLANAR, _EXTRA, _FORMAT = 274, 277, 284, 338, 339
_X_RESOLUTION, _Y_RESOLUTION, _UNIT, _ICC = 282, 283, 296, 34675
_DESCRIPTION = 270
_GDAL_METADATA, _NODATA = 42112, 42113
_OTHER_PLACES = (33918, 33920, 50844)  # Intergraph's two, and rational polynomials (RPC)
_CENTIMETRE = 3  # of the resolution's units
_SEPARATE = 2  # of the planar configurations
_REDUCED = 1  # of a page's kinds
_JPEG = 7
_WEBP = 50001  # which the libtiff in Pillow's wheels cannot unpack

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASK, _CMYK = 0, 1, 2, 3, 4, 5
_COLOURS = {_WHITE_IS_ZERO: "L", _BLACK_IS_ZERO: "L", _RGB: "RGB", _PALETTE: "P", _CMYK: "CMYK"}
_EXTRAS = {0: "X", 1: "a", 2: "A", 999: "A"}  # 999 is written by Corel Draw
_UNSIGNED, _SIGNED, _FLOAT, _UNDEFINED = 1, 2, 3, 4
_SIGNS = {_UNSIGNED: "", _SIGNED: "S", _FLOAT: "F", _UNDEFINED: ""}  # in a mode's depth

# Kinds of grey that fit one of Pillow's modes: the mode, and Pillow's names of byte orders.
_ROOM: dict[int, tuple[str, str]] = {8: ("L", "L"), 16: ("I;16", "I;16"), 32: ("I", "I;32")}
_GREYS = {(_UNSIGNED, 8), (_UNSIGNED, 16), (_UNSIGNED, 32), (_SIGNED, 8), (_SIGNED, 16)}
_GREYS |= {(_SIGNED, 32), (_FLOAT, 32)}
_SHORT_NAMES = {"L;16": "I;16", "L;32S": "I", "L;32F": "F"}

for _prefix in (b"II", b"MM"):
    for _photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        for _format, _size in _GREYS:
            # Without these, Pillow refuses to open some TIFFs.
            TiffImagePlugin.OPEN_INFO.setdefault(
                (_prefix, _photometric, (_format,), 1, (_size,), ()), _ROOM[_size]
            )


def pages(file: BinaryIO, described: bool = False) -> tuple[Page, ...]:
    """Return the pages of a TIFF, up to a damaged one; none if the file is not a TIFF.

    With `described`, include the metadata of pages that Pillow does not read.
    """
    file.seek(0)
    head = file.read(16)
    found: list[Page] = []
    seen: set[int] = set()
    try:
        directory = TiffImagePlugin.ImageFileDirectory_v2(head[:2] + b"*\0" + head[4:8])
        big = b"+" in head[:4]
        if big:
            # Pillow does not recognise a BigTIFF with swapped bytes.
            order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
            directory._bigtiff, directory.next = True, int.from_bytes(head[8:16], order)
        opens = not (big and head[:2] == b"MM")
        while directory.next and directory.next not in seen and len(seen) < _MOST_PAGES:
            seen.add(directory.next)
            file.seek(directory.next)
            directory.load(file)
            page = _page(file, directory, opens, described)
            reduced = bool(found) and bool(directory.get(_KIND, 0) & _REDUCED)
            found.append(replace(page, reduced=reduced))
    except Exception:
        pass  # Pillow meets the same error, which is then reported
    file.seek(0)
    return tuple(found)


def _page(file: BinaryIO, tags: Any, opens: bool, described: bool) -> Page:
    samples = _number(tags, _SAMPLES, 1)
    bits, formats = _numbers(tags, _BITS, 1), _numbers(tags, _FORMAT, _UNSIGNED)
    photometric = _number(tags, _PHOTOMETRIC, _WHITE_IS_ZERO)  # as Pillow does
    base = _base(photometric, samples, _numbers(tags, _EXTRA))
    mode = ""
    if base not in ("", "P") and len(set(bits)) == len(set(formats)) == 1:
        depth = f"{bits[0]}{_SIGNS.get(formats[0], '?')}"
        mode = f"{base};{depth}" if depth in DEPTHS else ""
        if depth == "8" and "X" not in base:
            mode = base
    mode = _SHORT_NAMES.get(mode, mode)
    exact = opens and _exact(tags, samples, base, bits, formats)
    if exact and not mode:
        mode = {"L": {1: "1", 12: "I;16"}.get(bits[0], "L")}.get(base, base)
    notes: list[str] = []
    metadata = Metadata()
    if described and not exact:
        metadata = _metadata(file, tags, notes)
    if exact and samples == 1 and bits[0] in (2, 4, 12) and base == "L":
        wide = 16 if bits[0] == 12 else 8
        notes.append(f"its {bits[0]} bits a pixel became {wide}")
        metadata = replace(metadata, maximum=(1 << bits[0]) - 1)
    return Page(
        _number(tags, _WIDTH, 0),
        _number(tags, _HEIGHT, 0),
        max(bits),
        mode,
        exact,
        _number(tags, _ORIENTATION, 1),
        _beside(tags, metadata, base[:1] == "L", notes),
        tuple(notes),
        refused=_refused(tags, photometric),
    )


def _number(tags: Any, tag: int, default: int) -> int:
    (number,) = _numbers(tags, tag, default)
    return number


def _numbers(tags: Any, tag: int, *default: int) -> tuple[int, ...]:
    """Return the whole numbers of a tag; in a damaged file a tag may hold anything."""
    value = tags.get(tag, default)
    numbers = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"tag {tag} is no whole number")
    return numbers


def _refused(tags: Any, photometric: int) -> str:
    """Return why the numbers of a page would be read wrongly, or ""."""
    if photometric == _MASK:
        return (
            "it has a mask that says which pixels count, which is not read: make an alpha of it "
            "(gdal_translate -b 1 -b mask)"
        )
    places = tags.get(_TILES, tags.get(_STRIPS, ()))
    if 0 in (places if isinstance(places, tuple) else (places,)):
        return (
            "parts of its pixels are left out of the file (it is sparse), which is not read: "
            "write all of them first (gdal_translate)"
        )
    return ""


def _base(photometric: int, samples: int, extra: tuple[int, ...]) -> str:
    """Return the letters of a page's channels, or "" if they are not known."""
    colour = _COLOURS.get(photometric, "")
    more = samples - len(colour)
    if not colour or more < 0:
        return ""
    if photometric == _RGB and more == 1 and not extra:
        return "RGBA"  # Pillow and most programs take an unnamed fourth band for an alpha
    extra = (*extra, *(0,) * more)[:more]
    letters = "".join(_EXTRAS.get(kind, "X") for kind in extra)
    # A second alpha has no known meaning.
    first = next((n for n, letter in enumerate(letters) if letter != "X"), len(letters))
    return colour + letters[: first + 1] + "X" * (len(letters) - first - 1)


def _exact(tags: Any, samples: int, base: str, bits: Any, formats: Any) -> bool:
    """Return whether Pillow reads all numbers of a page, if asked for them as stored."""
    compression = tags.get(_COMPRESSION, 1)
    if compression == _WEBP or compression not in TiffImagePlugin.COMPRESSION_INFO:
        return False
    if compression == _JPEG and max(bits) > 8:
        return False  # Pillow opens it, but unpacks again the data that libtiff has unpacked
    if base == "L":
        key = (tags.prefix, tags.get(_PHOTOMETRIC, 0), tuple(formats[:1]))
        return (*key, tags.get(_FILL_ORDER, 1), tuple(bits), ()) in TiffImagePlugin.OPEN_INFO
    known = (
        "X" not in base if base else samples <= 3
    )  # YCbCr or LAB, of which Pillow reads three channels
    return max(bits) <= 8 and set(formats) == {_UNSIGNED} and known


def _beside(tags: Any, metadata: Metadata, grey: bool, notes: list[str]) -> Metadata:
    """Return the metadata in the tags, for both ways of reading."""
    georeference = None
    try:
        georeference = georeference_of(tags)
    except (TypeError, ValueError):
        notes.append("its georeference is damaged and was left out")
    if any(tag in tags for tag in _OTHER_PLACES):
        notes.append(RunNote("a georeference by RPCs or by another program's tags was left out"))
    if georeference and tags.get(_ORIENTATION, 1) != 1:
        georeference = None
        notes.append("it is stored sideways or mirrored: its georeference was left out")
    return replace(
        metadata,
        planar=tags.get(_PLANAR, 1) == _SEPARATE and tags.get(_SAMPLES, 1) > 1,
        white_is_zero=grey and tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO) == _WHITE_IS_ZERO,
        nodata=str(tags.get(_NODATA, "")).strip(" \0"),
        georeference=georeference,
        described=described(
            tags.get(_DESCRIPTION),
            plausible_dpi((tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION))),
            tags.get(_ORIENTATION, 1) != 1,
        ),
        gdal=_lasting(str(tags.get(_GDAL_METADATA, "")), notes),
    )


def _lasting(text: str, notes: list[str]) -> str:
    """Return GDAL's metadata without statistics, which hold for the old pixels."""
    if not text:
        return ""
    try:
        root = ElementTree.fromstring(text.strip(" \0"))
    except ElementTree.ParseError:
        notes.append("its GDAL metadata is damaged and was left out")
        return ""
    for item in root.findall("Item"):
        if item.get("name", "").startswith("STATISTICS_"):
            root.remove(item)
    return ElementTree.tostring(root, encoding="unicode") if len(root) else ""


def _metadata(file: BinaryIO, tags: Any, notes: list[str]) -> Metadata:
    def exif() -> Image.Exif:
        exif = Image.Exif()
        exif.bigtiff, exif.endian = tags._bigtiff, tags._endian
        exif.load_from_fp(file, tags.offset)
        return exif

    dpi = plausible_dpi((tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION)))
    if dpi and tags.get(_UNIT, 2) == _CENTIMETRE:
        dpi = (dpi[0] * 2.54, dpi[1] * 2.54)
    elif dpi and tags.get(_UNIT, 2) != 2:
        dpi = None
    return Metadata(
        icc=tags.get(_ICC) or None,
        exif=kept_exif(exif, notes, noted=False),
        dpi=dpi,
        compression=TiffImagePlugin.COMPRESSION_INFO.get(tags.get(_COMPRESSION, 1)),
    )


def as_stored(picture: Image.Image, page: Page) -> bool:
    """Ask Pillow for the stored bits of a grey page; return whether it will give them."""
    room = _ROOM.get(page.bits)
    if room is None or page.mode.partition(";")[0] not in ("L", "I", "F"):
        return False
    mode, raw = room
    tags = picture.tag_v2  # type: ignore[attr-defined]
    tiles = []
    for tile in picture.tile:  # type: ignore[attr-defined]
        codec, order = tile[0], raw
        if page.bits > 8 and codec == "libtiff":
            order += "N"  # libtiff has swapped the bytes
        elif page.bits > 8 and tags.prefix == b"MM":
            order += "B"
        elif tags.get(_FILL_ORDER, 1) == 2 and codec != "libtiff":
            order += ";R" if page.bits == 8 else "R"
        tiles.append(tile._replace(args=(order, *tile.args[1:])))
    picture.tile = tiles  # type: ignore[attr-defined]
    picture._mode = mode
    return True
