"""``pool max``, ``pool avg`` and the other operators: one command per operator's row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import click

from ..asking import asked, options
from ..files.name import Target
from ..files.write import clear_stale
from ..job import STREAM, Job, Outcome, Reading, Values, Window, Writing
from ..operators import Operator
from ..telling.report import Telling, tell


@cache
def build(operator: Operator) -> click.Command:
    """Make the operator's command."""

    def callback(inputs: tuple[str, ...], **given: Any) -> int:
        return _run(operator, _asked(operator, inputs, given))

    decorate = options.apply(
        [
            options.INPUTS,
            *options.WINDOWS[operator.windows],
            *options.values_options([operator]),
            *options.FINDING,
            *options.NAMING,
            options.UPDATE,
            *options.READING,
            *options.WRITING,
            *options.RUNNING,
            options.DEVICE,
            options.DEBUG,
        ]
    )
    name, written = operator.name, operator.written
    option = "".join(f"{word} " for word in operator.typed)
    note = f" {operator.note}" if operator.note else ""
    format = "" if written == "png" else f" --format {written}"
    size = "-s" if operator.windows == "blur" else "-k"
    torch = f"{size} 3 -s 2 -p 1" if operator.windows == "sliding" else f"{size} 2"
    return click.command(
        name,
        short_help=operator.short_help,
        help=f"Pool pictures and arrays: keep {operator.keeps} of each window.{note}\n\n"
        "INPUT is a file (a picture, .npy, .npz), a folder, a quoted pattern, or - for standard "
        "input. Without -o each output is written beside its input, "
        f"as photo.{name}2.png.",
        epilog=f"\b\nExamples:\n  pool {name} photo.png {option}{size} 2 -o small.{written}\n"
        f"  pool {name} features.npy {option}{torch} -o pooled.npy\n"
        f"  pool {name} photos -r {option}{size} 4 -o small{format}\n",
    )(decorate(callback))


@dataclass(frozen=True)
class _Asked:
    """The options."""

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
        asked.finding_of(inputs, given),
        asked.placing_of(given),
        asked.window_of(given),
        asked.values_of(given, operator),
        asked.reading_of(given, operator),
        asked.writing_of(given),
        asked.running_of(given),
        asked.telling_of(given),
    )


def _run(operator: Operator, said: _Asked) -> int:
    output = said.placing.output
    found = said.finding.found(
        leave_out=output, own_suffix="" if output else f".{operator.name}{said.window.label}"
    )
    targets = said.placing.naming(operator, said.window).plan(found.sources)
    if said.running.update and any(STREAM in (t.source.path, t.path) for t in targets):
        raise click.UsageError("--update compares files, not standard input and output.")
    asked.refuse_one_stream(said.telling, output)
    report = asked.report_of(len(targets), said.telling, found)
    if not said.running.dry_run:
        clear_stale(target.path for target in targets)
    tell(_outcomes(operator, targets, said), report, len(targets))
    raise click.exceptions.Exit(report.code)


def _outcomes(operator: Operator, targets: list[Target], said: _Asked) -> Iterator[Outcome]:
    from ..work.several import outcomes_of

    jobs = [
        Job(
            target.source.path,
            target.path,
            operator.name,
            said.window,
            said.values,
            said.reading,
            replace(said.writing, format=target.format),
        )
        for target in targets
        if not target.reason
    ]
    done = _updated(jobs, said) if said.running.update else _done(jobs, said)
    return outcomes_of(targets, done, said.running.fail_fast)


def _done(jobs: list[Job], said: _Asked) -> Iterator[Outcome]:
    from ..work.pooled import pool_file
    from ..work.preview import preview_file
    from ..work.several import do

    return do(pool_file, preview_file, jobs, said.running, not said.telling.silent)


def _updated(jobs: list[Job], said: _Asked) -> Iterator[Outcome]:
    from ..work.several import do
    from ..work.update import UpdateJob, pool_changed, preview_changed, updated

    def run(left: Sequence[UpdateJob]) -> Iterator[Outcome]:
        return do(pool_changed, preview_changed, left, said.running, not said.telling.silent)

    return updated(jobs, run)
