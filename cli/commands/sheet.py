"""``pool sheet``: inputs and their pooled results side by side on one picture."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from numbapool.records import dataclass

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import OperatorType, complete_path
from ..exits import ExitCode, NoInput, OutputLost
from ..files.find import Source
from ..files.name import picture_format, same_file
from ..files.write import clear_stale, exists, refuse_closed, refuse_taken, writing
from ..job import Job, Outcome, Reading, Values, Window, Writing
from ..operators import OPERATORS, Operator
from ..telling.compiling import Compiling
from ..telling.names import shown
from ..telling.progress import Progress, can_draw
from ..telling.reasons import failed, reason
from ..telling.report import Report, Telling
from . import SHORT_HELP

if TYPE_CHECKING:
    from ..rasters.sheet import Cell, Look

_EVERY = "every"  # "all" is an operator
_HIGH = 90.0  # the percentile beside other operators, if none is given

# A sheet has no padding and no divisor to choose, and no weights.
_LEFT_OUT = ("count_include_pad", "divisor_override", "weights")


@click.command(
    "sheet",
    cls=Command,
    short_help=SHORT_HELP["sheet"],
    epilog="\b\nExamples:\n  pool sheet photo.png -k 8 -o sheet.png\n"
    "  pool sheet photos -r -k 4 --operator max --detail -o sheet.jpg\n"
    "  pool sheet zone_plate.png -k 4 --operator every --measure -o gallery.png\n",
)
@options.INPUTS
@options.apply([options.KERNEL_SIZE])
@click.option(
    "--operator",
    "names",
    type=OperatorType([*OPERATORS, _EVERY]),
    multiple=True,
    default=["avg"],
    show_default=True,
    help="What to keep of each window; given again, or every: several beside each other.",
)
@options.apply(options.values_options(OPERATORS.values(), _LEFT_OUT))
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    required=True,
    shell_complete=complete_path,
    help="The picture to write.",
)
@click.option(
    "--detail", is_flag=True, help="Show only the middle of large pictures, pixel for pixel."
)
@click.option(
    "--measure",
    is_flag=True,
    help="Measure each result: PSNR at full size, reaction to a shift by a pixel and to noise.",
)
@click.option(
    "--tile",
    type=click.IntRange(16, 4096),
    default=320,
    show_default=True,
    metavar="PIXELS",
    help="The longest side of a picture on the sheet.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    metavar="N",
    help="Inputs per row.  [default: by their number]",
)
@options.apply(
    [*options.FINDING, *options.ON_EXISTS, *options.READING, *options.TELLING, options.DEBUG]
)
def command(inputs: tuple[str, ...], **given: Any) -> None:
    """Show each INPUT beside its pooled result, at the same size, on one picture.

    Pixels of the result are drawn as squares, which shows what pooling removed. Numbers of more
    than 8 bits are shown from the smallest value, black, to the largest, white. Of an animation
    the first frame is shown, of an array the first plane.

    What --measure calls the reaction to a shift (and to noise, 5% of the range) is how much the
    result changes per change of the input: 0 is not at all, 1 is as much.
    """
    names = given.pop("names")
    operators = [*OPERATORS.values()] if _EVERY in names else [OPERATORS[name] for name in names]
    options.refuse_unused(*operators)
    said = _asked(operators, given)
    output = said.writing_to
    found = asked.finding_of(inputs, given).found()
    # A sheet in the folder of its inputs is no input of the next sheet.
    sources = [s for s in found.sources if s.named or not same_file(s.path, output)]
    if not sources:
        raise NoInput("no input was found.")
    said = replace(
        said,
        columns=_columns(len(sources), said),
        writing=replace(said.writing, format=picture_format(output, [s.path for s in sources])),
    )
    report = asked.report_of(len(sources), said.telling, found)
    clear_stale([output])
    try:
        _make(sources, said, report)
    except OutputLost:
        raise
    except Exception as error:
        if said.telling.debug:
            raise
        click.echo(f"pool: no sheet was written: {reason(error)}", err=True)
        raise click.exceptions.Exit(ExitCode.SOME_FAILED) from error
    report.finish()
    raise click.exceptions.Exit(report.code)


@dataclass(frozen=True)
class _Asked:
    """What the options say."""

    writing_to: str
    operators: tuple[Operator, ...]
    window: Window
    values: tuple[Values, ...]
    reading: Reading
    writing: Writing
    telling: Telling
    look: "Look"
    columns: int


def _asked(operators: Sequence[Operator], given: dict[str, Any]) -> _Asked:
    from ..rasters.sheet import Look

    if len(operators) > 1 and given["q"] is None:
        given = {**given, "q": _HIGH}
    return _Asked(
        given["output"],
        tuple(operators),
        Window(kernel_size=given["kernel_size"] or 2, edge="partial"),
        tuple(asked.values_of(given, operator) for operator in operators),
        asked.reading_of(given, operators[0] if len(operators) == 1 else None),
        Writing(on_exists=asked.on_exists_of(given)),
        asked.telling_of(given),
        Look(given["tile"], given["detail"], given["measure"]),
        given["columns"] or 0,
    )


def _columns(inputs: int, said: _Asked) -> int:
    """Return the number of columns, and refuse a sheet that is too large."""
    from ..codecs.raster import MAX_PIXELS
    from ..rasters.sheet import columns_for, most_pixels

    tile, several = said.look.tile, len(said.operators) > 1
    # Of several operators each has a cell, behind that of the input alone.
    cells, each = (len(said.operators) + 1, 1) if several else (inputs, 2)
    columns = min(said.columns or columns_for(cells, tile, each), cells)
    rows = -(-cells // columns) * (inputs if several else 1)
    width, height = most_pixels(rows, columns, tile, each)
    if width * height > MAX_PIXELS:
        raise click.UsageError(
            f"a sheet of {inputs:,} inputs could be {width:,}×{height:,} pixels large: give a "
            "smaller --tile, or fewer inputs at once."
        )
    return columns


def _make(sources: list[Source], said: _Asked, report: Report) -> None:
    """Pool the inputs, write the sheet, and tell the report of each."""
    output, policy = said.writing_to, said.writing.on_exists
    if policy == "error":
        refuse_taken(output)
    if policy == "skip" and exists(output):
        for source in sources:
            report.add(Outcome(source.path, output, "skipped", reason="it exists"))
        return
    refuse_closed(output)
    found = _cells(sources, said, report)
    path = _written(list(found.values()), said)
    for name, cells in found.items():
        report.add(Outcome(name, path, before=(cells[0].before,), after=(cells[0].after,)))
        if said.look.measured:
            _tell_measures(name, cells, said)


def _tell_measures(name: str, cells: list["Cell"], said: _Asked) -> None:
    """Print what was measured of a file, a line per operator."""
    width = max(len(operator.name) for operator in said.operators)
    for operator, cell in zip(said.operators, cells, strict=True):
        assert cell.measures is not None
        if said.telling.as_json:
            measures = {"source": name, "operator": operator.name, **asdict(cell.measures)}
            if measures["psnr"] == math.inf:
                measures["psnr"] = "inf"  # JSON has no such number
            click.echo(json.dumps({"measures": measures}))
        elif not said.telling.quiet:
            click.echo(f"  {operator.name:{width}}  {cell.measures}")


def _cells(sources: list[Source], said: _Asked, report: Report) -> dict[str, list["Cell"]]:
    """Read and pool the inputs by each operator; the report is told of failures."""
    from ..batch.ahead import import_ahead
    from ..codecs.load import load
    from ..files.open import opened
    from ..rasters.sheet import cell_of

    silent = said.telling.silent
    progress = Progress(len(sources), len(sources) > 1 and not silent and can_draw())
    compiling = Compiling(operator.name for operator in said.operators)
    import_ahead(None if silent else compiling)
    cells = {}
    try:
        for source in sources:
            progress.begun(source.path)
            outcome = Outcome(source.path)
            try:
                with opened(source.path, said.reading) as file:
                    frames = list(islice(load(file, source.path, said.reading), 2))
                cells[source.path] = [
                    cell_of(frames, shown(source.place), job, said.look)
                    for job in _jobs(source, said)
                ]
            except Exception as error:
                job = Job(source.path, said.writing_to, said.operators[0].name)
                outcome = failed(job, error)
                report.add(outcome)
            progress.add(outcome)
    finally:
        progress.close()
    return cells


def _jobs(source: Source, said: _Asked) -> list[Job]:
    """Return a source's job by each operator."""
    return [
        Job(source.path, said.writing_to, operator.name, said.window, values)
        for operator, values in zip(said.operators, said.values, strict=True)
    ]


def _written(found: list[list["Cell"]], said: _Asked) -> str | None:
    """Write the sheet, and return the name that it got; without inputs there is none."""
    if not found:
        return None
    import numpy as np

    from ..codecs.raster import Raster
    from ..codecs.save import save
    from ..rasters.sheet import arranged, gallery_of

    if len(said.operators) > 1:
        names = [operator.name for operator in said.operators]
        groups = [gallery_of(cells, names) for cells in found]
    else:
        groups = [[cell for cells in found for cell in cells]]
    drawn = Raster(np.asarray(arranged(groups, said.columns)), "NHWC", "RGB")
    with writing(said.writing_to, said.writing.on_exists) as target:
        save([drawn], target.file, said.writing)
    return target.path
