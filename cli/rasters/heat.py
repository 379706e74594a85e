"""Colours of a heat map, from black through violet and red to pale yellow."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codecs.raster import Raster
from .light import shade_of

_COLOURS = 256


def heat_map(heat: NDArray[Any]) -> Raster:
    """Return a picture of the heat: 0 is black, the largest finite heat and more the palest colour.

    Only 0 is black.
    """
    most = largest_finite(heat)
    scaled = np.where(np.isfinite(heat), heat, most or 1.0) / (most or 1.0)
    steps = np.ceil(scaled * (_COLOURS - 1)).astype(np.uint8)
    return Raster(colours()[steps], "NHWC", "RGB")


def largest_finite(heat: NDArray[Any]) -> float:
    """Return the heat that gets the palest colour."""
    finite = heat[np.isfinite(heat)]
    return float(finite.max()) if finite.size else 0.0


def colours() -> NDArray[np.uint8]:
    """Return the colours, in visually equal steps of lightness.

    They are made in Oklab (B. Ottosson, 2020). Lightness rises evenly, and the hue turns from
    violet through red to yellow. Chroma is as large as sRGB allows, up to a limit that is lower at
    both ends. The first colour is black, one step apart, so the smallest difference is visible.
    """
    share = np.linspace(0, 1, _COLOURS)
    hue = np.radians(-75 + 180 * share)
    fullest = 0.18 * np.sin(math.pi * (0.15 + 0.7 * share))
    tried = fullest * np.linspace(1, 0, 101)[:, None]
    light = _light(0.2 + 0.77 * share, tried * np.cos(hue), tried * np.sin(hue))
    possible = ((light >= 0) & (light <= 1)).all(axis=-1)
    shades = shade_of(light[possible.argmax(axis=0), np.arange(_COLOURS)])
    shades[0] = 0
    return shades


def _light(lightness: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Return linear sRGB for Oklab."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return np.stack([red, green, blue], axis=-1)
