"""``pool diff``: how much two pictures or arrays differ, and where."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import complete_path
from ..exits import ExitCode, FileError, NoInput
from ..files.find import is_missing
from ..files.name import picture_format
from ..files.write import clear_stale, exists, refuse_closed, refuse_taken, writing
from ..job import STREAM, Reading, Writing
from ..telling.names import shown
from ..telling.reasons import reason
from . import SHORT_HELP

if TYPE_CHECKING:
    from ..codecs.raster import Raster
    from ..rasters.difference import Difference

_LABEL = 13  # the column in which values begin


@click.command(
    "diff",
    cls=Command,
    short_help=SHORT_HELP["diff"],
    epilog="\b\nExamples:\n  pool diff photo.png photo.jpg\n"
    "  pool diff before.npy after.npy --json\n  pool diff a.png b.png -o heat.png\n",
)
@click.argument("a", metavar="A", shell_complete=complete_path)
@click.argument("b", metavar="B", shell_complete=complete_path)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    shell_complete=complete_path,
    help="Draw a heat map of the differences here.",
)
@options.apply(options.ON_EXISTS)
@click.option(
    "--peak",
    type=click.FloatRange(min=0, min_open=True),
    metavar="V",
    help="The peak value of PSNR.  [default: the range of 8 and 16 bits, else of A]",
)
@options.apply(options.READING)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object; null for a number that is not finite."
)
@options.DEBUG
def command(a: str, b: str, **given: Any) -> None:
    """Measure how much A and B differ, and where: pictures or .npy of one shape and type.

    Shows PSNR in dB, the mean squared error and its root, the largest difference and its place,
    and how many pixels differ. 16-bit numbers are compared as they are. Differences are not an
    error: the exit code is 0.
    """
    if a == b == STREAM:
        raise click.UsageError("A and B are both standard input: name one of them.")
    if given["peak"] is not None and not math.isfinite(given["peak"]):
        raise click.UsageError("--peak is not a finite number.")
    if is_missing(a) and is_missing(b):
        raise NoInput(f"no input was found: there is no {shown(a)}, {shown(b)}.")
    output, policy = given["output"], asked.on_exists_of(given)
    format = "" if output is None else picture_format(output, (a, b))
    clear_stale([output or ""])
    reading = replace(asked.reading_of(given), any_axes=output is None)
    try:
        if output is not None and policy == "error":
            refuse_taken(output)
        if output is not None and not (policy == "skip" and exists(output)):
            refuse_closed(output)
        difference = _compared(a, b, reading)
        drawn = None if output is None else _draw(difference, output, Writing(format, policy))
    except Exception as error:
        if given["debug"]:
            raise
        click.echo(f"pool: {shown(reason(error))}", err=True)
        raise click.exceptions.Exit(ExitCode.SOME_FAILED) from error
    measured = _measured(difference, given["peak"])
    if given["as_json"]:
        click.echo(json.dumps({"a": a, "b": b, **measured, "heat_map": drawn}))
        return
    for label, value in _rows(difference, measured):
        click.echo(f"{label:{_LABEL}}{value}")
    if drawn is not None:
        click.echo(f"{'heat map':{_LABEL}}{shown(drawn)}, {_scale(difference)}")


def _compared(a: str, b: str, reading: Reading) -> "Difference":
    from ..rasters.difference import compare

    wants_heat = not reading.any_axes
    return compare(_loaded(a, reading), _loaded(b, reading), (a, b), wants_heat)


def _loaded(source: str, reading: Reading) -> Iterator["Raster"]:
    from ..codecs.load import load
    from ..files.open import opened

    try:
        with opened(source, reading) as file:
            yield from load(file, source, reading)
    except Exception as error:
        raise FileError(f"{shown(source)}: {reason(error)}") from error


def _draw(difference: "Difference", output: str, said: Writing) -> str | None:
    """Write the heat map, and return its name."""
    from ..codecs.save import save
    from ..rasters.heat import heat_map

    policy = said.on_exists
    if policy == "skip" and exists(output):
        click.echo(f"pool: {shown(output)} exists and was left as it is", err=True)
        return None
    if difference.heat is None:
        raise FileError("there is nothing to draw a heat map of")
    with writing(output, policy) as target:
        save([heat_map(difference.heat)], target.file, said)
    return target.path


def _measured(difference: "Difference", given_peak: float | None) -> dict[str, object]:
    peak, peak_of = difference.peak() if given_peak is None else (given_peak, "given")
    place = difference.place
    return {
        "identical": difference.differing == 0,
        "psnr": _finite(difference.psnr(peak)),
        "peak": peak,
        "peak_of": peak_of,
        "mse": _finite(difference.mse),
        "rmse": _finite(math.sqrt(difference.mse)),
        "largest": _finite(difference.largest),
        "at": list(place.index) if place and difference.differing else None,
        "part": place.part if place and difference.differing else "",
        "differing": difference.differing,
        "compared": difference.compared,
        "unit": "pixels" if difference.picture else "values",
    }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _rows(difference: "Difference", measured: dict[str, Any]) -> Iterator[tuple[str, str]]:
    psnr = difference.psnr(measured["peak"])
    peak = f"peak {_number(measured['peak'])}, {measured['peak_of']}"
    if math.isnan(psnr):
        yield "PSNR", f"unknown ({peak})"
    else:
        yield "PSNR", f"{psnr:.2f} dB ({peak})"
    yield "MSE", _number(difference.mse)
    yield "RMSE", _number(math.sqrt(difference.mse))
    place = difference.place
    if place and difference.differing:
        values = " and ".join(place.values)
        yield "largest", f"{_number(difference.largest)} at {place.text} ({values})"
    else:
        yield "largest", "0"
    count, of = difference.differing, difference.compared
    share = f" ({100 * count / of:.2f} %)" if of else ""
    yield "differ", f"{count:,} of {of:,} {measured['unit']}{share}"


def _number(number: float) -> str:
    """Return a whole number as it is, another number with six digits."""
    return f"{number:.0f}" if isinstance(number, int) else f"{number:.6g}"


def _scale(difference: "Difference") -> str:
    from ..rasters.heat import largest_finite

    assert difference.heat is not None
    most = largest_finite(difference.heat)
    return f"from black for 0 to pale yellow for {most:.6g}" if most else "all black: no difference"
