"""``pool list``: the operators of windows and of sequences, and when to choose each."""

import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence

import click

from ..asking.headings import Command
from ..operators import OPERATORS, SEQUENCES
from . import SHORT_HELP

_WINDOWS = ("operator", "keeps of each window", "choose it for")
_SEQUENCES = ("pool seq", "keeps of each sequence", "choose it for")
_NARROW, _WIDEST = 72, 110  # columns of a terminal


@click.command(
    "list",
    cls=Command,
    short_help=SHORT_HELP["list"],
    epilog="\b\nExamples:\n  pool list\n  pool list --json\n",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per operator.")
def command(as_json: bool) -> None:
    """Show every operator: what it keeps, and when to choose it.

    First those of windows, which are commands; then those of sequences, which pool seq takes.
    """
    windows = [(row.name, row.keeps, row.choose) for row in OPERATORS.values()]
    sequences = [(row.name, row.keeps, row.choose) for row in SEQUENCES.values()]
    if as_json:
        for of, rows in (("windows", windows), ("sequences", sequences)):
            for name, keeps, choose in rows:
                row = {"operator": name, "keeps": keeps, "choose": choose, "of": of}
                click.echo(json.dumps(row))
        return
    columns = min(shutil.get_terminal_size().columns, _WIDEST)
    for head, rows in ((_WINDOWS, windows), (_SEQUENCES, sequences)):
        lines = _stacked if columns < _NARROW else _table
        for line in lines(head, rows, columns):
            click.echo(line)
        if head is _WINDOWS:
            click.echo()


Row = tuple[str, str, str]


def _table(head: Row, rows: Sequence[Row], columns: int) -> Iterator[str]:
    first = max(len(row[0]) for row in (*rows, head)) + 2
    second = min(max(len(row[1]) for row in (*rows, head)) + 2, columns // 3)
    widths = (first, second, columns - first - second)
    rules = tuple("-" * min(width - 2, 30) for width in widths)
    for row in (head, rules, *rows):
        cells = [textwrap.wrap(text, width - 1) for text, width in zip(row, widths, strict=True)]
        for n in range(max(map(len, cells))):
            parts = (cell[n] if n < len(cell) else "" for cell in cells)
            yield "".join(f"{part:{w}}" for part, w in zip(parts, widths, strict=True)).rstrip()


def _stacked(head: Row, rows: Sequence[Row], columns: int) -> Iterator[str]:
    yield from (f"{head[0]}: {head[1]}", "")
    for name, keeps, choose in rows:
        yield from textwrap.wrap(f"{name}: {keeps}", columns)
        yield from textwrap.wrap(choose, columns - 2, initial_indent="  ", subsequent_indent="  ")
