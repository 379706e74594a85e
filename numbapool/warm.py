"""Kernels compiled ahead of their first use.

A kernel is compiled once per reducer and types that it reads and writes, not per shape. But each
kind of window takes another kernel: windows of a few elements, small windows, large windows that
overlap, wide windows that hardly overlap (:mod:`numbapool.plan` decides). So a small array warms
the kernels for a large array with the same windows, if columns are grouped alike in both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from inspect import Parameter, signature
from math import lcm
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numbapool import functional
from numbapool.compile import compiled
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.windows.layout import ALL_FORMATS, FORMATS, known_format
from numbapool.windows.numbers import whole_numbers

FUNCTIONS = ("max_pool2d", "min_pool2d", "avg_pool2d", "sum_pool2d")
DTYPES = ("uint8", "uint16", "float32")

SAMPLES: dict[str, Any] = {
    "kernel_size": 2,
    "output_size": 2,
    "block_size": 2,
    "norm_type": 2,
    "q": 50,
    "op": "max",
}
"""The values that functions are called with if a parameter has no default."""

LEAST_SIDE, MOST_SIDE = 64, 1 << 14
LONGER = (0, 1, 2)
"""Elements by which the arrays are longer: columns are taken one by one or, if windows allow it,
two or four at a time."""

CHANNELS = 3
"""Channels of arrays whose format has channels last."""

Named: TypeAlias = str | Callable[..., Any]
Call: TypeAlias = tuple[str, Callable[[], object]]


class Warmth(NamedTuple):
    """The result of :func:`warmup`. Kernels that the process already had are not counted."""

    compiled: int
    """Kernels compiled now."""
    loaded: int
    """Kernels found on the disk."""
    seconds: float


def warmup(
    functions: Named | Iterable[Named] = FUNCTIONS,
    dtypes: Any = DTYPES,
    *,
    shape: tuple[int, ...] | None = None,
    progress: Callable[[str], object] | None = None,
    **arguments: Any,
) -> Warmth:
    """Compile and keep the kernels of some functions and dtypes before they are needed.

    Each function is called once per dtype on small arrays of zeros. A kernel is compiled for the
    function, the dtype and the kind of window: pass the same `arguments` as your own calls do.

    Parameters
    ----------
    functions : names or functions of numbapool, or one
        By default the maximum, the minimum, the mean and the sum over two axes.
    dtypes : dtypes, or one
        By default uint8, uint16 and float32.
    shape : tuple of int, optional
        The array's shape. By default there are three arrays: one that windows fill along each axis,
        and two that are one and two elements longer. They have three channels if the `data_format`
        has channels last.
    progress : callable, optional
        Called before each call with its name, such as ``"max_pool2d on uint8"``.
    **arguments
        The functions' arguments, such as ``kernel_size=31, stride=1``; by default windows of 2.

    Returns
    -------
    Warmth
        How many kernels were compiled, how many were found on the disk, and the seconds taken.

    Raises
    ------
    PoolValueError
        For a name that is no pooling function.
    PoolTypeError
        For a value that is no dtype, or a dtype that is not pooled.

    Examples
    --------
    >>> import numbapool as nbp
    >>> warmth = nbp.warmup("max_pool2d", "uint8")
    >>> nbp.warmup("max_pool2d", ["uint8"]).compiled
    0
    """
    if isinstance(functions, np.ndarray):
        functions = functions.tolist()
    if isinstance(dtypes, np.ndarray):
        dtypes = dtypes.tolist()
    if isinstance(functions, str) or not isinstance(functions, Iterable):
        functions = [functions]
    if isinstance(dtypes, str | type) or not isinstance(dtypes, Iterable):
        dtypes = [dtypes]
    chosen, kinds = [_function(entry) for entry in functions], [_dtype(entry) for entry in dtypes]
    calls = [_call(function, kind, shape, arguments) for function in chosen for kind in kinds]
    return warm(calls, progress)


def warm(calls: Iterable[Call], progress: Callable[[str], object] | None = None) -> Warmth:
    """Make the calls, each with its name, and count the kernels that they add."""
    count = 0

    def one_more() -> None:
        nonlocal count
        count += 1

    start, before = time.perf_counter(), compiled.loaded()
    compiled.on_compile.append(one_more)
    try:
        with compiled.all_worth():
            for name, call in calls:
                if progress:
                    progress(name)
                call()
    finally:
        compiled.on_compile.remove(one_more)
    loaded = compiled.loaded() - before - count
    return Warmth(count, max(loaded, 0), time.perf_counter() - start)


def _function(given: Named) -> Callable[..., Any]:
    name = given if isinstance(given, str) else getattr(given, "__name__", shown(given))
    function = getattr(functional, name, None) if name in functional.__all__ else None
    if function is None or (callable(given) and given is not function):
        near = get_close_matches(name, functional.__all__, 1)
        meant = f": was {near[0]!r} meant?" if near and near[0] != name else ""
        raise PoolValueError(f"numbapool has no function {shown(name)}{meant}")
    return function  # type: ignore[no-any-return]


def _dtype(given: Any) -> np.dtype[Any]:
    try:
        kind: np.dtype[Any] = np.dtype(given)
    except (TypeError, ValueError) as error:
        raise PoolTypeError(
            f"{shown(given)} is no dtype: give one as 'uint8' or np.float32"
        ) from error
    return kind


def _required(function: Callable[..., Any]) -> list[str]:
    parameters = list(signature(function).parameters.values())
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    needed = [p for p in parameters[1:] if p.default is Parameter.empty or p.name == "op"]
    return [p.name for p in needed if p.kind in named]


def _call(
    function: Callable[..., Any],
    kind: np.dtype[Any],
    shape: tuple[int, ...] | None,
    arguments: dict[str, Any],
) -> Call:
    name = function.__name__
    required = _required(function)
    given = {key: SAMPLES[key] for key in required if key in SAMPLES} | arguments
    missing = [key for key in required if key not in given]
    if missing:
        raise PoolValueError(f"to call {name}, warmup must be given {' and '.join(missing)}")
    if shape is None:
        axes = int(name[-2]) if name.endswith(("1d", "2d", "3d")) else 2
        lengths = (given.get(key) for key in ("kernel_size", "output_size", "block_size"))
        step = lcm(*(number for one in lengths for number in _numbers(one)))
        least = LEAST_SIDE if axes > 1 else LEAST_SIDE**2  # small arrays may have other kernels
        side = step * max(2, -(-least // step))
        axes_named = known_format(given.get("data_format"), [*FORMATS[axes], *ALL_FORMATS])
        shapes = [_shape(axes_named, side + more) for more in LONGER]
        if side >= MOST_SIDE:
            raise PoolValueError(f"windows of {step} are too large to warm; give a shape")
    else:
        shapes = [whole_numbers(shape, "shape", 0)]
    try:
        first, *others = [np.zeros(each, kind) for each in shapes]
    except (MemoryError, ValueError):
        raise PoolValueError(f"an array of shape {shapes[-1]} cannot be made") from None

    def call() -> None:
        function(first, **given)
        for array in others:
            with suppress(PoolValueError):  # blocks may have to tile the array
                function(array, **given)

    return f"{name} on {kind}", call


def _shape(axes: str, side: int) -> tuple[int, ...]:
    """Return a shape of a format, with spatial axes of length `side`."""
    sizes = dict.fromkeys("LDHW", side) | {"N": 1, "C": CHANNELS if axes.endswith("C") else 1}
    return tuple(sizes[letter] for letter in axes)


def _numbers(length: Any) -> Iterator[int]:
    for number in length if isinstance(length, list | tuple) else (length,):
        if isinstance(number, int | np.integer):
            yield int(number)
