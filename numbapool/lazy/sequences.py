"""Lazy arrays of sequences: a task pools the sequences of a block, each of which it takes whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import numpy as np
from dask._task_spec import Task, TaskRef

from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.lazy.graph import Grid, array_of
from numbapool.run.threads import alone
from numbapool.sequences.pooling import Wanted, pool


def by_samples(
    x: Any, beside: Any, name: str, wanted: Wanted, rows: dict[str, Any], data_format: str
) -> Any:
    """Return the lazy array of pooled sequences; `beside` are weights or scores, as `name` says.

    Raises
    ------
    PoolTypeError, PoolValueError
        For offsets, for an array of other than three axes, and for arguments of another length.
    """
    if rows.get("offsets") is not None:
        raise PoolTypeError(
            "offsets cut an array of Dask anywhere, also within blocks: pass x.compute()"
        )
    if x.ndim != 3:
        raise PoolValueError(f"sequences have three axes, not those of shape {x.shape}")
    given: dict[str, Any] = {**rows, name: beside}
    held = {key: np.asarray(each) for key, each in given.items() if each is not None}
    for key, each in held.items():
        if each.ndim == 0 or len(each) != len(x):
            raise PoolValueError(f"{key} of shape {each.shape} are not of {len(x)} sequences")
    x = x.rechunk({1: -1, 2: -1})
    like = np.zeros((1, *x.shape[1:]), x.dtype)
    one = pooled(like, {key: each[:1] for key, each in held.items()}, wanted, data_format, name)
    layer = Sequences(f"sequence-pool-{uuid4().hex}", x, held, (wanted, data_format, name))
    return array_of(layer, x, (x.chunks[0], (one.shape[1],)), one.dtype)


class Sequences(Grid):
    """The tasks that pool sequences."""

    def __init__(self, name: str, x: Any, held: dict[str, Any], how: tuple[Any, ...]) -> None:
        super().__init__(name, (len(x.chunks[0]), 1))
        self.source, self.held, self.how = x.name, held, how
        self.bounds = [0, *np.cumsum(x.chunks[0]).tolist()]

    def tasks(self, place: tuple[int, ...]) -> Iterator[Any]:
        """Yield the task of a block of sequences."""
        here = slice(self.bounds[place[0]], self.bounds[place[0] + 1])
        held = {key: each[here] for key, each in self.held.items()}
        block = TaskRef((self.source, place[0], 0, 0))
        yield Task((self.name, *place), pooled, block, held, *self.how)


def pooled(block: Any, held: dict[str, Any], wanted: Wanted, data_format: str, name: str) -> Any:
    """Return the pooled sequences of a block."""
    rows = {key: held.get(key) for key in ("lengths", "mask")}
    with alone():
        return pool(block, held.get(name), wanted, rows, data_format, name=name)
