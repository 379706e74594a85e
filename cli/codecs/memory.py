"""Memory: how much is available, and refusing files that take too much."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ..exits import FileError
from ..job import Reading

_UNKNOWN = 1 << 32  # bytes to assume if the system does not say
SHARE = 4  # a fraction of the available memory: inputs and results need room together
_GROUPS = Path("/sys/fs/cgroup")


def at_hand() -> int:
    """Return how many bytes of memory this process can get, within the system and its limits."""
    found: list[int] = []
    for look in (_free, _of_group, _of_process):
        with suppress(Exception):  # each system has only some of these sources
            found += look()
    return min(found, default=_UNKNOWN)


def refuse_large(what: str, size: int, reading: Reading) -> None:
    """Refuse to hold more in memory than `reading` allows.

    `what` begins the message, such as "it takes".
    """
    limit, whose = reading.max_bytes, "given"
    if limit is None:
        limit, whose = at_hand() // SHARE, "a quarter of the available memory"
    if size > limit:
        raise FileError(
            f"{what} {size:,} bytes, past the limit of {limit:,} ({whose}): if there is room for "
            f"them, give --max-bytes {size}"
        )


def _free() -> Iterator[int]:
    if sys.platform == "win32":
        import ctypes

        # MEMORYSTATUSEX: two numbers of 32 bits, the first is its size; then seven of 64 bits.
        status = (ctypes.c_uint64 * 8)()
        status[0] = ctypes.sizeof(status)
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            yield status[2]
    elif sys.platform == "linux":
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                yield int(rest.split()[0]) << 10
    else:  # the system's free memory does not count caches that can be dropped: take all memory
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_group() -> Iterator[int]:
    """Yield the limits of the process's group on Linux, such as a container's."""
    places = [_GROUPS / "memory" / "memory.limit_in_bytes"]
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, _, path = line.split(":", 2)
        if number == "0":
            group = _GROUPS / path.lstrip("/")
            places += [place / "memory.max" for place in (group, *group.parents)]
    for place in places:
        with suppress(OSError, ValueError):  # missing, or "max"
            yield int(place.read_text())


def _of_process() -> Iterator[int]:
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        yield most
