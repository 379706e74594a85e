"""What went wrong with a file, in one line for the user."""

import traceback
from typing import Literal

from numbapool.errors import PoolError

from ..exits import AskedWrong, FileError, FolderClosed, NameTaken
from ..job import Job, Outcome

_LONGEST = 300  # characters of a library's message that are shown


def failed(job: Job, error: Exception, seconds: float = 0.0) -> Outcome:
    """Return the outcome of a job that `error` ended."""
    if isinstance(error, NameTaken) and job.writing.on_exists == "skip":
        return standing(job)  # another run wrote the output first
    return Outcome(
        job.source,
        job.target,
        "failed",
        reason=reason(error),
        trouble=_trouble(error),
        cause=cause(error),
        seconds=seconds,
        details="".join(traceback.format_exception(error)),
    )


def _trouble(error: Exception) -> Literal["", "taken", "folder", "asked"]:
    """Return what an error is of that other files of the run are likely to meet, too."""
    if isinstance(error, AskedWrong):
        return "asked"
    if isinstance(error, NameTaken):
        return "taken"
    return "folder" if isinstance(error, FolderClosed) else ""


def standing(job: Job) -> Outcome:
    """Return the outcome of a job whose output already exists."""
    return Outcome(job.source, job.target, "skipped", reason="it exists")


def reason(error: Exception) -> str:
    """Return what went wrong, in one line."""
    if isinstance(error, (FileError, PoolError)):
        return " ".join(str(error).split())
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    return f"unexpected {_said(error)} (--debug shows where)"


def cause(error: Exception) -> str:
    """Return the message of a library that a plainer message replaces, or ""."""
    return _said(error.__cause__) if isinstance(error.__cause__, Exception) else ""


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())[:_LONGEST]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
