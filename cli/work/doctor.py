"""The checks of ``pool doctor``: each yields findings, with advice if something is wrong."""

import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata, version
from typing import Any

from numbapool.records import dataclass

from ..job import Device
from ..telling.reasons import reason

_PACKAGES = ("numba", "llvmlite", "numpy", "pillow", "click")

# Common formats, and the feature of Pillow that each needs.
_FORMATS = {
    "JPEG": "jpg",
    "PNG": "zlib",
    "WebP": "webp",
    "TIFF": "libtiff",
    "AVIF": "avif",
    "GIF": "",
    "JPEG 2000": "jpg_2000",
}

_LAYERS = {"tbb": "tbbpool", "omp": "omppool", "workqueue": "workqueue"}

# The layers that Numba chooses from if NUMBA_THREADING_LAYER names a property.
_WITH_PROPERTY = {
    "safe": ("tbb",),
    "threadsafe": ("tbb", "omp"),
    "forksafe": ("tbb", "workqueue", *(() if platform.system() == "Linux" else ("omp",))),
}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes
    ----------
    label, text
        As shown to a person.
    data
        As written in JSON, if it differs from the text.
    advice
        What to do, if this is a problem.
    """

    label: str
    text: str
    data: Any = None
    advice: str = ""


def versions() -> Iterator[Finding]:
    """Yield the versions of all parts."""
    from numbapool import __version__

    yield Finding("numbapool", __version__)
    yield Finding("Python", f"{platform.python_version()} ({platform.python_implementation()})")
    for name in _PACKAGES:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, "missing", advice=f"pip install {name}")
    yield Finding("system", f"{platform.system()} {platform.release()} ({platform.machine()})")
    try:
        from llvmlite.binding import get_host_cpu_name

        yield Finding("processor", os.environ.get("NUMBA_CPU_NAME") or str(get_host_cpu_name()))
    except Exception as error:
        advice = "pip install --force-reinstall llvmlite numba"
        yield Finding("processor", f"llvmlite does not load: {reason(error)}", advice=advice)


def threads() -> Iterator[Finding]:
    """Yield the threads and the threading layer that Numba would use."""
    from numbapool.kernels import thread_count

    try:
        from numba import config
    except Exception as error:
        advice = "pip install --force-reinstall numba"
        yield Finding("layer", f"numba does not load: {reason(error)}", advice=advice)
        return
    there = [name for name, module in _LAYERS.items() if _imports(f"numba.np.ufunc.{module}")]
    asked = str(config.THREADING_LAYER)
    wanted = config.THREADING_LAYER_PRIORITY if asked == "default" else [asked]
    wanted = _WITH_PROPERTY.get(asked, wanted)
    layer = next((name for name in wanted if name in there), None)
    found = f"there are {', '.join(there)}" if there else "there is none"
    data = {"used": layer, "there": there}
    if layer:
        yield Finding("layer", f"{layer} ({found})", data)
    else:
        advice = "unset NUMBA_THREADING_LAYER, or pip install tbb"
        yield Finding("layer", f"none that is {asked} ({found})", data, advice)
    with suppress(ValueError):  # without a layer Numba cannot count threads
        yield Finding("threads", str(thread_count()), thread_count())
    names = sorted(name for name in os.environ if name.startswith("NUMBA_"))
    set_ = {name: os.environ[name] for name in names}
    text = " ".join(f"{name}={value}" for name, value in set_.items())
    advice = (
        "unset NUMBA_DISABLE_JIT: kernels run as slow plain Python" if config.DISABLE_JIT else ""
    )
    yield Finding("variables", text or "no NUMBA_… is set", set_, advice)


def _imports(module: str) -> bool:
    try:
        import_module(module)
    except Exception:
        return False
    return True


def kernels() -> Iterator[Finding]:
    """Yield where compiled kernels are kept, and how many there are."""
    from numbapool.kernels import place

    folder, trouble = place()
    if folder is None:
        advice = "set NUMBA_CACHE_DIR to a folder that only you can write to"
        yield Finding("folder", f"none: {trouble}", advice=advice)
        return
    sizes = [path.stat().st_size for path in folder.glob("*.o")]
    yield Finding("folder", f"{folder} (can be written)", str(folder))
    if trouble:
        yield Finding("note", trouble)
    data = {"count": len(sizes), "bytes": sum(sizes)}
    yield Finding("kept", f"{len(sizes)} kernels, {sum(sizes):,} bytes", data)


def formats() -> Iterator[Finding]:
    """Yield the formats that can be read and written here."""
    try:
        from PIL import features

        supported = features.get_supported()
    except Exception as error:
        advice = "pip install --force-reinstall pillow"
        yield Finding("pictures", f"pillow does not load: {reason(error)}", advice=advice)
        return
    known = {name: not part or part in supported for name, part in _FORMATS.items()}
    here = [name for name, is_here in known.items() if is_here]
    yield Finding("pictures", ", ".join(here), here)
    missing = [name for name, is_here in known.items() if not is_here]
    if missing:
        advice = "pip install --upgrade --force-reinstall pillow: its wheels have them"
        yield Finding("not here", ", ".join(missing), missing, advice)
    yield Finding("arrays", ".npy, .npz", [".npy", ".npz"])


def extras() -> Iterator[Finding]:
    """Yield whether the optional packages are installed."""
    try:
        about = metadata("numbapool")
    except PackageNotFoundError:
        return
    needs = about.get_all("Requires-Dist") or []
    for extra in about.get_all("Provides-Extra") or []:
        names = [
            found[0]
            for need in needs
            if re.search(rf"extra == ['\"]{re.escape(extra)}['\"]", need)
            and (found := re.match(r"[\w.-]+", need))
            and found[0] != "numbapool"
        ]
        missing = [name for name in names if not _installed(name)]
        text = f"without {', '.join(missing)}" if missing else "all there"
        yield Finding(extra, text, {"there": not missing, "missing": missing})


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def gpu() -> Iterator[Finding]:
    """Yield what pooling on a GPU takes. It is a problem only if some of it is there."""
    from numbapool.cuda.doctor import findings

    found = list(findings())
    begun = not all(each.advice for each in found[:2])
    for label, text, data, advice in found:
        if not begun and advice:
            text, advice = f"{text} (to use a GPU: {advice})", ""
        yield Finding(label, text, data, advice)
    if not any(each.advice for each in found):
        yield _tested("cuda")


def self_test() -> Iterator[Finding]:
    """Pool a small array with a known result, twice; the first call compiles or loads a kernel."""
    yield _tested("cpu")


def _tested(device: Device) -> Finding:
    advice = "report it, with all of this"
    if device == "cpu":
        advice = f"take the kernels' folder away and try again; then {advice}"
    try:
        first, times = _pooled(device)
    except Exception as error:
        return Finding("result", f"failed: {reason(error)}", {"right": False}, advice)
    if first:
        return Finding("result", f"wrong: {first}", {"right": False}, advice)
    text = f"right, in {_shown(times[0])} the first time and {_shown(times[1])} the next"
    return Finding("result", text, {"right": True, "seconds": times})


def _shown(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1e3 * seconds:.0f} ms" if seconds >= 0.01 else f"{1e3 * seconds:.2f} ms"


def _pooled(device: Device) -> tuple[str, list[float]]:
    """Return what was wrong, or "", and the seconds of each call."""
    import numpy as np

    from numbapool import avg_pool2d

    from ..telling.compiling import pooling

    array = np.arange(1, 33, dtype=np.float32).reshape(4, 8)
    pooling("avg", array.dtype)
    known = [[5.5, 7.5, 9.5, 11.5], [21.5, 23.5, 25.5, 27.5]]
    times = []
    for _ in range(2):
        start = time.perf_counter()
        result = avg_pool2d(array, 2, device=device).tolist()
        times.append(time.perf_counter() - start)
        if result != known:
            return f"the mean of a known array came out as {result}, not {known}", times
    return "", times


CHECKS = {
    "versions": versions,
    "threads": threads,
    "kernels": kernels,
    "formats": formats,
    "extras": extras,
    "gpu": gpu,
    "self-test": self_test,
}
