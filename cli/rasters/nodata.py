"""The number that means "no value": from --nodata, or from the file."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..asking.params import number_of
from ..codecs.raster import Form, alpha_of, lightness
from ..exits import FileError
from ..job import RunNote, Values
from ..operators import Operator

NONE = "none"
"""The value of --nodata that makes pool ignore a file's own nodata."""

_USED = RunNote(
    "numbers equal to a GeoTIFF's own nodata were left out, as by --nodata "
    "(--nodata none counts them)"
)


def settled(form: Form, operator: Operator, values: Values) -> tuple[Values, tuple[str, ...]]:
    """Return the values with the number to leave out, and notes for the user.

    If white is zero in a file, the number is inverted like the numbers of the file.
    """
    text, given = form.metadata.nodata, values.nodata
    if not operator.leaves_out:
        if text and holds(text, form.dtype):
            raise FileError(
                f"its nodata {text} would be mixed into what lies beside it, and {operator.name} "
                "leaves nothing out: give another operator, as avg"
            )
        return values, ()
    if given == NONE:
        return replace(values, nodata=None), ()
    if given is not None:
        return replace(values, nodata=_turned(form, given)), ()
    if not text:
        return values, ()
    dtype = form.dtype
    unused = f"its nodata {text} was ignored: "
    number = number_of(text)
    if number is None:
        return values, (RunNote("its nodata is not a number and was ignored"),)
    weighs = operator.weighs_alpha and values.alpha == "premultiplied"
    if alpha_of(form.mode) is not None and weighs:
        return values, (RunNote(unused + "its alpha says which pixels count"),)
    if operator.keeps_labels and len(form.shape) == 3:
        return values, (RunNote(f"{unused}{operator.name} keeps whole colours"),)
    if math.isnan(number):
        if dtype.kind != "f":
            return values, (RunNote(f"{unused}{dtype} does not hold it"),)
        return replace(values, nan="skip"), (_USED,)
    held = as_held(number, dtype)
    if held is None:
        return values, (RunNote(f"{unused}{dtype} does not hold it"),)
    return replace(values, nodata=_turned(form, held)), (_USED,)


def text_of(form: Form, number: int | float) -> str:
    """Return the number that was left out, as the file stores it."""
    number = _turned(form, number)
    return str(int(number)) if isinstance(number, int) else f"{number:.17g}"


def holds(text: str, dtype: np.dtype[Any]) -> bool:
    """Return whether the dtype can hold a file's nodata."""
    number = number_of(text)
    if number is None or math.isnan(number):
        return number is not None and dtype.kind == "f"
    return as_held(number, dtype) is not None


def as_held(number: int | float, dtype: np.dtype[Any]) -> int | float | None:
    """Return the number as the dtype holds it, rounded for floats; None if it cannot hold it."""
    if dtype.kind == "f":
        try:
            with np.errstate(over="ignore"):
                nearest = float(dtype.type(number))
        except OverflowError:
            return None
        return None if math.isinf(nearest) and not math.isinf(number) else nearest
    if math.isinf(number) or number != int(number):
        return None
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return int(number) if low <= number <= high else None


def _turned(form: Form, number: Any) -> Any:
    if not form.metadata.white_is_zero or as_held(number, form.dtype) is None:
        return number
    return lightness(np.array([number], form.dtype), form.metadata.maximum)[0].item()
