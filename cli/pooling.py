"""One raster pooled: the operator applied to what its numbers mean."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from . import nodata
from .codecs.georeference import Step
from .codecs.raster import Metadata, Raster, alpha_of, spoken
from .exits import FileError
from .job import RunNote, Values, Window
from .operators import Operator

Arguments = dict[str, Any]

_SLIDING = frozenset({"count_include_pad", "divisor_override"})  # of windows that slide
_MOST_ENLARGED = 1 << 27  # pixels: a size this much larger than its input is a slip
_PRODUCTS = {1: np.uint16, 2: np.uint32}  # by the bytes of a channel

_ROUNDED: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "half_up": lambda numbers: np.floor(numbers + 0.5),
    "half_even": np.rint,
    "floor": np.floor,
}


def pool(raster: Raster, operator: Operator, window: Window, values: Values) -> Raster:
    """Pool a raster by `operator`, as its mode and `values` ask."""
    arguments = window_arguments(window, raster.spatial, picture=bool(raster.mode))
    values, said = nodata.settled(raster, operator, values)
    if raster.mode == "1" and operator.weighs_alpha:
        # The mean of black and white is a grey.
        raster = replace(raster, array=raster.array.astype(np.uint8) * np.uint8(255), mode="L")
        if values.nodata is not None:
            values = replace(values, nodata=255 * values.nodata)
    array, mode = raster.array, raster.mode
    if mode == "1" and not operator.keeps_shades:
        mode = "L"  # a count
    call = _Call(operator, arguments, values, raster.data_format)
    metadata = _metadata_after(raster, operator, arguments, values)
    alpha = alpha_of(mode)
    linear = values.linear and operator.weighs_alpha
    if linear:
        refuse_no_srgb(array.dtype, mode, raster.metadata.maximum)
    channels = array.shape[-1] if raster.picture and array.ndim == 3 else 1
    refuse_senseless(operator, values, mode, array.dtype, channels)
    if alpha is not None and operator.weighs_alpha and values.alpha == "premultiplied":
        pooled = _weighed(array, alpha, call, linear)
    elif linear:
        pooled = _linear(array, call)
    elif operator.keeps_labels and mode and array.ndim == 3:
        pooled = _whole_colours(array, call)
    else:
        pooled = call(array)
    if raster.metadata.gdal and not metadata.gdal:
        said = (*said, RunNote(f"GDAL's metadata was left out: it is not of a {operator.name}"))
    notes = (*raster.notes, *said)
    return replace(raster, array=pooled, mode=mode, metadata=metadata, notes=notes)


def _metadata_after(
    raster: Raster, operator: Operator, arguments: Arguments, values: Values
) -> Metadata:
    """Give what stands beside the pixels once they are pooled."""
    metadata = raster.metadata
    refuse_dark(operator, metadata.white_is_zero, raster.array.dtype)
    if not operator.keeps_shades:
        # No window of them lacks a number, and what scaled the shades does not scale them.
        metadata = replace(metadata, white_is_zero=False, maximum=None, nodata="", gdal="")
    if metadata.nodata and values.nodata is not None:
        metadata = replace(metadata, nodata=nodata.text_of(raster, values.nodata))
    if metadata.georeference:
        down, across = steps_of(arguments, raster.spatial)
        georeference = metadata.georeference.pooled(across, down)
        metadata = replace(metadata, georeference=georeference)
    return metadata


def refuse_senseless(
    operator: Operator, values: Values, mode: str, dtype: np.dtype[Any], channels: int
) -> None:
    """Refuse values that contradict each other, or what the numbers are."""
    weighs = operator.weighs_alpha and values.alpha == "premultiplied"
    if alpha_of(mode) is not None and weighs:
        if values.nodata is not None or (values.nan == "skip" and dtype.kind == "f"):
            flag = "--nodata" if values.nodata is not None else "--nan skip"
            raise FileError(
                f"{flag} and weighing by alpha both say what counts: give --alpha straight"
            )
    if not operator.keeps_labels or channels == 1:
        return
    name, bits = operator.name, 8 * dtype.itemsize * channels
    if dtype.kind == "f":
        raise FileError(f"{name} keeps whole colours, of whole numbers, not of {dtype}")
    if values.nodata is not None:
        raise FileError(
            f"--nodata leaves out single values and {name} keeps whole colours: leave it out, or "
            "give a picture of one channel"
        )
    if bits > 64:
        raise FileError(
            f"{name} keeps whole colours of up to 64 bits, and these have {bits}: pool its bands "
            "apart"
        )


def refuse_dark(operator: Operator, white_is_zero: bool, dtype: np.dtype[Any]) -> None:
    """Refuse floats of which the least is white, if their result is no shade."""
    if white_is_zero and dtype.kind == "f" and not operator.keeps_shades:
        raise FileError(
            f"its floats grow darker (MinIsWhite), and their {operator.name} is neither light nor "
            "dark: save it with black at zero"
        )


class Planned:
    """An array's pooling before it is done: its result's shape and type, and how to fill it.

    What is on disk in an order that the kernels do not take is turned plane by plane, so that
    the memory taken does not grow with the file.
    """

    def __init__(self, raster: Raster, operator: Operator, window: Window, values: Values) -> None:
        from numbapool import pool2d_shape

        self.array = raster.array
        if values.linear and operator.weighs_alpha:
            refuse_no_srgb(self.array.dtype, raster.mode, None)
        arguments = window_arguments(window, raster.spatial, picture=False)
        values, _ = nodata.settled(raster, operator, values)
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
        high, wide = window.size.of(height, width)
        if high * wide > max(height * width, _MOST_ENLARGED):
            raise FileError(
                f"--size {window.size} would enlarge {width} x {height} past {_MOST_ENLARGED:,} "
                "pixels: give a smaller one"
            )
        return {"output_size": (high, wide)}
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


def steps_of(arguments: Arguments, spatial: tuple[int, int]) -> tuple[Step, Step]:
    """Say how the windows lie, down and across."""
    size = arguments.get("output_size")
    if size:
        down, across = (length / out for length, out in zip(spatial, size, strict=True))
        return Step(down, 0, down), Step(across, 0, across)

    def pair(name: str) -> tuple[Any, Any]:
        value = arguments[name]
        return value if isinstance(value, tuple) else (value, value)

    def step(axis: int) -> Step:
        kernel, dilation, padding = (
            pair(name)[axis] for name in ("kernel_size", "dilation", "padding")
        )
        stride = kernel if arguments["stride"] is None else pair("stride")[axis]
        span = (kernel - 1) * dilation + 1
        if isinstance(padding, str):
            out = -(-spatial[axis] // stride)
            total = max((out - 1) * stride + span - spatial[axis], 0)
            padding = {"valid": 0, "same": total // 2, "same_lower": -(-total // 2)}[padding]
        return Step(stride, -padding, span)

    return step(0), step(1)


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
        # Where windows cover the input there is no padding to count, nor one divisor for all.
        unused = _SLIDING if "output_size" in arguments else frozenset()
        self.options: Arguments = {
            name: getattr(values, name) for name in sorted(operator.parameters - unused)
        }
        if values.nan != "propagate":
            self.options["nan"] = values.nan
        if values.nodata is not None:
            self.options["nodata"] = values.nodata

    def with_nodata(self, nodata: float | None) -> "_Call":
        """Give the same call with another number left out."""
        values = replace(self.values, nodata=nodata)
        return _Call(self.operator, self.arguments, values, self.data_format)

    def __call__(
        self,
        array: NDArray[Any],
        out: NDArray[Any] | None = None,
        data_format: str | None = None,
    ) -> NDArray[Any]:
        options = self.options if out is None else {**self.options, "out": out}
        return self._run(self.operator, array, data_format, options)

    def summed(self, array: NDArray[Any], data_format: str) -> NDArray[Any]:
        """Give the windows' sums: the mean's numerator."""
        from .operators import OPERATORS

        return self._run(OPERATORS["sum"], array, data_format, {})

    def _run(
        self, operator: Operator, array: NDArray[Any], data_format: str | None, options: Arguments
    ) -> NDArray[Any]:
        from numbapool import functional

        sized = "output_size" in self.arguments
        function = getattr(functional, operator.adaptive if sized else operator.function)
        layout = data_format or self.data_format
        result = function(array, **self.arguments, **options, data_format=layout)
        return np.asarray(result)


def _weighed(array: NDArray[Any], alpha: int, call: _Call, linear: bool) -> NDArray[Any]:
    """Average channels so that a pixel's colour counts as far as the pixel is opaque.

    With alphas a and colours c, alpha becomes mean(a) and colour sum(c a) / sum(a), of whole
    numbers both exact and rounded once. Where all of a window is transparent its colour is the
    plain mean, so that what an editor may later make visible is no black.
    """
    dtype = array.dtype
    colour, opacity = np.delete(array, alpha, axis=-1), array[..., alpha : alpha + 1]
    # Products of two bytes fit in 16 bits, of two 16-bit numbers in 32.
    wide: type[Any] = _PRODUCTS.get(dtype.itemsize, np.float64)
    if linear or dtype.kind != "u":
        wide = np.float64
    shades = _light(dtype)[colour] if linear else colour.astype(wide)
    weights = call.summed(np.ascontiguousarray(opacity.astype(wide)), "NHWC")
    total = call.summed(shades * opacity.astype(wide), "NHWC")
    plain = _linear(colour, call) if linear else call(np.ascontiguousarray(colour))
    divisor = np.where(weights == 0, weights.dtype.type(1), weights)
    if wide is np.float64:
        with np.errstate(invalid="ignore", over="ignore"):
            mixed = total / divisor
        if linear:
            mixed = shade_of(mixed, dtype)
        elif dtype.kind != "f":
            mixed = _ROUNDED[call.values.rounding](mixed)
    else:
        mixed = divided(total.astype(np.int64), divisor.astype(np.int64), call.values.rounding)
    mixed = np.where(weights == 0, plain, mixed).astype(dtype)
    mean_alpha = call(np.ascontiguousarray(opacity))
    return np.insert(mixed, [alpha], mean_alpha, axis=-1)


def _whole_colours(array: NDArray[Any], call: _Call) -> NDArray[Any]:
    """Pool pixels as whole colours: channel by channel some could arise that no pixel has.

    A pixel's channels become one number, the first of them its highest digits.
    """
    dtype, channels = array.dtype, array.shape[-1]
    room = 1 << (dtype.itemsize * channels - 1).bit_length()
    padded = np.zeros((*array.shape[:-1], room // dtype.itemsize), dtype.newbyteorder(">"))
    padded[..., -channels:] = array
    colours = padded.view(f">u{room}")[..., 0].astype(f"u{room}")
    kept = call(colours, data_format="NCHW").astype(f">u{room}")[..., None]
    return kept.view(padded.dtype)[..., -channels:].astype(dtype)


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
    light, missing = _light(array.dtype), call.values.nodata
    shades = call
    if missing is not None:  # it is a shade, and windows hold light
        known = float(light[int(missing)]) if missing in range(len(light)) else None
        shades = call.with_nodata(known)
    if array.ndim == 3 and array.shape[-1] in (2, 4):
        colour = shade_of(shades(np.ascontiguousarray(light[array[..., :-1]])), array.dtype)
        return np.concatenate([colour, call(np.ascontiguousarray(array[..., -1:]))], axis=-1)
    return shade_of(shades(light[array]), array.dtype)


def refuse_no_srgb(dtype: np.dtype[Any], mode: str, maximum: int | None) -> None:
    """Refuse numbers that do not stand for sRGB's shades."""
    known = ("L", "LA", "RGB", "RGBA", "I")
    if maximum:
        raise FileError(f"--linear is for sRGB of 8 or 16 bits, not a maximum of {maximum}")
    if dtype not in (np.uint8, np.uint16) or mode.partition(";")[0] not in known:
        what = f"{spoken(mode)} pictures" if mode else "arrays"
        raise FileError(f"--linear is for sRGB of 8 or 16 bits, not {what}: leave it out")


@lru_cache(maxsize=2)
def _light(dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """Give the light, 0 to 1, of each shade of sRGB that the dtype holds (IEC 61966-2-1)."""
    most = np.iinfo(dtype).max
    shade = np.arange(most + 1) / most
    return np.asarray(np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4))


def shade_of(light: NDArray[Any], dtype: DTypeLike = np.uint8) -> NDArray[Any]:
    """Give the sRGB shade of each light, rounded half up."""
    light = np.clip(light, 0, 1)
    shade = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    most = np.iinfo(np.dtype(dtype)).max
    return np.asarray(np.floor(shade * most + 0.5).astype(dtype))
