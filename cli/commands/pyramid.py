"""``pool pyramid``: a picture at half its size, a quarter, an eighth, in one reading."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import click
from click.core import ParameterSource

from .. import options
from ..job import Job, Outcome, Window
from ..operators import OPERATORS, Operator
from ..params import complete_path
from ..report import Report, can_draw
from ..sources import Source, shown
from ..targets import Naming, Target, clear_stale, refuse_shared

_MOST = 64  # levels, past which no side that fits in memory is longer than 1


@click.command(
    "pyramid",
    short_help="Pool again and again: each level from the one before.",
    epilog="\b\nExamples:\n  pool pyramid photo.png --levels 3\n"
    "  pool pyramid photos -r --levels 4 --operator max -o levels\n",
)
@options.INPUTS
@click.option(
    "--levels",
    type=click.IntRange(1, _MOST),
    required=True,
    metavar="N",
    help="How many; those past a level of one pixel are left out.",
)
@click.option(
    "--operator",
    type=click.Choice(["avg", "max", "min"]),
    default="avg",
    show_default=True,
    help="What is kept of each window.",
)
@options.apply(
    [
        options.KERNEL_SIZE,
        options.EDGE,
        *options.values_options(frozenset({"rounding"}), weighs_alpha=True),
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
        options.DEBUG,
    ]
)
def command(inputs: tuple[str, ...], **given: Any) -> None:
    """Pool pictures and arrays again and again, each level from the one before.

    INPUT is a file (a picture, .npy, .npz), a folder, a quoted pattern, or - for standard input,
    and is read once. Outputs are named photo.avg2.l1.png, photo.avg2.l2.png and on, beside the
    input, or photo.l1.png and on in the folder that -o names.
    """
    operator = OPERATORS[given["operator"]]
    _refuse_unused(operator)
    window = Window(kernel_size=given["kernel_size"] or 2, edge=given["edge"])
    if window.kernel_size in (1, (1, 1)):
        raise click.UsageError("-k 1 makes no level smaller than the one before: give 2 or more.")
    own = [f".{operator.name}{window.label}.l{level}" for level in range(1, _MOST + 1)]
    found = options.found_of(
        inputs,
        given,
        leave_out=given["output"],
        own_suffix=() if given["output"] else tuple(own),
    )
    planned = _named(operator, window, found.sources, given)
    report = Report(
        len(planned) * given["levels"],
        quiet=given["quiet"],
        verbose=given["verbose"],
        as_json=given["as_json"],
        debug=given["debug"],
        skipped_in_folders=found.skipped,
        irregular_in_folders=found.irregular,
    )
    if not given["dry_run"]:
        clear_stale(level.path for levels in planned for level in levels)
    outcomes = _outcomes(operator, window, planned, given)
    _tell(outcomes, report, len(planned), given["levels"])
    raise click.exceptions.Exit(report.code)


def _refuse_unused(operator: Operator) -> None:
    """Refuse what was asked of means where the operator makes none."""
    used = {"rounding": "rounding" in operator.parameters}
    used["alpha"] = used["linear"] = operator.weighs_alpha
    source = click.get_current_context().get_parameter_source
    for name, is_used in used.items():
        if not is_used and source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name} says how means are made, and {operator.name} makes none: leave it out."
            )


def _named(
    operator: Operator, window: Window, sources: list[Source], given: dict[str, Any]
) -> list[tuple[Target, ...]]:
    """Name every input's levels."""
    template = given["name"]
    if template is not None and given["levels"] > 1 and "{level" not in template:
        raise click.UsageError(
            f"--name {template!r} gives all levels one name: put {{level}} in it, as "
            "'{dir}/{stem}.{level}{ext}'."
        )
    format = given["output_format"].upper() if given["output_format"] else None
    levels = [
        Naming(operator.name, window.label, given["output"], template, format, level).plan(sources)
        for level in range(1, given["levels"] + 1)
    ]
    refuse_shared([target for level in levels for target in level])
    return list(zip(*levels, strict=True))


def _outcomes(
    operator: Operator, window: Window, planned: list[tuple[Target, ...]], given: dict[str, Any]
) -> Iterator[Outcome]:
    values, reading = options.values_of(given), options.reading_of(given)
    jobs = []
    for levels in planned:
        first = levels[0]
        if first.reason:
            yield Outcome(first.source.path, status="failed", reason=first.reason)
            if given["fail_fast"]:
                return
            continue
        jobs.append(
            Job(
                first.source.path,
                first.path,
                operator.name,
                window,
                values,
                reading,
                options.writing_of(given, first.format),
                tuple(level.path for level in levels),
            )
        )
    if given["dry_run"]:
        from ..levels import plan_levels

        yield from map(plan_levels, jobs)
        return
    from ..engine import run, worker_count

    workers = given["jobs"] or worker_count(len(jobs))
    yield from run(jobs, workers, given["fail_fast"], not (given["quiet"] or given["as_json"]))


def _tell(outcomes: Iterator[Outcome], report: Report, files: int, levels: int) -> None:
    from ..progress import Progress

    silent = report.quiet or report.as_json
    progress = Progress(files, files > 1 and not silent and can_draw())
    with closing(outcomes), report.told_beside(progress):  # type: ignore[type-var]
        for outcome in outcomes:
            progress.clear()
            told = outcome.levels or (outcome,)
            report.total += len(told) - levels
            for level in told:
                report.add(level)
                if level.status == "skipped" and not (level.target or silent or report.verbose):
                    click.echo(f"{shown(level.source)}: left out {level.reason}", err=True)
            progress.add(outcome)
