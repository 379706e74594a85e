"""What is wrong with a file that a library could not read, in words for a person.

The library's own are kept as the cause of the `FileError`, which -v and --debug show.
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
    """Say in one line what is wrong with a file of which a library said `error`."""
    if isinstance(error, MemoryError):
        return reason(error)
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        return reason(error)  # the disk's, not the file's; EINVAL is of a seek to nowhere
    text = str(error)
    if isinstance(error, EOFError) or _SAYS_CUT_SHORT.search(text):
        return CUT_SHORT
    if isinstance(error, NotImplementedError) or _OTHER_KIND.search(text):
        return "it is of a kind that is not read, or damaged"
    return "it is damaged: its data cannot be decoded"
