"""What a terminal shows beyond plain lines. rich is imported only to show something there."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console() -> "Console":
    """Return rich's console on standard error."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def print_text(text: str) -> None:
    """Print text that wraps between words."""
    console().print(text)


def print_failures(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print files and why they failed, as a table whose text wraps between words."""
    from rich.table import Table

    table = Table(
        "file",
        "why",
        title=title,
        title_justify="left",
        title_style="bold red",
        header_style="dim",
        box=None,
        pad_edge=False,
    )
    table.columns[0].ratio, table.columns[1].ratio = 1, 2
    for name, why in rows:
        table.add_row(name, why)
    console().print(table)
