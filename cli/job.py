"""What is to be done to one file, and what came of it: plain data that pickles."""

from dataclasses import dataclass, field
from typing import Any, Literal

Pair = int | tuple[int, int]
OnExists = Literal["error", "skip", "overwrite", "rename"]

STREAM = "-"  # standard input or output, where a path is expected
MANIFEST = ".numbapool.json"  # the file beside outputs that says what --update made them from


class RunNote(str):
    """A note that is told once per run, even without -v."""

    __slots__ = ()


@dataclass(frozen=True)
class OutputSize:
    """The size an output shall have: pixels, or a fraction of the input's in thousandths."""

    width: int = 0
    height: int = 0
    permille: int = 0

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Give the output's (height, width) for an input of that height and width."""
        if self.permille:
            return self._part(height), self._part(width)
        return self.height, self.width

    def _part(self, length: int) -> int:
        return max(1, (length * self.permille + 500) // 1000)

    def __str__(self) -> str:
        if self.permille:
            whole, part = divmod(self.permille, 10)
            return f"{whole}.{part}%" if part else f"{whole}%"
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Window:
    """Where the windows lie, as the options say it; the input's size makes numbers of it."""

    kernel_size: Pair = 2
    stride: Pair | None = None
    padding: Pair | str = 0
    dilation: Pair = 1
    ceil: bool = False
    edge: Literal["partial", "trim"] | None = None
    size: OutputSize | None = None
    fit: OutputSize | None = None

    @property
    def label(self) -> str:
        """The window in a file name: 2, 2x3, 1600x1200, 25%."""
        if self.size or self.fit:
            return str(self.size or self.fit)
        if isinstance(self.kernel_size, tuple):
            return "{}x{}".format(*self.kernel_size)
        return str(self.kernel_size)


@dataclass(frozen=True)
class Values:
    """What the windows' values mean, and what is made of them."""

    count_include_pad: bool = True
    divisor_override: int | None = None
    nan: Literal["propagate", "skip"] = "propagate"
    nodata: Any = None  # a number, "none" if not even a file's own counts, or None
    rounding: Literal["half_up", "half_even", "floor"] = "half_up"
    alpha: Literal["premultiplied", "straight"] = "premultiplied"
    linear: bool = False
    norm_type: float = 2.0


@dataclass(frozen=True)
class Reading:
    """How an input is to be read."""

    data_format: str | None = None
    array: str | None = None
    accept_8bit: bool = False
    max_pixels: int | None = None
    max_bytes: int | None = None  # of what is held in memory: None is a quarter of what there is
    indices: bool = False  # a palette image as its indices, not its colours
    any_axes: bool = False  # which axes of an array are height and width need not be known


@dataclass(frozen=True)
class Writing:
    """How an output is to be written."""

    format: str = "PNG"
    on_exists: OnExists = "error"
    quality: int = 90
    lossless: bool | None = None  # None: as the input came, in the same format
    metadata: Literal["all", "icc", "none"] = "all"
    background: str | None = None
    clip: bool = False


@dataclass(frozen=True)
class Stamp:
    """What a file that has not changed still has: its size, time and content."""

    size: int
    mtime_ns: int
    sha256: str = ""


@dataclass(frozen=True)
class Job:
    """One input, one output, and all that lies between."""

    source: str
    target: str
    operator: str
    window: Window = field(default_factory=Window)
    values: Values = field(default_factory=Values)
    reading: Reading = field(default_factory=Reading)
    writing: Writing = field(default_factory=Writing)

    @property
    def targets(self) -> tuple[str, ...]:
        """The paths of all outputs."""
        return (self.target,)


@dataclass(frozen=True)
class Outcome:
    """What came of a job."""

    source: str
    target: str | None = None
    status: Literal["done", "skipped", "failed", "planned"] = "done"
    before: tuple[tuple[int, ...], ...] = ()  # the shape of each frame or array, as read
    after: tuple[tuple[int, ...], ...] = ()
    dtype: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    pixels: int = 0
    nbytes: int = 0  # of a result that is planned, before it is encoded
    seconds: float = 0.0
    cause: str = ""  # what a library said, where `reason` says it more plainly
    details: str = ""  # a traceback, kept for --debug
    levels: tuple["Outcome", ...] = ()  # what came of each level of a pyramid
    stamp: Stamp | None = None  # the source's, from before it was read
    written: Stamp | None = None  # the output's, without a hash
