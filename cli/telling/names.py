"""Names of files as the user sees them."""

from ..job import STREAM


def shown(path: object) -> str:
    """Return a path as one printable line, whatever bytes it is made of."""
    text = "standard input" if str(path) == STREAM else str(path)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
