"""Descriptions of a TIFF in which programs store the shape of an array, before and after pooling.

They are OME-XML, ImageJ's lines, and tifffile's JSON. A reader would take a pooled file for one of
the old shape, so each is corrected, or left out if it says more than can be corrected.
"""

import json
import re
from dataclasses import replace
from math import prod

import numpy as np

from numbapool.records import dataclass

OME, IMAGEJ, TIFFFILE = "OME-XML", "ImageJ's description", "tifffile's shape"

_PIXELS = re.compile(r"<(?:\w+:)?Pixels\b[^>]*>")
_OUT_OF_REACH = re.compile(r"<(?:\w+:)?(?:ROI|UUID)\b")
"""What lies at places of the old pixels, and files that hold other parts."""

_OME_TYPES = {"bool": "bit", "float32": "float", "float64": "double"}
_OME_TYPES |= {name: name for name in ("int8", "int16", "int32", "uint8", "uint16", "uint32")}
_IMAGEJ_TYPES = ("uint8", "uint16", "float32")


def about_shape(description: object) -> str:
    """Return the kind of a description that holds an array's shape, or "" for other texts."""
    text = _text(description).lstrip()
    if text.startswith("ImageJ="):
        return IMAGEJ
    if text.startswith("<") and "<OME" in text[:1000] and "openmicroscopy.org" in text[:2000]:
        return OME
    if text.startswith("shape=("):
        return TIFFFILE
    return TIFFFILE if "shape" in _object(text) else ""


def _text(description: object) -> str:
    """Return a description as text: Pillow gives UTF-8 a letter for each byte."""
    if isinstance(description, str):
        try:
            description = description.encode("latin-1")
        except UnicodeEncodeError:
            return str(description)
    if isinstance(description, bytes):
        try:
            return description.decode("utf-8").rstrip("\0")
        except UnicodeDecodeError:
            return description.decode("latin-1").rstrip("\0")
    return str(description or "")


def _object(text: str) -> dict[str, object]:
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Described:
    """A description that holds a shape, and what pooling did to that.

    Attributes
    ----------
    resolution
        How many pixels an ImageJ file has per unit of length, across and down.
    size
        The height and width before pooling; None if nothing was pooled.
    strides
        How many old pixels lie between two new ones, down and across.
    """

    text: str
    kind: str
    resolution: tuple[float, float] | None = None
    size: tuple[int, int] | None = None
    strides: tuple[float, float] = (1.0, 1.0)

    def pooled(self, size: tuple[int, int], down: float, across: float) -> "Described":
        """Return the description of what was pooled from pictures of a size."""
        high, wide = self.strides
        return replace(self, size=self.size or size, strides=(high * down, wide * across))

    @property
    def left_out(self) -> str:
        """A note that it was left out."""
        return f"{self.kind} of the array before pooling was left out"

    def fitted(self, pages: int, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> str:
        """Return the text for pages of a shape and a dtype; "" if it cannot be made to fit."""
        if not self.text:
            return ""
        fit = {OME: self._ome, IMAGEJ: self._imagej, TIFFFILE: self._shape}[self.kind]
        return fit(pages, shape, dtype.name)

    def _ome(self, pages: int, shape: tuple[int, ...], dtype: str) -> str:
        found = _PIXELS.findall(self.text)
        if len(found) != 1 or _OUT_OF_REACH.search(self.text) or dtype not in _OME_TYPES:
            return ""
        (tag,) = found
        old = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        planes = prod(int(old.get(f"Size{axis}", 0)) for axis in "ZCT")
        if planes != pages * (shape[2] if len(shape) == 3 else 1):
            return ""
        new = {"SizeY": str(shape[0]), "SizeX": str(shape[1]), "Type": _OME_TYPES[dtype]}
        for axis, stride in zip("YX", self.strides, strict=True):
            name = f"PhysicalSize{axis}"
            if name in old:
                new[name] = f"{float(old[name]) * stride:.15g}"
        fresh = tag
        for name, value in new.items():
            fresh = re.sub(rf'(\s{name}=")[^"]*', lambda m, v=value: m[1] + v, fresh)  # type: ignore[misc]
        if old.get("Type") != new["Type"]:
            fresh = re.sub(r'\sSignificantBits="[^"]*"', "", fresh)
        return self.text.replace(tag, fresh)

    def _imagej(self, pages: int, shape: tuple[int, ...], dtype: str) -> str:
        images = re.search(r"^images=(\d+)$", self.text, re.MULTILINE)
        colours = len(shape) == 3 and not (shape[2] == 3 and dtype == "uint8")
        if int(images[1] if images else 1) != pages or dtype not in _IMAGEJ_TYPES or colours:
            return ""
        return self.text

    def _shape(self, pages: int, shape: tuple[int, ...], _: str) -> str:
        found = _object(self.text)
        known = re.match(r"shape=\(([\d, ]*)\)", self.text)
        old = found.get("shape") if found else [int(n) for n in re.findall(r"\d+", known[1])]  # type: ignore[index]
        if not isinstance(old, list) or "truncated" in found:
            return ""
        before = (*(self.size or shape[:2]), *shape[2:])
        ends = tuple(old[len(old) - len(before) :])
        if ends != before or prod(old[: len(old) - len(before)]) != pages:
            return ""
        new = [*old[: len(old) - len(before)], *shape]
        if found:
            return json.dumps({**found, "shape": new})
        return self.text.replace(f"({known[1]})", f"({', '.join(map(str, new))})")  # type: ignore[index]


def described(
    description: object, resolution: tuple[float, float] | None, turned: bool
) -> Described | None:
    """Return what a TIFF's description says of a shape; None if it says nothing of one."""
    kind = about_shape(description)
    if not kind:
        return None
    text = _text(description)
    if turned:  # no description says which way up a picture is
        return Described("", kind)
    return Described(text, kind, resolution if kind == IMAGEJ else None)
