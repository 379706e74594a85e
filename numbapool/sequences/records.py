"""Kernels of sequences for compiled code: the facts of a call, and the call with its kernel."""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from numbapool.errors import PoolValueError
from numbapool.loops.geometry import AXES, AXIS, HEAD
from numbapool.operators import correction_of
from numbapool.plan.choose import Plan
from numbapool.reducers.dtypes import DType, Skip, skip_for
from numbapool.run.call import Call
from numbapool.sequences.table import (
    ATTENTION,
    LEAST_ROWS,
    NEVER,
    WHOLE,
    Kept,
    keep,
    keep_weighted,
    kept_for,
    known,
    number_of,
    refuse_empty,
)

ROOM = 64
"""Accumulators that a record's scratch holds."""

LAYOUT = crc32(repr((HEAD, AXES, AXIS)).encode())
"""A checksum of the order of the geometry's numbers, which compiled code writes by itself."""


class Described(NamedTuple):
    """The facts of a call that are known when it is compiled."""

    dtype: DType
    """The result's dtype."""
    columns: int
    strip: int
    asks: tuple[int, int]
    weights: DType
    positions: bool
    """Whether rows weigh 1, 2, … because no weights are given."""
    copied: bool = False
    """Whether a row is copied, without a kernel."""


def name_of(name: str, op: str) -> str:
    """Return an operator's main name, for the function called `name`.

    Raises
    ------
    PoolValueError
        If the function has no such operator.
    """
    found: str = known(op)
    if name == "attention_pool":
        found = "mean" if found == "avg" else found
        if found not in ATTENTION:
            raise PoolValueError(f"op must be one of {', '.join(ATTENTION)}, not {op!r}")
    return found


def kept_of(name: str, op: str, dtype: DType, skip: Skip, rest: tuple[Any, ...]) -> Kept | None:
    """Return how a call keeps rows; None for rows that are copied.

    `rest` says whether rows have weights, whether each row has several, how many rows a sum of
    integers holds, and the correction.
    """
    found = name_of(name, op)
    weighed, many, rows, correction = rest
    if name == "attention_pool":
        return keep_weighted(found, dtype, skip, 2 if many else 1)
    return kept_for(found, dtype, skip, weighed, rows, correction)


def described(name: str, op: str, dtype: DType, nan: str, weighed: bool) -> Described:
    """Return the facts of a call of a function that are known when it is compiled.

    Raises
    ------
    PoolValueError, PoolTypeError
        If there can be no such call.
    """
    rest = weighed, False, LEAST_ROWS, 1.0
    found = kept_of(name, op, dtype, skip_for(dtype, nan, None), rest)
    near = number_of(dtype)
    positions = not weighed and name_of(name, op) == "weighted_mean"
    if found is None:
        return Described(dtype, 1, WHOLE, NEVER, near, False, True)
    out = found.reduction.outs[0]
    return Described(out, found.columns, found.strip, found.asks, near, positions)


def call_of(name: str, dtype: DType, arguments: dict[str, Any]) -> Call:
    """Return the call of a kernel for a site's arguments; its record is for `ROOM` accumulators.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    if arguments["layout"] != LAYOUT:
        raise PoolValueError(
            "this was compiled for another version of numbapool: "
            "delete Numba's cache of this function"
        )
    op, weighed, many = arguments["op"], arguments["weighed"], arguments["many"]
    rows, correction = arguments["rows"], correction_of(arguments["correction"])
    skip = skip_for(dtype, arguments["nan"], None)
    found = kept_of(name, op, dtype, skip, (weighed, many, rows, correction))
    out = dtype if found is None else found.reduction.outs[0]
    refuse_empty(arguments["empty"], out)
    kind = "weighted_spans" if weighed else "spans"
    kernel = f"{kind}_along" if arguments["along"] else kind
    pieces = 0 if found is None else 1
    plan = Plan((0, 0), kernel, np.empty(0, np.int64), pieces, ROOM, 0)
    kept = found or keep("max", dtype, skip_for(dtype, "propagate", None), LEAST_ROWS, 0.0)
    return Call(plan, kept.reduction, dtype, (number_of(dtype),) if weighed else ())
