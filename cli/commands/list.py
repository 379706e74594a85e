"""``pool list``: the operators, what each keeps, and when to choose it."""

import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence

import click

from ..operators import OPERATORS
from . import SHORT_HELP

_HEAD = ("operator", "keeps of each window", "choose it for")
_NARROW, _WIDEST = 72, 110  # columns of a terminal


@click.command(
    "list", short_help=SHORT_HELP["list"], epilog="\b\nExamples:\n  pool list\n  pool list --json\n"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per operator.")
def command(as_json: bool) -> None:
    """Show every operator: what it keeps of each window, and when to choose it."""
    rows = [(row.name, row.keeps, row.choose) for row in OPERATORS.values()]
    if as_json:
        for name, keeps, choose in rows:
            click.echo(json.dumps({"operator": name, "keeps": keeps, "choose": choose}))
        return
    columns = min(shutil.get_terminal_size().columns, _WIDEST)
    for line in _stacked(rows, columns) if columns < _NARROW else _table(rows, columns):
        click.echo(line)


def _table(rows: Sequence[tuple[str, str, str]], columns: int) -> Iterator[str]:
    first = max(len(row[0]) for row in (*rows, _HEAD)) + 2
    second = min(max(len(row[1]) for row in (*rows, _HEAD)) + 2, columns // 3)
    widths = (first, second, columns - first - second)
    rules = tuple("-" * min(width - 2, 30) for width in widths)
    for row in (_HEAD, rules, *rows):
        cells = [textwrap.wrap(text, width - 1) for text, width in zip(row, widths, strict=True)]
        for n in range(max(map(len, cells))):
            parts = (cell[n] if n < len(cell) else "" for cell in cells)
            yield "".join(f"{part:{w}}" for part, w in zip(parts, widths, strict=True)).rstrip()


def _stacked(rows: Sequence[tuple[str, str, str]], columns: int) -> Iterator[str]:
    for name, keeps, choose in rows:
        yield from textwrap.wrap(f"{name}: {keeps}", columns)
        yield from textwrap.wrap(choose, columns - 2, initial_indent="  ", subsequent_indent="  ")
