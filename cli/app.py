"""The command group: commands found by name, and errors turned into exit codes."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from . import interrupts
from .asking import config, version
from .asking.examples import ExamplesFirst
from .commands import SHORT_HELP
from .exits import ExitCode, NoInput, OutputLost
from .operators import OPERATORS
from .telling import streams

_COLOURLESS = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"

_CLICKS_LEAST = 52  # columns

_EXAMPLES = """\b
Examples:
  pool avg photo.jpg -k 2 -o half.jpg
  pool max features.npy -k 3 -s 2 -p 1 -o pooled.npy
  pool info photo.jpg
"""


class PoolGroup(ExamplesFirst, click.Group):
    """A group that imports a command when it is named, and exits with an `ExitCode`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return [*OPERATORS, *SHORT_HELP]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and return it."""
        command: click.Command
        named = [OPERATORS.get(name) for name in cmd_name.replace("-", "_").split(",")]
        operators = [operator for operator in named if operator is not None]
        if len(operators) == len(named):
            from .commands.operator import build

            command = build(*operators)
        elif cmd_name in SHORT_HELP:
            from importlib import import_module

            command = import_module(f".commands.{cmd_name}", __package__).command
        else:
            return None
        config.attach(command)
        version.attach(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing them."""
        operators = {row.name: row.short_help for row in OPERATORS.values()}
        with formatter.section("Commands"):
            formatter.write_dl([*operators.items(), *SHORT_HELP.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; for an unknown name, suggest a similar one."""
        name = args[0]
        if name.startswith("-") or self.get_command(ctx, name) is not None:
            _, command, rest = super().resolve_command(ctx, args)
            # By its own name, however it was typed: options of a file are kept by that.
            return command.name if command else None, command, rest
        known = [*OPERATORS] if "," in name else self.list_commands(ctx)
        meant = [_near(part, known) for part in name.lower().split(",")]
        hint = (
            f"Did you mean {','.join(meant)!r}?" if all(meant) else f"There are {', '.join(known)}."
        )
        ctx.fail(f"there is no command {name!r}. {hint}")

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,
    ) -> NoReturn:
        """Run a command line and exit as `ExitCode` says."""
        arguments = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in arguments
        extra["standalone_mode"] = False
        try:
            code = super().main(arguments, prog_name or "pool", **extra)
        except click.ClickException as error:
            error.show()
            _tell_variable(error)
            code = error.exit_code
        except NoInput as error:
            click.echo(f"pool: {error}", err=True)
            code = ExitCode.NO_INPUT
        except (KeyboardInterrupt, click.Abort):
            click.echo("pool: interrupted. Files that were written are whole.", err=True)
            code = ExitCode.INTERRUPTED
        except OutputLost as error:
            streams.tell_lost(error)
            code = ExitCode.SOME_FAILED
        except Exception as error:
            if debug:
                raise
            text = " ".join(str(error).split())
            click.echo(
                f"pool: unexpected {type(error).__name__}: {text} (--debug shows where)", err=True
            )
            code = ExitCode.SOME_FAILED
        sys.exit(int(code or 0))


def _near(name: str, known: Sequence[str]) -> str:
    """Return the known name that is most like another, or ""."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(_ALSO_CALLED.get(name, name), known, 1, 0.5)), "")


def _tell_variable(error: click.ClickException) -> None:
    """Name the environment variable of a bad value, which the command line does not show."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return
    name = str(error.param.name)
    if error.ctx.get_parameter_source(name) == ParameterSource.ENVIRONMENT:
        variable = f"{error.ctx.auto_envvar_prefix}_{name.upper()}"
        click.echo(f"It is from the environment's {variable}.", err=True)


# Other names for these commands, some of them other programs'.
_ALSO_CALLED = {
    "mean": "avg",
    "sequence": "seq",
    "sequences": "seq",
    "average": "avg",
    "maximum": "max",
    "minimum": "min",
    "total": "sum",
    "norm": "lp",
    "l2": "lp",
    "majority": "mode",
    "quantile": "percentile",
    "variance": "var",
    "deviation": "std",
    "stddev": "std",
    **dict.fromkeys(("resize", "shrink", "scale", "downsample", "thumbnail"), "avg"),
    "dilate": "max",
    "erode": "min",
    "compare": "diff",
    "identify": "info",
    "montage": "sheet",
}


def _narrow() -> int | None:
    """Return the width of help on a terminal that is narrower than click takes into account."""
    given = os.environ.get("COLUMNS", "")
    columns = int(given) if given.isdecimal() else 0
    if not columns:
        try:  # as shutil does, whose import takes longer
            columns = os.get_terminal_size(1).columns
        except OSError:  # closed, or no terminal
            return None
    return max(columns - 2, 38) if 0 < columns < _CLICKS_LEAST else None


@click.group(
    cls=PoolGroup,
    epilog=_EXAMPLES,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "POOL",
        "max_content_width": 100,
        "terminal_width": _narrow(),
        "color": False if _COLOURLESS else None,
    },
)
@version.OPTION
@config.OPTION
def cli() -> None:
    """Pool pictures and arrays: slide a window, keep one number per window.

    Exit codes: 0 all done, 1 some files failed, 2 the command line is wrong, 3 no input was
    found, 130 interrupted.
    """


def main() -> NoReturn:
    """Run the process's command line."""
    gc.set_threshold(100_000)  # modules make many objects that live on: it would look for them
    streams.prepare()
    if "--debug" not in sys.argv:
        # The report tells the user what a codec warns of, if it matters.
        import warnings

        warnings.simplefilter("ignore")
        from .telling.quiet import keep_no_log, set_apart

        keep_no_log()
        set_apart()
    try:
        cli.main(prog_name=_called_as())
    except KeyboardInterrupt:  # a second one, while the first was handled
        sys.exit(ExitCode.INTERRUPTED)
    finally:
        interrupts.end_at_once()
        gc.freeze()  # else Python would go through all objects several times as it exits


def _called_as() -> str:
    """Return the name that the user typed."""
    file = os.path.basename(sys.argv[0]).removesuffix(".exe")  # noqa: PTH119 - quick to start
    return {"__main__.py": "python -m numbapool", "numbapool": "numbapool"}.get(file, "pool")
