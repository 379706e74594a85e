"""Pool rasters as their plan says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codecs.raster import Raster, alpha_of
from ..job import Values, Window
from ..operators import Operator
from .light import light_of, shade_of
from .plan import Plan, plan
from .request import Request

_PRODUCTS = {1: np.uint16, 2: np.uint32}  # by the bytes of a channel

_ROUNDED: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "half_up": lambda numbers: np.floor(numbers + 0.5),
    "half_even": np.rint,
    "floor": np.floor,
}


def pool(raster: Raster, operator: Operator, window: Window, values: Values) -> Raster:
    """Return the pooled raster."""
    planned = plan(raster.form, operator, window, values)
    array = raster.array
    if planned.before.mode != raster.mode:  # black and white, pooled as grey
        array = array.astype(np.uint8) * np.uint8(255)
    return replace(
        raster,
        array=_pooled(planned.request.begun(array), planned),
        mode=planned.after.mode,
        metadata=planned.after.metadata,
        notes=(*raster.notes, *planned.notes),
    )


def _pooled(array: NDArray[Any], planned: Plan) -> NDArray[Any]:
    request = planned.request
    if planned.way == "weighed":
        return _weighed(array, planned)
    if planned.way == "linear":
        return _linear(array, request)
    if planned.way == "whole":
        return _whole_colours(array, request)
    return request(array)


def pool_into(raster: Raster, planned: Plan, out: NDArray[Any]) -> None:
    """Pool an array into `out`, which has the shape and dtype of its plan.

    An array on disk in an order that the kernels do not take is copied plane by plane, so that
    the memory in use does not grow with the file.
    """
    array, request = raster.array, planned.request
    if (array.flags.c_contiguous and array.dtype.isnative) or request.operator.draws:
        request(request.begun(array), out=out)
        return
    for place in np.ndindex(array.shape[: raster.form.planes]):
        plane = array[place]
        plane = plane.astype(plane.dtype.newbyteorder("="), order="C")
        request(request.begun(plane), out=out[place])


def _weighed(array: NDArray[Any], planned: Plan) -> NDArray[Any]:
    """Return the mean of the channels, with each pixel's colour weighted by its alpha.

    With alphas a and colours c, alpha becomes mean(a) and colour sum(c a) / sum(a). For whole
    numbers both are exact and rounded once. If a window is fully transparent, its colour is the
    plain mean, so that it is not black if an editor makes it visible.
    """
    request, dtype = planned.request, array.dtype
    values, totals, alpha = request.values, request.totals(), alpha_of(planned.before.mode)
    assert alpha is not None
    colour, opacity = np.delete(array, alpha, axis=-1), array[..., alpha : alpha + 1]
    # The product of two bytes fits in 16 bits, of two 16-bit numbers in 32 bits.
    wide: type[Any] = _PRODUCTS.get(dtype.itemsize, np.float64)
    if values.linear or dtype.kind != "u" or totals.operator.windows != "sliding":
        wide = np.float64
    shades = light_of(dtype)[colour] if values.linear else colour.astype(wide)
    weights = totals(np.ascontiguousarray(opacity.astype(wide)))
    total = totals(shades * opacity.astype(wide))
    plain = _linear(colour, request) if values.linear else request(np.ascontiguousarray(colour))
    divisor = np.where(weights == 0, weights.dtype.type(1), weights)
    if wide is np.float64:
        with np.errstate(invalid="ignore", over="ignore"):
            mixed = total / divisor
        if values.linear:
            mixed = shade_of(mixed, dtype)
        elif dtype.kind != "f":
            mixed = _ROUNDED[values.rounding](mixed)
    else:
        mixed = divided(total.astype(np.int64), divisor.astype(np.int64), values.rounding)
    mixed = np.where(weights == 0, plain, mixed).astype(dtype)
    mean_alpha = request(np.ascontiguousarray(opacity))
    return np.insert(mixed, [alpha], mean_alpha, axis=-1)


def _whole_colours(array: NDArray[Any], request: Request) -> NDArray[Any]:
    """Pool pixels as whole colours, so that no colour arises that no pixel has.

    The channels of a pixel become one number, with the first channel as its highest digits.
    """
    dtype, channels = array.dtype, array.shape[-1]
    room = 1 << (dtype.itemsize * channels - 1).bit_length()
    padded = np.zeros((*array.shape[:-1], room // dtype.itemsize), dtype.newbyteorder(">"))
    padded[..., -channels:] = array
    colours = padded.view(f">u{room}")[..., 0].astype(f"u{room}")
    kept = request.over("NCHW")(colours).astype(f">u{room}")[..., None]
    return kept.view(padded.dtype)[..., -channels:].astype(dtype)


def divided(total: NDArray[Any], divisor: NDArray[Any], rounding: str) -> NDArray[Any]:
    """Return the rounded quotient of whole numbers that are not negative."""
    if rounding == "floor":
        return np.asarray(total // divisor)
    rounded = (2 * total + divisor) // (2 * divisor)
    if rounding == "half_even":
        tie = (2 * total + divisor) % (2 * divisor) == 0
        rounded = rounded - (tie & (rounded % 2 == 1))
    return np.asarray(rounded)


def _linear(array: NDArray[Any], request: Request) -> NDArray[Any]:
    """Return the mean in linear light, as an unfocused lens would give it."""
    light, missing = light_of(array.dtype), request.values.nodata
    shades = request
    if missing is not None:  # the number is a shade, and the windows hold light
        known = float(light[int(missing)]) if missing in range(len(light)) else None
        shades = request.with_nodata(known)
    if array.ndim == 3 and array.shape[-1] in (2, 4):
        colour = shade_of(shades(np.ascontiguousarray(light[array[..., :-1]])), array.dtype)
        return np.concatenate([colour, request(np.ascontiguousarray(array[..., -1:]))], axis=-1)
    return shade_of(shades(light[array]), array.dtype)
