"""``pool pyramid``: a picture at half its size, a quarter, an eighth, in one reading."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from numbapool.records import dataclass

from ..asking import asked, options, rungs
from ..asking.headings import Command
from ..asking.params import CountType, OperatorType, SizeType, complete_path
from ..codecs import is_store
from ..files.find import Source
from ..files.name import Target, refuse_shared
from ..files.write import clear_stale
from ..job import Outcome, Reading, Steps, Values, Window, Writing, per_axis
from ..operators import OPERATORS, Operator
from ..telling.report import Telling, tell
from . import SHORT_HELP
from .weights import refuse_for_all

if TYPE_CHECKING:
    from ..work.levels import LevelsJob

_SLIDING = ("count_include_pad", "divisor_override")  # without padding these change nothing
_MOST = CountType.most


@click.command(
    "pyramid",
    cls=Command,
    short_help=SHORT_HELP["pyramid"],
    epilog="\b\nExamples:\n  pool pyramid photo.png --levels 3\n"
    "  pool pyramid photos -r --levels 4 --operator max -o levels\n"
    "  pool pyramid volume.zarr --levels auto\n",
)
@options.INPUTS
@click.option(
    "--levels",
    type=CountType(),
    required=True,
    help="How many levels; none follows a level of one pixel. For a .zarr also auto: until one "
    "chunk holds the last.",
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
        *rungs.LEVELS,
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
        options.COMPONENT,
        *options.WRITING,
        *options.STEPS,
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

    A .zarr is an array, or an image of OME-NGFF. Its axes in space are pooled, step by step, and
    its levels go beside it, or with -o into a new .zarr with a copy of it. Then its metadata name
    them; all others stay.
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
    found = said.finding.found(leave_out=output, own_suffix=() if output else own, stores=True)
    files = [source for source in found.sources if not is_store(source.path)]
    stores = [source for source in found.sources if is_store(source.path)]
    _refuse_out_of_place(files, stores, said, given)
    images = _in_stores(operator, stores, said, given) if stores else []
    planned = _named(operator, files, said) if files else []
    refuse_for_all(said.values, said.reading, [level for levels in planned for level in levels])
    each = max(said.levels, 1)
    report = asked.report_of((len(planned) + len(stores)) * each, said.telling, found)
    if not said.running.dry_run:
        clear_stale(level.path for levels in planned for level in levels)
    tell(
        _all(operator, planned, images, said),
        report,
        len(planned) + len(stores),
        each,
        steps=bool(stores),
    )
    raise click.exceptions.Exit(report.code)


@dataclass(frozen=True)
class _Asked:
    """What the options say."""

    levels: int  # 0 for as many as suit an image in a store
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
        given["levels"],
        asked.finding_of(inputs, given),
        asked.placing_of(given),
        Window(kernel_size=given["kernel_size"] or 2, edge=given["edge"], size=given["size"]),
        asked.values_of(given, operator),
        asked.reading_of(given, operator),
        asked.writing_of(given),
        asked.steps_of(given),
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


def _all(
    operator: Operator,
    planned: list[tuple[Target, ...]],
    images: "list[LevelsJob]",
    said: _Asked,
) -> Iterator[Outcome]:
    """Yield the outcomes of files, and then of images in stores."""
    for outcome in _outcomes(operator, planned, said) if planned else ():
        yield outcome
        if said.running.fail_fast and outcome.status == "failed":
            return
    yield from _stored(images, said)


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


_IN_STORES = "factors ngff blend_labels component chunks shards memory resume".split()
"""The options for stores alone."""

_IN_FILES = "size name output_format linear quality lossless background clip convert".split()
"""The options that stores have no use for."""


def _refuse_out_of_place(
    files: list[Source], stores: list[Source], said: _Asked, given: dict[str, Any]
) -> None:
    """Refuse options that nothing is there for."""
    typed = {str(param.name): param.opts[0] for param in click.get_current_context().command.params}
    context = click.get_current_context()
    source = context.get_parameter_source
    for names, there, what in ((_IN_STORES, stores, "a .zarr"), (_IN_FILES, files, "files")):
        for name in names:
            if name in typed and not there and source(name) == ParameterSource.COMMANDLINE:
                raise click.UsageError(f"{typed[name]} is for {what}: leave it out.")
    if files and not said.levels:
        raise click.UsageError("--levels auto is for a .zarr: give a number, as --levels 3.")
    if not stores:
        return
    if said.values.device == "cuda":
        raise click.UsageError("steps are pooled on the CPU: leave out --device cuda.")
    if given["factors"] and given["kernel_size"] is not None:
        raise click.UsageError("--factors are the windows of a .zarr: leave out -k.")
    if said.writing.on_exists == "rename" and not said.placing.output:
        raise click.UsageError(
            "--on-exists rename is for files: levels beside an image have names of their own; give "
            "overwrite, or a new .zarr with -o."
        )


def _in_stores(
    operator: Operator, stores: list[Source], said: _Asked, given: dict[str, Any]
) -> "list[LevelsJob]":
    """Return the jobs of images in stores."""
    from ..work.levels import LevelsJob, Rungs

    factors = given["factors"] or (said.window.kernel_size,)
    made = Rungs(
        said.levels or None,
        factors if len(factors) > 1 else factors[0],
        len(factors) > 1,
        given["ngff"],
        given["blend_labels"],
    )
    paths = [source.path for source in stores]
    if said.placing.output:
        targets = said.placing.naming(operator, said.window).plan(stores)
        paths = [target.path for target in targets]
    return [
        LevelsJob(
            source.path, path, operator.name, said.window, said.values, said.reading, said.writing,
            said.steps, made,
        )
        for source, path in zip(stores, paths, strict=True)
    ]  # fmt: skip


def _stored(images: "list[LevelsJob]", said: _Asked) -> Iterator[Outcome]:
    """Yield the outcomes of images in stores, one after the other: each takes all threads."""
    if images:
        from ..work.levels import pool_levels, preview_levels
        from ..work.several import do

        one = replace(said.running, jobs=1)
        yield from do(pool_levels, preview_levels, images, one, not said.telling.silent)
