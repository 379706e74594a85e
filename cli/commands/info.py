"""``pool info``: what is in a file, and what a pooling would make of it."""

import json
from typing import TYPE_CHECKING, Any

import click

from .. import options
from ..exits import ExitCode
from ..job import Window
from ..params import complete_path
from ..sources import find, shown

if TYPE_CHECKING:
    from ..facts import Facts, Part

_LABEL = 13  # the column in which values begin


@click.command(
    "info",
    short_help="Say what is in a file, and what pooling would make of it.",
    epilog="\b\nExamples:\n  pool info photo.jpg\n  pool info features.npy -k 3 -s 2 -p 1\n",
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", shell_complete=complete_path)
@options.apply([*options.WINDOW, *options.READING])
@click.option("-r", "--recursive", is_flag=True, help="Look in the folders below, too.")
@click.option("--json", "as_json", is_flag=True, help="A JSON line a file.")
@options.DEBUG
def command(inputs: tuple[str, ...], **given: Any) -> None:
    """Say what is in INPUT, by its header alone, and what a pooling would make of it."""
    from ..facts import inspect
    from ..reasons import reason

    window, reading = options.window_of(given), options.reading_of(given)
    code = ExitCode.DONE
    for source in find(inputs, recursive=given["recursive"]).sources:
        try:
            facts = inspect(source.path, reading)
        except Exception as error:
            if given["debug"]:
                raise
            click.echo(f"pool: {shown(source.path)}: {shown(reason(error))}", err=True)
            code = ExitCode.SOME_FAILED
            continue
        if given["as_json"]:
            click.echo(json.dumps(_as_dict(source.path, facts, window)))
        else:
            _tell(source.path, facts, window)
    raise click.exceptions.Exit(code)


def _tell(path: str, facts: "Facts", window: Window) -> None:
    click.echo(shown(path))
    for label, value in facts.rows:
        click.echo(f"  {shown(label):{_LABEL}}{shown(value)}")
    said: dict[tuple[tuple[int, ...], str], str] = {}
    for part in facts.parts:
        said.setdefault((part.shape, part.name), _pooled(part, window))
    for (_, name), result in said.items():
        label = f"{name} pooled" if name else "pooled"
        click.echo(f"  {shown(label):{_LABEL}}{result}")


def _pooled(part: "Part", window: Window) -> str:
    from ..reasons import reason

    how = f"--size {window.size}" if window.size else f"--fit {window.fit}" if window.fit else ""
    how = how or f"-k {window.label}"
    try:
        shape = part.pooled(window)
    except Exception as error:
        return f"{how}: {reason(error)}"
    if part.picture:
        return f"{how}: {shape[1]} x {shape[0]} (width x height)"
    return f"{how}: shape {shape}"


def _as_dict(path: str, facts: "Facts", window: Window) -> dict[str, object]:
    from ..reasons import reason

    parts = []
    for part in facts.parts:
        row: dict[str, object] = {"shape": part.shape, "data_format": part.data_format}
        if part.name:
            row["name"] = part.name
        try:
            row["pooled"] = part.pooled(window)
        except Exception as error:
            row["pooled"], row["reason"] = None, reason(error)
        parts.append(row)
    return {
        "source": path,
        "format": facts.format,
        "mode": facts.mode,
        "dtype": facts.dtype,
        "parts": parts,
        "rows": [list(row) for row in facts.rows if row[0]],
    }
