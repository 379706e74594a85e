"""The header of a picture's frame."""

from dataclasses import field

from numbapool.records import dataclass

from ..job import RunNote
from .raster import Metadata, channels_of, dtype_of

_OVERVIEWS = RunNote("smaller copies of the picture in the same file (overviews) were left out")


@dataclass(frozen=True)
class Page:
    """One frame, or one page of a TIFF.

    Attributes
    ----------
    bits
        The number of bits per channel.
    mode
        As in `Raster`; empty if this kind is not read.
    exact
        Whether Pillow reads every number exactly.
    reduced
        Whether it is a smaller copy of a page before it (an overview).
    refused
        Why the file is not read, or "".
    """

    width: int
    height: int
    bits: int
    mode: str
    exact: bool = False
    orientation: int = 1
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    reduced: bool = False
    refused: str = ""

    @property
    def eight_of_more(self) -> bool:
        """Whether it is colour with more than 8 bits, of which Pillow reads only 8."""
        colour = bool(self.mode) and channels_of(self.mode) > 1 and "X" not in self.mode
        return colour and not self.exact and self.bits > 8

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array, turned upright."""
        size = (self.height, self.width)
        size = size[::-1] if self.orientation >= 5 else size
        channels = channels_of(self.mode)
        return size if channels == 1 else (*size, channels)

    @property
    def dtype(self) -> str:
        """The name of the array's type."""
        return dtype_of(self.mode).name


def said_of(pages: tuple[Page, ...]) -> tuple[str, ...]:
    """Return a note if smaller copies are left out."""
    return (_OVERVIEWS,) if any(page.reduced for page in pages) else ()


def refusal_of(pages: tuple[Page, ...]) -> str:
    """Return why one of the pages is not read, or ""."""
    return next((page.refused for page in pages if page.refused), "")
