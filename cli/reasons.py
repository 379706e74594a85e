"""What went wrong with a file, in one line for a person."""

from numbapool.errors import PoolError

from .exits import FileError


def reason(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, (FileError, PoolError)):
        return " ".join(str(error).split())
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    text = " ".join(str(error).split())
    return f"unexpected {type(error).__name__}: {text} (--debug shows where)"
