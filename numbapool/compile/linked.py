"""Machine code from an object file into this process: by hand if it is simple, else by LLVM.

Importing LLVM takes some 40 ms, more than all else that a kernel from the disk needs. And there is
little for LLVM to do. A kernel's sections lie in memory one behind the other, some places in them
are filled with addresses, and it may call a few functions of the C library. So on Linux and x86-64
that is done here, and LLVM loads each file that has any other part.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable, Iterable
from struct import iter_unpack, pack_into, unpack_from
from typing import Any

from numbapool.compile import elf
from numbapool.compile.contract import ENTRY, PROTOTYPE

OBJECT, X86_64 = 1, 62
"""A file's type and machine."""

WRITTEN, LOADED, PER_THREAD = 1, 2, 0x400
"""Flags of sections."""

ADDRESS, DISTANCE = 1, 24
"""What a place of 8 bytes is filled with: an address, or how far from the place it is."""

OF_C = (b"memcpy", b"memmove", b"memset")
"""The functions of the C library that are known here."""


class Unknown(Exception):
    """An object file has a part that is not known here."""


class Kernel:
    """Machine code in this process: its address, and the function for calling it.

    Raises
    ------
    Unresolved
        If the code needs one of the `names`, and this process lacks that.
    """

    def __init__(self, code: bytes, names: Iterable[str] = ()) -> None:
        self._kept: Any
        try:
            self._kept, self.address = linked(code)
        except (Unknown, OSError):  # the system may give no memory that can be run
            from numbapool.compile.engine import loaded

            self._kept, self.address = loaded(code, names)
        self.call = PROTOTYPE(self.address)


def linked(code: bytes) -> tuple[mmap.mmap, int]:
    """Return memory that holds an object file's code, and the address of its entry.

    Raises
    ------
    Unknown, OSError
    """
    known = sys.platform == "linux" and code.startswith(elf.MARK)
    if not known or unpack_from("<HH", code, 16) != (OBJECT, X86_64):
        raise Unknown
    sections = elf.sections(code)
    places, size = placed(sections)
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    symbols = list(elf.symbols(code, sections))

    def address(number: int) -> int:
        symbol = symbols[number]
        if symbol.section in places:
            return base + places[symbol.section] + symbol.value
        if symbol.section:
            raise Unknown
        return of_c(symbol.name)

    for number, place in places.items():
        section = sections[number]
        memory[place : place + section.size] = section.content(code)
    for section in sections:
        if section.kind == elf.FILLINGS and section.info in places:
            fill(memory, base, places[section.info], section.content(code), address)
    seal(base, size)
    (entry,) = [n for n, symbol in enumerate(symbols) if symbol.name == ENTRY.encode()]
    return memory, address(entry)


def placed(sections: list[elf.Section]) -> tuple[dict[int, int], int]:
    """Return where in memory each section that is loaded begins, and where the last ends."""
    places, end = {}, 0
    for number, section in enumerate(sections):
        if section.flags & LOADED and section.size:
            if section.flags & (WRITTEN | PER_THREAD) or section.kind == elf.ZEROS:
                raise Unknown
            places[number] = -(-end // section.step) * section.step
            end = places[number] + section.size
    return places, end


def of_c(name: bytes) -> int:
    """Return the address of a function of the C library."""
    if name not in OF_C:
        raise Unknown
    function = getattr(ctypes.CDLL(None), name.decode())
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def fill(
    memory: mmap.mmap, base: int, place: int, fillings: bytes, address: Callable[[int], int]
) -> None:
    """Fill the places of a section that begins at a `place` of the memory."""
    for at, kind, symbol, more in iter_unpack("<QIIq", fillings):
        value = address(symbol) + more
        if kind == DISTANCE:
            value -= base + place + at
        elif kind != ADDRESS:
            raise Unknown
        pack_into("<q", memory, place + at, value)


def seal(base: int, size: int) -> None:
    """Let the memory be run, and no longer be written to."""
    mode = mmap.PROT_READ | mmap.PROT_EXEC
    if ctypes.CDLL(None).mprotect(ctypes.c_void_p(base), ctypes.c_size_t(size), mode):
        raise OSError("the system lets no memory be run that was written to")
