"""Boxes in images, as files list them: .npy, lines of numbers, .json, or an array of a .npz."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codecs import by_magic, npy
from ..exits import FileError
from ..files.open import opened
from ..job import Reading

Boxes = NDArray[Any] | list[NDArray[Any]]
"""Boxes of shape (K, 4) or (K, 5), or those of each image."""

_MOST = 1 << 28  # bytes of a list: a million boxes have some tens of millions
_COLUMNS = "4 (x, y, x, y) or 5 (the image's number before them)"


def of_the_archive(name: str, source: str) -> bool:
    """Return whether the boxes are an array of the source's own .npz."""
    return source.lower().endswith(".npz") and not Path(name).exists()


def read_boxes(name: str, source: str, reading: Reading) -> Boxes:
    """Return the boxes of a file, or of the array of that name in the source's own .npz."""
    try:
        if of_the_archive(name, source):
            return _named(name, source, reading)
        with opened(name, reading) as file:
            kind = by_magic(file.read(8))
            file.seek(0)
            if kind == "NPZ":
                raise FileError("it is a .npz: name an array of the input's own .npz, or a .npy")
            if kind == "NPY":
                return _checked(_alone(npy.load(file, _any(reading), None)))
            content = file.read(_MOST + 1)
        if len(content) > _MOST:
            raise FileError(f"it is longer than {_MOST:,} bytes: save the boxes as .npy")
        text = content.decode("utf-8-sig")
        return _of_json(text) if name.lower().endswith(".json") else _of_lines(text)
    except UnicodeDecodeError:
        raise FileError(f"--boxes {name}: it is neither .npy nor text") from None
    except FileNotFoundError:
        raise FileError(f"--boxes {name}: there is no such file") from None
    except FileError as error:
        raise FileError(f"--boxes {name}: {error}") from error.__cause__


def _named(name: str, source: str, reading: Reading) -> Boxes:
    with opened(source, reading) as file:
        return _checked(_alone(npy.load_archive(file, _any(reading, name))))


def _any(reading: Reading, array: str | None = None) -> Reading:
    return Reading(array=array, max_bytes=reading.max_bytes, any_axes=True)


def _alone(rasters: Iterator[Any]) -> NDArray[Any]:
    return np.asarray(next(rasters).array)


def _checked(array: NDArray[Any]) -> Boxes:
    if array.dtype.kind not in "iuf":
        raise FileError(f"its values are {array.dtype}, and boxes are numbers")
    if array.size == 0:
        return np.zeros((0, 5))
    if array.ndim != 2:
        raise FileError(f"it has shape {array.shape}, and boxes have two axes: (K, 5) or (K, 4)")
    if array.shape[1] not in (4, 5):
        raise FileError(f"box 0 has {array.shape[1]} numbers, not {_COLUMNS}")
    return array


def _of_lines(text: str) -> Boxes:
    """Read one box per line, between commas, semicolons or blanks; # begins a comment."""
    rows: list[list[float]] = []
    width, first = 0, True
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell for cell in re.split(r"[,;\s]+", line.partition("#")[0].strip()) if cell]
        if not cells:
            continue
        numbers = [_number(cell) for cell in cells]
        if first and None in numbers and not any(each is not None for each in numbers):
            first = False  # names of the columns
            continue
        first = False
        where = f"box {len(rows)} (line {number})"
        if None in numbers:
            raise FileError(f"{where} holds {cells[numbers.index(None)]!r}, not a number")
        rows.append(_row([each for each in numbers if each is not None], where, width))
        width = len(rows[-1])
    return np.array(rows) if rows else np.zeros((0, 5))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _row(numbers: list[float], where: str, width: int) -> list[float]:
    if len(numbers) not in (4, 5):
        raise FileError(f"{where} has {len(numbers)} numbers, not {_COLUMNS}")
    if width and len(numbers) != width:
        raise FileError(f"{where} has {len(numbers)} numbers, and those before it have {width}")
    return numbers


def _of_json(text: str) -> Boxes:
    """Read a list of boxes, or a list of the boxes of each image."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise FileError("it is not JSON") from None
    if not isinstance(content, list):
        raise FileError("it is no list of boxes")
    parts = [each for each in content if isinstance(each, list)]
    nested = [all(isinstance(box, list) for box in each) for each in parts]
    if parts and len(parts) == len(content) and all(nested):
        return [_listed(each, f" of image {image}", 4) for image, each in enumerate(parts)]
    return _listed(content, "", 0)


def _listed(boxes: list[Any], image: str, width: int) -> NDArray[Any]:
    rows: list[list[float]] = []
    for number, box in enumerate(boxes):
        where = f"box {number}{image}"
        if not isinstance(box, list):
            raise FileError(f"{where} is {box!r:.40}, not a list of numbers")
        for each in box:
            if isinstance(each, bool) or not isinstance(each, int | float):
                raise FileError(f"{where} holds {each!r:.40}, not a number")
        rows.append(_row([_float(each) for each in box], where, width))
        width = len(rows[-1])
    return np.array(rows) if rows else np.zeros((0, width or 5))


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of many digits
        return float("inf")
