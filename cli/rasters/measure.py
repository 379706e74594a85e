"""Measures of an operator on a picture: how much it loses, and how it reacts to changes."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..codecs.raster import Raster
from ..job import Values, Window, pair_of
from ..operators import Operator
from .pooling import pool

NOISE = 0.05
"""The standard deviation of the added noise, as a share of the picture's range."""


@dataclass(frozen=True)
class Measures:
    """Measures of an operator on one picture.

    Attributes
    ----------
    psnr
        The peak signal-to-noise ratio in dB of the result, with pixels enlarged to windows, against
        the picture; None if results are no shades, such as a variance.
    shift
        How much the result changes if the picture moves right by one pixel; `noise` is the same if
        noise is added to the picture. It is the root mean square of the results' differences over
        that of the pictures' differences. 0 is no reaction; 1 is a change as large as the
        picture's own. None if the picture itself does not change.
    """

    psnr: float | None
    shift: float | None
    noise: float | None

    def __str__(self) -> str:
        parts = []
        if self.psnr is not None:
            parts.append(f"PSNR {self.psnr:.1f} dB")
        for name, value in (("shift", self.shift), ("noise", self.noise)):
            if value is not None:
                parts.append(f"{name} {value:.2f}")
        return ", ".join(parts)


def measured(raster: Raster, operator: Operator, window: Window, values: Values) -> Measures:
    """Measure an operator on a picture, or on one plane of an array."""

    def pooled(array: NDArray[Any]) -> NDArray[np.float64]:
        result = pool(replace(raster, array=array), operator, window, values)
        return result.array.astype(np.float64)

    if raster.mode == "1":  # its mean is grey
        raster = replace(raster, array=raster.array.astype(np.uint8) * np.uint8(255), mode="L")
    array = raster.array
    result = pooled(array)
    moved = np.roll(array, 1, raster.form.planes + 1)
    noisy = _noisy(array)
    return Measures(
        _psnr(raster, result, window) if operator.within else None,
        _share(pooled(moved) - result, _difference(moved, array)),
        _share(pooled(noisy) - result, _difference(noisy, array)),
    )


def _difference(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    return a.astype(np.float64) - b.astype(np.float64)


def _share(result: NDArray[np.float64], source: NDArray[np.float64]) -> float | None:
    change = _rms(source)
    return _rms(result) / change if change > 0 else None


def _rms(numbers: NDArray[np.float64]) -> float:
    finite = numbers[np.isfinite(numbers)]
    return math.sqrt(float(np.square(finite).mean())) if finite.size else 0.0


def _noisy(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array with normally distributed noise, the same each time."""
    low, high = _range(array)
    noise = np.random.default_rng(0).normal(0, NOISE * (high - low), array.shape)
    noisy = np.clip(array + noise, low, high)
    if array.dtype.kind == "b":
        return np.asarray(noisy >= 0.5)
    return np.asarray((np.rint(noisy) if array.dtype.kind in "iu" else noisy).astype(array.dtype))


def _range(array: NDArray[Any]) -> tuple[float, float]:
    if array.dtype.kind == "b":
        return 0, 1
    if array.dtype == np.uint8:
        return 0, 255
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0, 0)


def _psnr(raster: Raster, result: NDArray[np.float64], window: Window) -> float | None:
    """Return the ratio for the result, with each pixel as large as its window."""
    if raster.palette is not None:  # the numbers are no shades
        return None
    array, enlarged = raster.array, result
    for n, step in enumerate(pair_of(window.kernel_size)):
        axis = raster.form.planes + n
        # Some windows end before the last row or column, which then belongs to the one before.
        enlarged = enlarged.take(np.arange(array.shape[axis]) // step, axis, mode="clip")
    error = _rms(_difference(enlarged, array))
    if error == 0:
        return math.inf
    low, high = _range(array)
    return 20 * math.log10((high - low) / error) if high > low else None
