"""One raster pooled: the operator applied to what its numbers mean."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .codecs.raster import Raster
from .exits import FileError
from .job import Values, Window
from .operators import Operator

Arguments = dict[str, Any]


def pool(raster: Raster, operator: Operator, window: Window, values: Values) -> Raster:
    """Pool a raster by `operator`, as its mode and `values` ask."""
    arguments = window_arguments(window, raster.spatial, picture=bool(raster.mode))
    call = _Call(operator, arguments, values, raster.data_format)
    array, mode, palette = raster.array, raster.mode, raster.palette
    if mode == "1" and operator.weighs_alpha:
        # The mean of black and white is a grey.
        array, mode = array.astype(np.uint8) * np.uint8(255), "L"
    elif mode == "1" and operator.name == "sum":
        mode = "L"  # a count
    linear = values.linear and mode in ("L", "LA", "RGB", "RGBA")
    if mode in ("LA", "RGBA") and operator.weighs_alpha and values.alpha == "premultiplied":
        if values.nodata is not None:
            raise FileError(
                "--nodata and weighing by alpha both say what counts: give --alpha straight"
            )
        pooled = _weighed(array, call, linear)
    elif linear and operator.weighs_alpha:
        pooled = _linear(array, call)
    else:
        pooled = call(array)
    return replace(raster, array=pooled, mode=mode, palette=palette)


class Planned:
    """An array's pooling before it is done: its result's shape and type, and how to fill it.

    What is on disk in an order that the kernels do not take is turned plane by plane, so that
    the memory taken does not grow with the file.
    """

    def __init__(self, raster: Raster, operator: Operator, window: Window, values: Values) -> None:
        from numbapool import pool2d_shape

        self.array = raster.array
        arguments = window_arguments(window, raster.spatial, picture=False)
        self._call = _Call(operator, arguments, values, raster.data_format)
        shape = self.array.shape
        first = len(shape) - (3 if raster.data_format == "NHWC" else 2)
        size = arguments.get("output_size")
        if size:
            self.shape: tuple[int, ...] = (*shape[:first], *size, *shape[first + 2 :])
        else:
            layout = raster.data_format
            self.shape = tuple(pool2d_shape(shape, **arguments, data_format=layout))
        one = np.ones((1, 1), self.array.dtype)
        self.dtype = _Call(operator, {"kernel_size": 1}, values, "NCHW")(one).dtype
        self._planes = first

    def into(self, out: NDArray[Any]) -> None:
        """Pool into `out`, which has the result's shape and type."""
        if self.array.flags.c_contiguous and self.array.dtype.isnative:
            self._call(self.array, out=out)
            return
        for place in np.ndindex(self.array.shape[: self._planes]):
            plane = self.array[place]
            self._call(plane.astype(plane.dtype.newbyteorder("="), order="C"), out=out[place])


def window_arguments(window: Window, spatial: tuple[int, int], picture: bool) -> Arguments:
    """Give the library's keyword arguments for an input of that (height, width)."""
    height, width = spatial
    partial = window.ceil or (window.edge or ("partial" if picture else "trim")) == "partial"
    if window.size:
        return {"output_size": window.size.of(height, width)}
    kernel_size, stride = window.kernel_size, window.stride
    if window.fit:
        kernel_size = fitting(height, window.fit.height, partial)
        kernel_size = max(kernel_size, fitting(width, window.fit.width, partial))
        stride = None
    return {
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": window.padding,
        "dilation": window.dilation,
        # "same" and its like fix the output's size themselves.
        "ceil_mode": partial and not isinstance(window.padding, str),
    }


def fitting(length: int, most: int, partial: bool) -> int:
    """Give the least whole window, laid side by side, that leaves at most `most` of `length`."""
    return max(1, -(-length // most) if partial else length // (most + 1) + 1)


class _Call:
    """The library's function with all its arguments but the array."""

    def __init__(
        self, operator: Operator, arguments: Arguments, values: Values, data_format: str
    ) -> None:
        self.operator, self.arguments, self.data_format = operator, arguments, data_format
        self.values = values
        self.options: Arguments = {
            name: getattr(values, name)
            for name in sorted(operator.parameters)
            if getattr(values, name) != getattr(Values, name)
        }
        if values.nan != "propagate":
            self.options["nan"] = values.nan
        if values.nodata is not None:
            self.options["nodata"] = values.nodata

    def __call__(self, array: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
        options = self.options if out is None else {**self.options, "out": out}
        return self._run(self.operator, array, None, options)

    def summed(self, array: NDArray[Any], data_format: str) -> NDArray[Any]:
        """Give the windows' sums: the mean's numerator."""
        from .operators import OPERATORS

        return self._run(OPERATORS["sum"], array, data_format, {})

    def _run(
        self, operator: Operator, array: NDArray[Any], data_format: str | None, options: Arguments
    ) -> NDArray[Any]:
        from numbapool import functional

        sized = "output_size" in self.arguments
        name = operator.adaptive if sized else operator.function
        if name is None or (sized and not hasattr(functional, name)):
            raise FileError(
                f"{operator.name} does not pool to a given size: give a window with -k, or --fit"
            )
        function = getattr(functional, name)
        layout = data_format or self.data_format
        result = function(array, **self.arguments, **options, data_format=layout)
        return np.asarray(result)


def _weighed(array: NDArray[Any], call: _Call, linear: bool) -> NDArray[Any]:
    """Average LA or RGBA so that a pixel's colour counts as far as the pixel is opaque.

    With alphas a and colours c, alpha becomes mean(a) and colour sum(c a) / sum(a), both exact
    and rounded once. Where all of a window is transparent its colour is the plain mean, so that
    what an editor may later make visible is no black.
    """
    colour, alpha = array[..., :-1], array[..., -1:]
    wide: type[Any] = np.float64 if linear else np.uint16
    shades = _light()[colour] if linear else colour.astype(wide)
    weights = call.summed(np.ascontiguousarray(alpha), "NHWC")
    total = call.summed(shades * alpha.astype(wide), "NHWC")
    plain = _linear(colour, call) if linear else call(np.ascontiguousarray(colour))
    divisor = np.maximum(weights, 1)
    if linear:
        mixed = _shade(total / divisor)
    else:
        mixed = divided(total.astype(np.int64), divisor.astype(np.int64), call.values.rounding)
    mixed = np.where(weights == 0, plain, mixed)
    mean_alpha = call(np.ascontiguousarray(alpha))
    return np.concatenate([mixed.astype(array.dtype), mean_alpha], axis=-1)


def divided(total: NDArray[Any], divisor: NDArray[Any], rounding: str) -> NDArray[Any]:
    """Divide whole numbers, none negative, and round as asked."""
    if rounding == "floor":
        return np.asarray(total // divisor)
    rounded = (2 * total + divisor) // (2 * divisor)
    if rounding == "half_even":
        tie = (2 * total + divisor) % (2 * divisor) == 0
        rounded = rounded - (tie & (rounded % 2 == 1))
    return np.asarray(rounded)


def _linear(array: NDArray[Any], call: _Call) -> NDArray[Any]:
    """Average in linear light: what a lens out of focus, or standing back, would do."""
    light = _light()[array]
    if array.ndim == 3 and array.shape[-1] in (2, 4):
        colour = _shade(call(np.ascontiguousarray(light[..., :-1])))
        return np.concatenate([colour, call(np.ascontiguousarray(array[..., -1:]))], axis=-1)
    return _shade(call(light))


@lru_cache(maxsize=1)
def _light() -> NDArray[np.float64]:
    """Give the light, 0 to 1, of each of sRGB's 256 shades (IEC 61966-2-1)."""
    shade = np.arange(256) / 255
    return np.asarray(np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4))


def _shade(light: NDArray[Any]) -> NDArray[np.uint8]:
    """Give the sRGB shade of each light, rounded half up."""
    light = np.clip(light, 0, 1)
    shade = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.floor(shade * 255 + 0.5).astype(np.uint8)
