"""From a call's arguments to its result: one way, for every pooling function."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from numbapool.dtypes import Reduction
from numbapool.errors import PoolValueError
from numbapool.layout import as_array
from numbapool.plan import Plan
from numbapool.run import Array, check_out, run, run_into

Planner: TypeAlias = Callable[..., tuple[Plan, Reduction]]
"""Makes the plan for a shape, a dtype and the parameters; keeps what it made."""


def frozen(value: Any) -> Any:
    """Return a parameter that can be a key: lists and arrays become tuples."""
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(frozen(part) for part in value)
    return value


def pool(planner: Planner, x: Any, key: tuple[Any, ...], out: Any = None) -> tuple[Array, ...]:
    """Pool `x` by the plan that `planner` makes for its shape, its dtype and `key`.

    `out` is one array, or as many as there are results.
    """
    array = as_array(x)
    try:
        plan, reduction = planner(array.shape, array.dtype, *key)
    except TypeError:  # a parameter that cannot be a key, or one that is wrong
        plan, reduction = planner(array.shape, array.dtype, *map(frozen, key))
    if out is None:
        return run(plan, reduction, array)
    given = out if isinstance(out, tuple) else (out,)
    if len(given) != len(reduction.outs):
        raise PoolValueError(f"out takes {len(reduction.outs)} arrays, not {len(given)}")
    targets = tuple(
        check_out(target, plan.shape, dtype, x)
        for target, dtype in zip(given, reduction.outs, strict=True)
    )
    if all(target.flags.c_contiguous for target in targets):
        run_into(plan, reduction, array, targets)
    else:
        for target, result in zip(targets, run(plan, reduction, array), strict=True):
            target[...] = result
    return targets


planner = lru_cache(maxsize=1024, typed=True)
"""Keeps the plans that a planner makes."""
