"""Boxes as callers give them: with their image's number, or as one list of boxes per image."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.inputs import Array, as_array


class Boxes(NamedTuple):
    """Boxes of a batch of images."""

    images: Array
    """The image of each box."""
    corners: Array
    """The corners x, y and x, y of each box, in float32: one column each."""


def boxes_of(boxes: Any, images: int, batched: bool) -> Boxes:
    """Return boxes of shape (K, 5), a list of (L, 4) or, for a single image, also (K, 4).

    Raises
    ------
    PoolTypeError, PoolValueError
        For another shape, an unknown image, and numbers that are not finite.
    """
    if isinstance(boxes, list | tuple) and any(map(holds_boxes, boxes)):
        found = listed(boxes, images)
    else:
        array = numbers(boxes, "boxes")
        if array.shape == (0,):
            array = array.reshape(0, 5)
        if array.ndim == 2 and array.shape[1] == 4 and not batched:
            array = np.concatenate([np.zeros((len(array), 1)), array], axis=1)
        if array.ndim != 2 or array.shape[1] != 5:
            raise PoolValueError(
                f"boxes has shape {array.shape}, not (K, 5), the image's number before each box's "
                "x, y, x, y; or give a list of (L, 4), one per image"
            )
        found = Boxes(images_of(array[:, 0], images), array[:, 1:])
    wrong = np.flatnonzero(~np.isfinite(found.corners).all(axis=1))
    if wrong.size:
        box = int(wrong[0])
        raise PoolValueError(f"boxes must be finite: box {box} is {found.corners[box].tolist()}")
    with np.errstate(over="ignore"):
        return Boxes(found.images, found.corners.astype(np.float32))


def holds_boxes(each: Any) -> bool:
    """Say whether a part of a list is a list of boxes, even an empty one, and not a single box."""
    return np.ndim(each) == 2 or (isinstance(each, list | tuple) and not each)


def numbers(given: Any, name: str) -> Array:
    """Return an array of real numbers."""
    array = as_array(given)
    if array.dtype == np.bool_:
        raise PoolTypeError(f"{name} takes numbers, not bool")
    return array


def listed(boxes: Any, images: int) -> Boxes:
    """Return the boxes of a list with one list of boxes per image."""
    if len(boxes) != images:
        raise PoolValueError(f"boxes has lists for {len(boxes)} images, and there are {images}")
    parts = []
    for n, each in enumerate(boxes):
        part = numbers(each, f"boxes[{n}]")
        part = part.reshape(0, 4) if part.shape == (0,) else part
        if part.ndim != 2 or part.shape[1] != 4:
            raise PoolValueError(f"boxes[{n}] has shape {part.shape}, not (L, 4): x, y, x, y")
        parts.append(part.astype(np.float64))
    counts = [len(part) for part in parts]
    return Boxes(np.repeat(np.arange(images), counts), np.concatenate(parts))


def images_of(column: Array, images: int) -> Array:
    """Return the images' numbers.

    Raises
    ------
    PoolValueError
        If there is no such image.
    """
    wrong = np.flatnonzero(~((column >= 0) & (column < images) & (column == np.floor(column))))
    if wrong.size:
        box = int(wrong[0])
        raise PoolValueError(
            f"box {box} lies in image {column[box].item()}, and images are 0 to {images - 1}"
            if images
            else f"box {box} lies in image {column[box].item()}, and there are no images"
        )
    return column.astype(np.int64)
