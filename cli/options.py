"""Options that commands share, in groups, and the plain data they become."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from .codecs import FORMATS
from .job import OnExists, OutputSize, Reading, Values, Window, Writing
from .params import BytesType, Colour, NodataType, NormType, PairType, SizeType, complete_path
from .sources import Found, find, read_list

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]

DATA_FORMATS = ("HW", "CHW", "HWC", "NCHW", "NHWC")  # codecs.npy has what they mean
_WRITTEN = sorted(name.lower() for name, row in FORMATS.items() if row.written)
_MOST = (1 << 63) - 1  # of whole numbers in the kernels
_PADDINGS = ("valid", "same", "same_lower")


def apply(options: Iterable[Callable[[F], F]]) -> Callable[[F], F]:
    """Make one decorator of several options, which --help shows in their order."""
    rows = list(options)

    def decorate(function: F) -> F:
        for option in reversed(rows):
            function = option(function)
        return function

    return decorate


KERNEL_SIZE = click.option(
    "-k",
    "--kernel-size",
    type=PairType("window size"),
    help="The window's size, height x width where they differ.  [default: 2]",
)

EDGE = click.option(
    "--edge",
    type=click.Choice(["partial", "trim"]),
    help="Whether border windows that are not full are kept.  "
    "[default: partial for pictures, trim for arrays]",
)

INPUTS = click.argument("inputs", nargs=-1, metavar="INPUT...", shell_complete=complete_path)

WINDOW = (
    KERNEL_SIZE,
    click.option(
        "-s",
        "--stride",
        type=PairType("stride"),
        help="The step from window to window.  [default: the window's size]",
    ),
    click.option(
        "-p",
        "--padding",
        type=PairType("padding", least=0, words=_PADDINGS),
        default="0",
        show_default=True,
        help="What is put around the input: a number, HxW, valid, same or same_lower.",
    ),
    click.option(
        "-d",
        "--dilation",
        type=PairType("dilation"),
        default="1",
        show_default=True,
        help="The step between a window's taps.",
    ),
    click.option("--ceil", is_flag=True, help="Keep windows that reach past the end."),
    EDGE,
    click.option(
        "--size",
        type=SizeType(percent=True),
        help="The output's size, width x height, or a share of each side, as 25%.",
    ),
    click.option(
        "--fit",
        type=SizeType(),
        help="The most the output may be: the least whole window that makes it fit.",
    ),
)

READING = (
    click.option(
        "--data-format",
        type=click.Choice(DATA_FORMATS, case_sensitive=False),
        metavar="AXES",
        help="An array's axes: HW, CHW, HWC, NCHW, NHWC.  [default: HW of two, NCHW of four]",
    ),
    click.option("--array", metavar="NAME", help="Of a .npz, this array alone."),
    click.option(
        "--accept-8bit",
        is_flag=True,
        help="Read colour of more than 8 bits as 8, even if the extra 'deep' is installed.",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        metavar="N",
        help="Refuse pictures, and frames held at once, of more pixels.  [default: 178,956,970]",
    ),
    click.option(
        "--max-bytes",
        type=BytesType(),
        help="Refuse .npz whose arrays take more memory, and more from standard input, as 500M "
        "or 2G.  [default: a quarter of the memory at hand]",
    ),
)

FINDING = (
    click.option("-r", "--recursive", is_flag=True, help="Look in the folders below, too."),
    click.option(
        "--files-from",
        metavar="FILE",
        shell_complete=complete_path,
        help="Read names of inputs from FILE, one a line; - is standard input.",
    ),
    click.option("-0", "--null", is_flag=True, help="Names in --files-from end in NUL."),
)

FORMAT = click.option(
    "--format",
    "output_format",
    type=click.Choice(_WRITTEN, case_sensitive=False),
    metavar="FORMAT",
    help=f"Write this format: {', '.join(_WRITTEN)}.",
)

ON_EXISTS = (
    click.option(
        "--on-exists",
        type=click.Choice(["error", "skip", "overwrite", "rename"]),
        default="error",
        show_default=True,
        help="What to do where an output exists.",
    ),
    click.option("--skip-existing", is_flag=True, help="The same as --on-exists skip."),
)

UPDATE = click.option(
    "--update",
    is_flag=True,
    help="Skip outputs that are up to date, make others anew; .numbapool.json says which.",
)

NAMING = (
    click.option(
        "-o",
        "--output",
        metavar="OUT",
        shell_complete=complete_path,
        help="A file for one input, else a folder, made if missing; - is standard output.",
    ),
    click.option(
        "--name",
        metavar="TEMPLATE",
        help="Name outputs by {dir} {stem} {ext} {name} {op} {k}, as '{dir}/{stem}@{k}{ext}'.",
    ),
    FORMAT,
    *ON_EXISTS,
)

WRITING = (
    click.option(
        "--quality",
        type=click.IntRange(1, 100),
        metavar="N",
        default=90,
        show_default=True,
        help="Of JPEG, WebP, AVIF and JPEG 2000.",
    ),
    click.option(
        "--lossless/--lossy",
        default=None,
        help="Keep every pixel, or not.  [default: a WebP or JPEG 2000 stays as it came]",
    ),
    click.option(
        "--metadata",
        type=click.Choice(["all", "icc", "none"]),
        default="all",
        show_default=True,
        help="What is kept beside the pixels: ICC profile, EXIF, DPI.",
    ),
    click.option(
        "--background",
        type=Colour(),
        metavar="COLOUR",
        help="Lay transparent pictures on this colour where the format holds no alpha.",
    ),
    click.option(
        "--clip",
        is_flag=True,
        help="Hold values that the format cannot hold at its limits.",
    ),
)

TELLING = (
    click.option("--json", "as_json", is_flag=True, help="A JSON line a file, then a summary."),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but what failed."),
    click.option("-v", "--verbose", is_flag=True, help="Say more: notes, times, causes."),
)

RUNNING = (
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Files at work at once.  [default: by the processor]",
    ),
    click.option("--fail-fast", is_flag=True, help="Stop at the first file that fails."),
    click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing."),
    *TELLING,
)

DEBUG = click.option("--debug", is_flag=True, help="Show where in the code an error arose.")


def values_options(parameters: frozenset[str], weighs_alpha: bool) -> list[Callable[[F], F]]:
    """Give the options for values that an operator with those parameters takes."""
    options: list[Callable[[F], F]] = []
    if "norm_type" in parameters:
        options.append(
            click.option(
                "--norm",
                "norm_type",
                type=NormType(),
                default=2.0,
                show_default=True,
                help="The power: 1 adds up sizes, 2 is the root of squares, inf the largest size.",
            )
        )
    if "count_include_pad" in parameters:
        options.append(
            click.option(
                "--count-include-pad/--count-exclude-pad",
                default=True,
                show_default=True,
                help="Whether padding counts in a mean.",
            )
        )
    if "divisor_override" in parameters:
        options.append(
            click.option(
                "--divisor",
                "divisor_override",
                type=click.IntRange(min=1),
                metavar="N",
                help="Divide sums by N in place of the window's count.",
            )
        )
    options.append(
        click.option(
            "--nan",
            type=click.Choice(["propagate", "skip"]),
            default="propagate",
            show_default=True,
            help="Whether one NaN makes its window NaN or is left out.",
        )
    )
    options.append(
        click.option(
            "--nodata",
            type=NodataType(),
            help="Leave out values equal to V.  [default: a GeoTIFF's own; none counts them]",
        )
    )
    if "rounding" in parameters:
        options.append(
            click.option(
                "--rounding",
                type=click.Choice(["half_up", "half_even", "floor"]),
                default="half_up",
                show_default=True,
                help="How means of whole numbers are rounded.",
            )
        )
    if weighs_alpha:
        options.append(
            click.option(
                "--alpha",
                type=click.Choice(["premultiplied", "straight"]),
                default="premultiplied",
                show_default=True,
                help="Whether a pixel's colour weighs as much as it is opaque.",
            )
        )
        options.append(
            click.option("--linear", is_flag=True, help="Average in linear light, not in sRGB.")
        )
    return options


def window_of(given: Mapping[str, Any]) -> Window:
    """Make a `Window` of the options, and refuse those that contradict each other."""
    size: OutputSize | None = given.get("size")
    fit: OutputSize | None = given.get("fit")
    if size and fit:
        raise click.UsageError("--size and --fit each say how large the output is: give one.")
    fixed = "--size" if size else "--fit" if fit else ""
    if fixed:
        for name, flag in (("kernel_size", "-k"), ("stride", "-s")):
            if given[name] is not None:
                raise click.UsageError(f"{fixed} makes the windows: leave out {flag}.")
        if given["padding"] != 0 or given["dilation"] != 1:
            raise click.UsageError(f"{fixed} makes the windows: leave out -p and -d.")
    if (given.get("divisor_override") or 0) > _MOST:
        raise click.UsageError(f"--divisor is past {_MOST}, the most that it can be.")
    if size and given.get("divisor_override") is not None:
        raise click.UsageError("--size makes windows of several counts: leave out --divisor.")
    if given["ceil"] and given["edge"] == "trim":
        raise click.UsageError("--ceil keeps border windows and --edge trim drops them: give one.")
    kernel_size = given["kernel_size"] if given["kernel_size"] is not None else 2
    window = Window(
        kernel_size=kernel_size,
        stride=given["stride"],
        padding=given["padding"],
        dilation=given["dilation"],
        ceil=given["ceil"],
        edge=given["edge"],
        size=size,
        fit=fit,
    )
    if not fixed:
        _check(window)
    return window


def _check(window: Window) -> None:
    """Let the library refuse what no input could be pooled with, before any is read."""
    from numbapool import pool2d_shape
    from numbapool.errors import PoolError

    from .pooling import window_arguments

    huge = 1 << 40
    try:
        pool2d_shape((huge, huge), **window_arguments(window, (huge, huge), picture=False))
    except PoolError as error:
        raise click.UsageError(str(error)) from error


def found_of(
    inputs: tuple[str, ...],
    given: Mapping[str, Any],
    *,
    leave_out: str | None = None,
    own_suffix: str | tuple[str, ...] = "",
) -> Found:
    """Find the inputs that the arguments and --files-from name."""
    listed: list[str] = []
    if given["files_from"] is not None:
        listed = read_list(given["files_from"], given["null"])
    elif not inputs:
        raise click.UsageError("give an INPUT: a file, a folder, a quoted pattern, or -.")
    return find(
        inputs,
        listed,
        recursive=given["recursive"],
        leave_out=leave_out,
        own_suffix=own_suffix,
    )


def values_of(given: Mapping[str, Any]) -> Values:
    """Make `Values` of the options that the command has."""
    names = Values.__dataclass_fields__
    return Values(**{name: given[name] for name in names if name in given})


def reading_of(given: Mapping[str, Any]) -> Reading:
    """Make a `Reading` of the options."""
    names = ("data_format", "array", "accept_8bit", "max_pixels", "max_bytes")
    return Reading(**{name: given[name] for name in names})


def on_exists_of(given: Mapping[str, Any]) -> OnExists:
    """Say what is to be done where an output exists."""
    policy: OnExists = "skip" if given["skip_existing"] else given["on_exists"]
    if given.get("update"):
        if policy in ("skip", "rename"):
            raise click.UsageError(
                "--update itself says which outputs are skipped and which written anew: leave out "
                "--on-exists and --skip-existing."
            )
        return "overwrite"
    return policy


def writing_of(given: Mapping[str, Any], format: str) -> Writing:
    """Make a `Writing` of the options, for one format."""
    lossless: bool | None = given["lossless"]
    typed = {
        name: click.get_current_context().get_parameter_source(name) == ParameterSource.COMMANDLINE
        for name in ("quality", "lossless")
    }
    if lossless and all(typed.values()):
        raise click.UsageError("--lossless keeps every pixel: leave out --quality.")
    if typed["quality"] and not typed["lossless"]:
        lossless = False  # one from the environment or a file is of the formats that are lossy
    return Writing(
        format=format,
        on_exists=on_exists_of(given),
        quality=given["quality"],
        lossless=lossless,
        metadata=given["metadata"],
        background=given["background"],
        clip=given["clip"],
    )
