"""From a call's arguments to its result, in one way for every pooling function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

import numpy as np

from numbapool.arrays import Asked, Device, HostKind, alike, engine_for, host_kind
from numbapool.errors import PoolError, PoolTypeError, PoolValueError
from numbapool.inputs import Array, as_array, frozen, viewed
from numbapool.operators import AREA, BLURRING, FORMS, FRACTIONAL
from numbapool.pooling import planners
from numbapool.pooling.bordered import Bordered
from numbapool.pooling.fractional import fractional
from numbapool.pooling.least import call_of
from numbapool.pooling.origins import by_windows
from numbapool.pooling.planners import READERS, Request, Windows
from numbapool.run.call import Call, checked_outs, into_together
from numbapool.windows.window import Window

Pair: TypeAlias = tuple[Array, Array]
"""Values and their places."""

Decider: TypeAlias = Callable[..., "Call | Bordered"]
"""A function from a shape, a dtype and arguments to a call; it keeps the calls."""


def decider(form: str) -> Decider:
    """Return the decider of a form of pooling."""
    read = READERS[form]

    @lru_cache(maxsize=1024, typed=True)
    def decide(shape: tuple[int, ...], dtype: np.dtype[Any], *key: Any) -> Call | Bordered:
        window, request = read(*key)
        return decided(shape, dtype, window, request)

    return decide


def decided(
    shape: tuple[int, ...], dtype: np.dtype[Any], window: Windows, request: Request
) -> Call | Bordered:
    """Return the call that a planner decides."""
    try:
        if isinstance(window, Window) and window.padding_mode is not None:
            alone = planners.decide_filled(shape, dtype, window, request)
            return Call(*alone, dtype) if alone else Bordered(shape, dtype, window, request)
        return call_of(shape, dtype, window, request)
    except MemoryError:
        raise PoolValueError(
            f"the windows of an array of shape {shape} do not fit into memory"
        ) from None


def decided_alone(
    shape: tuple[int, ...], dtype: np.dtype[Any], window: Windows, request: Request
) -> Call:
    """Return the call that a planner decides, if it runs a single kernel.

    Raises
    ------
    PoolTypeError
        For windows with a padding mode.
    """
    call = decided(shape, dtype, window, request)
    if isinstance(call, Bordered):
        raise PoolTypeError(
            "a pooling with a padding_mode has no record, since it runs several kernels: pad the "
            "array first, and prepare a pooling without padding"
        )
    return call


sliding, adaptive, over_all = map(decider, FORMS)
blurring, sharing = decider(BLURRING), decider(AREA)

DECIDERS = {
    **dict(zip(FORMS, (sliding, adaptive, over_all), strict=True)),
    BLURRING: blurring,
    AREA: sharing,
    FRACTIONAL: fractional,
}
FORM_OF = {decider: form for form, decider in DECIDERS.items()}


def decide(decider: Decider, x: Array, key: tuple[Any, ...]) -> Call | Bordered:
    """Return the call for an array's shape and dtype."""
    try:
        return decider(x.shape, x.dtype, *key)
    except PoolError:
        raise
    except TypeError:  # a parameter cannot be a key
        return decider(x.shape, x.dtype, *map(frozen, key))


def pool(
    decider: Decider,
    x: Any,
    key: tuple[Any, ...],
    out: Any = None,
    device: Device = None,
    stream: Any = None,
) -> tuple[Array, ...]:
    """Pool `x` by the call that `decider` decides for its shape, its dtype and `key`.

    `out` is one array, or one per result. Arrays on a device are pooled there, on `stream`. Arrays
    of other libraries come back as what they were.
    """
    if type(x) is not np.ndarray or device is not None or stream is not None:
        kind = host_kind(x)
        if kind is not None:
            return pool_alike(kind, pool, decider, x, key, out, device=device, stream=stream)
        engine = engine_for(x, device, stream)
        if engine is not None:
            results = engine.pool(FORM_OF[decider], x, key, Asked(out, device, stream))
            if results is not None:
                return results
    held = x if type(x) is np.ndarray else viewed(x)
    array = as_array(held)
    call = decide(decider, array, key)
    try:
        return call.fresh(array) if out is None else fill(call, held, array, out)
    except MemoryError:
        raise PoolValueError(
            f"there is not enough memory for a result of shape {call.shape}"
        ) from None


def pool_alike(
    kind: HostKind,
    pool: Callable[..., tuple[Array, ...]],
    decider: Decider,
    x: Any,
    key: tuple[Any, ...],
    out: Any,
    **more: Any,
) -> tuple[Array, ...]:
    """Pool an array of a kind by a function that pools NumPy's, into arrays of that kind."""

    def run(array: Array, out: Any) -> tuple[Array, ...]:
        return pool(decider, array, key=key, out=out, **more)

    made = alike(kind, x, out, run, lambda shape: by_windows(FORM_OF[decider], shape, key))
    return cast("tuple[Array, ...]", made)


def fill(call: Call | Bordered, held: Array, array: Array, out: Any) -> tuple[Array, ...]:
    """Pool `array`, which is `held` made contiguous, into `out`."""
    targets = checked_outs(out, call.shape, call.outs, held)
    if all([target.flags.c_contiguous for target in targets]):
        call.into(array, targets)
    else:
        for target, result in zip(targets, call.fresh(array), strict=True):
            target[...] = result
    return targets


def unpair(results: tuple[Array, ...]) -> Array | Pair:
    """Return a single result itself, and two results as a pair."""
    return cast(Pair, results) if len(results) > 1 else results[0]


def pool_together(
    decider: Decider, x: Any, keys: Sequence[tuple[Any, ...]], outs: Sequence[Any]
) -> tuple[Array, ...]:
    """Pool an array in the CPU's memory by several keys, each into an array of `outs` or a new one.

    Calls of one kernel each read the array together; the others follow.
    """
    held = x if type(x) is np.ndarray else viewed(x)
    array = as_array(held)
    calls = [decide(decider, array, key) for key in keys]
    try:
        targets = [
            np.empty(call.shape, call.outs[0])
            if out is None
            else checked_outs(out, call.shape, call.outs, held)[0]
            for call, out in zip(calls, outs, strict=True)
        ]
        buffers = [
            (each if each.flags.c_contiguous else np.empty_like(each, order="C"),)
            for each in targets
        ]
    except MemoryError:
        raise PoolValueError("there is not enough memory for the results") from None
    pairs = list(zip(calls, buffers, strict=True))
    plain = [(call, buffer) for call, buffer in pairs if type(call) is Call]
    into_together([call for call, _ in plain], array, [buffer for _, buffer in plain])
    for call, buffer in pairs:
        if type(call) is not Call:
            call.into(array, buffer)
    for target, (made,) in zip(targets, buffers, strict=True):
        if made is not target:
            target[...] = made
    return tuple(targets)
