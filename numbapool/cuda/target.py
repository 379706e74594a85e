"""The CUDA target: the only file that names the package that compiles for it.

That is numba-cuda, which takes the place of Numba's own ``numba.cuda``; the simulator of either
serves where there is no GPU (``NUMBA_ENABLE_CUDASIM=1``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from numbapool.cuda import driver


@contextmanager
def row_stack() -> Iterator[None]:
    """Lend NumPy the name `row_stack`, which numba-cuda looks up and NumPy 2.5 has no more."""
    lent = not hasattr(np, "row_stack")
    if lent:
        np.row_stack = np.vstack  # noqa: NPY201
    try:
        yield
    finally:
        if lent:
            del np.row_stack  # noqa: NPY201


def _imported() -> tuple[Any, bool]:
    """Return the module of the target, and whether it is simulated."""
    with row_stack():
        module = import_module("numba.cuda")
        simulated = bool(import_module("numba.core.config").ENABLE_CUDASIM)
        if not simulated:
            try:
                import_module("numba.cuda.np.arrayobj")
            except ModuleNotFoundError:
                pass  # Numba's own target
    return module, simulated


def _overload() -> Any:
    try:
        own = import_module("numba.cuda.extending").overload
    except (ModuleNotFoundError, AttributeError):
        own = import_module("numba.extending").overload
    # Not strict, so that users' methods may name their parameters as they like.
    return lambda function: own(function, target="cuda", strict=False)


cuda, SIMULATED = _imported()

overload: Any = (lambda function: lambda typing: typing) if SIMULATED else _overload()
"""Registers what stands for a function in kernels; the simulator runs the function itself."""


def _intrinsic() -> Any:
    try:
        return import_module("numba.cuda.extending").intrinsic
    except (ModuleNotFoundError, AttributeError):
        return import_module("numba.extending").intrinsic


intrinsic: Any = None if SIMULATED else _intrinsic()
"""Makes a function of the target's own instructions."""


def is_float(kind: Any) -> bool:
    """Say whether a type of the target is one of floats."""
    return type(kind).__name__ == "Float"


def current_device() -> int:
    """Return the number of the device that arrays are made on."""
    return 0 if SIMULATED else driver.current()


def types_of() -> Any:
    """Return the module of the target's types."""
    return import_module("numba.cuda.types")


def numba_dtype(dtype: Any) -> Any:
    """Return the target's type of numbers of a dtype."""
    if dtype == np.bool_:
        return types_of().boolean
    return import_module("numba.cuda.np.numpy_support").from_dtype(np.dtype(dtype))


def handle_of(stream: Any) -> int:
    """Return the handle of a stream as launches take it."""
    if stream is None or isinstance(stream, int):
        return stream or 0
    handle = stream.handle
    return int(getattr(handle, "value", handle) or 0)


_configuring = threading.Lock()


@contextmanager
def small_grids() -> Iterator[None]:
    """Leave out Numba's warning that a grid is small, which is all the work that there is.

    Other kernels' warnings stay as they are.
    """
    if SIMULATED:
        yield
        return
    config = import_module("numba.cuda.dispatcher").config
    with _configuring:
        told = config.CUDA_LOW_OCCUPANCY_WARNINGS
        config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
        try:
            yield
        finally:
            config.CUDA_LOW_OCCUPANCY_WARNINGS = told


def launcher(kernel: Any, grid: Any, block: Any, stream: Any) -> Any:
    """Return ``kernel[grid, block, stream]``."""
    with small_grids():
        return kernel[grid, block, stream]


def array_of(x: Any) -> Any:
    """Return an array on a device as launches take it: of any library, none is copied."""
    if SIMULATED or getattr(x, "__cuda_ndarray__", False):
        return x
    return cuda.as_cuda_array(x, sync=False)  # the caller sees to the streams


def stream_of(given: Any) -> Any:
    """Return a stream as launches take it: None is the default stream, a number is a handle."""
    if given is None or SIMULATED:
        return 0
    return cuda.external_stream(given) if isinstance(given, int) and given else given
