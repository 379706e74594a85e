"""What it takes to pool on a GPU: what is there, what is not, and what to do.

``pool doctor`` shows it all. A call that would use a GPU raises the first thing that is amiss.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, NamedTuple

from numbapool.cuda import driver
from numbapool.errors import PoolDeviceError

OLDEST_DRIVER = (12, 0)
"""The oldest driver that the packages for CUDA 12 work with."""

OLDEST_CARD = (7, 5)
"""The least capability: Turing, of 2018."""

PACKAGE, BINDINGS = "numba-cuda", "cuda-bindings"
"""The package that compiles, and the one whose version tells which CUDA it compiles for."""

HAPPENED = (
    "CUDA was started before this process was forked, and does not work in the child: start "
    "processes by 'spawn' or 'forkserver', or pool on the CPU"
)


class Found(NamedTuple):
    """What a check found."""

    label: str
    text: str
    data: Any = None
    """The same for JSON, if it is more than the text."""
    advice: str = ""
    """What to do; empty if all is well."""


def simulated() -> bool:
    """Say whether Numba simulates a GPU in this process."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def extra() -> str:
    """Return the command that installs the packages for this driver."""
    try:
        newest = driver.version() if driver.library() else None
    except driver.DriverError:
        newest = None
    if newest is None:
        return "pip install 'numbapool[cuda13]', or 'numbapool[cuda12]' for a driver before 580"
    return f"pip install 'numbapool[cuda{13 if newest >= (13, 0) else 12}]'"


def package() -> Found:
    """Look for the package that compiles for GPUs."""
    if find_spec("numba_cuda") is None:
        return Found("package", f"{PACKAGE} is not installed", False, extra())
    return Found("package", f"{PACKAGE} {_version(PACKAGE) or 'of an unknown version'}")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def needed() -> tuple[int, int]:
    """Return the version of CUDA that the driver must support for what is installed."""
    bindings = _version(BINDINGS) or ""
    major = bindings.partition(".")[0]
    return max(OLDEST_DRIVER, (int(major), 0)) if major.isdigit() else OLDEST_DRIVER


def the_driver() -> Found:
    """Look for the driver, and for its version."""
    if driver.library() is None:
        advice = "install NVIDIA's driver; in a container, give it the GPUs (docker run --gpus all)"
        return Found("driver", f"there is no NVIDIA driver ({driver.NAMES[0]})", False, advice)
    try:
        newest = driver.version()
    except (driver.DriverError, AttributeError) as error:
        return Found("driver", str(error), False, "install NVIDIA's driver again")
    text, least = "for CUDA {}.{}".format(*newest), needed()
    if newest >= least:
        return Found("driver", text, list(newest))
    text = "the NVIDIA driver is too old: it is {}, and CUDA {}.{} is needed".format(text, *least)
    advice = f"update the driver to {580 if least[0] > 12 else 525} or later"
    if newest >= OLDEST_DRIVER:
        advice += ", or pip install 'numbapool[cuda12]'"
    return Found("driver", text, False, advice)


def devices() -> Iterator[Found]:
    """Look for devices, and for what each can do."""
    try:
        cards = driver.cards()
    except (driver.DriverError, AttributeError) as error:
        number = getattr(error, "number", None)
        if number != driver.NO_DEVICE:
            advice = HAPPENED if number == driver.NOT_INITIALIZED else "run nvidia-smi, or reboot"
            yield Found("device", f"the NVIDIA driver does not start: {error}", False, advice)
            return
        cards = []
    if not cards:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        advice = "see nvidia-smi" if hidden is None else f"CUDA_VISIBLE_DEVICES is {hidden!r}"
        yield Found("device", "there is no GPU that CUDA can use", False, advice)
    for card in cards:
        text = "{}, of capability {}.{}".format(card.name, *card.capability)
        advice = ""
        if card.capability < OLDEST_CARD:
            text, advice = f"{text}, is too old", "take a GPU of capability 7.5 or more, or the CPU"
        yield Found(f"device {card.number}", text, card._asdict(), advice)


def compiler() -> Found:
    """Look for the compiler's library."""
    try:
        from cuda.pathfinder import load_nvidia_dynamic_lib

        place = load_nvidia_dynamic_lib("nvvm").abs_path
    except Exception as error:  # whatever keeps it from being loaded
        first = (str(error).splitlines() or [type(error).__name__])[0]
        return Found("compiler", f"libnvvm cannot be loaded: {first}", False, extra())
    return Found("compiler", "libnvvm", str(place))


def findings() -> Iterator[Found]:
    """Yield what every check finds; what cannot be asked without the driver is left out."""
    if simulated():
        yield Found("GPU", "simulated by Numba, in plain Python (NUMBA_ENABLE_CUDASIM)")
        return
    installed = package()
    yield installed
    found = the_driver()
    yield found
    if not found.advice:
        yield from devices()
    if not installed.advice:
        yield compiler()


def amiss(device: int | None = None) -> str:
    """Return the first thing that keeps a device from being used, with what to do; "" if nothing.

    Without a device the driver is not started: after that, this process could not be forked.
    """
    if simulated():
        return ""
    parts = (package(), the_driver()) if device is None else findings()
    named = f"device {device}"
    for found in parts:
        if found.advice and (not found.label.startswith("device ") or found.label == named):
            return f"no GPU can be used: {found.text}: {found.advice}"
    return ""


_usable: dict[int, set[int]] = {}
"""By process: the devices that can be used."""


def require(device: int = 0) -> None:
    """Raise the first thing that keeps a device from being used.

    Raises
    ------
    PoolDeviceError
        In one line: what is amiss, and what to do.
    """
    here = os.getpid()
    known = _usable.get(here)
    if known is not None and device in known:
        return
    if _usable and known is None and not simulated():
        raise PoolDeviceError(HAPPENED)
    wrong = amiss(device)
    if wrong:
        raise PoolDeviceError(wrong)
    _usable.setdefault(here, set()).add(device)
