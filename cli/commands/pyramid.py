"""``pool pyramid``: a picture at half its size, a quarter, an eighth, in one reading."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from numbapool.records import dataclass

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import OperatorType, SizeType, complete_path
from ..files.find import Source
from ..files.name import Target, refuse_shared
from ..files.write import clear_stale
from ..job import Outcome, Reading, Values, Window, Writing, per_axis
from ..operators import OPERATORS, Operator
from ..telling.report import Telling, tell
from . import SHORT_HELP
from .weights import refuse_for_all

_SLIDING = ("count_include_pad", "divisor_override")  # without padding these change nothing
_MOST = 64  # levels; after so many, a side of any length is 1


@click.command(
    "pyramid",
    cls=Command,
    short_help=SHORT_HELP["pyramid"],
    epilog="\b\nExamples:\n  pool pyramid photo.png --levels 3\n"
    "  pool pyramid photos -r --levels 4 --operator max -o levels\n",
)
@options.INPUTS
@click.option(
    "--levels",
    type=click.IntRange(1, _MOST),
    required=True,
    metavar="N",
    help="How many levels; none follows a level of one pixel.",
)
@click.option(
    "--operator",
    type=OperatorType(list(OPERATORS)),
    default="avg",
    show_default=True,
    help="What to keep of each window.",
)
@options.apply(
    [
        options.KERNEL_SIZE,
        options.EDGE,
        click.option(
            "--size",
            type=SizeType(percent=True),
            help="The first level's size, width x height, or a share of each side, as 25%; each "
            "other level is to the one before as the first is to the input.",
        ),
        *options.values_options(OPERATORS.values(), _SLIDING),
        *options.FINDING,
    ]
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    shell_complete=complete_path,
    help="A folder, made if missing.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    help="Name outputs by {dir} {stem} {ext} {name} {op} {k} {level}, as '{level}/{stem}{ext}'.",
)
@options.apply(
    [
        options.FORMAT,
        *options.ON_EXISTS,
        *options.READING,
        *options.WRITING,
        *options.RUNNING,
        options.DEVICE,
        options.DEBUG,
    ]
)
def command(inputs: tuple[str, ...], **given: Any) -> None:
    """Pool pictures and arrays to several levels, each smaller than the one before.

    Levels of avg, max, min, sum, range, rms, first, count, any and all are pooled from the input,
    by ever larger windows, so means are rounded once; levels of others, such as mode for labels,
    are pooled from the level before.

    INPUT is a file (a picture, .npy, .npz), a folder, a quoted pattern, or - for standard input,
    and is read once. Outputs are named photo.avg2.l1.png, photo.avg2.l2.png and on, beside the
    input, or photo.l1.png and on in the folder that -o names.
    """
    operator = OPERATORS[given["operator"]]
    options.refuse_unused(operator)
    said = _asked(operator, inputs, given)
    if said.window.size and given["kernel_size"] is not None:
        raise click.UsageError("--size makes the windows: leave out -k.")
    if set(per_axis(said.window.kernel_size, 1)) == {1}:
        raise click.UsageError("-k 1 makes no level smaller than the one before: give 2 or more.")
    output, label = said.placing.output, said.window.label
    own = tuple(f".{operator.name}{label}.l{level}" for level in range(1, _MOST + 1))
    found = said.finding.found(leave_out=output, own_suffix=() if output else own)
    planned = _named(operator, found.sources, said)
    refuse_for_all(said.values, said.reading, [level for levels in planned for level in levels])
    report = asked.report_of(len(planned) * said.levels, said.telling, found)
    if not said.running.dry_run:
        clear_stale(level.path for levels in planned for level in levels)
    tell(_outcomes(operator, planned, said), report, len(planned), said.levels)
    raise click.exceptions.Exit(report.code)


@dataclass(frozen=True)
class _Asked:
    """What the options say."""

    levels: int
    finding: asked.Finding
    placing: asked.Placing
    window: Window
    values: Values
    reading: Reading
    writing: Writing
    running: asked.Running
    telling: Telling


def _asked(operator: Operator, inputs: tuple[str, ...], given: dict[str, Any]) -> _Asked:
    return _Asked(
        given["levels"],
        asked.finding_of(inputs, given),
        asked.placing_of(given),
        Window(kernel_size=given["kernel_size"] or 2, edge=given["edge"], size=given["size"]),
        asked.values_of(given, operator),
        asked.reading_of(given, operator),
        asked.writing_of(given),
        asked.running_of(given),
        asked.telling_of(given),
    )


def _named(operator: Operator, sources: list[Source], said: _Asked) -> list[tuple[Target, ...]]:
    """Name every input's levels."""
    template = said.placing.name
    if template is not None and said.levels > 1 and "{level" not in template:
        raise click.UsageError(
            f"--name {template!r} gives all levels one name: put {{level}} in it, as "
            "'{dir}/{stem}.{level}{ext}'."
        )
    levels = [
        said.placing.naming(operator, said.window, level).plan(sources)
        for level in range(1, said.levels + 1)
    ]
    refuse_shared([target for level in levels for target in level])
    return list(zip(*levels, strict=True))


def _outcomes(
    operator: Operator, planned: list[tuple[Target, ...]], said: _Asked
) -> Iterator[Outcome]:
    from ..work.pyramid import PyramidJob, pool_levels, preview_levels
    from ..work.several import do, outcomes_of

    jobs = [
        PyramidJob(
            levels[0].source.path,
            levels[0].path,
            operator.name,
            said.window,
            said.values,
            said.reading,
            replace(said.writing, format=levels[0].format),
            tuple(level.path for level in levels),
        )
        for levels in planned
        if not levels[0].reason
    ]
    done = do(pool_levels, preview_levels, jobs, said.running, not said.telling.silent)
    return outcomes_of((levels[0] for levels in planned), done, said.running.fail_fast)
