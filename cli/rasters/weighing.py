"""Values that have weights of their own: which weights fit a form, and what pixels weigh."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codecs.raster import Form
from ..exits import FileError

_MOST = 1 << 31  # the heaviest product that stays a whole number


def axes_of(form: Form) -> tuple[int, ...]:
    """Return the shape of a form's weights, with an axis for each axis of the form.

    Raises
    ------
    FileError
        For weights that do not broadcast to the form, nor are of its height and width.
    """
    assert form.weights is not None
    shape = form.weights.shape
    pixels = form.channels_last and len(shape) == form.axes
    axes = (*shape, 1) if pixels else shape
    axes = (1,) * (len(form.shape) - len(axes)) + axes
    if len(axes) > len(form.shape) or any(
        own not in (1, size) for own, size in zip(axes, form.shape, strict=True)
    ):
        raise FileError(
            f"its --weights have shape {shape}, and it has {form.shape}: give weights of its "
            f"height and width, {form.lengths}, or a length of 1 where they are alike"
        )
    return axes


def by_opacity(opacity: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """Return what pixels weigh by their opacity and by weights: whole numbers if these are."""
    if weights.dtype.kind != "f" and opacity.dtype.kind != "f":
        heaviest = max(int(weights.max(initial=0)), -int(weights.min(initial=0)))
        if int(opacity.max(initial=0)) * heaviest < _MOST:
            return np.asarray(np.multiply(opacity, weights, dtype=np.int64, casting="unsafe"))
    return np.asarray(np.multiply(opacity, weights, dtype=np.float64))


def parted(weights: NDArray[Any] | None, alpha: int) -> tuple[Any, Any]:
    """Return the weights of colours and those of the alpha, which may have their own."""
    if weights is None or weights.shape[-1] == 1:
        return weights, weights
    return np.delete(weights, alpha, axis=-1), weights[..., alpha : alpha + 1]
