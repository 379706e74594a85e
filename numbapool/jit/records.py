"""The records that compiled code runs its calls by: each is made once and kept for good."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from numbapool.compile.contract import RECORD
from numbapool.errors import PoolValueError
from numbapool.functional.faces import pool_named
from numbapool.jit.classes import reducer_class
from numbapool.pooling.call import decided_alone
from numbapool.run.call import Call, address
from numbapool.sequences.records import call_of

SEQUENCES = ("sequence_pool", "attention_pool")
"""The functions whose kernels do not depend on a shape."""

_records: dict[tuple[str, tuple[int, ...]], tuple[Call, np.ndarray[Any, np.dtype[np.int64]]]] = {}
"""Records and their calls, kept for good: compiled code holds the addresses of their numbers."""


def record(structure: str, key: int) -> int:
    """Return the address of a call's record.

    `structure` says what the numbers at the address `key` mean: the array's shape, then the
    arguments that are no constants.

    Raises
    ------
    PoolError
        If the call is wrong, or was compiled for another version of numbapool.
    """
    try:
        site = json.loads(structure)
        known = site["record"] == RECORD
    except (ValueError, TypeError, LookupError):
        known = False
    if not known:
        raise PoolValueError(
            "this was compiled for another version of numbapool: "
            "delete Numba's cache of this function"
        )
    numbers = tuple((ctypes.c_int64 * site["count"]).from_address(key))
    found = _records.get((structure, numbers))
    if found is None:
        call = _call(site, numbers)
        found = call, np.array(call.numbers(numbers), np.int64)
        # If two threads make the record at once, both take the first.
        found = _records.setdefault((structure, numbers), found)
    return address(found[1])


def _call(site: dict[str, Any], numbers: tuple[int, ...]) -> Call:
    rest = iter(numbers)
    shape = tuple(next(rest) for _ in range(site["ndim"]))
    arguments = {name: _value(part, rest) for name, part in site["arguments"].items()}
    if site["name"] in SEQUENCES:
        return call_of(site["name"], np.dtype(site["dtype"]), arguments)
    pool = pool_named(site["name"], arguments)
    return decided_alone(shape, np.dtype(site["dtype"]), pool.window, pool.request)


def _value(part: Any, numbers: Iterator[int]) -> Any:
    """Return an argument, made from constants and the next numbers."""
    kind, content = part
    if kind == "constant":
        return content
    if kind == "tuple":
        return tuple(_value(inner, numbers) for inner in content)
    if kind == "reducer":
        owner, fields = content
        return reducer_class(owner)(*(_value(inner, numbers) for inner in fields))
    number = next(numbers)
    if kind == "float":
        return float(np.int64(number).view(np.float64))
    if kind == "unsigned":
        return number % (1 << 64)
    return bool(number) if kind == "bool" else number
