"""Whether NumPy pools an array, since its kernel is not compiled, and how."""

from collections.abc import Callable
from math import prod
from typing import Any

from ..job import Values, pair_of
from ..windows import Arguments
from . import ranked, tiled
from .kinds import KINDS
from .tiled import Numbers

Way = Callable[[Numbers], Numbers]

LITTLE = 1 << 22
"""How many elements a process pools before it asks for kernels: to import what decides that takes
as long as NumPy for several times as many."""

_spared = 0


def is_little(elements: int) -> bool:
    """Say whether NumPy pools a few elements without a question, and count them."""
    global _spared
    if _spared + elements > LITTLE:
        return False
    _spared += elements
    return True


def is_without_kernel(pooling: Callable[[], Any], array: Numbers, dtype: Any, slower: int) -> bool:
    """Say whether to do without the kernel for a dtype; `pooling` makes the Pool.

    NumPy takes so many times longer for an element than for a plain mean.
    """
    if is_little(slower * array.size):
        return True
    from numbapool.kernels import worth_compiling

    return not worth_compiling(pooling(), array.shape, dtype, slower)


def ask_at_once() -> None:
    """Let this process ask for kernels from the first element on."""
    global _spared
    _spared = LITTLE


def way_without_kernel(
    array: Numbers,
    operator: str,
    arguments: Arguments,
    values: Values,
    data_format: str,
    pooling: Callable[[], Any],
) -> Way | None:
    """Return how NumPy pools an array; None if a kernel should do it. `pooling` makes the Pool."""
    if operator in ranked.SLOWER and ranked.suits(array, arguments, values):
        found, slower = _of_ranks(array, operator, arguments, data_format, pooling)
    elif tiled.suits(array, operator, arguments, values, data_format):
        found, slower = _tiled(array, operator, arguments, data_format, pooling)
    else:
        return None
    if found is None or not is_without_kernel(pooling, array, array.dtype, slower):
        return None
    return found


def _tiled(
    array: Numbers,
    operator: str,
    arguments: Arguments,
    data_format: str,
    pooling: Callable[[], Any],
) -> tuple[Way | None, int]:
    """Return the way, and how many times longer it takes than a plain mean of bytes."""
    along = False
    if operator == "avg" and array.dtype.kind == "f":
        from numbapool.kernels import loop_of

        loop = loop_of(pooling(), array.shape, array.dtype)
        if loop not in tiled.ALONG_FIRST:
            return None, 0
        along = tiled.ALONG_FIRST[loop]
    slower = tiled.SHARED if "fitted_size" in arguments else 1
    return lambda array: tiled.tiled(array, operator, arguments, data_format, along), slower


def _of_ranks(
    array: Numbers,
    operator: str,
    arguments: Arguments,
    data_format: str,
    pooling: Callable[[], Any],
) -> tuple[Way | None, int]:
    axes = tiled.axes_of(array, data_format)
    if axes is None:
        return None, 0
    high, wide = sides = tuple(array.shape[axis] for axis in axes)
    outs = tuple(pooling().shape(array.shape)[axis] for axis in axes)
    steps = KINDS["sliding"].steps(arguments, (high, wide))
    dilations = pair_of(arguments["dilation"])
    windows = list(map(ranked.groups, steps, sides, outs, dilations))
    reads = prod(pair_of(arguments["kernel_size"])) * prod(outs) / prod(sides)
    slower = 2 + round(ranked.SLOWER[operator] * reads)
    return lambda array: ranked.ranked(array, operator, axes, windows), slower
