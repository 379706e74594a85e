"""A contact sheet: each input beside its pooled result, at the same size."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image, ImageDraw, ImageFont

from numbapool.records import dataclass

from ..codecs.raster import Raster
from ..job import Job, pair_of
from ..operators import OPERATORS
from . import nodata
from .measure import Measures, measured
from .pooling import pool
from .views import extremes, first_plane, gone, span_of, view

_GAP = 24  # around cells
_INNER = 10  # between the two pictures of a cell, and above and below their labels
_NAME, _SMALL = 15, 13  # font sizes
_LEAST = 180  # the smallest width for a label
_HEAD, _FOOT = _NAME + _INNER, _SMALL + _INNER
_SHAPE = 1.4  # the ratio of width to height that the default number of columns aims for
_CHECK = 8  # side of the squares behind transparent pixels
_INK, _PALE, _LINE = "#202020", "#6a6a6a", "#c8c8c8"

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cell:
    """Pictures under one name, with a caption for each, and the shapes before and after."""

    name: str
    pictures: tuple[Image.Image, ...]
    captions: tuple[str, ...]
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    measures: Measures | None = None


@dataclass(frozen=True)
class Look:
    """How pictures are shown: their longest side, only the middle or all, with measures or not."""

    tile: int = 320
    detail: bool = False
    measured: bool = False

    def place(self, height: int, width: int, step: tuple[int, int]) -> tuple[Box, tuple[int, int]]:
        """Return the part of a picture that is shown, and its width and height on the sheet.

        `step` is the height and width of the window; the part begins where a window begins.
        """
        if self.detail:
            wide, high = min(width, self.tile), min(height, self.tile)
            left = (width - wide) // 2 // step[1] * step[1]
            top = (height - high) // 2 // step[0] * step[0]
        else:
            left = top = 0
            wide, high = width, height
        part = left, top, left + wide, top + high
        longer = max(wide, high)
        if longer <= self.tile:
            times = self.tile // longer
            return part, (wide * times, high * times)
        sides = (max(1, round(side * self.tile / longer)) for side in (wide, high))
        return part, (next(sides), next(sides))


def gallery_of(cells: Sequence[Cell], operators: Sequence[str]) -> list[Cell]:
    """Return a file's cells for several operators as one cell of the input and one per operator."""
    first = cells[0]
    alone = replace(first, pictures=first.pictures[:1], captions=first.captions[:1], measures=None)
    return [
        alone,
        *(
            replace(cell, name=name, pictures=cell.pictures[1:], captions=cell.captions[1:])
            for cell, name in zip(cells, operators, strict=True)
        ),
    ]


def cell_of(frames: Sequence[Raster], name: str, job: Job, look: Look) -> Cell:
    """Return the cell of a file: its first frame, before and after pooling."""
    operator, window = OPERATORS[job.operator], job.window
    whole = frames[0]
    before = first_plane(whole)
    after = pool(before, operator, window, job.values)
    height, width = before.spatial
    step = pair_of(window.kernel_size)
    part, shown = look.place(height, width, step)
    pooled_height, pooled_width = after.spatial
    ends = min(part[2] / step[1], pooled_width), min(part[3] / step[0], pooled_height)
    pooled_part = part[0] / step[1], part[1] / step[0], *ends
    values, _ = nodata.settled(before.form, operator, job.values)
    lacks, lacks_after = gone(before, values), None
    if not operator.zero_of_nothing:
        lacks_after = gone(after, values)
    span = span_of(before, lacks)
    span_after = span if operator.keeps_shades else extremes(after, lacks_after)
    planes = whole.array.size // max(before.array.size, 1)
    first = f", first of {planes} planes" if planes > 1 else ", first frame" * (len(frames) > 1)
    measures = measured(before, operator, window, job.values) if look.measured else None
    told = f"{operator.name} {window.label}: {pooled_width}×{pooled_height}"
    return Cell(
        name,
        (
            _scaled(view(before, span, lacks), part, shown),
            _scaled(view(after, span_after, lacks_after), pooled_part, shown),
        ),
        (
            f"{width}×{height}{first}",
            str(measures or "").removeprefix("PSNR ") or told,
        ),
        whole.form.told,
        after.form.told,
        measures,
    )


def _scaled(image: Image.Image, part: Box, size: tuple[int, int]) -> Image.Image:
    """Return a part of a picture, scaled to a size; enlarged pixels stay squares."""
    fewer = part[2] - part[0] <= size[0] and part[3] - part[1] <= size[1]
    how = Image.Resampling.NEAREST if fewer else Image.Resampling.LANCZOS
    image = image.resize(size, how, box=part, reducing_gap=None if fewer else 3.0)
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(ground)
    for y in range(0, size[1], _CHECK):
        for x in range(y % (2 * _CHECK), size[0], 2 * _CHECK):
            pen.rectangle((x, y, x + _CHECK - 1, y + _CHECK - 1), fill="#dcdcdc")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def columns_for(cells: int, tile: int, each: int) -> int:
    """Return the number of columns that makes a sheet somewhat wider than high."""
    high, wide = _HEAD + tile + _FOOT + _GAP, _wide(tile, each) + _GAP
    return max(1, round(math.sqrt(cells * _SHAPE * high / wide)))


def most_pixels(rows: int, columns: int, tile: int, each: int) -> tuple[int, int]:
    """Return the largest width and height of a sheet whose cells hold `each` pictures."""
    wide = columns * (_wide(max(tile, _LEAST), each) + _GAP) + _GAP
    return wide, rows * (_HEAD + tile + _FOOT + _GAP) + _GAP


def _wide(panel: int, each: int) -> int:
    """Return the width of a cell."""
    return each * (panel + _INNER) - _INNER


def arranged(groups: Sequence[Sequence[Cell]], columns: int) -> Image.Image:
    """Return the drawn sheet; each group begins a row, which is as high as its highest picture."""
    cells = [cell for group in groups for cell in group]
    panel = max(_LEAST, *(cell.pictures[0].width for cell in cells))
    wide = _wide(panel, len(cells[0].pictures))
    rows = [
        group[start : start + columns]
        for group in groups
        for start in range(0, len(group), columns)
    ]
    heights = [max(cell.pictures[0].height for cell in row) for row in rows]
    width = max(map(len, rows)) * (wide + _GAP) + _GAP
    height = sum(heights) + len(rows) * (_HEAD + _FOOT + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    name_font, font = ImageFont.load_default(_NAME), ImageFont.load_default(_SMALL)
    top = _GAP
    for row, high in zip(rows, heights, strict=True):
        for number, cell in enumerate(row):
            left = _GAP + number * (wide + _GAP)
            name = _fitted(_drawable(cell.name), name_font, wide)
            pen.text((left, top), name, fill=_INK, font=name_font)
            for picture, caption in zip(cell.pictures, cell.captions, strict=True):
                corner = left, top + _HEAD
                sheet.paste(picture, corner)
                end = left + picture.width, corner[1] + picture.height
                pen.rectangle((left - 1, corner[1] - 1, *end), outline=_LINE)
                below = left, end[1] + _INNER // 2
                room = max(picture.width, _LEAST)
                pen.text(below, _fitted(_drawable(caption), font, room), fill=_PALE, font=font)
                left += room + _INNER
        top += _HEAD + high + _FOOT + _GAP
    return sheet


def _drawable(text: str) -> str:
    """Return the text in ASCII, all that Pillow's font draws: x for ×, no accents, ? for others."""
    parts = unicodedata.normalize("NFKD", text.replace("×", "x"))
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return bare.encode("ascii", "replace").decode()


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Return the text, without its middle if it is too wide."""
    fitted, kept = text, len(text)
    while kept > 2 and font.getlength(fitted) > width:
        kept -= 1
        fitted = f"{text[: kept // 2]}...{text[len(text) - (kept - kept // 2) :]}"
    return fitted
