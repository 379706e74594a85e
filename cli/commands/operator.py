"""``pool max``, ``pool avg`` and the other operators: one command per operator's row."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import click

from numbapool.records import dataclass

from ..asking import asked, options
from ..asking.headings import Command
from ..files.name import Target
from ..files.write import clear_stale
from ..job import STREAM, Job, Outcome, Reading, Values, Window, Writing
from ..operators import Operator
from ..telling.report import Telling, tell
from .weights import refuse_for_all


@cache
def build(*operators: Operator) -> click.Command:
    """Make the command of an operator, or of several that pool the same inputs."""
    refuse_apart(operators)

    def callback(inputs: tuple[str, ...], **given: Any) -> int:
        return _run({operator: _asked(operator, inputs, given) for operator in operators})

    decorate = options.apply(
        [
            options.INPUTS,
            *options.WINDOWS[operators[0].windows],
            *options.values_options(operators),
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
    operator = operators[0]
    name = ",".join(each.name for each in operators)
    written = "png" if all(each.written == "png" for each in operators) else "npy"
    option = "".join(f"{word} " for each in operators for word in each.typed)
    note = "".join(f" {each.note}" for each in operators if each.note)
    format = "" if written == "png" else f" --format {written}"
    size = "-s" if operator.windows == "blur" else "-k"
    torch = f"{size} 3 -s 2 -p 1" if operator.windows == "sliding" else f"{size} 2"
    one = len(operators) == 1
    small, pooled = (f"small.{written}", "pooled.npy") if one else (f"small/{format}", "pooled/")
    return click.command(
        name,
        cls=Command,
        short_help=operator.short_help,
        help=f"Pool pictures and arrays: keep {' and '.join(each.keeps for each in operators)} of "
        f"each window.{note}\n\n"
        "INPUT is a file (a picture, .npy, .npz), a folder, a quoted pattern, or - for standard "
        "input. Without -o each output is written beside its input, "
        f"as photo.{operator.name}2.png.",
        epilog=f"\b\nExamples:\n  pool {name} photo.png {option}{size} 2 -o {small}\n"
        f"  pool {name} features.npy {option}{torch} -o {pooled}\n"
        f"  pool {name} photos -r {option}{size} 4 -o small{format}\n",
    )(decorate(callback))


def refuse_apart(operators: tuple[Operator, ...]) -> None:
    """Refuse operators that do not go together: one named twice, or one with other windows."""
    for n, operator in enumerate(operators):
        if operator in operators[:n]:
            raise click.UsageError(f"{operator.name} is named twice: name it once.")
        if len(operators) > 1 and operator.windows != "sliding":
            raise click.UsageError(f"{operator.name} has windows of its own: pool by it apart.")


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
        asked.window_of(given, operator),
        asked.values_of(given, operator),
        asked.reading_of(given, operator),
        asked.writing_of(given),
        asked.running_of(given),
        asked.telling_of(given),
    )


def _run(asked_of: dict[Operator, _Asked]) -> int:
    said = next(iter(asked_of.values()))
    output = said.placing.output
    own = tuple(f".{operator.name}{said.window.label}" for operator in asked_of)
    found = said.finding.found(leave_out=output, own_suffix=() if output else own)
    targets_of = {
        operator: said.placing.naming(operator, said.window, several=len(asked_of) > 1).plan(
            found.sources
        )
        for operator in asked_of
    }
    targets = [target for each in targets_of.values() for target in each]
    if said.running.update and any(STREAM in (t.source.path, t.path) for t in targets):
        raise click.UsageError("--update compares files, not standard input and output.")
    for each in asked_of.values():
        refuse_for_all(each.values, each.reading, targets)
    asked.refuse_one_stream(said.telling, output)
    report = asked.report_of(len(targets), said.telling, found)
    if not said.running.dry_run:
        clear_stale(target.path for target in targets)
    jobs = [
        job
        for operator, each in targets_of.items()
        for job in _jobs(operator, each, asked_of[operator])
    ]
    tell(_outcomes(targets, jobs, said), report, len(targets))
    raise click.exceptions.Exit(report.code)


def _jobs(operator: Operator, targets: list[Target], said: _Asked) -> list[Job]:
    return [
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


def _outcomes(targets: list[Target], jobs: list[Job], said: _Asked) -> Iterator[Outcome]:
    from ..work.several import outcomes_of

    done = _updated(jobs, said) if said.running.update else _done(jobs, said)
    return outcomes_of(targets, done, said.running.fail_fast)


def _done(jobs: list[Job], said: _Asked) -> Iterator[Outcome]:
    from ..work.pooled import pool_file
    from ..work.several import do

    return do(pool_file, _preview, jobs, said.running, not said.telling.silent)


def _preview(job: Job) -> Outcome:
    from ..work.preview import preview_file

    return preview_file(job)


def _updated(jobs: list[Job], said: _Asked) -> Iterator[Outcome]:
    from ..work.several import do
    from ..work.update import UpdateJob, pool_changed, preview_changed, updated

    def run(left: Sequence[UpdateJob]) -> Iterator[Outcome]:
        return do(pool_changed, preview_changed, left, said.running, not said.telling.silent)

    return updated(jobs, run, said.running.dry_run)
