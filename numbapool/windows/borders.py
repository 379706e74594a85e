"""What lies outside an axis: the elements that a padding mode puts there.

A mode is a name, or a number that stands at every place outside. A name says which element of the
axis is read at a place outside. Sliding windows and blurs share the names and the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from numbapool.errors import PoolValueError, shown
from numbapool.windows.axes import MOST_LISTED

Name: TypeAlias = Literal[
    "zeros", "reflect", "symmetric", "replicate", "circular", "mirror", "edge", "wrap"
]
PaddingMode: TypeAlias = Name | float | None
"""How a caller says what lies outside; None leaves out what lies there."""

MODES = ("zeros", "reflect", "symmetric", "replicate", "circular")

ZEROS, REFLECT, SYMMETRIC, REPLICATE, CIRCULAR = range(1, 6)
"""The numbers of these modes, as loops that fill the padding themselves know them."""

ALIASES = {"mirror": "reflect", "edge": "replicate", "wrap": "circular"}
"""NumPy's and SciPy's words, except SciPy's "reflect", which is "symmetric" here."""

Numbers = np.ndarray[Any, np.dtype[Any]]


def named(value: Any) -> str:
    """Return the name of a padding mode, for an alias the name itself.

    Raises
    ------
    PoolValueError
        For an unknown name.
    """
    name = ALIASES.get(value, value) if isinstance(value, str) else None
    if name not in MODES:
        raise PoolValueError(f"padding_mode must be one of {', '.join(MODES)}, not {shown(value)}")
    return name


def mode_of(value: Any) -> Any:
    """Return the name of a padding mode, or the number that stands outside; None for None.

    Raises
    ------
    PoolValueError
        For an unknown name, and for what is neither a name nor a number.
    """
    if value is None:
        return None
    if isinstance(value, np.bool_ | np.integer | np.floating):
        value = value.item()
    if isinstance(value, int | float):
        return value
    try:
        return named(value)
    except PoolValueError as error:
        raise PoolValueError(f"{error}; a number stands for itself") from None


def constant(mode: Any, dtype: np.dtype[Any]) -> Any:
    """Return the number that a mode puts outside arrays of a dtype; None if elements stand there.

    Raises
    ------
    PoolValueError
        For a number that the dtype does not hold. Floats are rounded to the dtype.
    """
    if isinstance(mode, str):
        return dtype.type(0) if mode == "zeros" else None
    if dtype.kind == "f":
        try:
            with np.errstate(over="ignore"):
                held = dtype.type(mode)
            fits = bool(np.isfinite(held)) or mode - mode != 0
        except OverflowError:  # a whole number past float64
            fits = False
    else:
        low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        fits = low <= mode <= high and mode == int(mode)
    if not fits:
        raise PoolValueError(
            f"padding_mode {shown(mode)} does not fit into {dtype}: give a number that {dtype} "
            "holds, or convert the array"
        )
    return dtype.type(mode)


def refuse_too_far(
    size: int, pads: tuple[int, int], mode: Any, name: str, smaller: str = "padding"
) -> None:
    """Raise if an axis is too short to be padded so far; `smaller` names what to make smaller."""
    most = {"reflect": size - 1, "symmetric": size, "circular": size}.get(mode, MOST_LISTED)
    if max(pads) <= most:
        return
    if most == MOST_LISTED:
        raise PoolValueError(f"{name} is padded by {max(pads)}: at most {most} places are filled")
    raise PoolValueError(
        f"{name} has size {size}, which is too short to be padded by {max(pads)} with "
        f"padding_mode {mode!r}: use a smaller {smaller}, or another padding_mode"
    )


def mapped(places: Numbers, size: int, mode: Any) -> Numbers:
    """Return the elements that are read at places, of which some lie outside an axis.

    "zeros" and numbers have no elements outside.

    >>> mapped(np.arange(-2, 6), 4, "reflect")
    array([2, 1, 0, 1, 2, 3, 2, 1])
    >>> mapped(np.arange(-2, 6), 4, "symmetric")
    array([1, 0, 0, 1, 2, 3, 3, 2])
    """
    if mode in ("reflect", "symmetric"):
        again = int(mode == "symmetric")  # whether the outermost element is repeated
        places = np.where(places < 0, -places - again, places)
        folded: Numbers = np.minimum(places, 2 * (size - 1) + again - places)
        return folded
    if mode == "circular":
        return places % size
    assert mode == "replicate"
    return np.clip(places, 0, size - 1)


class Stretch(NamedTuple):
    """Neighbouring places of a padded axis: some before the axis, some inside, some after it."""

    before: Numbers
    """The element that is read at each place before the axis; -1 for no element."""
    inside: slice
    after: Numbers

    @property
    def length(self) -> int:
        """The number of places."""
        return len(self.before) + int(self.inside.stop - self.inside.start) + len(self.after)

    def elements(self) -> Numbers:
        """Return the element that is read at each place."""
        inside = np.arange(self.inside.start, self.inside.stop)
        return np.concatenate([self.before, inside, self.after])


def true_places(places: Numbers, stretches: Sequence[Stretch], sizes: Sequence[int]) -> Numbers:
    """Return places in a plane of some sizes for places in the plane that stretches of it make."""
    pitch, found = 1, np.zeros_like(places)
    for each, size in reversed(list(zip(stretches, sizes, strict=True))):
        places, at = np.divmod(places, each.length)
        found += each.elements()[at] * pitch
        pitch *= size
    return found


def stretch(first: int, stop: int, size: int, mode: Any) -> Stretch:
    """Return the places from `first` on, before `stop`, of an axis that a mode pads."""

    def outside(first: int, stop: int) -> Numbers:
        places = np.arange(first, max(first, stop))
        known = mode in MODES and mode != "zeros"
        return mapped(places, size, mode) if known else np.full_like(places, -1)

    begin = min(max(first, 0), size)
    inside = slice(begin, max(begin, min(stop, size)))
    return Stretch(outside(first, min(stop, 0)), inside, outside(max(first, size), stop))
