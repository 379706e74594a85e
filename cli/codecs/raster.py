"""What codecs load and save: an array, and what its numbers and axes mean."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Metadata:
    """What a picture's file says beside its pixels."""

    icc: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    loop: int | None = None
    poster: bool = False  # an APNG's first picture, shown where it cannot be animated
    subsampling: int | None = None  # of a JPEG, in Pillow's numbers
    compression: str | None = None  # of a TIFF or an .npz


@dataclass(frozen=True, eq=False)
class Raster:
    """One picture, one frame of an animation, or one array of a file.

    Attributes
    ----------
    array
        The values. Where `mode` is not empty: (height, width) or (height, width, channels).
    data_format
        "NCHW" where the last two axes are height and width, "NHWC" where channels follow them,
        empty where that is not known and was not needed.
    mode
        What the channels are, in Pillow's words ("RGBA"), and their depth where it is not
        Pillow's ("RGBA;16", "RGB;32F"); empty for a plain array.
    duration
        How long an animation shows this frame, in milliseconds.
    name
        The array's name in an ``.npz``.
    palette
        The colours (RGB or RGBA rows) that the values are indices of.
    """

    array: NDArray[Any]
    data_format: str
    mode: str = ""
    metadata: Metadata = field(default_factory=Metadata)
    duration: float | None = None
    name: str = ""
    palette: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()

    @property
    def picture(self) -> bool:
        """Whether it is one, not a plain array."""
        return bool(self.mode)

    @property
    def spatial(self) -> tuple[int, int]:
        """Height and width."""
        shape = self.array.shape
        return shape[-3:-1] if self.data_format == "NHWC" else shape[-2:]


def spoken(mode: str) -> str:
    """Give a mode in words: "16-bit RGB" of "RGB;16", "palette" of "P"."""
    base, _, depth = mode.partition(";")
    if not depth:
        return {"P": "palette"}.get(mode, mode)
    bits = depth.removesuffix("F")
    base = {"I": "grey", "L": "grey"}.get(base, base)
    return f"{bits}-bit {'float ' if depth != bits else ''}{base}"
