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
from ..files.staged import is_volume
from ..files.write import clear_stale
from ..job import STREAM, Job, Outcome, Reading, Steps, Values, VolumeJob, Window, Writing
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
            options.COMPONENT,
            *options.WRITING,
            *options.STEPS,
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
    steps: Steps
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
        asked.steps_of(given),
        asked.running_of(given),
        asked.telling_of(given),
    )


def _run(asked_of: dict[Operator, _Asked]) -> int:
    said = next(iter(asked_of.values()))
    output = said.placing.output
    own = tuple(f".{operator.name}{said.window.label}" for operator in asked_of)
    found = said.finding.found(leave_out=output, own_suffix=() if output else own, stores=True)
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
    volumes = [job for job in jobs if is_volume(job, said.steps)]
    _refuse_out_of_place(jobs, volumes, said)
    outcomes = _outcomes(targets, jobs, volumes, said)
    tell(outcomes, report, len(targets), steps=bool(volumes))
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


def _outcomes(
    targets: list[Target], jobs: list[Job], volumes: list[Job], said: _Asked
) -> Iterator[Outcome]:
    from ..work.several import outcomes_of

    done = _updated(jobs, said) if said.running.update else _done(jobs, volumes, said)
    return outcomes_of(targets, done, said.running.fail_fast)


def _done(jobs: list[Job], volumes: list[Job], said: _Asked) -> Iterator[Outcome]:
    from ..work.pooled import pool_file
    from ..work.several import do

    announce = not said.telling.silent
    apart = {id(job) for job in volumes}
    others = [job for job in jobs if id(job) not in apart]
    for outcome in do(pool_file, _preview, others, said.running, announce):
        yield outcome
        if said.running.fail_fast and outcome.status == "failed":
            return
    if volumes:  # one after the other: each takes all threads
        from ..work.volume import pool_volume, preview_volume

        one = replace(said.running, jobs=1)
        stepped = [VolumeJob(**vars(job), steps=said.steps) for job in volumes]
        yield from do(pool_volume, preview_volume, stepped, one, announce)


def _refuse_out_of_place(jobs: list[Job], volumes: list[Job], said: _Asked) -> None:
    """Refuse options for stores where there is none, and stores where files are compared."""
    steps = said.steps
    typed = {
        "chunks": steps.chunks is not None,
        "shards": steps.shards is not None,
        "memory": steps.memory is not None,
        "resume": steps.resume,
        "component": said.reading.component is not None,
        "update": said.running.update,
    }
    if any(typed.values()):
        from ..work.volume import refuse_out_of_place

        refuse_out_of_place(jobs, volumes, typed)


def _preview(job: Job) -> Outcome:
    from ..work.preview import preview_file

    return preview_file(job)


def _updated(jobs: list[Job], said: _Asked) -> Iterator[Outcome]:
    from ..work.several import do
    from ..work.update import UpdateJob, pool_changed, preview_changed, updated

    def run(left: Sequence[UpdateJob]) -> Iterator[Outcome]:
        return do(pool_changed, preview_changed, left, said.running, not said.telling.silent)

    return updated(jobs, run, said.running.dry_run)
