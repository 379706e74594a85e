"""Explain to the user why a library could not read a file.

The library's own message is kept as the cause of the `FileError`, which -v and --debug show.
"""

import errno
import re

from ..telling.reasons import reason

CUT_SHORT = "it is cut short: a part of its data is missing"

_SAYS_CUT_SHORT = re.compile(
    r"truncated|not enough|too small|incomplete|\beof\b|end of|not processed|to read [0-9]+ bytes",
    re.IGNORECASE,
)
_OTHER_KIND = re.compile(
    r"unsupported|unknown|not a known|not (supported|implemented)", re.IGNORECASE
)


def broken(error: Exception) -> str:
    """Return in one line what is wrong with a file for which a library raised `error`."""
    if isinstance(error, MemoryError):
        return reason(error)
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        return reason(
            error
        )  # the disk's error, not the file's; EINVAL comes from a seek outside the file
    text = str(error)
    if isinstance(error, EOFError) or _SAYS_CUT_SHORT.search(text):
        return CUT_SHORT
    if isinstance(error, NotImplementedError) or _OTHER_KIND.search(text):
        return "it is of a type that pool does not read, or damaged"
    return "it is damaged: its data cannot be decoded"
