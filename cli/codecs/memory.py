"""Memory: how much there is, and refusing what would take too much of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..exits import FileError
from ..job import Reading

_UNKNOWN = 1 << 32  # bytes taken to be there where the system does not say
_SHARE = 4  # of what is at hand: results stand beside what they are made of
_GROUPS = Path("/sys/fs/cgroup")


def at_hand() -> int:
    """Give the bytes that this process could have, as the system and its limits say."""
    found: list[int] = []
    for look in (_free, _of_group, _of_process):
        with suppress(Exception):  # each system answers some of them
            found += look()
    return min(found, default=_UNKNOWN)


def refuse_large(what: str, size: int, reading: Reading) -> None:
    """Refuse what would have to be held in memory and is more than `reading` allows.

    `what` begins the message, as "it takes".
    """
    limit, whose = reading.max_bytes, "given"
    if limit is None:
        limit, whose = at_hand() // _SHARE, "a quarter of the memory at hand"
    if size > limit:
        raise FileError(
            f"{what} {size:,} bytes, past the limit of {limit:,} ({whose}): if there is room for "
            f"them, give --max-bytes {size}"
        )


def _free() -> Iterator[int]:
    if sys.platform == "win32":
        import ctypes

        # MEMORYSTATUSEX: two numbers of 32 bits, of which the first is its size, seven of 64.
        status = (ctypes.c_uint64 * 8)()
        status[0] = ctypes.sizeof(status)
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            yield status[2]
    elif sys.platform == "linux":
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                yield int(rest.split()[0]) << 10
    else:  # what is free there counts no caches that would make room: all there is, then
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_group() -> Iterator[int]:
    """Give what Linux lets the process's group have, as a container's has a limit."""
    places = [_GROUPS / "memory" / "memory.limit_in_bytes"]
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, _, path = line.split(":", 2)
        if number == "0":
            group = _GROUPS / path.lstrip("/")
            places += [place / "memory.max" for place in (group, *group.parents)]
    for place in places:
        with suppress(OSError, ValueError):  # it is not there, or says "max"
            yield int(place.read_text())


def _of_process() -> Iterator[int]:
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        yield most
