"""The bar on the terminal: files done, the file at work, megapixels per second, the time left."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from ..job import Outcome
from .names import shown

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.progress import Progress as Bar

_REDRAW = 0.1  # seconds
_WITH_TIME, _WIDE = 60, 80  # columns of a terminal

_drawn: "Progress | None" = None
"""The bar that is on the terminal."""


class Progress:
    """A bar on standard error, if visible, from the first file until `close`.

    It is redrawn as files are begun and done, not by a thread: a thread might hold the lock of
    standard error while a worker process is forked.
    """

    def __init__(self, total: int, visible: bool) -> None:
        global _drawn
        self.pixels = 0
        self._name = ""  # of the file at work
        self._steps = self._stepped = 0  # of the file at work, if it is pooled in steps
        self._start = time.monotonic()
        self._redrawn = 0.0
        self._bar = _bar(total) if visible else None
        if self._bar is not None:
            _drawn = self
            self._bar.start()
            self._bar.refresh()

    def begun(self, name: str) -> None:
        """Show the name of the file at work."""
        self._name = name
        self.show(name)

    def show(self, text: str, at_once: bool = False) -> None:
        """Show the name of the file at work, or what else is being done."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=shown(text))
            self._redraw(at_once)

    def add(self, outcome: Outcome) -> None:
        """Count a file."""
        if self._steps:  # its steps were counted
            self._count(self._steps - self._stepped)
            self._steps = self._stepped = 0
            return
        self.advance(outcome.pixels)

    def stepped(self, done: int, steps: int, pixels: int) -> None:
        """Count steps of the file at work, which has so many pixels."""
        if self._bar is None:
            return
        if not self._steps:
            total = self._bar.tasks[0].total or 0
            self._bar.update(self._bar.task_ids[0], total=total + steps - 1)
            self._steps = steps
        new, self._stepped = done - self._stepped, done
        self.pixels += new * pixels // steps
        self.show(self._name)  # not that kernels are compiled
        self._count(new)

    def advance(self, pixels: int = 0) -> None:
        """Count a file or another piece of work, and its pixels."""
        self.pixels += pixels
        self._count(1)

    def _count(self, pieces: int) -> None:
        if self._bar is not None:
            seconds = time.monotonic() - self._start
            speed = self.pixels / 1e6 / max(seconds, 1e-9)
            rate = f"{speed:.{0 if speed >= 9.95 else 1}f} MP/s" if self.pixels else ""
            self._bar.update(self._bar.task_ids[0], advance=pieces, rate=rate)
            self._redraw()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Clear the bar while other text is written."""
        bar = self._bar
        if bar is None:
            yield
            return
        bar.stop()
        try:
            yield
        finally:
            bar.live = _live(bar)  # the old one would erase lines above it
            bar.start()

    def close(self) -> None:
        """Clear the bar for good."""
        global _drawn
        if self._bar is not None:
            self._bar.stop()
            self._bar = _drawn = None

    def _redraw(self, at_once: bool = False) -> None:
        now = time.monotonic()
        if self._bar is not None and (at_once or now - self._redrawn >= _REDRAW):
            self._redrawn = now
            self._bar.refresh()


def begun(name: str) -> None:
    """Show the file at work, if there is a bar."""
    if _drawn is not None:
        _drawn.begun(name)


def stepped(done: int, steps: int, pixels: int) -> None:
    """Show the steps of the file at work that are done, if there is a bar."""
    if _drawn is not None:
        _drawn.stepped(done, steps, pixels)


def compiling(text: str) -> None:
    """Show at once that a kernel is compiled: nothing else is drawn until it is."""
    if _drawn is not None:
        _drawn.show(text, at_once=True)


def say(text: str, err: bool = True) -> None:
    """Print a line, beside the bar if there is one."""
    with nullcontext() if _drawn is None else _drawn.aside():
        click.echo(text, err=err)


def is_drawn() -> bool:
    """Say whether there is a bar on the terminal."""
    return _drawn is not None


def can_draw() -> bool:
    """Return whether standard error is a terminal that can redraw a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _live(bar: "Bar") -> "Live":
    """Return what draws a bar, from where the cursor is."""
    from rich.live import Live

    return Live(
        console=bar.console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        get_renderable=bar.get_renderable,
    )


def _bar(total: int) -> "Bar":
    """Return a bar that fits the terminal; on a narrow one it lies below the file at work."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    from .screen import console

    class OnTwoLines(Progress):
        """The file at work, and a bar below it."""

        def get_renderables(self) -> "Iterator[RenderableType]":
            for task in self.tasks:
                yield Text(task.description, no_wrap=True, overflow="ellipsis")
            yield self.make_tasks_table(self.tasks)

    screen = console()
    wide = screen.width >= _WIDE
    half = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns: list[ProgressColumn] = [BarColumn(None, table_column=Column(ratio=1, min_width=8))]
    if wide:
        columns.insert(0, TextColumn("{task.description}", markup=False, table_column=half))
    columns.append(MofNCompleteColumn())
    if wide:
        columns.append(TextColumn("{task.fields[rate]}"))
    if screen.width >= _WITH_TIME:
        columns.append(TimeRemainingColumn(compact=True))
    bar = (Progress if wide else OnTwoLines)(
        *columns,
        console=screen,
        expand=True,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=total, rate="")
    return bar
