"""``pool sheet``: inputs and their pooled results side by side on one picture."""

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from .. import options
from ..compiling import announced_by
from ..exits import ExitCode, NoInput, OutputLost
from ..job import Job, OnExists, Outcome, Window, Writing
from ..operators import OPERATORS, Operator
from ..params import complete_path
from ..report import Report, can_draw
from ..sources import Source, shown
from ..targets import clear_stale, exists, picture_format, refuse_taken, same_file, writing

if TYPE_CHECKING:
    from ..sheet import Cell

_OPERATORS = ("avg", "max", "min", "median", "mode")  # whose results are shades as the input's


@click.command(
    "sheet",
    short_help="Show inputs and their pooled results on one picture.",
    epilog="\b\nExamples:\n  pool sheet photo.png -k 8 -o sheet.png\n"
    "  pool sheet photos -r -k 4 --operator max --detail -o sheet.jpg\n",
)
@options.INPUTS
@options.apply([options.KERNEL_SIZE])
@click.option(
    "--operator",
    type=click.Choice(_OPERATORS),
    default="avg",
    show_default=True,
    help="What is kept of each window.",
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    required=True,
    shell_complete=complete_path,
    help="The picture to write.",
)
@click.option(
    "--detail", is_flag=True, help="Show the middle of large pictures, pixel for pixel, not all."
)
@click.option(
    "--tile",
    type=click.IntRange(16, 4096),
    default=320,
    show_default=True,
    metavar="PIXELS",
    help="The longer side of each picture on the sheet, at most.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    metavar="N",
    help="Inputs in a row.  [default: by their number]",
)
@options.apply(
    [*options.FINDING, *options.ON_EXISTS, *options.READING, *options.TELLING, options.DEBUG]
)
def command(inputs: tuple[str, ...], **given: Any) -> None:
    """Show each INPUT beside its pooled result, at the same size, on one picture.

    Pixels of the result are drawn as squares, so that what pooling took away is seen. What is not
    8-bit is shown from its smallest value, black, to its largest, white; of animations the first
    frame, of arrays the first plane.
    """
    output: str = given["output"]
    operator = OPERATORS[given["operator"]]
    window = Window(kernel_size=given["kernel_size"] or 2, edge="partial")
    found = options.found_of(inputs, given)
    # A sheet in the folder that it is of is no input of the next one.
    sources = [s for s in found.sources if s.named or not same_file(s.path, output)]
    if not sources:
        raise NoInput("no input was found.")
    format = picture_format(output, [source.path for source in sources])
    columns = _columns(len(sources), given)
    report = Report(
        len(sources),
        quiet=given["quiet"],
        verbose=given["verbose"],
        as_json=given["as_json"],
        debug=given["debug"],
        skipped_in_folders=found.skipped,
        irregular_in_folders=found.irregular,
    )
    cells: dict[str, Cell] = {}
    path = None
    clear_stale([output])
    try:
        policy = options.on_exists_of(given)
        if policy == "error":
            refuse_taken(output)
        if policy == "skip" and exists(output):
            for source in sources:
                report.add(Outcome(source.path, output, "skipped", reason="it exists"))
        else:
            announced_by(None if given["quiet"] or given["as_json"] else lambda: True)
            cells = _cells(sources, operator, window, report, given)
            path = _written(list(cells.values()), columns, format, output, policy)
    except OutputLost:
        raise
    except Exception as error:
        if given["debug"]:
            raise
        from ..reasons import reason

        click.echo(f"pool: no sheet was written: {reason(error)}", err=True)
        raise click.exceptions.Exit(ExitCode.SOME_FAILED) from error
    for name, cell in cells.items():
        report.add(Outcome(name, path, before=(cell.before,), after=(cell.after,)))
    report.finish()
    raise click.exceptions.Exit(report.code)


def _columns(inputs: int, given: dict[str, Any]) -> int:
    """Give the number of columns, and refuse a sheet that is too large."""
    from ..codecs.raster import MAX_PIXELS
    from ..sheet import columns_for, most_pixels

    columns = min(given["columns"] or columns_for(inputs, given["tile"]), inputs)
    width, height = most_pixels(inputs, columns, given["tile"])
    if width * height > MAX_PIXELS:
        raise click.UsageError(
            f"a sheet of {inputs:,} inputs could be {width:,} x {height:,} pixels large: give a "
            "smaller --tile, or fewer inputs at once."
        )
    return columns


def _cells(
    sources: list[Source], operator: Operator, window: Window, report: Report, given: dict[str, Any]
) -> dict[str, "Cell"]:
    """Read and pool the inputs; those that fail are told to the report."""
    from ..engine import failed, import_ahead, load, opened
    from ..progress import Progress
    from ..sheet import Look, cell_of

    silent = report.quiet or report.as_json
    progress = Progress(len(sources), len(sources) > 1 and not silent and can_draw())
    import_ahead(None if silent else lambda: True)
    reading = replace(options.reading_of(given), indices=operator.keeps_labels)
    look = Look(given["tile"], given["detail"])
    cells = {}
    try:
        for source in sources:
            outcome = Outcome(source.path)
            try:
                with opened(source.path, reading) as file:
                    frames = list(islice(load(file, source.path, reading), 2))
                    cells[source.path] = cell_of(
                        frames, shown(source.place), operator, window, look
                    )
            except Exception as error:
                outcome = failed(Job(source.path, given["output"], operator.name), error)
                progress.clear()
                report.add(outcome)
            progress.add(outcome)
    finally:
        progress.clear()
    return cells


def _written(
    cells: list["Cell"], columns: int, format: str, output: str, policy: OnExists
) -> str | None:
    """Write the sheet, and give the name that it got; of no inputs there is none."""
    if not cells:
        return None
    import numpy as np

    from ..codecs import pillow_save
    from ..codecs.raster import Raster
    from ..sheet import arranged

    drawn = Raster(np.asarray(arranged(cells, columns)), "NHWC", "RGB")
    with writing(output, policy) as target:
        pillow_save.save([drawn], target.file, Writing(format))
    return target.path
