"""A command's help: its examples first, then its options under headings."""

from collections.abc import Iterable, Iterator

import click

from .examples import ExamplesFirst
from .options import VALUES_NAMES

OWN = "Options"
"""The heading of options that the command alone has."""

SHARED = {
    "Window": (
        "kernel_size stride padding padding_mode footprint dilation ceil edge size fit fit_window "
        "ratio"
    ),
    "Values": " ".join(name for name in VALUES_NAMES if name != "padding_mode"),
    "Files": "recursive files_from null data_format array component accept_8bit max_pixels "
    "max_bytes",
    "Output": (
        "output name output_format on_exists skip_existing update quality lossless metadata "
        "background convert clip chunks shards"
    ),
    "Running": (
        "jobs scheduler memory resume fail_fast dry_run as_json quiet verbose device debug config "
        "help"
    ),
}
"""The headings of options that commands share, with the options' names."""

_HEADING = {name: heading for heading, names in reversed(SHARED.items()) for name in names.split()}

Record = tuple[str, str]
"""An option, and what it does."""


_ELSEWHERE = {
    "--resize": "--fit or --size",
    **dict.fromkeys(("--width", "--height", "--thumbnail"), "--fit"),
    "--strip": "--metadata none",
    **dict.fromkeys(("--force", "--overwrite"), "--on-exists overwrite"),
    **dict.fromkeys(("--threads", "--workers"), "--jobs"),
}
"""Options of other programs, and ours that do the same."""


class Command(ExamplesFirst):
    """A command whose help begins with examples and has headings."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options; for one of another program, suggest ours."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            meant = _ELSEWHERE.get(error.option_name)
            if meant and any(meant.split()[0] in param.opts for param in self.params):
                raise click.UsageError(
                    f"there is no option {error.option_name}. Did you mean {meant}?", ctx
                ) from None
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under headings."""
        write(formatter, self.get_params(ctx), ctx)


def write(
    formatter: click.HelpFormatter, params: Iterable[click.Parameter], ctx: click.Context
) -> None:
    """Write options under their headings, in the order of the headings."""
    for heading, records in sections(params, ctx):
        with formatter.section(heading):
            formatter.write_dl(records)


def sections(
    params: Iterable[click.Parameter], ctx: click.Context
) -> Iterator[tuple[str, list[Record]]]:
    """Yield each heading with its options, if it has any."""
    found: dict[str, list[Record]] = {heading: [] for heading in (OWN, *SHARED)}
    for param in params:
        record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
        if record is not None:
            name = "help" if "--help" in param.opts else str(param.name)
            found[_HEADING.get(name, OWN)].append(record)
    yield from ((heading, records) for heading, records in found.items() if records)
