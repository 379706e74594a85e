"""Decide how to pool a raster from its form, without its numbers.

The dry run, ``pool info`` and the real run all decide here.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from numbapool.records import dataclass

from ..codecs.raster import Form, Metadata, alpha_of
from ..exits import FileError
from ..job import RunNote, Values, Window
from ..operators import Operator
from . import nodata
from .kinds import KINDS, arguments_of
from .light import refuse_no_srgb
from .request import Request
from .weighing import axes_of


@dataclass(frozen=True)
class Plan:
    """How a raster of a form is pooled, and the form of the result.

    Attributes
    ----------
    before
        The form in which it is pooled: for a mean, black and white are pooled as grey.
    after
        The result's form.
    way
        "plain": the array as it is; "weighed": colours weighted by their alpha; "linear": in
        linear light; "whole": a pixel's channels as one number.
    notes
        Notes for the user.
    """

    before: Form
    after: Form
    request: Request
    way: Literal["plain", "weighed", "linear", "whole"]
    notes: tuple[str, ...] = ()


def plan(form: Form, operator: Operator, window: Window, values: Values) -> Plan:
    """Decide how a raster of this form is pooled; refuse options that make no sense for it."""
    values, notes = nodata.settled(form, operator, values)
    arguments = arguments_of(operator, window, values, form)
    before = form
    if form.mode == "1" and operator.weighs_alpha:
        # The mean of black and white is a grey.
        before = replace(form, dtype=np.dtype(np.uint8), mode="L")
        if values.nodata is not None:
            values = replace(values, nodata=255 * values.nodata)
        if is_number(arguments.get("padding_mode")):
            arguments = {**arguments, "padding_mode": 255 * arguments["padding_mode"]}
    request = Request(operator, arguments, values, form.data_format)
    metadata = _metadata_after(before, request)
    if form.metadata.gdal and not metadata.gdal:
        left_out = f"GDAL's metadata was left out: it does not describe a {operator.name}"
        notes = (*notes, RunNote(left_out))
    way = _way(before, operator, values)
    refuse_senseless(operator, values, before)
    refuse_outside(arguments.get("padding_mode"), before, way)
    weights = None
    if form.weights is not None:
        axes_of(form)  # refuses weights that do not fit
        weights = form.weights.dtype
    shape, dtype = request.results(before.shape, before.dtype, weights)
    after = replace(
        before,
        shape=shape,
        dtype=dtype if way == "plain" else before.dtype,
        metadata=metadata,
        weights=None,
    )
    after = replace(after, mode=_mode_after(before, after, operator))
    return Plan(before, after, request, way, notes)


_UNSIGNED = {"L;8S": "L", "L;16S": "I;16", "I": "L;32"}
"""The modes of signed numbers, each with the mode of unsigned numbers of the same width."""


def _mode_after(before: Form, after: Form, operator: Operator) -> str:
    """Return the mode of the result."""
    if after.dtype == np.bool_ and before.mode and before.channels == 1:
        return "1"
    if before.mode == "1" and not operator.keeps_shades:
        return "L"  # counts, not black and white
    if before.dtype.kind == "i" and after.dtype == np.dtype(f"u{before.dtype.itemsize}"):
        return _UNSIGNED.get(before.mode, before.mode)
    return before.mode


def _way(
    form: Form, operator: Operator, values: Values
) -> Literal["plain", "weighed", "linear", "whole"]:
    linear = values.linear and operator.weighs_alpha
    if linear:
        refuse_no_srgb(form.dtype, form.mode, form.metadata.maximum)
    if weighs(form, operator, values):
        return "weighed"
    if linear:
        return "linear"
    if operator.keeps_labels and form.channels > 1:
        return "whole"
    return "plain"


def weighs(form: Form, operator: Operator, values: Values) -> bool:
    """Return whether a pixel's colour is weighted by its alpha."""
    asked = operator.weighs_alpha and values.alpha == "premultiplied"
    return asked and alpha_of(form.mode) is not None


def _metadata_after(form: Form, request: Request) -> Metadata:
    """Return the metadata of the result."""
    metadata, operator, number = form.metadata, request.operator, request.values.nodata
    refuse_dark(operator, form)
    if not operator.keeps_shades:
        # The scale of the shades is not the scale of the results.
        metadata = replace(metadata, white_is_zero=False, maximum=None, gdal="")
    if operator.zero_of_nothing and request.values.min_count is None:  # all have a number now
        metadata = replace(metadata, nodata="")
    if metadata.nodata and number is not None:
        metadata = replace(metadata, nodata=nodata.text_of(form, number))
    if metadata.georeference or metadata.described:
        down, across = KINDS[operator.windows].steps(request.arguments, form.spatial)
    if metadata.georeference:
        georeference = metadata.georeference.pooled(across, down)
        metadata = replace(metadata, georeference=georeference)
    if metadata.described:
        described = metadata.described.pooled(form.spatial, down.stride, across.stride)
        metadata = replace(metadata, described=described)
    return metadata


def refuse_senseless(operator: Operator, values: Values, form: Form) -> None:
    """Refuse options that contradict each other, or that do not suit the numbers."""
    if values.min_count is not None:
        if weighs(form, operator, values):
            raise FileError("--min-count counts values, not opacity: give --alpha straight")
        if values.nodata is None and values.nan == "propagate":
            raise FileError("--min-count needs something to leave out: give --nodata or --nan skip")
    if weighs(form, operator, values):
        if values.nodata is not None or (values.nan == "skip" and form.dtype.kind == "f"):
            flag = "--nodata" if values.nodata is not None else "--nan skip"
            raise FileError(
                f"{flag} and weighing by alpha both say what counts: give --alpha straight"
            )
    if not operator.keeps_labels or form.channels == 1:
        return
    name, bits = operator.name, 8 * form.dtype.itemsize * form.channels
    if form.dtype.kind == "f":
        raise FileError(f"{name} keeps whole colours, of whole numbers, not of {form.dtype}")
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


def is_number(mode: Any) -> bool:
    """Return whether a padding mode is a number other than 0, which stands for itself."""
    return mode is not None and not isinstance(mode, str) and mode != 0


def refuse_outside(mode: Any, form: Form, way: str) -> None:
    """Refuse a number outside the input that the values, or what they are turned into, lack."""
    if not is_number(mode):
        return
    if nodata.as_held(mode, form.dtype) is None:
        raise FileError(f"--padding-mode {mode} does not fit into {form.dtype}: give another one")
    if way != "plain":
        reason = {
            "weighed": "colours are weighed by alpha, which it lacks: give --alpha straight",
            "linear": "--linear pools light, and it is a shade: leave out --linear",
            "whole": "whole colours are kept, and it is none: give zeros",
        }[way]
        raise FileError(f"--padding-mode {mode} is one number, but {reason}, or a mode by name")


def refuse_dark(operator: Operator, form: Form) -> None:
    """Refuse floats whose smallest number is white, if the result is not a shade."""
    if form.metadata.white_is_zero and form.dtype.kind == "f" and not operator.keeps_shades:
        raise FileError(
            f"its floats grow darker (MinIsWhite), and their {operator.name} is neither light nor "
            "dark: save it with black at zero"
        )
