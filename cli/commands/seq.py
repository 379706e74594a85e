"""``pool seq``: arrays of sequences, pooled to one row per sequence."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from numbapool.records import dataclass

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import OpsType, complete_path
from ..codecs import ARRAYS, NAMED, by_name
from ..files.find import Found, Source
from ..files.name import Naming, Target, refuse_input
from ..files.write import clear_stale
from ..job import STREAM, Job, Keeping, Outcome, Reading, Writing
from ..operators import SEQUENCES
from ..telling.names import shown
from ..telling.report import Report, Telling, tell
from . import SHORT_HELP

_FILE = "FILE|KEY"
_PICKS = ("last", "mean", "max", "sum", "std", "stats")


def _beside(flag: str, help: str) -> Any:
    return click.option(flag, metavar=_FILE, shell_complete=complete_path, help=help)


@click.command(
    "seq",
    cls=Command,
    short_help=SHORT_HELP["seq"],
    epilog="\b\nExamples:\n"
    "  pool seq mean tokens.npy --lengths lengths.npy -o texts.npy\n"
    "  pool seq cls,mean,max tokens.npz --mask attention_mask --normalize\n"
    "  pool seq sum rows.npy --offsets offsets.npy --weights tfidf.npy\n"
    "  pool seq stats frames --data-format CT -o all.npy\n"
    "  pool seq lstm frames.npy --weights lstm.safetensors --lengths lengths.npy\n",
)
@click.argument("op", type=OpsType(), metavar="OP[,OP...]")
@options.INPUTS
@options.apply(
    [
        _beside("--lengths", "How many rows of each sequence count, from the first on."),
        _beside("--mask", "Which rows count: bool, or 0 and 1; True keeps."),
        _beside("--offsets", "Where each sequence begins in one array (T, C), and the last ends."),
        _beside("--weights", "A weight per row; of lstm, gru and --query a layer's state_dict()."),
        _beside("--scores", "What attention takes a softmax of: (B, T), or with heads."),
        _beside("--query", "A trained query, for multi-head attention with --weights."),
    ]
)
@click.option("--heads", type=click.IntRange(min=1), metavar="N", help="Heads, with --query.")
@click.option(
    "--pick",
    type=click.Choice(_PICKS),
    help="What to keep: of lstm and gru last, mean, max or sum of the states, of attention mean, "
    "std or stats.  [default: last, mean]",
)
@click.option("--normalize", is_flag=True, help="Divide each result by its length.")
@click.option(
    "--correction",
    type=click.FloatRange(min=0),
    metavar="N",
    default=1.0,
    show_default=True,
    help="Divide squares by the count less N, for std and stats.",
)
@click.option(
    "--empty",
    type=float,
    metavar="V",
    default=0.0,
    show_default=True,
    help="The result of a sequence without rows.",
)
@click.option(
    "--nan",
    type=click.Choice(["propagate", "skip"]),
    default="propagate",
    show_default=True,
    help="Whether one NaN makes its channel NaN or is left out.",
)
@click.option(
    "--data-format",
    type=click.Choice(["NTC", "NCT", "TC", "CT"], case_sensitive=False),
    metavar="AXES",
    help="An array's axes: NTC, NCT, TC, CT.  [default: NTC of three, TC of two]",
)
@click.option(
    "--array",
    metavar="NAME",
    help="Pool this array of a .npz or .safetensors.  [default: the one that no option names]",
)
@options.apply([options.MAX_BYTES, *options.FINDING, options.OUTPUT, options.TEMPLATE])
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["npy", "npz"], case_sensitive=False),
    metavar="FORMAT",
    help="Write this format: npy, npz.  [default: npy]",
)
@options.apply([*options.ON_EXISTS, *options.RUNNING, options.DEVICE, options.DEBUG])
def command(op: tuple[str, ...], inputs: tuple[str, ...], **given: Any) -> None:
    """Pool arrays of sequences: keep one row per sequence.

    OP is mean, max, min, sum, range, mean-sqrt-len, first (cls), last (lasttoken), weighted-mean,
    std, stats, or several of these between commas, whose results stand side by side; or one of
    attention, lstm, gru. pool list says what each keeps.

    INPUT is a .npy, .npz or .safetensors of (B, T, C), or of one sequence (T, C); a folder, a
    quoted pattern, or - for standard input. Outputs are named tokens.seq-mean.npy. If -o names a
    file for several inputs of (T, C), it gets one row per input, in their order, and a
    file of their names lies beside it: all.npy, all.names.txt.

    FILE|KEY is a file if it ends in .npy, .npz or .safetensors; else it is the name of an array
    in INPUT's own archive.
    """
    said = _asked(op, inputs, given)
    found = _found(said)
    output = said.placing.output
    one = output is not None and _is_one(output, found.sources, said)
    targets = _together(output or "", found.sources) if one else _apart(found.sources, said)
    asked.refuse_one_stream(said.telling, output)
    passed = _passed(targets[0], said) if one else None
    if passed:
        report = Report(1, said.telling)
        tell((outcome for outcome in [passed]), report, 1)
        raise click.exceptions.Exit(report.code)
    report = asked.report_of(len(targets), said.telling, found)
    if not said.running.dry_run:
        clear_stale(target.path for target in targets)
    tell(_outcomes(targets, said, one), report, len(targets))
    if one and report.failures and not said.telling.as_json:
        click.echo(
            f"pool: {shown(output)} was not written: it takes all {len(targets)} files, and not "
            "all could be pooled",
            err=True,
        )
    raise click.exceptions.Exit(report.code)


@dataclass(frozen=True)
class _Asked:
    """What the options say."""

    keeping: Keeping
    finding: asked.Finding
    placing: asked.Placing
    reading: Reading
    writing: Writing
    running: asked.Running
    telling: Telling

    @property
    def label(self) -> str:
        """What outputs are named by: seq-mean, seq-mean-max, seq-lstm-sum."""
        keeping = self.keeping
        parts = ["seq", *keeping.ops]
        if keeping.pick not in ("", *SEQUENCES[keeping.ops[0]].picks[:1]):
            parts.append(keeping.pick)
        return "-".join(parts)


def _asked(op: tuple[str, ...], inputs: tuple[str, ...], given: dict[str, Any]) -> _Asked:
    return _Asked(
        _keeping(op, given),
        asked.finding_of(inputs, given),
        asked.placing_of(given),
        asked.reading_of(given),
        Writing(format="NPY", on_exists=asked.on_exists_of(given)),
        asked.running_of(given),
        asked.telling_of(given),
    )


def _keeping(ops: tuple[str, ...], given: dict[str, Any]) -> Keeping:
    """Return what to keep; refuse options that contradict each other, or that are missing."""
    rows = [SEQUENCES[op] for op in ops]
    taken = frozenset().union(*(row.takes for row in rows))
    _refuse_unused(ops, taken)
    picks = rows[0].picks
    pick = given["pick"] or (picks[0] if picks else "")
    if picks and pick not in picks:
        raise click.UsageError(f"--pick of {ops[0]} is {', '.join(picks)}, not {pick}.")
    names = (*Keeping().__dataclass_fields__,)
    values = {name: given[name] for name in names if name in taken and name != "pick"}
    keeping = Keeping(ops=ops, **values, pick=pick, device=asked.device_of(given))
    which = [f"--{name}" for name in ("lengths", "mask", "offsets") if name in keeping.beside]
    if len(which) > 1:
        raise click.UsageError(f"{' and '.join(which)} each say which rows count: give one.")
    _refuse_missing(keeping, given["pick"])
    return keeping


def _refuse_missing(keeping: Keeping, pick: str | None) -> None:
    op = keeping.ops[0]
    if op in ("lstm", "gru") and keeping.weights is None:
        raise click.UsageError(f"{op} needs --weights, a file of its state_dict().")
    if op != "attention":
        return
    if keeping.query is None:
        if keeping.scores is None:
            raise click.UsageError("attention needs --scores, or --query, --weights and --heads.")
        for name in ("weights", "heads"):
            if getattr(keeping, name) is not None:
                raise click.UsageError(f"--{name} goes with --query, not with --scores.")
        return
    if keeping.weights is None or keeping.heads is None:
        raise click.UsageError("--query needs --weights, a file of the layer, and --heads.")
    rivals = {"scores": keeping.scores, "offsets": keeping.offsets, "pick": pick}
    for name, value in rivals.items():
        if value is not None:
            raise click.UsageError(f"multi-head attention by --query takes no --{name}.")


def _refuse_unused(ops: tuple[str, ...], taken: frozenset[str]) -> None:
    """Refuse an option that was typed and that none of the operators takes."""
    known = frozenset().union(*(row.takes for row in SEQUENCES.values()))
    context = click.get_current_context()
    for param in context.command.params:
        name = str(param.name)
        typed = context.get_parameter_source(name) == ParameterSource.COMMANDLINE
        if typed and name in known - taken:
            raise click.UsageError(f"{' and '.join(ops)} takes no {param.opts[0]}: leave it out.")


def _found(said: _Asked) -> Found:
    """Find the inputs: not what lies beside them, and not the output, in the same folder."""
    output = said.placing.output
    aside = [*said.keeping.beside.values(), *([output] if output else [])]
    return said.finding.found(output, "" if output else f".{said.label}", NAMED, aside)


def _is_one(output: str, sources: Sequence[Source], said: _Asked) -> bool:
    """Return whether the output is one array of several files."""
    if output == STREAM or output.endswith("/") or Path(output).is_dir() or said.placing.name:
        return False
    known = by_name(output)
    if (known is not None and known.name not in ARRAYS) or output.lower().endswith(NAMED[2]):
        raise click.UsageError(f"-o {shown(output)}: sequences are written as .npy or .npz.")
    if known is None or (len(sources) == 1 and sources[0].named):
        return False
    if said.keeping.offsets is not None:
        raise click.UsageError("--offsets make several rows of a file: name a folder with -o.")
    return True


def _together(output: str, sources: Sequence[Source]) -> list[Target]:
    """Return targets that are one array."""
    known = by_name(output)
    assert known is not None
    refuse_input(output, [source.path for source in sources])
    return [Target(source, output, known.name) for source in sources]


def _apart(sources: list[Source], said: _Asked) -> list[Target]:
    """Name an output for each input."""
    placing = said.placing
    format = placing.output_format.upper() if placing.output_format else None
    if format is None and (placing.output is None or by_name(placing.output) is None):
        format = "NPY"
    return Naming(said.label, "", placing.output, placing.name, format).plan(sources)


def _passed(target: Target, said: _Asked) -> Outcome | None:
    """Return the outcome of one array of several files, if it exists already and is to stay."""
    from ..work.stacked import passed_whole

    return passed_whole(Job(target.path, target.path, said.label, writing=said.writing))


def _outcomes(targets: list[Target], said: _Asked, one: bool) -> Iterator[Outcome]:
    from ..work.sequences import (
        SequenceJob,
        pool_row,
        pool_sequences,
        preview_row,
        preview_sequences,
    )
    from ..work.several import do, outcomes_of

    jobs = [
        SequenceJob(
            target.source.path,
            target.path,
            said.label,
            reading=said.reading,
            writing=replace(said.writing, format=target.format),
            keeping=said.keeping,
        )
        for target in targets
        if not target.reason
    ]
    announce = not said.telling.silent
    if not one:
        done = do(pool_sequences, preview_sequences, jobs, said.running, announce)
        return outcomes_of(targets, done, said.running.fail_fast)
    from ..work.stacked import stacked

    def run(left: Sequence[SequenceJob]) -> Iterator[Outcome]:
        return do(pool_row, preview_row, left, said.running, announce)

    return stacked(jobs, _names(targets), run)


def _names(targets: list[Target]) -> list[str]:
    """Return the names of the inputs, by their places, or by their paths if places are shared."""
    places = [target.source.place.as_posix() for target in targets]
    if len(set(places)) < len(places):
        places = [target.source.path for target in targets]
    return [shown(place) for place in places]
