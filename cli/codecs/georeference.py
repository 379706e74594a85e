"""Where the pixels of a GeoTIFF lie on the ground, before and after pooling."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numbapool.records import dataclass

_SCALE, _TIE_POINTS, _TRANSFORMATION = 33550, 33922, 34264
_KEYS, _DOUBLES, _TEXT = 34735, 34736, 34737
_RASTER_TYPE = 1025  # a GeoKey
_POINT = 2  # its value if a coordinate is a pixel's centre, not its corner

SHORT, DOUBLE, ASCII = 3, 12, 2  # TIFF's types of tags


@dataclass(frozen=True)
class Step:
    """How windows lie along one axis: one window every `stride` pixels, the first at `start`.

    `start` is negative with padding; `span` is a window's length from its first to its last pixel.
    """

    stride: float
    start: float = 0.0
    span: float = 1.0

    def offset(self, point: bool) -> float:
        """Return the old raster coordinate of the new coordinate 0."""
        middle = (
            self.start + (self.span - 1) / 2
        )  # of the first window, in coordinates of pixel centres
        return middle if point else middle + 0.5 - self.stride / 2


@dataclass(frozen=True)
class Georeference:
    """The tags that place a raster: scale, tie points, transformation, GeoKeys."""

    scale: tuple[float, ...] = ()
    tie_points: tuple[float, ...] = ()
    transformation: tuple[float, ...] = ()
    keys: tuple[int, ...] = ()
    doubles: tuple[float, ...] = ()
    text: str = ""

    @property
    def point(self) -> bool:
        """Whether a whole coordinate is a pixel's centre (PixelIsPoint), not its corner."""
        entries = (self.keys[at : at + 4] for at in range(4, len(self.keys) - 3, 4))
        return any(key == _RASTER_TYPE and value == _POINT for key, _, _, value in entries)

    def pooled(self, across: Step, down: Step) -> "Georeference":
        """Return the georeference of the pooled raster.

        An old raster coordinate is stride · new + offset, along each axis.
        """
        strides = (across.stride, down.stride)
        offsets = (across.offset(self.point), down.offset(self.point))
        ties = list(self.tie_points)
        for at in range(0, len(ties) - 5, 6):
            for axis in (0, 1):
                ties[at + axis] = (ties[at + axis] - offsets[axis]) / strides[axis]
        matrix = list(self.transformation)
        for row in range(0, len(matrix) - 3, 4):
            matrix[row + 3] += matrix[row] * offsets[0] + matrix[row + 1] * offsets[1]
            matrix[row] *= strides[0]
            matrix[row + 1] *= strides[1]
        scale = self.scale
        if len(scale) >= 2:
            scale = (scale[0] * strides[0], scale[1] * strides[1], *scale[2:])
        return replace(self, scale=scale, tie_points=tuple(ties), transformation=tuple(matrix))

    def tags(self) -> list[tuple[int, int, Any]]:
        """Return the TIFF tags: number, type and value."""
        rows = (
            (_SCALE, DOUBLE, self.scale),
            (_TIE_POINTS, DOUBLE, self.tie_points),
            (_TRANSFORMATION, DOUBLE, self.transformation),
            (_KEYS, SHORT, self.keys),
            (_DOUBLES, DOUBLE, self.doubles),
            (_TEXT, ASCII, self.text),
        )
        return [row for row in rows if row[2]]


def georeference_of(tags: Mapping[int, Any]) -> Georeference | None:
    """Return the georeference in the tags of a TIFF, or None if there is none.

    Raises
    ------
    ValueError, TypeError
        If the tags cannot be read.
    """

    def numbers(tag: int) -> tuple[float, ...]:
        value = tags.get(tag, ())
        return tuple(float(number) for number in (value if isinstance(value, tuple) else (value,)))

    found = Georeference(
        numbers(_SCALE),
        numbers(_TIE_POINTS),
        numbers(_TRANSFORMATION),
        tuple(int(number) for number in numbers(_KEYS)),
        numbers(_DOUBLES),
        str(tags.get(_TEXT, "")),
    )
    if len(found.tie_points) % 6 or len(found.transformation) not in (0, 16):
        raise ValueError("its georeference is damaged")
    return found if found.tags() else None
