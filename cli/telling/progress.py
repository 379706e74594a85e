"""The progress line on the terminal."""

import os
import shutil
import sys
import time

from ..job import Outcome

_REDRAW = 0.1  # seconds


class Progress:
    """Files done, megapixels per second and the time left, redrawn in place on standard error."""

    def __init__(self, total: int, visible: bool) -> None:
        self.total, self.visible = total, visible
        self.files = self.pixels = 0
        self.start = time.monotonic()
        self._drawn = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count a file."""
        self.files += 1
        self.pixels += outcome.pixels
        now = time.monotonic()
        if self.visible and (now - self._drawn >= _REDRAW or self.files == self.total):
            self._drawn = now
            columns = shutil.get_terminal_size().columns
            sys.stderr.write("\r\x1b[K" + self.line(now - self.start)[: columns - 1])
            sys.stderr.flush()

    def clear(self) -> None:
        """Clear the line, so that other text can be written."""
        if self.visible and self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def line(self, seconds: float) -> str:
        """Return the line after so many seconds."""
        share = self.files / self.total
        filled = round(share * 24)
        left = seconds / share - seconds
        rate = self.pixels / 1e6 / seconds if seconds else 0.0
        return (
            f"[{'#' * filled}{'.' * (24 - filled)}] {self.files}/{self.total} files  "
            f"{rate:.0f} MP/s  {clock(left)} left"
        )


def clock(seconds: float) -> str:
    """Return a time as 0:07, 12:40 or 3:05:00."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def can_draw() -> bool:
    """Return whether standard error is a terminal that can redraw a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
