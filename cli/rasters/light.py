"""sRGB shades and the light that they stand for."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..codecs.raster import spoken
from ..exits import FileError


def refuse_no_srgb(dtype: np.dtype[Any], mode: str, maximum: int | None) -> None:
    """Refuse numbers that are not sRGB shades."""
    known = ("L", "LA", "RGB", "RGBA", "I")
    if maximum:
        raise FileError(f"--linear is for sRGB of 8 or 16 bits, not a maximum of {maximum}")
    if dtype not in (np.uint8, np.uint16) or mode.partition(";")[0] not in known:
        what = f"{spoken(mode)} pictures" if mode else "arrays"
        raise FileError(f"--linear is for sRGB of 8 or 16 bits, not {what}: leave it out")


@lru_cache(maxsize=2)
def light_of(dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """Return the light, 0 to 1, of each shade of sRGB that the dtype holds (IEC 61966-2-1)."""
    most = np.iinfo(dtype).max
    shade = np.arange(most + 1) / most
    return np.asarray(np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4))


def shade_of(light: NDArray[Any], dtype: DTypeLike = np.uint8) -> NDArray[Any]:
    """Return the sRGB shade of each light, rounded half up."""
    light = np.clip(np.nan_to_num(light), 0, 1)  # NaN is of windows that weigh nothing
    shade = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    most = np.iinfo(np.dtype(dtype)).max
    return np.asarray(np.floor(shade * most + 0.5).astype(dtype))
