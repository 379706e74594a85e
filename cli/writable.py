"""Whether a format holds a result, found out before there is one: by a pixel of its kind."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .codecs import ARRAYS
from .codecs.raster import Metadata, Raster, alpha_of, dtype_of
from .exits import FileError
from .job import Writing


@dataclass(frozen=True)
class Kind:
    """All that decides how a raster is written but its numbers; `shape` is of one pixel."""

    shape: tuple[int, ...]
    dtype: str
    data_format: str = ""
    mode: str = ""
    white_is_zero: bool = False
    deep: bool = False


def refuse_unwritable(kinds: Sequence[Kind], frames: int, writing: Writing) -> None:
    """Refuse what no numbers of these kinds could be written as.

    Numbers that are too large for the format, and what is transparent, are not known yet.
    """
    refused = _refusal(tuple(dict.fromkeys(kinds)), frames, writing)
    if refused:
        raise FileError(refused)


@lru_cache(maxsize=256)
def _refusal(kinds: tuple[Kind, ...], frames: int, writing: Writing) -> str:
    from .codecs import npy, pillow_save

    rasters = [_pixel(kind, frames) for kind in kinds]
    if frames > len(kinds) == 1:
        rasters *= 2
    try:
        if writing.format in ARRAYS:
            npy.save(rasters, io.BytesIO(), writing.format)
        else:
            pillow_save.save(rasters, io.BytesIO(), writing)
    except FileError as error:
        return str(error)
    return ""


def _pixel(kind: Kind, frames: int) -> Raster:
    array, mode = np.zeros(kind.shape, kind.dtype), kind.mode
    alpha = alpha_of(mode)
    if alpha is not None and dtype_of(mode).kind == "u":
        array[..., alpha] = np.iinfo(dtype_of(mode)).max
    palette = np.zeros((1, 3), np.uint8) if mode == "P" else None
    return Raster(
        array,
        kind.data_format,
        mode,
        Metadata(white_is_zero=kind.white_is_zero),
        palette=palette,
        frames=frames,
        deep=kind.deep,
    )
