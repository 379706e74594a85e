"""Write cli/README.md's command reference from the commands' own help.

Commands share most options. One is shown whole; of the others, what they have beside it.
"""

from itertools import groupby
from pathlib import Path

import click
from numbapool_cli.app import cli
from numbapool_cli.asking import headings
from numbapool_cli.operators import OPERATORS

README = Path(__file__).parents[1] / "cli" / "README.md"
HEADING = "## Command reference"
WIDTH = 98
WHOLE = "avg"
"""The command that is shown whole: none has more options."""

Options = dict[str, tuple[str, str]]


def context(name: str | None = None) -> click.Context:
    """Return the context of a command, or of `pool`, on a terminal of one width, no colours."""
    settings = {**cli.context_settings, "terminal_width": WIDTH, "color": False}
    top = click.Context(cli, info_name="pool", **settings)
    if name is None:
        return top
    command = cli.get_command(top, name)
    assert command is not None
    return click.Context(command, info_name=name, parent=top, terminal_width=WIDTH, color=False)


def options(ctx: click.Context) -> Options:
    """Return a command's options as the help has them, by their names."""
    return {
        option.opts[-1]: record
        for option in ctx.command.get_params(ctx)
        if isinstance(option, click.Option) and (record := option.get_help_record(ctx))
    }


def block(ctx: click.Context, shared: Options) -> str:
    """Return a command's help without the options in `shared`, as a fenced block."""
    own = [
        option
        for option in ctx.command.get_params(ctx)
        if shared.get(option.opts[-1]) != option.get_help_record(ctx)
    ]
    formatter = ctx.make_formatter()
    ctx.command.format_usage(ctx, formatter)
    ctx.command.format_help_text(ctx, formatter)
    ctx.command.format_epilog(ctx, formatter)
    if isinstance(ctx.command, click.Group):
        ctx.command.format_options(ctx, formatter)
    else:
        headings.write(formatter, own, ctx)
    lines = [line.rstrip() for line in formatter.getvalue().strip().splitlines()]
    return "\n".join(["```text", *lines, "```", ""])


def quoted(names: list[str]) -> str:
    """Return names as code, between commas."""
    return ", ".join(f"`{name}`" for name in names)


def others() -> str:
    """Return how the other operators differ from the one that is shown whole."""
    shown = options(context(WHOLE))

    def differences(name: str) -> tuple[str, str]:
        has = options(context(name))
        own = [
            f"`{usage}`: {' '.join(text.split())}"
            for option, (usage, text) in has.items()
            if shown.get(option) != (usage, text)
        ]
        return " ".join(own), quoted([option for option in shown if option not in has])

    lines = []
    rest = sorted((name for name in OPERATORS if name != WHOLE), key=differences)
    for (own, without), names in groupby(rest, key=differences):
        kept = ", ".join(f"`pool {name}` ({OPERATORS[name].keeps})" for name in names)
        line = f"- {kept}: the same options"
        line += f" without {without}" if without else ""
        lines.append(f"{line}, and {own}" if own else f"{line}.")
    return "\n".join(lines) + "\n"


def reference() -> str:
    """Return the whole section."""
    parts = [f"{HEADING}\n", block(context(), {})]
    parts += [f"### pool {WHOLE}, and the other operators\n", block(context(WHOLE), {}), others()]
    shown = options(context(WHOLE))
    for name in cli.list_commands(context()):
        if name not in OPERATORS:
            ctx = context(name)
            parts += [f"### pool {name}\n", block(ctx, shown)]
            shared = [
                option for option, record in options(ctx).items() if shown.get(option) == record
            ]
            parts.append(f"And, as `pool {WHOLE}` has them: {quoted(shared)}.\n")
    return "\n".join(parts)


def with_reference(readme: str) -> str:
    """Return the guide with the section made anew, at its end."""
    before = readme.partition(f"\n{HEADING}\n")[0].rstrip()
    return f"{before}\n\n{reference()}"


def main() -> None:
    """Rewrite the guide."""
    README.write_text(with_reference(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
