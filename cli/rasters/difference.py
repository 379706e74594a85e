"""Differences between the numbers of two files, and measures of them."""

import math
from collections.abc import Iterable
from dataclasses import field, replace
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..codecs.raster import Raster
from ..exits import FileError
from ..telling.names import shown
from ..telling.size import in_shape

_BLOCK = 1 << 20  # pixels compared at once, so that a mapped file is never wholly in memory
_FULL_RANGE = frozenset({"bool", "uint8", "int8", "uint16", "int16"})  # types used in full


@dataclass(frozen=True)
class Place:
    """The place of a value, and the value in both files."""

    part: str  # the frame or array, if there are several
    index: tuple[int, ...]
    mode: str
    values: tuple[str, str]

    @property
    def text(self) -> str:
        """The place, in words."""
        where = f"index {self.index}"
        if self.mode:
            y, x, *channel = self.index
            where = f"x {x}, y {y}" + "".join(f", {_channel(self.mode, n)}" for n in channel)
        return f"{self.part}, {where}" if self.part else where


@dataclass
class Difference:
    """The differences so far; `add` adds a pair of frames or arrays.

    Attributes
    ----------
    wants_heat
        Whether to make `heat`: for each pixel the largest difference over its channels, planes
        and frames.
    differing, compared
        How many pixels of pictures, or values of arrays, differ, and how many were compared.
    """

    wants_heat: bool = False
    picture: bool = False
    differing: int = 0
    compared: int = 0
    largest: Any = 0
    place: Place | None = None
    heat: NDArray[Any] | None = None
    _values: int = 0
    _squares: list[float] = field(default_factory=list)
    _dtypes: set[np.dtype[Any]] = field(default_factory=set)
    _maximum: int | None = None  # the number of white, if it is not the largest of the type
    _range: tuple[float, float] = (math.inf, -math.inf)  # of the first file

    def add(self, a: Raster, b: Raster, part: str) -> None:
        """Add a pair of equal shape and type."""
        self.picture = a.picture
        self._dtypes.add(a.array.dtype)
        self._maximum = a.metadata.maximum
        channels = a.array.shape[2] if a.picture and a.array.ndim == 3 else 1
        one, other = a.array.reshape(-1), b.array.reshape(-1)
        for start in range(0, one.size, _BLOCK * channels):
            block = slice(start, start + _BLOCK * channels)
            before, after = _native(one[block]), _native(other[block])
            found = absolute(before, after)
            with np.errstate(over="ignore"):
                self._squares.append(float(np.square(found, dtype=np.float64).sum()))
            self.differing += int((found != 0).reshape(-1, channels).any(axis=1).sum())
            self._widen(before)
            first = int(found.argmax())  # a NaN, if there is one
            if self.place is None or _exceeds(found[first].item(), self.largest):
                self.largest = found[first].item()
                index = np.unravel_index(start + first, a.array.shape)
                values = str(before[first]), str(after[first])
                self.place = Place(part, tuple(int(number) for number in index), a.mode, values)
        self._values += one.size
        self.compared += one.size // channels
        if self.wants_heat:
            self._warm(a, b)

    @property
    def mse(self) -> float:
        """The mean of the squared differences."""
        return math.fsum(self._squares) / self._values if self._values else 0.0

    def psnr(self, peak: float) -> float:
        """Return the peak signal-to-noise ratio in dB; NaN if the peak is 0."""
        if not self.differing:
            return math.inf
        if not peak or math.isnan(self.mse):
            return math.nan
        return 20 * math.log10(peak) - 10 * math.log10(self.mse)

    def peak(self) -> tuple[float, str]:
        """Return the largest possible difference, and where it comes from."""
        (dtype, *others) = self._dtypes
        if self._maximum:
            return float(self._maximum), "the maximum that they give"
        if dtype.name in _FULL_RANGE and not others:
            if dtype.kind == "b":
                return 1.0, "of bool"
            info = np.iinfo(dtype)
            return float(info.max) - float(info.min), f"the range of {dtype}"
        low, high = self._range
        return max(high - low, 0.0), "the range of A"

    def _widen(self, values: NDArray[Any]) -> None:
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if finite.size:
            low, high = self._range
            self._range = min(low, float(finite.min())), max(high, float(finite.max()))

    def _warm(self, a: Raster, b: Raster) -> None:
        if self.heat is None:
            self.heat = np.zeros(a.spatial)
        if self.heat.shape != a.spatial:
            raise FileError("its frames or arrays differ in size, and a heat map has one: pick one")
        channels = a.form.channels_last
        for place in np.ndindex(a.array.shape[: a.array.ndim - 2 - channels]):
            found = absolute(_native(a.array[place]), _native(b.array[place]))
            np.maximum(self.heat, found.max(axis=-1) if channels else found, out=self.heat)


def absolute(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Return the absolute differences; those of whole numbers are exact, in their unsigned type.

    Equal infinities do not differ, nor do two NaNs. The difference between a number and NaN is NaN.
    """
    if a.dtype.kind == "b":
        return np.asarray(a ^ b).view(np.uint8)
    if a.dtype.kind in "ui":
        unsigned = np.dtype(f"u{a.dtype.itemsize}")
        # Beyond the range of the signed type the subtraction wraps round to the right number.
        return np.asarray(np.maximum(a, b).view(unsigned) - np.minimum(a, b).view(unsigned))
    wide = np.promote_types(a.dtype, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        found = np.abs(a.astype(wide) - b.astype(wide))
    return np.asarray(np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, found))


def compare(
    a: Iterable[Raster], b: Iterable[Raster], names: tuple[str, str], wants_heat: bool
) -> Difference:
    """Compare two files' frames or arrays, one pair after another."""
    difference = Difference(wants_heat)
    number = 0
    for number, (one, other) in enumerate(zip_longest(a, b), 1):
        if one is None or other is None:
            more, fewer = names if other is None else names[::-1]
            raise FileError(
                f"{shown(more)} has more frames or arrays than the {number - 1} of "
                f"{shown(fewer)}: they must be alike"
            )
        _refuse_unlike(one, other, names)
        difference.add(one, other, f"array {one.name!r}" if one.name else f"frame {number}")
    if number == 1 and difference.place:
        difference.place = replace(difference.place, part="")
    return difference


def _refuse_unlike(a: Raster, b: Raster, names: tuple[str, str]) -> None:
    kinds = [
        (raster.array.shape, raster.array.dtype.newbyteorder("="), raster.name) for raster in (a, b)
    ]
    if kinds[0] != kinds[1] or (a.mode != b.mode and a.picture and b.picture):
        one, other = (
            f"{shown(name)} is {_kind(raster)}" for name, raster in zip(names, (a, b), strict=True)
        )
        raise FileError(f"{one} and {other}: they must be alike in shape and type")
    whites = [raster.metadata.maximum for raster in (a, b)]
    if whites[0] != whites[1] and a.picture and b.picture:
        one, other = (
            f"{shown(name)} {white or np.iinfo(a.array.dtype).max}"
            for name, white in zip(names, whites, strict=True)
        )
        raise FileError(f"white is in {one} and in {other}: they must be alike")
    if a.array.dtype.kind not in "biuf":
        raise FileError(f"{a.array.dtype} is not compared: give whole or real numbers")


def _kind(raster: Raster) -> str:
    name = f"{raster.name!r}, " if raster.name else ""
    mode = f" ({raster.mode})" if raster.mode else ""
    shape = in_shape(raster.form.told) if raster.picture else raster.array.shape
    return f"{name}{shape} {raster.array.dtype}{mode}"


def _native(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _exceeds(value: Any, other: Any) -> bool:
    return bool(value > other or (value != value and other == other))


def _channel(mode: str, number: int) -> str:
    names = {"YCbCr": ["Y", "Cb", "Cr"]}.get(mode) or list(mode.partition(";")[0])
    return names[number] if number < len(names) else f"channel {number}"
