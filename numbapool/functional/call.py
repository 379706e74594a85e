"""From a call's arguments to its result: one way, for every pooling function."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np

from numbapool.errors import PoolError, PoolValueError
from numbapool.inputs import as_array, frozen, viewed
from numbapool.plan.choose import Plan
from numbapool.reducers.dtypes import Reduction
from numbapool.run.call import Array, Call, check_out, overlap
from numbapool.windows.layout import refuse_too_large

Planner: TypeAlias = Callable[..., Call]
"""Decides a call from a shape, a dtype and the parameters; keeps what it decided."""


def planner(make: Callable[..., tuple[Plan, Reduction]]) -> Planner:
    """Return a planner that keeps the calls which `make` decides."""

    @lru_cache(maxsize=1024, typed=True)
    @wraps(make)
    def planned(shape: tuple[int, ...], dtype: np.dtype[Any], *key: Any) -> Call:
        try:
            plan, reduction = make(shape, dtype, *key)
        except MemoryError:
            raise PoolValueError(
                f"the windows of an array of shape {shape} do not fit into memory"
            ) from None
        refuse_too_large(plan.shape)
        return Call(plan, reduction, dtype)

    return planned


class Blueprint(NamedTuple):
    """What a pooling function decides by, in an array's place: it then returns its `Call`."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def decide(planner: Planner, x: Array | Blueprint, key: tuple[Any, ...]) -> Call:
    """Return the call for an array's shape and dtype."""
    try:
        return planner(x.shape, x.dtype, *key)
    except PoolError:
        raise
    except TypeError:  # a parameter that cannot be a key
        return planner(x.shape, x.dtype, *map(frozen, key))


def pool(planner: Planner, x: Any, key: tuple[Any, ...], out: Any = None) -> tuple[Array, ...]:
    """Pool `x` by the call that `planner` decides for its shape, its dtype and `key`.

    `out` is one array, or as many as there are results.
    """
    if type(x) is Blueprint:
        return (cast(Array, decide(planner, x, key)),)
    held = x if type(x) is np.ndarray else viewed(x)
    array = as_array(held)
    call = decide(planner, array, key)
    try:
        return call.fresh(array) if out is None else fill(call, held, array, out)
    except MemoryError:
        raise PoolValueError(
            f"there is not enough memory for a result of shape {call.plan.shape}"
        ) from None


def fill(call: Call, held: Array, array: Array, out: Any) -> tuple[Array, ...]:
    """Pool `array`, which is `held` made contiguous, into `out`."""
    given = out if isinstance(out, tuple) else (out,)
    if len(given) != len(call.outs):
        raise PoolValueError(f"out takes {len(call.outs)} arrays, not {len(given)}")
    shape = call.plan.shape
    pairs = zip(given, call.outs, strict=True)
    targets = tuple([check_out(target, shape, dtype, held) for target, dtype in pairs])
    if len(targets) == 2 and np.may_share_memory(*targets) and overlap(*targets):
        raise PoolValueError("the two arrays of out overlap")
    if all([target.flags.c_contiguous for target in targets]):
        call.into(array, targets)
    else:
        for target, result in zip(targets, call.fresh(array), strict=True):
            target[...] = result
    return targets
