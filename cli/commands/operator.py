"""``pool max``, ``pool avg`` and the like: one command, made from each operator's row."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from typing import Any

import click

from .. import options
from ..job import STREAM, Job, Outcome, Window
from ..operators import Operator
from ..report import Report, can_draw
from ..targets import Naming, Target, clear_stale


@cache
def build(operator: Operator) -> click.Command:
    """Make the operator's command."""

    def callback(inputs: tuple[str, ...], **given: Any) -> int:
        return _run(operator, inputs, given)

    decorate = options.apply(
        [
            options.INPUTS,
            *options.WINDOW,
            *options.values_options(operator.parameters, operator.weighs_alpha),
            *options.FINDING,
            *options.NAMING,
            options.UPDATE,
            *options.READING,
            *options.WRITING,
            *options.RUNNING,
            options.DEBUG,
        ]
    )
    name, written = operator.name, operator.written
    note = f" {operator.note}" if operator.note else ""
    format = "" if written == "png" else f" --format {written}"
    return click.command(
        name,
        short_help=f"Keep {operator.keeps} of each window.",
        help=f"Pool pictures and arrays: keep {operator.keeps} of each window.{note}\n\n"
        "INPUT is a file (a picture, .npy, .npz), a folder, a quoted pattern, or - for standard "
        "input. Without -o each output stands beside its input, "
        f"as photo.{name}2.png.",
        epilog=f"\b\nExamples:\n  pool {name} photo.png -k 2 -o small.{written}\n"
        f"  pool {name} features.npy -k 3 -s 2 -p 1 -o pooled.npy\n"
        f"  pool {name} photos -r -k 4 -o small{format}\n",
    )(decorate(callback))


def _run(operator: Operator, inputs: tuple[str, ...], given: dict[str, Any]) -> int:
    window = options.window_of(given)
    found = options.found_of(
        inputs,
        given,
        leave_out=given["output"],
        own_suffix="" if given["output"] else f".{operator.name}{window.label}",
    )
    naming = Naming(
        operator.name,
        window.label,
        given["output"],
        given["name"],
        given["output_format"].upper() if given["output_format"] else None,
    )
    targets = naming.plan(found.sources)
    if given["update"] and any(STREAM in (t.source.path, t.path) for t in targets):
        raise click.UsageError("--update compares files: standard input and output are none.")
    if given["as_json"] and given["output"] == STREAM:
        raise click.UsageError("--json and -o - both write to standard output: give one.")
    report = Report(
        len(targets),
        quiet=given["quiet"],
        verbose=given["verbose"],
        as_json=given["as_json"],
        debug=given["debug"],
        skipped_in_folders=found.skipped,
        irregular_in_folders=found.irregular,
    )
    if not given["dry_run"]:
        clear_stale(target.path for target in targets)
    outcomes = _outcomes(_jobs(operator, window, targets, given), targets, given)
    _tell(outcomes, report)
    raise click.exceptions.Exit(report.code)


def _jobs(
    operator: Operator, window: Window, targets: list[Target], given: dict[str, Any]
) -> list[Job]:
    values = options.values_of(given)
    reading = replace(options.reading_of(given), indices=operator.keeps_labels)
    writings = {
        format: options.writing_of(given, format)
        for format in {target.format for target in targets if not target.reason}
    }
    return [
        Job(
            target.source.path,
            target.path,
            operator.name,
            window,
            values,
            reading,
            writings[target.format],
        )
        for target in targets
        if not target.reason
    ]


def _outcomes(jobs: list[Job], targets: list[Target], given: dict[str, Any]) -> Iterator[Outcome]:
    """Give every target's outcome: those that cannot be named first, then the jobs'."""
    for target in targets:
        if target.reason:
            yield Outcome(target.source.path, status="failed", reason=target.reason)
            if given["fail_fast"]:
                return
    run = partial(_planned if given["dry_run"] else _done, given)
    if given["update"]:
        from ..updates import updated

        yield from updated(jobs, run)
    else:
        yield from run(jobs)


def _planned(given: dict[str, Any], jobs: Sequence[Job]) -> Iterator[Outcome]:
    if given["update"]:
        from ..updates import plan_stamped as plan
    else:
        from ..facts import planned as plan

    yield from map(plan, jobs)


def _done(given: dict[str, Any], jobs: Sequence[Job]) -> Iterator[Outcome]:
    from ..engine import run, worker_count

    workers = given["jobs"] or worker_count(len(jobs))
    yield from run(jobs, workers, given["fail_fast"], not (given["quiet"] or given["as_json"]))


def _tell(outcomes: Iterator[Outcome], report: Report) -> None:
    from ..progress import Progress

    visible = report.total > 1 and not (report.quiet or report.as_json) and can_draw()
    progress = Progress(report.total, visible)
    with closing(outcomes), report.told_beside(progress):  # type: ignore[type-var]
        for outcome in outcomes:
            progress.clear()
            report.add(outcome)
            progress.add(outcome)
