"""The names that an object file needs from the process that loads it.

LLVM writes an object file in its system's format: ELF, Mach-O on macOS, COFF on Windows. A name
that nobody knows is no error when the file is loaded: it becomes the address 0, and a call of it
ends the process. So who loads code of others looks at its names first.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import iter_unpack, unpack_from

from numbapool.compile import elf

MACHO = b"\xcf\xfa\xed\xfe"
"""How files of Mach-O for little-endian machines of 64 bits begin."""

COFF = b"\x64\x86", b"\x64\xaa"
"""The same of COFF: the numbers of x86-64 and of Arm."""

UNKNOWN = "?"

SYMBOLS = 2
"""The number of a Mach-O command that holds the symbols."""

IGNORED = {"", "_GLOBAL_OFFSET_TABLE_", "_fltused"}
"""Names that ask for nothing."""

EXTERNAL = 2
"""COFF's class of symbols that other files know."""


class Unresolved(Exception):
    """Machine code needs a function that this process lacks."""


def undefined(code: bytes) -> set[str]:
    """Return the names that an object file uses and does not hold.

    That of a file in another format is a name that no process knows.
    """
    if code.startswith(elf.MARK):
        names = _elf(code)
    elif code.startswith(MACHO):
        names = _macho(code)
    elif code[:2] in COFF:
        names = _coff(code)
    else:
        return {UNKNOWN}
    return {name.decode() for name in names} - IGNORED


def _text(code: bytes, at: int) -> bytes:
    return code[at : code.index(b"\0", at)]


def _elf(code: bytes) -> Iterator[bytes]:
    for symbol in elf.symbols(code, elf.sections(code)):
        if not symbol.section:
            yield symbol.name


def _macho(code: bytes) -> Iterator[bytes]:
    (commands,) = unpack_from("<I", code, 16)
    place = 32
    for _ in range(commands):
        kind, size = unpack_from("<II", code, place)
        if kind == SYMBOLS:
            at, count, names, _ = unpack_from("<IIII", code, place + 8)
            for name, flags, _, _, value in iter_unpack("<IBBHQ", code[at : at + 16 * count]):
                if flags & 0x0E == 0 and not value:
                    yield _text(code, names + name).removeprefix(b"_")
        place += size


def _coff(code: bytes) -> Iterator[bytes]:
    at, count = unpack_from("<II", code, 8)
    names, n = at + 18 * count, 0
    while n < count:
        place = at + 18 * n
        zero, name = unpack_from("<II", code, place)
        value, section, _, kind, more = unpack_from("<IhHBB", code, place + 8)
        if section == 0 and kind == EXTERNAL and not value:
            yield code[place : place + 8].rstrip(b"\0") if zero else _text(code, names + name)
        n += 1 + more
