"""Options that commands share, in groups."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..codecs import WRITTEN
from ..operators import FOOTPRINTS, OPERATORS, Operator, Own
from .params import (
    BytesType,
    ChunksType,
    Colour,
    FormatType,
    MinCountType,
    NodataType,
    NormType,
    NumbersType,
    PaddingModeType,
    PairType,
    Scheduler,
    SizeType,
    complete_path,
)

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

DATA_FORMATS = (
    *("L", "CL", "LC", "NCL", "NLC"),
    *("HW", "CHW", "HWC", "NCHW", "NHWC"),
    *("DHW", "CDHW", "DHWC", "NCDHW", "NDHWC"),
)  # `codecs.npy` says what they mean
_WRITTEN = sorted(
    " or ".join(dict.fromkeys((row.suffixes[0][1:], row.name.lower())))
    for row in dict.fromkeys(WRITTEN.values())
)
_PADDINGS = ("valid", "same", "same_lower")


def apply(options: Iterable[Callable[[F], F]]) -> Callable[[F], F]:
    """Return one decorator for several options, which --help shows in their order."""
    rows = list(options)

    def decorate(function: F) -> F:
        for option in reversed(rows):
            function = option(function)
        return function

    return decorate


KERNEL_SIZE = click.option(
    "-k",
    "--kernel-size",
    type=NumbersType("window size"),
    help="The window's size, height x width if they differ, or depth x height x width.  "
    "[default: 2]",
)

STRIDE = click.option(
    "-s",
    "--stride",
    type=NumbersType("stride"),
    help="The step from window to window.  [default: the window's size]",
)

SIZE = click.option(
    "--size",
    type=SizeType(percent=True),
    help="The output's size, width x height, or a share of each side, as 25%.",
)

EDGE = click.option(
    "--edge",
    type=click.Choice(["partial", "trim"]),
    help="Whether windows that reach past the border are kept.  "
    "[default: partial for pictures, trim for arrays]",
)

INPUTS = click.argument("inputs", nargs=-1, metavar="INPUT...", shell_complete=complete_path)

WINDOW = (
    KERNEL_SIZE,
    STRIDE,
    click.option(
        "-p",
        "--padding",
        type=NumbersType("padding", least=0, words=_PADDINGS),
        default="0",
        show_default=True,
        help="Padding around the input: a number, HxW, DxHxW, valid, same or same_lower.",
    ),
    click.option(
        "--padding-mode",
        type=PaddingModeType(),
        help="What the padding holds: zeros, a number, reflect (mirrored), symmetric (mirrored, "
        "the outermost value twice), replicate (the outermost value), circular (the other end).  "
        "[default: it is left out; a mean counts zeros]",
    ),
    click.option(
        "--footprint",
        type=click.Choice(FOOTPRINTS),
        help="The windows' shape, as large as an odd -k.  [default: a rectangle]",
    ),
    click.option(
        "-d",
        "--dilation",
        type=NumbersType("dilation"),
        default="1",
        show_default=True,
        help="The step between a window's taps.",
    ),
    click.option("--ceil", is_flag=True, help="Keep windows that reach past the end."),
    EDGE,
    SIZE,
    click.option(
        "--fit",
        type=SizeType(square=True),
        help="Shrink to fit within this size, or to this longest side, and keep the shape; what "
        "fits is left as it is.",
    ),
    click.option(
        "--fit-window",
        type=SizeType(square=True),
        help="Shrink to fit within this size, by the smallest whole window.",
    ),
)

WINDOWS = {
    "sliding": WINDOW,
    "blur": (
        click.option(
            "-s",
            "--stride",
            type=PairType("stride"),
            help="The step from window to window.  [default: 2]",
        ),
    ),
    "max_blur": (KERNEL_SIZE, STRIDE),
    "fractional": (KERNEL_SIZE, SIZE),
}
"""The options of each kind of windows."""

MAX_BYTES = click.option(
    "--max-bytes",
    type=BytesType(),
    help="Refuse a .npz or standard input that takes more memory, as 500M or 2G.  "
    "[default: a quarter of the available memory]",
)

READING = (
    click.option(
        "--data-format",
        type=click.Choice(DATA_FORMATS, case_sensitive=False),
        metavar="AXES",
        help="An array's axes: L, HW or DHW, alone or with C and N, as CHW, NHWC, NCDHW.  "
        "[default: L, HW, NCHW, NCDHW of 1, 2, 4, 5; DHW of 3 with a -k of three numbers]",
    ),
    click.option("--array", metavar="NAME", help="Pool only this array of a .npz."),
    click.option(
        "--accept-8bit",
        is_flag=True,
        help="Read colour of more than 8 bits as 8, even if the extra 'deep' is installed.",
    ),
    click.option(
        "--convert",
        type=click.Choice(["srgb"], case_sensitive=False),
        help="Turn a picture's colours into sRGB, by its profile.",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        metavar="N",
        help="Refuse more pixels in a picture or in frames held at once.  [default: 178,956,970]",
    ),
    MAX_BYTES,
)

FINDING = (
    click.option("-r", "--recursive", is_flag=True, help="Look in subfolders, too."),
    click.option(
        "--files-from",
        metavar="FILE",
        shell_complete=complete_path,
        help="Read names of inputs from FILE, one per line; - is standard input.",
    ),
    click.option("-0", "--null", is_flag=True, help="Names in --files-from end in NUL."),
)

FORMAT = click.option(
    "--format",
    "output_format",
    type=FormatType(),
    help=f"Write this format: {', '.join(_WRITTEN)}.",
)

ON_EXISTS = (
    click.option(
        "--on-exists",
        type=click.Choice(["error", "skip", "overwrite", "rename"]),
        default="error",
        show_default=True,
        help="What to do if an output exists.",
    ),
    click.option("--skip-existing", is_flag=True, help="The same as --on-exists skip."),
)

UPDATE = click.option(
    "--update",
    is_flag=True,
    help="Make what is new or changed, as .numbapool.json notes; leave outputs alone that it does "
    "not note, unless --on-exists is overwrite.",
)

OUTPUT = click.option(
    "-o",
    "--output",
    metavar="OUT",
    shell_complete=complete_path,
    help="A file for one input, else a folder, made if missing; - is standard output.",
)

TEMPLATE = click.option(
    "--name",
    metavar="TEMPLATE",
    help="Name outputs by {dir} {stem} {ext} {name} {op} {k}, as '{dir}/{stem}@{k}{ext}'.",
)

NAMING = (OUTPUT, TEMPLATE, FORMAT, *ON_EXISTS)

WRITING = (
    click.option(
        "--quality",
        type=click.IntRange(1, 100),
        metavar="N",
        default=90,
        show_default=True,
        help="Quality of JPEG, WebP, AVIF and JPEG 2000.",
    ),
    click.option(
        "--lossless/--lossy",
        default=None,
        help="Keep every pixel exactly, or not.  [default: as a WebP or JPEG 2000 input]",
    ),
    click.option(
        "--metadata",
        type=click.Choice(["all", "icc", "none"]),
        default="all",
        show_default=True,
        help="Which metadata to keep: ICC profile, EXIF, DPI.",
    ),
    click.option(
        "--background",
        type=Colour(),
        metavar="COLOUR",
        help="Lay transparent pictures on this colour if the format holds no alpha.",
    ),
    click.option(
        "--clip",
        is_flag=True,
        help="Clip values to the limits of the format, floats rounded (half up).",
    ),
)

TELLING = (
    click.option("--json", "as_json", is_flag=True, help="One JSON line per file, then a summary."),
    click.option("-q", "--quiet", is_flag=True, help="Report only failures."),
    click.option("-v", "--verbose", is_flag=True, help="Report more: notes, times, causes."),
)

RUNNING = (
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many files to pool at once, or steps of a .zarr.  [default: by the processor]",
    ),
    click.option(
        "--scheduler",
        type=Scheduler(),
        metavar="ADDRESS",
        help="Pool on a Dask cluster: tcp://HOST:PORT, or local:N for N processes here.",
    ),
    click.option("--fail-fast", is_flag=True, help="Stop at the first file that fails."),
    click.option(
        "--dry-run", is_flag=True, help="Report what would be written, and write nothing."
    ),
    *TELLING,
)

COMPONENT = click.option(
    "--component",
    metavar="PATH",
    help="Pool this array of a .zarr that holds several, as 0/volume.",
)

STEPS = (
    click.option(
        "--chunks",
        type=ChunksType(),
        help="The chunks of a new .zarr.  [default: as the input's]",
    ),
    click.option(
        "--shards",
        type=ChunksType(),
        help="The shards of a new .zarr, of whole chunks.  [default: as the input's]",
    ),
    click.option(
        "--memory",
        type=BytesType(),
        help="Pool a .zarr, and a .npy larger than this, in steps that take no more, as 4G.  "
        "[default: a quarter of the available memory, for a .zarr]",
    ),
    click.option(
        "--resume", is_flag=True, help="Go on with a .zarr or .npy that a stopped run began."
    ),
)

DEVICE = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda", "auto"]),
    default="cpu",
    show_default=True,
    help="Where to pool: cuda is a GPU, auto takes one where that is quicker.",
)

DEBUG = click.option("--debug", is_flag=True, help="Show where in the code an error arose.")


def _own(own: Own) -> Callable[[Any], Any]:
    """Return the option of an operator's own parameter."""
    if own.default is False:
        return click.option(own.flag, own.key, is_flag=True, help=own.help)
    whole = isinstance(own.default, int)
    limits: Any = click.IntRange if whole else click.FloatRange
    number: Any = int if whole else float
    if own.words:
        number = click.Choice(own.words)
    elif (own.low, own.high) != (None, None):
        number = limits(min=own.low, max=own.high)
    return click.option(
        own.flag,
        own.key,
        type=number,
        metavar=None if own.words else "N",
        default=own.default,
        show_default=True,
        help=own.help,
    )


_OWN = dict.fromkeys(each for row in OPERATORS.values() for each in row.own)

_VALUES: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    *((each.key, _own(each)) for each in _OWN),
    (
        "norm_type",
        click.option(
            "--norm",
            "norm_type",
            type=NormType(),
            default=2.0,
            show_default=True,
            help="The power: 1 adds up sizes, 2 is the root of squares, inf the largest size.",
        ),
    ),
    (
        "q",
        click.option(
            "--q",
            type=click.FloatRange(0, 100),
            metavar="N",
            help="The percentile of percentile, 0 to 100, as 90.",
        ),
    ),
    (
        "correction",
        click.option(
            "--correction",
            type=click.IntRange(min=0),
            metavar="N",
            default=0,
            show_default=True,
            help="Divide a variance by the count less N: 1 for a sample's.",
        ),
    ),
    (
        "count_include_pad",
        click.option(
            "--count-include-pad/--count-exclude-pad",
            default=True,
            show_default=True,
            help="Whether padding counts in a mean.",
        ),
    ),
    (
        "divisor_override",
        click.option(
            "--divisor",
            "divisor_override",
            type=click.IntRange(min=1),
            metavar="N",
            help="Divide sums by N instead of the window's count.",
        ),
    ),
    (
        "weights",
        click.option(
            "--weights",
            metavar="FILE|KEY",
            shell_complete=complete_path,
            help="What each value weighs, 0 leaves it out: a .npy, .npz or grey picture, or the "
            "name of an array in INPUT's own .npz.",
        ),
    ),
    (
        "nan",
        click.option(
            "--nan",
            type=click.Choice(["propagate", "skip"]),
            default="propagate",
            show_default=True,
            help="Whether one NaN makes its window NaN or is left out.",
        ),
    ),
    (
        "nodata",
        click.option(
            "--nodata",
            type=NodataType(),
            help="Leave out values equal to V.  [default: a GeoTIFF's own; none counts them]",
        ),
    ),
    (
        "min_count",
        click.option(
            "--min-count",
            type=MinCountType(),
            help="The fewest values that must count in a window: fewer give nodata, or NaN.",
        ),
    ),
    (
        "rounding",
        click.option(
            "--rounding",
            type=click.Choice(["half_up", "half_even", "floor"]),
            default="half_up",
            show_default=True,
            help="How means of whole numbers are rounded.",
        ),
    ),
    (
        "alpha",
        click.option(
            "--alpha",
            type=click.Choice(["premultiplied", "straight"]),
            default="premultiplied",
            show_default=True,
            help="Whether a pixel's colour counts only as far as the pixel is opaque.",
        ),
    ),
    (
        "linear",
        click.option("--linear", is_flag=True, help="Average in linear light, not in sRGB."),
    ),
)
"""Options for values, by the names in the operators' rows."""

VALUES_NAMES = tuple(name for name, _ in _VALUES)


def values_options(
    operators: Iterable[Operator], leave_out: tuple[str, ...] = ()
) -> list[Callable[[F], F]]:
    """Return the options for values that at least one of the operators takes."""
    rows = list(operators)
    return [
        option
        for name, option in _VALUES
        if name not in leave_out and any(row.takes(name) for row in rows)
    ]


def refuse_unused(*operators: Operator) -> None:
    """Refuse an option for values that was typed and that none of the operators takes."""
    context = click.get_current_context()
    for param in context.command.params:
        name = str(param.name)
        known = any(name == option for option, _ in _VALUES)
        if not known or any(operator.takes(name) for operator in operators):
            continue
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            names = " and ".join(operator.name for operator in operators)
            raise click.UsageError(f"{names} takes no {param.opts[0]}: leave it out.")
