"""Rasters as pictures for a screen: 8-bit RGB or RGBA."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..codecs.pillow import flip_lab
from ..codecs.raster import Raster
from ..exits import FileError
from ..job import Values

Span = tuple[float, float]

_COLOURS = {2: "LA", 3: "RGB", 4: "RGBA"}


def first_plane(raster: Raster) -> Raster:
    """Return the first plane of an array, with its colours if the last axis holds them."""
    array = raster.array
    if raster.picture:
        return raster
    if raster.form.axes == 1:
        raise FileError("it has one axis, and a sheet shows height and width")
    axes = 3 if raster.form.channels_last else 2
    array = array[(0,) * (array.ndim - axes)] if array.size else array
    if axes == 3 and array.shape[-1] not in _COLOURS:
        array = np.ascontiguousarray(array[..., 0])
    return replace(raster, array=array, data_format="NHWC" if array.ndim == 3 else "NCHW")


def gone(raster: Raster, values: Values) -> NDArray[np.bool_] | None:
    """Return which pixels of a plane count nowhere, as `values` says; None if all count."""
    array = raster.array
    found: NDArray[np.bool_] = np.zeros(array.shape, np.bool_)
    if values.nodata is not None:
        found |= array == values.nodata
    if values.nan == "skip" or values.nodata is not None:  # a window of none may give NaN
        found |= array != array
    if array.ndim == 3:
        found = np.asarray(found.all(axis=-1))
    return found if found.any() else None


def span_of(raster: Raster, left_out: NDArray[np.bool_] | None = None) -> Span:
    """Return the values that are shown as black and white."""
    array = raster.array
    if array.dtype == np.bool_:
        return 0, 1
    if array.dtype.kind not in "uif":
        raise FileError(f"{array.dtype} is not shown: give whole or real numbers")
    if array.ndim == 3 and array.dtype.kind == "u":
        return 0, float(np.iinfo(array.dtype).max)
    return extremes(raster, left_out)


def extremes(raster: Raster, left_out: NDArray[np.bool_] | None = None) -> Span:
    """Return the smallest and the largest finite value of those that count."""
    array = raster.array if left_out is None else raster.array[~left_out]
    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0, 1)


def view(raster: Raster, span: Span, left_out: NDArray[np.bool_] | None = None) -> Image.Image:
    """Return a picture in RGB, or in RGBA if it has an alpha or pixels that count nowhere."""
    seen = _view(raster, span)
    if left_out is not None:
        alpha = np.asarray(seen.convert("RGBA"))[..., 3] * ~left_out
        seen.putalpha(Image.fromarray(alpha))
    return seen


def _view(raster: Raster, span: Span) -> Image.Image:
    array, mode = raster.array, raster.mode.partition(";")[0]
    if raster.palette is not None:
        array = raster.palette[array]
        mode = _COLOURS[array.shape[-1]]
    maximum = raster.metadata.maximum
    if maximum and array.dtype == np.uint8:
        array = (array.astype(np.uint16) * np.uint16(255) // np.uint16(maximum)).astype(np.uint8)
    array = np.ascontiguousarray(_bytes(array, span))
    if array.ndim == 3 and (array.shape[-1] not in _COLOURS or "X" in mode):
        # If there are bands without a meaning, show red, green and blue, or the first band.
        array = np.ascontiguousarray(array[..., :3] if mode.startswith("RGB") else array[..., 0])
        mode = "RGB"
    if array.ndim == 2:
        return Image.fromarray(array).convert("RGB")
    if mode not in ("CMYK", "LAB", "YCbCr"):
        mode = _COLOURS[array.shape[-1]]
    size = array.shape[1], array.shape[0]
    if mode == "LAB":
        from PIL import ImageCms

        image = Image.frombytes("LAB", size, flip_lab(array).tobytes())
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert shown is not None  # it is None only if the image is changed in place
        return shown
    image = Image.frombytes(mode, size, array.tobytes())
    return image.convert("RGBA" if mode in ("LA", "RGBA") else "RGB")


def _bytes(array: NDArray[Any], span: Span) -> NDArray[np.uint8]:
    """Return 8-bit values; 8-bit values stay as they are, NaN becomes black."""
    if array.dtype == np.uint8:
        return array
    low, high = span
    with np.errstate(invalid="ignore", over="ignore"):
        share = (array.astype(np.float64) - low) / ((high - low) or 1.0)
    return np.rint(np.nan_to_num(np.clip(share, 0, 1)) * 255).astype(np.uint8)
