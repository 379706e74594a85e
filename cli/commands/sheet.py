"""``pool sheet``: inputs and their pooled results side by side on one picture."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from ..asking import asked, options
from ..asking.params import complete_path
from ..exits import ExitCode, NoInput, OutputLost
from ..files.find import Source
from ..files.name import picture_format, same_file
from ..files.write import clear_stale, exists, refuse_taken, writing
from ..job import Job, Outcome, Reading, Values, Window, Writing
from ..operators import OPERATORS, Operator
from ..telling.compiling import announced_by
from ..telling.names import shown
from ..telling.progress import Progress, can_draw
from ..telling.reasons import failed, reason
from ..telling.report import Report, Telling
from . import SHORT_HELP

if TYPE_CHECKING:
    from ..rasters.sheet import Cell, Look

# A sheet has no padding and no divisor to choose.
_LEFT_OUT = ("count_include_pad", "divisor_override")


@click.command(
    "sheet",
    short_help=SHORT_HELP["sheet"],
    epilog="\b\nExamples:\n  pool sheet photo.png -k 8 -o sheet.png\n"
    "  pool sheet photos -r -k 4 --operator max --detail -o sheet.jpg\n",
)
@options.INPUTS
@options.apply([options.KERNEL_SIZE])
@click.option(
    "--operator",
    type=click.Choice(list(OPERATORS)),
    default="avg",
    show_default=True,
    help="What to keep of each window.",
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
    """
    operator = OPERATORS[given["operator"]]
    options.refuse_unused(operator)
    said = _asked(operator, given)
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
    report = Report(
        len(sources),
        said.telling,
        others=found.others,
        former=found.former,
        irregular=found.irregular,
    )
    clear_stale([output])
    try:
        _make(sources, operator, said, report)
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
    window: Window
    values: Values
    reading: Reading
    writing: Writing
    telling: Telling
    look: "Look"
    columns: int


def _asked(operator: Operator, given: dict[str, Any]) -> _Asked:
    from ..rasters.sheet import Look

    return _Asked(
        given["output"],
        Window(kernel_size=given["kernel_size"] or 2, edge="partial"),
        asked.values_of(given, operator),
        asked.reading_of(given, operator),
        Writing(on_exists=asked.on_exists_of(given)),
        asked.telling_of(given),
        Look(given["tile"], given["detail"]),
        given["columns"] or 0,
    )


def _columns(inputs: int, said: _Asked) -> int:
    """Return the number of columns, and refuse a sheet that is too large."""
    from ..codecs.raster import MAX_PIXELS
    from ..rasters.sheet import columns_for, most_pixels

    tile = said.look.tile
    columns = min(said.columns or columns_for(inputs, tile), inputs)
    width, height = most_pixels(inputs, columns, tile)
    if width * height > MAX_PIXELS:
        raise click.UsageError(
            f"a sheet of {inputs:,} inputs could be {width:,} x {height:,} pixels large: give a "
            "smaller --tile, or fewer inputs at once."
        )
    return columns


def _make(sources: list[Source], operator: Operator, said: _Asked, report: Report) -> None:
    """Pool the inputs, write the sheet, and tell the report of each."""
    output, policy = said.writing_to, said.writing.on_exists
    if policy == "error":
        refuse_taken(output)
    if policy == "skip" and exists(output):
        for source in sources:
            report.add(Outcome(source.path, output, "skipped", reason="it exists"))
        return
    announced_by(None if said.telling.silent else lambda: True)
    cells = _cells(sources, operator, said, report)
    path = _written(list(cells.values()), said)
    for name, cell in cells.items():
        report.add(Outcome(name, path, before=(cell.before,), after=(cell.after,)))


def _cells(
    sources: list[Source], operator: Operator, said: _Asked, report: Report
) -> dict[str, "Cell"]:
    """Read and pool the inputs; the report is told of failures."""
    from ..batch.ahead import import_ahead
    from ..codecs.load import load
    from ..files.open import opened
    from ..rasters.sheet import cell_of

    silent = said.telling.silent
    progress = Progress(len(sources), len(sources) > 1 and not silent and can_draw())
    import_ahead(None if silent else lambda: True)
    cells = {}
    try:
        for source in sources:
            outcome = Outcome(source.path)
            try:
                with opened(source.path, said.reading) as file:
                    frames = list(islice(load(file, source.path, said.reading), 2))
                job = Job(source.path, said.writing_to, operator.name, said.window, said.values)
                cells[source.path] = cell_of(frames, shown(source.place), job, said.look)
            except Exception as error:
                outcome = failed(Job(source.path, said.writing_to, operator.name), error)
                progress.clear()
                report.add(outcome)
            progress.add(outcome)
    finally:
        progress.clear()
    return cells


def _written(cells: list["Cell"], said: _Asked) -> str | None:
    """Write the sheet, and return the name that it got; without inputs there is none."""
    if not cells:
        return None
    import numpy as np

    from ..codecs.raster import Raster
    from ..codecs.save import save
    from ..rasters.sheet import arranged

    drawn = Raster(np.asarray(arranged(cells, said.columns)), "NHWC", "RGB")
    with writing(said.writing_to, said.writing.on_exists) as target:
        save([drawn], target.file, said.writing)
    return target.path
