"""The NVIDIA driver, asked by its own library: which version it is, and which devices it has.

No package is needed to ask, so errors can tell what is missing before anything is imported.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache
from typing import Any, NamedTuple

NAMES = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")

NOT_INITIALIZED, NO_DEVICE = 3, 100
"""The driver's numbers of errors: CUDA was started before a fork; there is no device."""

MAJOR, MINOR, ORDINAL = 75, 76, 9
"""The driver's numbers of attributes: a device's capability, and a pointer's device."""


class DriverError(Exception):
    """The driver refused a call; the number tells why."""

    def __init__(self, call: str, number: int) -> None:
        super().__init__(f"{call} failed with error {number}{name_of(number)}")
        self.number = number


class Card(NamedTuple):
    """A device."""

    number: int
    name: str
    capability: tuple[int, int]


@lru_cache(maxsize=1)
def library() -> Any:
    """Return the driver's library, or None. The variable NUMBA_CUDA_DRIVER may name another."""
    load = getattr(ctypes, "WinDLL", ctypes.CDLL)  # as Windows calls functions
    for name in filter(None, (os.environ.get("NUMBA_CUDA_DRIVER"), *NAMES)):
        try:
            return load(name)
        except OSError:
            continue
    return None


def ask(call: str, *arguments: Any) -> None:
    """Call the driver.

    Raises
    ------
    DriverError
        If it refuses.
    """
    number = getattr(library(), call)(*arguments)
    if number:
        raise DriverError(call, number)


def name_of(number: int) -> str:
    """Return the driver's name of an error, in brackets, if it has one."""
    text = ctypes.c_char_p()
    try:
        library().cuGetErrorName(number, ctypes.byref(text))
    except AttributeError:
        pass
    return f" ({text.value.decode()})" if text.value else ""


def version() -> tuple[int, int]:
    """Return the newest version of CUDA that the driver supports."""
    found = ctypes.c_int()
    ask("cuDriverGetVersion", ctypes.byref(found))
    return found.value // 1000, found.value % 1000 // 10


def cards() -> list[Card]:
    """Start the driver and return the devices."""
    ask("cuInit", 0)
    count = ctypes.c_int()
    ask("cuDeviceGetCount", ctypes.byref(count))
    return [card(number) for number in range(count.value)]


def card(number: int) -> Card:
    """Return a device of the driver, which must have been started."""
    device, name = ctypes.c_int(), ctypes.create_string_buffer(128)
    ask("cuDeviceGet", ctypes.byref(device), number)
    ask("cuDeviceGetName", name, len(name), device)
    capability = []
    for attribute in (MAJOR, MINOR):
        found = ctypes.c_int()
        ask("cuDeviceGetAttribute", ctypes.byref(found), attribute, device)
        capability.append(found.value)
    return Card(number, name.value.decode(), (capability[0], capability[1]))


def current() -> int:
    """Return the number of this thread's current device, or -1 if it has none."""
    found = ctypes.c_int()
    return found.value if not library().cuCtxGetDevice(ctypes.byref(found)) else -1


def device_of(pointer: int) -> int:
    """Return the number of the device whose memory a pointer points to."""
    found = ctypes.c_int()
    ask("cuPointerGetAttribute", ctypes.byref(found), ORDINAL, ctypes.c_uint64(pointer))
    return found.value
