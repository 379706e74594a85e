"""The pooling of a public function as a `Pool`, from the function's name and arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from numbapool.operators import AREA, BLURRING, GLOBAL, OPERATORS, PARAMETERS, SLIDING, find
from numbapool.pooling.planners import ARGUMENTS
from numbapool.pooling.pool import Pool

OPS = "|".join([*OPERATORS, "reduce", "blur"])
NAME = re.compile(rf"(?:(adaptive|global|area)_)?(?:({OPS})_)?pool(?:([123])d)?")
"""The pattern of a pooling function's name: its form, its operator and its number of axes."""

OF_A_CALL = ("x", "weights", "out", "device", "stream")
"""The parameters that say nothing of the pooling."""


def parameters_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return a function's parameters with their defaults; an operator's own stand one by one.

    A parameter without a default has `Parameter.empty`.
    """
    found: dict[str, Any] = {}
    for name, parameter in signature(function).parameters.items():
        if parameter.kind is Parameter.VAR_KEYWORD:
            found |= dict.fromkeys(PARAMETERS)
        else:
            found[name] = parameter.default
    return found


def pool_of(function: Callable[..., Any], *given: Any, **named: Any) -> Pool:
    """Return the pooling of a function called with arguments, without the array.

    >>> from numbapool import max_pool2d
    >>> pool_of(max_pool2d, 3, 2, padding=1)
    Pool('max', kernel_size=3, stride=2, padding=1)
    """
    bound = signature(function).bind(None, *given, **named)
    arguments = dict(bound.arguments)
    arguments |= arguments.pop("own", {})
    return pool_named(function.__name__, arguments)


def pool_named(name: str, arguments: dict[str, Any]) -> Pool:
    """Return the pooling of the function called `name`, for named arguments."""
    parsed = NAME.fullmatch(name)
    assert parsed is not None  # callers pass only names of pooling functions
    form, op, ndim = parsed.groups()
    form = form or (BLURRING if op == "blur" else SLIDING)
    rest = {key: value for key, value in arguments.items() if key not in OF_A_CALL}
    if form == AREA:
        op = "avg"
    elif op in (None, "reduce"):
        op = rest.pop("op" if op is None else "reducer")
    names, defaults = ARGUMENTS[form]
    common = [rest.pop(key, default) for key, default in zip(names, defaults, strict=True)]
    axes = () if form == GLOBAL else (int(ndim),)
    own = () if form == BLURRING else find(op).in_order(form, rest)
    return Pool.made(form, (op, *axes, *common, *own))
