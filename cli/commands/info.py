"""``pool info``: the content of a file, and the result of a pooling."""

import json
from typing import TYPE_CHECKING, Any

import click

from numbapool.records import dataclass

from ..asking import asked, options
from ..asking.headings import Command
from ..asking.params import OperatorType, complete_path
from ..codecs import is_store
from ..exits import ExitCode
from ..files.find import find
from ..job import Reading, Values, Window
from ..operators import OPERATORS, Operator
from ..telling.names import shown
from ..telling.reasons import reason
from ..telling.size import in_shape
from . import SHORT_HELP

if TYPE_CHECKING:
    from ..codecs.raster import Form
    from ..work.facts import Facts

_VALUES = Values(own=(("norm_type", 2.0), ("q", 50.0)))  # of any: forms do not depend on it
_LABEL = 13  # the column in which values begin


@click.command(
    "info",
    cls=Command,
    short_help=SHORT_HELP["info"],
    epilog="\b\nExamples:\n  pool info photo.jpg\n  pool info features.npy -k 3 -s 2 -p 1\n",
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", shell_complete=complete_path)
@click.option(
    "--operator",
    type=OperatorType(list(OPERATORS)),
    help="Show what this operator would make, with its type of number.  [default: only the shape]",
)
@options.apply([*options.WINDOW, *options.READING, options.COMPONENT])
@click.option("-r", "--recursive", is_flag=True, help="Look in subfolders, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per file.")
@options.DEBUG
def command(inputs: tuple[str, ...], **given: Any) -> None:
    """Show what INPUT holds, from its header alone, and what pooling would make of it."""
    from ..work.facts import inspect
    from ..work.stored import inspect_store

    said = _asked(given)
    code = ExitCode.DONE
    for source in find(inputs, recursive=given["recursive"], stores=True).sources:
        try:
            look = inspect_store if is_store(source.path) else inspect
            facts = look(source.path, said.reading)
        except Exception as error:
            if given["debug"]:
                raise
            click.echo(f"pool: {shown(source.path)}: {shown(reason(error))}", err=True)
            code = ExitCode.SOME_FAILED
            continue
        if given["as_json"]:
            click.echo(json.dumps(_as_dict(source.path, facts, said)))
        else:
            _tell(source.path, facts, said)
    raise click.exceptions.Exit(code)


@dataclass(frozen=True)
class _Asked:
    """The options; without an operator only shapes are shown."""

    operator: Operator | None
    window: Window
    reading: Reading

    def after(self, form: "Form") -> "Form":
        """Return the form of the result."""
        from ..rasters.plan import plan

        return plan(form, self.operator or OPERATORS["max"], self.window, _VALUES).after


def _asked(given: dict[str, Any]) -> _Asked:
    operator = OPERATORS[given["operator"]] if given["operator"] else None
    return _Asked(operator, asked.window_of(given, operator), asked.reading_of(given, operator))


def _tell(path: str, facts: "Facts", said: _Asked) -> None:
    click.echo(shown(path))
    for label, value in facts.rows:
        click.echo(f"  {shown(label):{_LABEL - 1}} {shown(value)}")
    told: dict[tuple[tuple[int, ...], str], str] = {}
    for part in facts.parts:
        told.setdefault((part.form.shape, part.name), _pooled(part.form, said))
    for (_, name), result in told.items():
        label = f"{name} pooled" if name else "pooled"
        click.echo(f"  {shown(label):{_LABEL - 1}} {result}")


def _pooled(form: "Form", said: _Asked) -> str:
    window = said.window
    flags = {"--size": window.size, "--fit": window.fit, "--fit-window": window.fit_window}
    how = next((f"{flag} {size}" for flag, size in flags.items() if size), f"-k {window.label}")
    try:
        after = said.after(form)
    except Exception as error:
        return f"{how}: {reason(error)}"
    dtype = f", {after.dtype.name}" if said.operator else ""
    if form.picture:
        return f"{how}: {in_shape(after.told)} (width × height){dtype}"
    return f"{how}: shape {after.shape}{dtype}"


def _as_dict(path: str, facts: "Facts", said: _Asked) -> dict[str, object]:
    parts = []
    for part in facts.parts:
        form = part.form
        row: dict[str, object] = {"shape": form.shape, "data_format": form.data_format or None}
        if part.name:
            row["name"] = part.name
        try:
            after = said.after(form)
        except Exception as error:
            row["pooled"], row["reason"] = None, reason(error)
        else:
            row["pooled"] = after.shape
            if said.operator:
                row["dtype"] = after.dtype.name
        parts.append(row)
    return {
        "source": path,
        "format": facts.format,
        "mode": facts.mode,
        "dtype": facts.dtype,
        "parts": parts,
        "rows": [list(row) for row in facts.rows if row[0]],
    }
