"""``pool spp``: pictures and features of any size to vectors of one length."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import click

from numbapool.records import dataclass

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import LevelsType, OperatorType, complete_path
from ..files.find import Source
from ..files.name import Naming, Target, file_of_several
from ..files.write import clear_stale
from ..job import Outcome, Reading, Values, Writing
from ..operators import OPERATORS, Operator
from ..telling.names import shown
from ..telling.report import Telling, tell
from . import SHORT_HELP
from .weights import refuse_for_all

_OPERATORS = tuple(row.name for row in OPERATORS.values() if row.windows == "sliding")
_SLIDING = ("count_include_pad", "divisor_override")  # of windows that slide
_FORMAT = "NPY"


@click.command(
    "spp",
    cls=Command,
    short_help=SHORT_HELP["spp"],
    epilog="\b\nExamples:\n  pool spp features.npy --levels 1,2,4 -o vectors.npy\n"
    "  pool spp photos -r --operator avg -o all.npy\n",
)
@options.INPUTS
@click.option(
    "--levels",
    type=LevelsType(),
    default="1,2,4",
    show_default=True,
    help="How many parts along each side, in each level.",
)
@click.option(
    "--operator",
    type=OperatorType(_OPERATORS),
    default="max",
    show_default=True,
    help="What to keep of each part.",
)
@options.apply(
    [
        *options.values_options(map(OPERATORS.__getitem__, _OPERATORS), _SLIDING),
        *options.FINDING,
    ]
)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    shell_complete=complete_path,
    help="A .npy, for several inputs too, else a folder, made if missing; - is standard output.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    help="Name outputs by {dir} {stem} {ext} {name} {op} {k}, as '{dir}/{stem}{ext}'.",
)
@options.apply(
    [*options.ON_EXISTS, *options.READING, *options.RUNNING, options.DEVICE, options.DEBUG]
)
def command(inputs: tuple[str, ...], **given: Any) -> None:
    """Pool pictures and features to vectors: a spatial pyramid, of one length for any size.

    Each level cuts the input into as many parts along each side, and keeps one number of each.
    A vector holds level after level, of each level channel after channel, of each channel row
    after row. Batches (NCHW, NHWC) give one vector per sample.

    INPUT is a file (a picture, .npy, .npz), a folder, a quoted pattern, or - for standard input.
    Outputs are .npy, named photo.spp1-2-4.npy. If -o names a .npy for several inputs, it gets one
    vector per input, sorted by their names, and a file of the names lies beside it: all.npy,
    all.names.txt.
    """
    operator = OPERATORS[given["operator"]]
    options.refuse_unused(operator)
    said = _asked(operator, inputs, given)
    output = said.placing.output
    found = said.finding.found(
        leave_out=output,
        own_suffix="" if output else f".spp{said.label}",
        aside=[output] if output else [],  # an array of all inputs, in the folder of its inputs
    )
    asked.refuse_one_stream(said.telling, output)
    one = said.placing.name is None and file_of_several(output, found.sources, _FORMAT)
    if one:
        names = _names(found.sources)
        targets = [Target(names[name], str(output), _FORMAT) for name in sorted(names)]
    else:
        naming = Naming("spp", said.label, output, said.placing.name, _FORMAT)
        targets = naming.plan(found.sources)
    refuse_for_all(said.values, said.reading, targets)
    report = asked.report_of(len(targets), said.telling, found)
    if not said.running.dry_run:
        clear_stale(target.path for target in targets)
    tell(_outcomes(operator, targets, said, one), report, len(targets))
    if one and report.failures and not said.telling.as_json:
        click.echo(f"pool: {shown(output)} was not written: not all files have a vector", err=True)
    raise click.exceptions.Exit(report.code)


@dataclass(frozen=True)
class _Asked:
    """What the options say."""

    levels: tuple[int, ...]
    finding: asked.Finding
    placing: asked.Placing
    values: Values
    reading: Reading
    writing: Writing
    running: asked.Running
    telling: Telling

    @property
    def label(self) -> str:
        """The levels in the names of outputs: 1-2-4."""
        return "-".join(map(str, self.levels))


def _asked(operator: Operator, inputs: tuple[str, ...], given: dict[str, Any]) -> _Asked:
    return _Asked(
        given["levels"],
        asked.finding_of(inputs, given),
        asked.placing_of(given),
        asked.values_of(given, operator),
        asked.reading_of(given, operator),
        Writing(format=_FORMAT, on_exists=asked.on_exists_of(given)),
        asked.running_of(given),
        asked.telling_of(given),
    )


def _outcomes(
    operator: Operator, targets: list[Target], said: _Asked, one: bool
) -> Iterator[Outcome]:
    from ..work.several import do, outcomes_of
    from ..work.spp import SppJob, pool_row, pool_vectors, preview_row, preview_vectors
    from ..work.stacked import passed_whole, stacked

    jobs = [
        SppJob(
            target.source.path,
            target.path,
            operator.name,
            values=said.values,
            reading=said.reading,
            writing=said.writing,
            levels=said.levels,
        )
        for target in targets
        if not target.reason
    ]
    announce = not said.telling.silent
    if not one:
        done = do(pool_vectors, preview_vectors, jobs, said.running, announce)
        yield from outcomes_of(targets, done, said.running.fail_fast)
        return
    passed = passed_whole(replace(jobs[0], source=jobs[0].target))
    if passed and passed.status == "skipped":
        yield from (replace(passed, source=job.source) for job in jobs)
        return
    if passed:
        yield passed
        return

    def run(left: Sequence[SppJob]) -> Iterator[Outcome]:
        return do(pool_row, preview_row, left, said.running, announce)

    yield from stacked(jobs, sorted(_names([target.source for target in targets])), run)


def _names(sources: Sequence[Source]) -> dict[str, Source]:
    """Return the inputs by their places, or by their paths if places are shared."""
    places = {shown(source.place.as_posix()): source for source in sources}
    if len(places) == len(sources):
        return places
    return {shown(source.path): source for source in sources}
