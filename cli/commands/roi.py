"""``pool roi``: boxes in pictures and features, each pooled to one size."""

from collections.abc import Iterator
from typing import Any

import click
from click.core import ParameterSource

from numbapool.records import dataclass

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import PairType, complete_path
from ..files.name import Naming, Target, file_of_several
from ..files.write import clear_stale
from ..job import STREAM, Outcome, Reading, Writing, pair_of
from ..telling.report import Telling, tell
from . import SHORT_HELP

_ALIGN = ("mode", "sampling_ratio", "aligned")
"""Parameters of --kind align alone."""


@click.command(
    "roi",
    cls=Command,
    short_help=SHORT_HELP["roi"],
    epilog="\b\nExamples:\n"
    "  pool roi features.npy --boxes boxes.npy --size 7x7 --scale 0.0625 -o rois.npy\n"
    "  pool roi photo.jpg --boxes faces.csv --size 64x64 -o faces/ --format png\n",
)
@options.INPUTS
@click.option(
    "--boxes",
    metavar="FILE|KEY",
    required=True,
    shell_complete=complete_path,
    help="Boxes x, y, x, y, before them the image's number in batches: .npy, .csv, .txt, .json; or "
    "the name of an array in INPUT's own .npz.",
)
@click.option(
    "--size",
    type=PairType("size"),
    required=True,
    help="Each result's size, height x width if they differ.",
)
@click.option(
    "--kind",
    type=click.Choice(["align", "pool"]),
    default="align",
    show_default=True,
    help="Samples between pixels, or the largest of whole pixels (RoIPool).",
)
@click.option(
    "--mode",
    type=click.Choice(["mean", "max"]),
    default="mean",
    show_default=True,
    help="What align keeps of a bin's samples.",
)
@click.option(
    "--sampling-ratio",
    type=click.IntRange(min=-1),
    default=-1,
    metavar="N",
    help="Samples along each side of a bin.  [default: as many as it is long]",
)
@click.option(
    "--aligned/--unaligned",
    default=False,
    show_default=True,
    help="Whether a pixel's centre lies at its whole number.",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="N",
    help="Multiply the boxes' numbers by this, as 0.0625.",
)
@options.apply([*options.FINDING])
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    shell_complete=complete_path,
    help="A .npy for one input, else a folder, made if missing; - is standard output.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    help="Name outputs by {dir} {stem} {ext} {name} {op} {k}, as '{dir}/{stem}{ext}'.",
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
    """Pool boxes in pictures and features, each to one size, as detectors do.

    INPUT is a file (a picture, .npy, .npz), a folder, a quoted pattern, or - for standard input.
    The result is one .npy of all boxes: (K, C, height, width) of features, (K, height, width, C)
    of a picture. With --format and a format of pictures each box becomes a picture of its own:
    photo.roi7x7.box0.png, or photo.box0.png in the folder that -o names.
    """
    said = _asked(inputs, given)
    output = said.placing.output
    found = said.finding.found(
        leave_out=output,
        own_suffix="" if output else f".roi{said.label}",
        aside=[said.regions["boxes"]],  # a file of boxes in the folder of its inputs
    )
    asked.refuse_one_stream(said.telling, output)
    format = said.writing.format
    if format != "NPY" and output == STREAM:
        raise click.UsageError("pictures of boxes go to files: name a folder with -o.")
    file_of_several(output, found.sources, format)
    targets = Naming("roi", said.label, output, said.placing.name, format).plan(found.sources)
    report = asked.report_of(len(targets), said.telling, found)
    if not said.running.dry_run:
        clear_stale(target.path for target in targets)
    tell(_outcomes(targets, said), report, len(targets))
    raise click.exceptions.Exit(report.code)


@dataclass(frozen=True)
class _Asked:
    """What the options say."""

    regions: dict[str, Any]
    finding: asked.Finding
    placing: asked.Placing
    reading: Reading
    writing: Writing
    running: asked.Running
    telling: Telling

    @property
    def label(self) -> str:
        """The size in the names of outputs: 7x7."""
        return "{}x{}".format(*self.regions["size"])


def _asked(inputs: tuple[str, ...], given: dict[str, Any]) -> _Asked:
    placing = asked.placing_of(given)
    format = (placing.output_format or "npy").upper()
    if format == "NPZ":
        raise click.UsageError("--format npz: all boxes go to one .npy, leave --format out.")
    names = ("boxes", "scale", "kind", *_ALIGN)
    return _Asked(
        {name: given[name] for name in names} | {"size": pair_of(given["size"])},
        asked.finding_of(inputs, given),
        placing,
        asked.reading_of(given),
        _writing(format, given),
        asked.running_of(given),
        asked.telling_of(given),
    )


def _writing(format: str, given: dict[str, Any]) -> Writing:
    """Return how outputs are written; refuse what --kind pool does not take."""
    context = click.get_current_context()
    typed = [
        param
        for param in context.command.params
        if context.get_parameter_source(str(param.name)) == ParameterSource.COMMANDLINE
    ]
    for param in typed:
        if given["kind"] == "pool" and param.name in _ALIGN:
            raise click.UsageError(f"--kind pool takes no {param.opts[0]}: leave it out.")
    writing = asked.writing_of(given)
    return Writing(**vars(writing) | {"format": format})


def _outcomes(targets: list[Target], said: _Asked) -> Iterator[Outcome]:
    from ..work.roi import RoiJob, pool_boxes, preview_boxes
    from ..work.several import do, outcomes_of

    jobs = [
        RoiJob(
            target.source.path,
            target.path,
            "roi",
            reading=said.reading,
            writing=said.writing,
            **said.regions,
        )
        for target in targets
        if not target.reason
    ]
    done = do(pool_boxes, preview_boxes, jobs, said.running, not said.telling.silent)
    return outcomes_of(targets, done, said.running.fail_fast)
