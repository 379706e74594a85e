"""How a run can end, and the exceptions that end it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells the one that started it."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    NO_INPUT = 3
    INTERRUPTED = 130


class FileError(Exception):
    """One file cannot be read, pooled or written. The message is for a person, in one line."""


class NameTaken(FileError):
    """An output's name is taken, be it since a moment ago by another run."""


class OutputLost(Exception):
    """Standard output takes nothing more. The message is why, empty where its reader has gone."""


class NoInput(Exception):
    """Nothing was found to work on."""
