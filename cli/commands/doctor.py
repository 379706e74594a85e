"""``pool doctor``: what is installed here, and whether it works."""

import json

import click

from ..asking import options
from ..asking.headings import Command
from ..exits import ExitCode
from . import SHORT_HELP

_LABEL = 12  # the column in which values begin


@click.command(
    "doctor",
    cls=Command,
    short_help=SHORT_HELP["doctor"],
    epilog="\b\nExamples:\n  pool doctor\n  pool doctor --json\n",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@options.DEBUG
def command(as_json: bool, debug: bool) -> None:
    """Show versions, threads, formats and kernels, and pool a known array.

    Exit codes: 0 the array came out right, 1 it did not.
    """
    from ..telling.compiling import Compiling, announced_by
    from ..telling.reasons import reason
    from ..work.doctor import CHECKS

    told: dict[str, dict[str, object]] = {}
    problems = []
    for section, check in CHECKS.items():
        rows = told[section] = {}
        if not as_json:
            click.echo(section)
        try:
            if section == "self-test" and not as_json:
                announced_by(Compiling())
            for finding in check():
                rows[finding.label] = finding.text if finding.data is None else finding.data
                if not as_json:
                    click.echo(f"  {finding.label:{_LABEL}}{finding.text}")
                if finding.advice:
                    problems.append(f"{finding.label}: {finding.text}: {finding.advice}")
                    if not as_json:
                        click.secho(f"  {'':{_LABEL}}to do: {finding.advice}", fg="yellow")
        except Exception as error:
            if debug:
                raise
            problems.append(f"{section}: {reason(error)}")
            if not as_json:
                click.echo(f"  {reason(error)}")
    right = told["self-test"].get("result", {})
    done = isinstance(right, dict) and right.get("right") is True
    if as_json:
        click.echo(json.dumps({"ok": done, **told, "problems": problems}))
    raise click.exceptions.Exit(ExitCode.DONE if done else ExitCode.SOME_FAILED)
