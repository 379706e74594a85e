"""Whether a format holds a result, tested by writing one pixel of its form."""

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from ..job import Writing
from .raster import Form, Metadata, Raster, alpha_of, dtype_of
from .save import save


def refuse_unwritable(forms: Sequence[Form], writing: Writing) -> None:
    """Refuse to write frames of these forms in a format that cannot hold their kind of numbers.

    Whether numbers are too large for the format, or pixels transparent, is not known yet.
    """
    pixels = tuple(dict.fromkeys(_of_one_pixel(form) for form in forms))
    _try(pixels, len(forms), writing)


def _of_one_pixel(form: Form) -> Form:
    pixel, at = list(form.shape), form.planes
    pixel[at : at + form.axes] = [1] * form.axes
    metadata = Metadata(white_is_zero=form.metadata.white_is_zero)
    return replace(form, shape=tuple(pixel), metadata=metadata)


@lru_cache(maxsize=256)  # what is refused is tried again
def _try(forms: tuple[Form, ...], frames: int, writing: Writing) -> None:
    rasters = [_pixel(form, frames) for form in forms]
    if frames > len(forms) == 1:
        rasters *= 2
    save(rasters, io.BytesIO(), writing)


def _pixel(form: Form, frames: int) -> Raster:
    array, mode = np.zeros(form.shape, form.dtype), form.mode
    alpha = alpha_of(mode)
    if alpha is not None and dtype_of(mode).kind == "u":
        array[..., alpha] = np.iinfo(dtype_of(mode)).max
    palette = np.zeros((1, 3), np.uint8) if mode == "P" else None
    return Raster(
        array,
        form.data_format,
        mode,
        form.metadata,
        palette=palette,
        frames=frames,
        deep=form.deep,
    )
