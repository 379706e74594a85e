"""Object files in ELF, the format of Linux: their sections, and the symbols that they name."""

from __future__ import annotations

from collections.abc import Iterator
from struct import iter_unpack, unpack_from
from typing import NamedTuple

MARK = b"\x7fELF\x02\x01"
"""How files for little-endian machines of 64 bits begin."""

SYMBOLS, FILLINGS, ZEROS = 2, 4, 8
"""Kinds of sections: of symbols, of places to be filled, and of zeros that the file leaves out."""


class Section(NamedTuple):
    """A section: what its header says."""

    name: int
    kind: int
    flags: int
    address: int
    at: int
    size: int
    link: int
    """The section that goes with this one: a table of symbols, or their names."""
    info: int
    """The section whose places are filled."""
    step: int
    """It begins at a multiple of this."""
    entry: int

    def content(self, code: bytes) -> bytes:
        """Return what the section of a file holds."""
        return code[self.at : self.at + self.size]


def sections(code: bytes) -> list[Section]:
    """Return a file's sections."""
    (start,) = unpack_from("<Q", code, 40)
    size, count = unpack_from("<HH", code, 58)
    return [Section(*unpack_from("<IIQQQQIIQQ", code, start + n * size)) for n in range(count)]


class Symbol(NamedTuple):
    """A name, and where it stands: in which section, and how far from its beginning."""

    name: bytes
    section: int
    """0 if the file does not hold it."""
    value: int


def symbols(code: bytes, found: list[Section]) -> Iterator[Symbol]:
    """Yield a file's symbols, in the order of their numbers."""
    for table in found:
        if table.kind == SYMBOLS:
            names = found[table.link].content(code)
            for name, _, _, section, value, _ in iter_unpack("<IBBHQQ", table.content(code)):
                yield Symbol(names[name : names.index(b"\0", name)], section, value)
