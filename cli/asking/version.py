"""``--version``: of the group, and hidden after any of its commands."""

from collections.abc import Callable
from typing import Any

import click


def _tell(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from numbapool import __version__

    click.echo(f"pool {__version__}")
    ctx.exit()


def _option(hidden: bool) -> Callable[[Any], Any]:
    return click.option(
        "--version",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        hidden=hidden,
        allow_from_autoenv=False,
        callback=_tell,
        help="Show the version and exit.",
    )


OPTION = _option(hidden=False)


def attach(command: click.Command) -> None:
    """Let a command take --version, too; once per command."""
    if not any(param.name == "version" for param in command.params):
        _option(hidden=True)(command)
