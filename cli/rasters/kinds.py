"""The kinds of windows: how the library is called for each, and where its windows lie.

An operator's row names its kind. All else reads the kinds by :data:`KINDS`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..codecs.georeference import Step
from ..codecs.raster import Form
from ..exits import FileError
from ..job import Device, Values, Window, pair_of, per_axis
from ..operators import Operator
from ..windows import Arguments, other_axes, size_of, window_arguments

Spatial = tuple[int, int]
_SLIDING = frozenset({"count_include_pad", "divisor_override"})  # of windows that slide


class Pooling(Protocol):
    """What pools arrays, and tells the results' shape and dtype without one."""

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the results' shape for an array's."""

    def dtype(self, dtype: np.dtype[Any], weights: np.dtype[Any] | None = None) -> np.dtype[Any]:
        """Return the results' dtype for an array's, and for that of its weights."""

    def __call__(
        self,
        x: NDArray[Any],
        out: NDArray[Any] | None = None,
        *,
        weights: NDArray[Any] | None = None,
        device: Device = "cpu",
    ) -> Any:
        """Pool an array on a device, into `out` if it is given; means and sums may have weights."""


class Asked(NamedTuple):
    """What poolings are made from: an operator, its windows' arguments, values and axes."""

    operator: Operator
    arguments: Arguments
    values: Values
    data_format: str


@dataclass(frozen=True)
class Kind:
    """A kind of windows.

    Attributes
    ----------
    arguments
        Returns the library's arguments for the windows of a form, from what the options say and
        from the operator's own values by name.
    poolings
        Returns what pools: one after the other, the last by a mean if the operator keeps one.
    steps
        Returns how windows lie, down and across, by the arguments and the height and width.
    several
        Whether there may be several poolings.
    """

    arguments: Callable[[Window, dict[str, Any], Form], Arguments]
    poolings: Callable[[Asked], tuple[Pooling, ...]]
    steps: Callable[[Arguments, Spatial], tuple[Step, Step]]
    several: bool = False


def arguments_of(operator: Operator, window: Window, values: Values, form: Form) -> Arguments:
    """Return the library's arguments for an operator's windows."""
    own = {each.name: each.default for each in operator.own} | dict(values.own)
    return KINDS[operator.windows].arguments(window, own, form)


# ---------------------------------------------------------------- windows that slide, or cover


def _slides(window: Window, own: dict[str, Any], form: Form) -> Arguments:
    return window_arguments(window, form.lengths, form.picture)


def _sliding(asked: Asked) -> tuple[Pooling, ...]:
    from numbapool import Pool

    operator, values, size = asked.operator, asked.values, size_of(asked.arguments)
    # Windows for a fixed output size have no padding to count, and no common divisor.
    names = operator.parameters - (_SLIDING if size else frozenset())
    shared = {name: value for name, value in vars(values).items() if name in operator.shared}
    said = shared | dict(values.own)
    how = {name: said[name] for name in sorted(names) if name in said}
    how["data_format"] = asked.data_format
    how |= {name: getattr(values, name) for name in ("nan", "nodata", "min_count")}
    if operator.name == "avg" and "fitted_size" in asked.arguments:
        return (Pool.area(size, **how),)
    if size:
        return (Pool.adaptive(operator.name, size, **how),)
    return (Pool(operator.name, **asked.arguments, **how),)


def _where_they_slide(arguments: Arguments, spatial: Spatial) -> tuple[Step, Step]:
    if size_of(arguments):
        return _where_they_cover(arguments, spatial)

    def step(axis: int) -> Step:
        kernel, dilation = (pair_of(arguments[name])[axis] for name in ("kernel_size", "dilation"))
        padding: Any = pair_of(arguments["padding"])[axis]  # a number, or a word
        stride = kernel if arguments["stride"] is None else pair_of(arguments["stride"])[axis]
        span = (kernel - 1) * dilation + 1
        if isinstance(padding, str):
            out = -(-spatial[axis] // stride)
            total = max((out - 1) * stride + span - spatial[axis], 0)
            padding = {"valid": 0, "same": total // 2, "same_lower": -(-total // 2)}[padding]
        return Step(stride, -padding, span)

    return step(0), step(1)


def _where_they_cover(arguments: Arguments, spatial: Spatial) -> tuple[Step, Step]:
    size = size_of(arguments)
    assert size is not None
    sides = zip(spatial, size, strict=True)
    down, across = (length / out for length, out in sides)
    return Step(down, 0, down), Step(across, 0, across)


# ------------------------------------------------------------------------- windows that blur


def _blurs(window: Window, own: dict[str, Any], form: Form) -> Arguments:
    stride = window.kernel_size if window.stride is None else window.stride
    _ = form.spatial  # refuses other axes
    names = ("filter_size", "padding_mode")
    return {"stride": stride, **{name: own[name] for name in names}}


def _blur(asked: Asked) -> tuple[Pooling, ...]:
    from numbapool import Pool

    names = ("filter_size", "stride", "padding_mode")
    said = {name: asked.arguments[name] for name in names}
    return (Pool.blur(**said, data_format=asked.data_format),)


def _where_they_blur(arguments: Arguments, spatial: Spatial) -> tuple[Step, Step]:
    taps = arguments["filter_size"]
    down, across = pair_of(arguments["stride"])
    return Step(down, -((taps - 1) // 2), taps), Step(across, -((taps - 1) // 2), taps)


def _blurs_largest(window: Window, own: dict[str, Any], form: Form) -> Arguments:
    return {"kernel_size": window.kernel_size, **_blurs(window, own, form)}


def _max_blur(asked: Asked) -> tuple[Pooling, ...]:
    from numbapool import Pool

    size = asked.arguments["kernel_size"]
    return Pool("max", size, 1, data_format=asked.data_format), *_blur(asked)


def _where_largest_blur(arguments: Arguments, spatial: Spatial) -> tuple[Step, Step]:
    steps = zip(
        _where_they_blur(arguments, spatial), pair_of(arguments["kernel_size"]), strict=True
    )
    down, across = (replace(step, span=step.span + kernel - 1) for step, kernel in steps)
    return down, across


# ------------------------------------------------------------- windows at steps drawn by chance


@dataclass(frozen=True)
class Drawn:
    """The library's fractional pooling, whose windows are placed anew for each array."""

    arguments: Arguments
    data_format: str

    def shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the results' shape; the library tells it for an array of no planes."""
        last, axes = self.data_format.endswith("C"), len(self.arguments["output_size"])
        at = len(shape) - axes - last
        bare = not at and not last  # nothing but height and width
        sizes = (*shape[:-1], 0) if last else (0, *shape[0 if bare else 1 :])
        told = self._call(np.empty(sizes), data_format=self.data_format).shape
        lengths = map(int, told[at + bare : at + bare + axes])
        return *shape[:at], *lengths, *shape[at + axes :]

    def dtype(self, dtype: np.dtype[Any], weights: np.dtype[Any] | None = None) -> np.dtype[Any]:
        """Return the dtype of the largest value, which has no weights."""
        from numbapool import Pool

        return Pool("max", 1).dtype(dtype)

    def __call__(
        self,
        x: NDArray[Any],
        out: NDArray[Any] | None = None,
        *,
        weights: NDArray[Any] | None = None,
        device: Device = "cpu",
    ) -> Any:
        """Pool an array. The channels of a picture share their windows, else colours part."""
        how = {"seed": self.arguments["seed"], "device": device}
        if self.arguments["alike"]:
            one = np.random.default_rng(how.pop("seed")).random(2, np.float32)
            how["samples"] = np.broadcast_to(one, (*x.shape[2:], 2))
        return self._call(x, data_format=self.data_format, out=out, **how)

    def _call(self, x: NDArray[Any], **how: Any) -> Any:
        from numbapool import fractional_max_pool2d, fractional_max_pool3d

        taps, out = self.arguments["kernel_size"], self.arguments["output_size"]
        face = fractional_max_pool3d if len(out) == 3 else fractional_max_pool2d
        return face(x, taps, out, **how)


def _is_drawn(window: Window, own: dict[str, Any], form: Form) -> Arguments:
    ratio, size = own["output_ratio"], form.lengths
    if len(size) == 1:
        raise FileError("fractional windows are of height and width, or of depth with these")
    if window.axes not in (0, len(size)):
        raise FileError(other_axes(window.axes, len(size)))
    if window.size:
        size = window.size.of(*form.spatial)
    elif ratio is None:
        pairs = zip(size, per_axis(window.kernel_size, len(size)), strict=True)
        size = tuple(max(1, length // kernel) for length, kernel in pairs)
    elif 0 < ratio < 1:
        size = tuple(max(1, int(length * ratio)) for length in size)
    else:
        raise FileError(f"--ratio lies between 0 and 1, not {ratio:g}")
    return {
        "kernel_size": window.kernel_size,
        "output_size": size,
        "seed": own["seed"],
        "alike": form.picture,
    }


def _drawn(asked: Asked) -> tuple[Pooling, ...]:
    return (Drawn(asked.arguments, asked.data_format),)


KINDS = {
    "sliding": Kind(_slides, _sliding, _where_they_slide),
    "blur": Kind(_blurs, _blur, _where_they_blur),
    "max_blur": Kind(_blurs_largest, _max_blur, _where_largest_blur, several=True),
    "fractional": Kind(_is_drawn, _drawn, _where_they_cover),
}
"""Each kind by the name that operators' rows have."""
