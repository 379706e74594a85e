"""Pictures of noise, and the slow and obvious pooling that the command's is held against."""

from collections.abc import Callable

import numpy as np
from PIL import Image


def picture(mode: str, width: int, height: int, seed: int = 0) -> Image.Image:
    """Make a picture of noise."""
    random = np.random.default_rng(seed)
    if mode == "1":
        return Image.fromarray(random.integers(0, 2, (height, width), np.uint8) * 255).convert("1")
    if mode == "I;16":
        return Image.fromarray(random.integers(0, 65536, (height, width), np.uint16))
    if mode == "I":
        values = random.integers(-(1 << 31), 1 << 31, (height, width))
        return Image.fromarray(values.astype(np.int32))
    if mode == "F":
        return Image.fromarray(random.normal(size=(height, width)).astype(np.float32))
    channels = len(Image.new(mode, (1, 1)).getbands())
    data = random.integers(0, 256, (height, width, channels), np.uint8)
    return Image.frombytes(mode, (width, height), data.tobytes())


def windows(array: np.ndarray, k: tuple[int, int]) -> list[list[np.ndarray]]:
    """Cut (height, width, ...) into windows side by side, those of the border as they are."""
    high, wide = k
    return [
        [array[y : y + high, x : x + wide] for x in range(0, array.shape[1], wide)]
        for y in range(0, array.shape[0], high)
    ]


def mean(window: np.ndarray) -> np.ndarray:
    """Give the exact mean of whole numbers over a window, rounded half up."""
    count = window.shape[0] * window.shape[1]
    total = window.astype(np.int64).sum((0, 1))
    return (2 * total + count) // (2 * count)


def naive(array: np.ndarray, k: int | tuple[int, int], keep: Callable) -> np.ndarray:
    """Pool in the slow and obvious way."""
    pair = k if isinstance(k, tuple) else (k, k)
    return np.array([[keep(window) for window in row] for row in windows(array, pair)])


def read(path: str) -> Image.Image:
    """Read a picture whole, and close its file, which is opened as `pool` opens it."""
    with open(path, "rb") as file, Image.open(file) as image:  # noqa: PTH123
        image.load()
    return image
