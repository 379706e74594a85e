"""Exit codes, and the exceptions that lead to them."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of the process."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    NO_INPUT = 3
    INTERRUPTED = 130


class FileError(Exception):
    """One file cannot be read, pooled or written. The message is one line for the user."""


class NameTaken(FileError):
    """An output exists already; another run may have just written it."""


class FolderClosed(FileError):
    """A folder that outputs go to cannot be written to: no other output of it can."""


class AskedWrong(FileError):
    """What the command line asks of a file cannot be done: the exit code is 2."""


class OutputLost(Exception):
    """Standard output cannot be written. The message says why, or is empty if the reader left."""


class NoInput(Exception):
    """No input was found."""
