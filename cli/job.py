"""The job for one file, and its outcome: plain data that pickles."""

from dataclasses import field
from typing import Any, Literal

from numbapool.records import dataclass

Pair = int | tuple[int, int]
Numbers = int | tuple[int, ...]  # one for all axes, or one per axis: height, width
Device = Literal["cpu", "cuda", "auto"]
OnExists = Literal["error", "skip", "overwrite", "rename"]

STREAM = "-"  # standard input or output, in place of a path
MANIFEST = ".numbapool.json"  # the file beside outputs that notes their sources for --update
JOURNAL = ".numbapool.log"  # the same of a run that has not ended


def pair_of(number: Numbers) -> tuple[int, int]:
    """Return the height and width that one number may stand for."""
    high, wide = per_axis(number, 2)
    return high, wide


def per_axis(number: Numbers, axes: int) -> tuple[int, ...]:
    """Return a number per axis, for one that may stand for all."""
    return number if isinstance(number, tuple) else (number,) * axes


class PictureShape(tuple[int, ...]):
    """The shape of a picture: (height, width), or with channels. It is told as width × height."""

    __slots__ = ()


class RunNote(str):
    """A note that is shown once per run, even without -v."""

    __slots__ = ()


@dataclass(frozen=True)
class OutputSize:
    """The size of an output: pixels, or thousandths of the input's size."""

    width: int = 0
    height: int = 0
    permille: int = 0

    def of(self, height: int, width: int) -> tuple[int, int]:
        """Return the (height, width) of the output for an input of this height and width."""
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
    """Where the windows lie, from the options."""

    kernel_size: Numbers = 2
    stride: Numbers | None = None
    padding: Numbers | str = 0
    padding_mode: str | float | None = None  # what stands there; None leaves it out
    footprint: str | None = None  # the windows' shape, by name; None is a rectangle
    dilation: Numbers = 1
    ceil: bool = False
    edge: Literal["partial", "trim"] | None = None
    size: OutputSize | None = None
    fit: OutputSize | None = None
    fit_window: OutputSize | None = None
    parts: int = 0  # into how many windows each axis is cut, for pyramids of vectors

    @property
    def label(self) -> str:
        """The window in a file name: 2, 2x3, 1600x1200, 25pc."""
        size = self.size or self.fit or self.fit_window
        if size:
            return str(size).replace("%", "pc")  # shells and URLs take % apart
        numbers = self.kernel_size
        return "x".join(map(str, numbers)) if isinstance(numbers, tuple) else str(numbers)

    @property
    def axes(self) -> int:
        """How many axes the numbers are for: 2 or 3; 0 if one number serves all axes."""
        numbers = (self.kernel_size, self.stride, self.padding, self.dilation)
        return max((len(each) for each in numbers if isinstance(each, tuple)), default=0)


@dataclass(frozen=True)
class Weights:
    """What values weigh: a file by its name, or an array of the input's own archive by its name.

    As text it is what decides the output: a file's content, if that is known.
    """

    name: str
    sha256: str = ""  # of the file, for --update

    def __str__(self) -> str:
        return self.sha256 or self.name


@dataclass(frozen=True)
class Values:
    """How the values in a window count."""

    count_include_pad: bool = True
    divisor_override: int | None = None
    nan: Literal["propagate", "skip"] = "propagate"
    nodata: Any = None  # a number; "none" to ignore the file's own number; None
    min_count: int | float | None = None
    rounding: Literal["half_up", "half_even", "floor"] = "half_up"
    alpha: Literal["premultiplied", "straight"] = "premultiplied"
    linear: bool = False
    weights: Weights | None = None
    device: Device = "cpu"
    own: tuple[tuple[str, Any], ...] = ()  # the operator's own, by the library's names


@dataclass(frozen=True)
class Keeping:
    """What is kept of each sequence.

    Arrays beside the input are named as the options name them: by a file, or by an array of the
    input's own archive.
    """

    ops: tuple[str, ...] = ("mean",)
    pick: str = ""
    normalize: bool = False
    correction: float = 1.0
    empty: float = 0.0
    nan: Literal["propagate", "skip"] = "propagate"
    heads: int | None = None
    lengths: str | None = None
    mask: str | None = None
    offsets: str | None = None
    weights: str | None = None
    scores: str | None = None
    query: str | None = None
    device: Device = "cpu"

    @property
    def trained(self) -> bool:
        """Whether the weights are a trained layer's, not a number per row."""
        return self.ops[0] in ("lstm", "gru") or self.query is not None

    @property
    def beside(self) -> dict[str, str]:
        """What the options name, by the options' names."""
        names = ("lengths", "mask", "offsets", "weights", "scores", "query")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Reading:
    """How to read an input."""

    data_format: str | None = None
    array: str | None = None
    component: str | None = None  # the path of an array in a store of several
    aside: str | None = None  # an array of an archive that is no input
    accept_8bit: bool = False
    convert: Literal["srgb"] | None = None  # the colours that pictures are turned into
    max_pixels: int | None = None
    max_bytes: int | None = None  # in memory; None: a quarter of the memory available
    indices: bool = False  # whether a palette image is read as indices, not colours
    any_axes: bool = False  # whether height and width may be unknown
    volumes: bool = False  # whether three axes are depth, height and width


@dataclass(frozen=True)
class Writing:
    """How to write an output."""

    format: str = "PNG"
    on_exists: OnExists = "error"
    quality: int = 90
    lossless: bool | None = None  # None: like the input, if the format is the same
    metadata: Literal["all", "icc", "none"] = "all"
    background: str | None = None
    clip: bool = False


@dataclass(frozen=True)
class Steps:
    """How an array is pooled step by step, if it is in a store or larger than memory."""

    chunks: Numbers | None = None  # of a new store; None: as the input's
    shards: Numbers | None = None
    memory: int | None = None  # bytes that all steps at work may take
    resume: bool = False
    jobs: int | None = None  # how many steps at once; None: by the processor


@dataclass(frozen=True)
class Stamp:
    """The size, time and hash of a file, to see whether it has changed."""

    size: int
    mtime_ns: int
    sha256: str = ""


@dataclass(frozen=True)
class Job:
    """One input, one output, and how to pool the input."""

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

    def note(self, written: Stamp) -> None:
        """Note an output that is complete, before it gets its name; plain jobs note nothing."""


@dataclass(frozen=True)
class VolumeJob(Job):
    """A job that is done step by step."""

    steps: Steps = field(default_factory=Steps)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job."""

    source: str
    target: str | None = None
    status: Literal["done", "skipped", "failed", "planned"] = "done"
    before: tuple[tuple[int, ...], ...] = ()  # the shape of each frame or array, as read
    after: tuple[tuple[int, ...], ...] = ()
    dtype: str = ""
    reason: str = ""
    trouble: Literal["", "taken", "folder", "asked"] = ""  # of a failure that others may share
    notes: tuple[str, ...] = ()
    pixels: int = 0
    nbytes: int = 0  # of a planned result, before encoding
    seconds: float = 0.0
    cause: str = ""  # the message of a library, if `reason` says it more plainly
    details: str = ""  # a traceback, kept for --debug
    levels: tuple["Outcome", ...] = ()  # the outcome of each level of a pyramid; 0 for no pyramid
    stamp: Stamp | None = None  # the source's stamp, taken before it was read
    written: Stamp | None = None  # the output's stamp, without a hash
