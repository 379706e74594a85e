"""Pool rasters as their plan says."""

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
from .tiled import BY_ALPHA, tiled_by_alpha
from .weighing import axes_of, by_opacity, parted

_SEEN = np.dtype(np.float32)
"""The dtype of whether a pixel is seen, so that its mean tells whether any is."""


def pool(raster: Raster, operator: Operator, window: Window, values: Values) -> Raster:
    """Return the pooled raster."""
    planned = plan(raster.form, operator, window, values)
    array = raster.array
    if planned.before.mode != raster.mode:  # black and white, pooled as grey
        array = array.astype(np.uint8) * np.uint8(255)
    return replace(
        raster,
        array=_pooled(planned.request.begun(array), _weights_of(raster), planned),
        weights=None,
        mode=planned.after.mode,
        metadata=planned.after.metadata,
        notes=(*raster.notes, *planned.notes),
    )


def _pooled(array: NDArray[Any], weights: NDArray[Any] | None, planned: Plan) -> NDArray[Any]:
    request = planned.request
    if planned.way == "weighed":
        return _weighed(array, weights, planned)
    if planned.way == "linear":
        return _linear(array, weights, request)
    if planned.way == "whole":
        return _whole_colours(array, request)
    return request(array, weights=weights)


def _weights_of(raster: Raster) -> NDArray[Any] | None:
    """Return a raster's weights, with an axis for each axis of its array."""
    return None if raster.weights is None else raster.weights.reshape(axes_of(raster.form))


def pool_into(raster: Raster, planned: Plan, out: NDArray[Any]) -> None:
    """Pool an array into `out`, which has the shape and dtype of its plan.

    An array on disk in an order that the kernels do not take is copied plane by plane, so that
    the memory in use does not grow with the file; so is one that has weights.
    """
    array, request, weights = raster.array, planned.request, _weights_of(raster)
    taken = array.flags.c_contiguous and array.dtype.isnative and weights is None
    if taken or request.operator.draws:
        request(request.begun(array), out=out)
        return
    spread = None if weights is None else np.broadcast_to(weights, array.shape)
    for place in np.ndindex(array.shape[: raster.form.planes]):
        plane = array[place]
        plane = plane.astype(plane.dtype.newbyteorder("="), order="C")
        weights = None if spread is None else spread[place]
        request(request.begun(plane), out=out[place], weights=weights)


def _weighed(array: NDArray[Any], weights: NDArray[Any] | None, planned: Plan) -> NDArray[Any]:
    """Return the mean of the channels, with each pixel's colour weighted by its alpha.

    With alphas a and colours c, alpha becomes mean(a) and colour sum(c a) / sum(a). For whole
    numbers both are exact and rounded once. If a window is fully transparent, its colour is the
    plain mean, so that it is not black if an editor makes it visible. Weights of the pixels weigh
    in all of these means.
    """
    request, dtype = planned.request, array.dtype
    alpha, linear = alpha_of(planned.before.mode), request.values.linear
    assert alpha is not None
    fitted = "fitted_size" in request.arguments
    if weights is None and not (linear or fitted) and request.is_tiled(array, _SEEN, BY_ALPHA):
        return tiled_by_alpha(array, alpha, request.arguments, request.data_format)
    colour = np.ascontiguousarray(np.delete(array, alpha, axis=-1))
    opacity = np.ascontiguousarray(array[..., alpha : alpha + 1])
    shades = light_of(dtype)[colour] if linear else colour
    own, of_alpha = parted(weights, alpha)
    seen = opacity if weights is None else by_opacity(opacity, own)
    mixed = request.weighing()(shades, weights=seen)
    if not seen.all():
        any_seen = request(np.ascontiguousarray(seen != 0, _SEEN)) != 0
        mixed = np.where(any_seen, mixed, request(shades, weights=own))
    if linear:
        mixed = shade_of(mixed, dtype)
    mean = request(opacity, weights=of_alpha)
    return np.insert(mixed.astype(dtype, copy=False), [alpha], mean, axis=-1)


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


def _linear(array: NDArray[Any], weights: NDArray[Any] | None, request: Request) -> NDArray[Any]:
    """Return the mean in linear light, as an unfocused lens would give it."""
    light, missing = light_of(array.dtype), request.values.nodata
    shades = request
    if missing is not None:  # the number is a shade, and the windows hold light
        known = float(light[int(missing)]) if missing in range(len(light)) else None
        shades = request.with_nodata(known)
    if array.ndim == 3 and array.shape[-1] in (2, 4):
        own, of_alpha = parted(weights, array.shape[-1] - 1)
        lit = shades(np.ascontiguousarray(light[array[..., :-1]]), weights=own)
        alpha = request(np.ascontiguousarray(array[..., -1:]), weights=of_alpha)
        return np.concatenate([shade_of(lit, array.dtype), alpha], axis=-1)
    return shade_of(shades(light[array], weights=weights), array.dtype)
