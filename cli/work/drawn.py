"""Draw windows, as lines of text for a terminal or as a picture."""

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from numbapool.records import dataclass

from ..exits import FileError
from .explain import Along, Explained

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Marks:
    """The characters of a drawing."""

    tap: str
    pad: str
    gap: str
    outside: str


BOXES = Marks(tap="■", pad="□", gap="─", outside="·")
PLAIN = Marks(tap="#", pad="o", gap="-", outside=".")

_MOST_WINDOWS = 24  # further windows are counted, not drawn
_MARGIN = 13  # the column in which a drawing begins


def lines(told: Explained, marks: Marks, columns: int) -> Iterator[str]:
    """Yield the lines that explain windows; drawings have at most `columns` columns."""
    yield told.title
    axes = told.axes[:1] if told.alike else told.axes
    for axis in axes:
        name = "height and width" if told.alike else axis.name
        yield ""
        yield f"{name}: {axis.formula}"
        yield from _drawn(axis, marks, columns)
    if all(_fits(axis, columns) for axis in told.axes):
        yield ""
        yield "How many windows read each number:"
        yield from _counts(told, marks)
    if told.notes:
        yield ""
        yield from told.notes


def _fits(axis: Along, columns: int) -> bool:
    return len(axis.places) * _pitch(axis) + _MARGIN <= columns and axis.out <= _MOST_WINDOWS


def _pitch(axis: Along) -> int:
    """Return the columns that a place takes, including its blank."""
    return len(str(axis.size - 1)) + 1


def _drawn(axis: Along, marks: Marks, columns: int) -> Iterator[str]:
    """Yield a ruler and one line per window; if that is too wide, the places in words."""
    if not _fits(axis, columns):
        shown = [*range(min(axis.out, 3)), axis.out - 1]
        for number in dict.fromkeys(shown):
            inside = [place for place in axis.taps[number] if axis.is_input(place)]
            held = f"{inside[0]} to {inside[-1]}" if inside else "padding alone"
            if number == axis.out - 1 > 3:
                yield f"  {'…' if marks is BOXES else '...'}"
            yield f"  window {number:<6}{held}"
        return
    pitch = _pitch(axis)

    def row(head: str, cells: list[str]) -> str:
        return f"  {head:{_MARGIN - 2}}{''.join(f'{cell:<{pitch}}' for cell in cells)}".rstrip()

    ruler = [
        str(place) if axis.is_input(place) else marks.outside if axis.is_padding(place) else ""
        for place in axis.places
    ]
    yield row("input", ruler)
    for number, taps in enumerate(axis.taps):
        cells = []
        for place in axis.places:
            within = taps[0] <= place < taps[-1]
            if place in taps:
                cell = marks.tap if axis.is_input(place) else marks.pad
            else:
                cell = marks.gap if within else ""
            cells.append(f"{cell}{marks.gap * (pitch - 1)}" if within else cell)
        yield row(f"window {number}", cells)


def _counts(told: Explained, marks: Marks) -> Iterator[str]:
    """Yield the plane, with how many windows read each number; padding is marked."""
    height, width = told.axes
    down, across = height.read, width.read
    pitch = len(str(max(down) * max(across))) + 1
    for y in height.places:
        cells = []
        for x in width.places:
            inside = height.is_input(y) and width.is_input(x)
            cells.append(str(down[y] * across[x]) if inside else marks.outside)
        yield f"  {''.join(f'{cell:>{pitch}}' for cell in cells)}"


# ---------------------------------------------------------------------------- the picture

_CELL = 28
_PAPER, _LINE, _PADDING = "#ffffff", "#c8c8c8", "#e4e4e4"
_COLOURS = ("#1f77b4", "#d95f02", "#2ca02c", "#9467bd", "#c2185b", "#8c6d1f")
_MOST_CELLS = 96


def picture(told: Explained) -> "Image":
    """Return a picture: the input with its padding, each window's frame, and the results.

    Raises
    ------
    FileError
        If the input is too large to be drawn.
    """
    from PIL import Image, ImageDraw

    height, width = told.axes
    if max(len(height.places), len(width.places)) > _MOST_CELLS:
        raise FileError(
            f"{height.size} x {width.size} is too large to be drawn: give a --shape of at most "
            f"{_MOST_CELLS} x {_MOST_CELLS}, padding included"
        )
    left, top = _CELL - width.places[0] * _CELL, _CELL - height.places[0] * _CELL
    results = _CELL * (len(width.places) + 2)
    size = results + (width.out + 1) * _CELL, (max(len(height.places), height.out) + 2) * _CELL
    image = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(image)

    def cell(x: int, y: int, fill: str) -> None:
        draw.rectangle((x, y, x + _CELL, y + _CELL), fill, _LINE)

    for y in height.places:
        for x in width.places:
            inside = height.is_input(y) and width.is_input(x)
            if inside or height.is_padding(y) or width.is_padding(x):
                cell(left + x * _CELL, top + y * _CELL, _PAPER if inside else _PADDING)
    for number, (rows, columns) in enumerate(product(height.taps, width.taps)):
        turn = number % len(_COLOURS)
        inset = 2 + 2 * turn  # so that frames of neighbours do not hide each other
        draw.rectangle(
            (
                left + columns[0] * _CELL + inset,
                top + rows[0] * _CELL + inset,
                left + (columns[-1] + 1) * _CELL - inset,
                top + (rows[-1] + 1) * _CELL - inset,
            ),
            outline=_COLOURS[turn],
            width=2,
        )
        i, j = divmod(number, width.out)
        cell(results + j * _CELL, _CELL + i * _CELL, _COLOURS[turn])
    return image
