"""``pool explain``: where windows lie, drawn."""

import json
import shutil
import sys
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import click

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import PairType, complete_path
from ..exits import ExitCode
from ..files.name import picture_format
from ..files.write import exists, refuse_taken, writing
from ..job import OnExists, Pair, Writing, pair_of
from ..telling.names import shown
from ..telling.reasons import reason
from . import SHORT_HELP

if TYPE_CHECKING:
    from ..work.explain import Explained

_WIDEST = 100  # columns of a drawing


@click.command(
    "explain",
    cls=Command,
    short_help=SHORT_HELP["explain"],
    epilog="\b\nExamples:\n  pool explain -k 3 -s 2 -p 1 --shape 8x8\n"
    "  pool explain --size 3x3 --shape 7x7\n"
    "  pool explain -k 3 -s 2 --shape 8x8 -o windows.png\n",
)
@click.option(
    "--shape",
    type=PairType("shape"),
    default="8x8",
    show_default=True,
    help="The input's height x width.",
)
@options.apply([*options.WINDOW])
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    shell_complete=complete_path,
    help="Draw a picture to this file, too.",
)
@options.apply([*options.ON_EXISTS])
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.DEBUG
def command(shape: Pair, **given: Any) -> None:
    """Draw the windows of a pooling, their padding, and how large the result is.

    Without --edge, windows that reach past the border are kept by --ceil alone, as for arrays.
    """
    from numbapool.errors import PoolError

    from ..work.drawn import BOXES, PLAIN, lines
    from ..work.explain import explained

    size, window = pair_of(shape), asked.window_of(given)
    if window.axes == 3:
        raise click.UsageError("this draws height and width: give two numbers, as -k 2x2.")
    try:
        told = explained(window, size, picture=False)
    except PoolError as error:
        raise click.UsageError(str(error)) from error
    if given["output"]:
        _draw(told, given["output"], asked.on_exists_of(given))
    if given["as_json"]:
        axes = {axis.name: {"out": axis.out, "windows": axis.taps} for axis in told.axes}
        click.echo(json.dumps({"shape": size, **axes, "notes": told.notes}))
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "".join(astuple(BOXES)).encode(encoding)
        marks = BOXES
    except UnicodeEncodeError:
        marks = PLAIN
    columns = min(shutil.get_terminal_size().columns, _WIDEST)
    for line in lines(told, marks, columns):
        click.echo(line)


def _draw(told: "Explained", output: str, policy: OnExists) -> None:
    """Write the picture of the windows."""
    import numpy as np

    from ..codecs.raster import Raster
    from ..codecs.save import save
    from ..work.drawn import picture

    said = Writing(format=picture_format(output, []), on_exists=policy)
    if policy == "skip" and exists(output):
        return
    try:
        if policy == "error":
            refuse_taken(output)
        drawn = Raster(np.asarray(picture(told)), "NHWC", "RGB")
        with writing(output, policy) as target:
            save([drawn], target.file, said)
    except Exception as error:
        click.echo(f"pool: {shown(output)}: no picture was written: {reason(error)}", err=True)
        raise click.exceptions.Exit(ExitCode.SOME_FAILED) from error
