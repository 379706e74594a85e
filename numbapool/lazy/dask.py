"""Arrays of Dask, pooled into arrays of Dask: nothing is computed before these are.

This is the engine of such arrays, as :class:`numbapool.arrays.Engine` says. It is imported when the
first of them is met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, cast

from numbapool.arrays import Asked, register
from numbapool.errors import PoolTypeError
from numbapool.inputs import frozen
from numbapool.lazy.blocks import reduced
from numbapool.lazy.graph import Key, checked, lazily
from numbapool.lazy.sequences import by_samples
from numbapool.operators import FRACTIONAL
from numbapool.pooling.pool import Pool


def pool(form: str, x: Any, key: Key, asked: Asked) -> tuple[Any, ...]:
    """Pool an array by windows."""
    refuse_out(asked)
    if form == FRACTIONAL:
        raise PoolTypeError(
            "fractional pooling draws the windows of each plane, so no part of it can be pooled "
            "alone: pass x.compute()"
        )
    pooling = Pool.made(form, tuple(map(frozen, key)))
    return lazily(checked(x), pooling)


def block_reduce(
    x: Any, block_size: Any, op: Any, edge: Any, own: dict[str, Any], asked: Asked
) -> Any:
    """Reduce blocks of an array."""
    return reduced(checked(x), block_size, op, edge, own)


def sequence_pool(
    x: Any, weights: Any, wanted: Any, rows: dict[str, Any], data_format: str, asked: Asked
) -> Any:
    """Pool sequences, a task per block of them."""
    refuse_out(asked)
    return by_samples(checked(x), weights, "weights", wanted, rows, data_format)


def attention_pool(
    x: Any, scores: Any, wanted: Any, rows: dict[str, Any], data_format: str, asked: Asked
) -> Any:
    """Pool sequences by a softmax, a task per block of them."""
    return by_samples(checked(x), scores, "scores", wanted, rows, data_format)


def refuse_out(asked: Asked) -> None:
    """Raise if results are to be written to an array."""
    if asked.out is not None:
        raise PoolTypeError("out does not go with arrays of Dask, whose results are not there yet")


def refusing(what: str) -> Callable[..., NoReturn]:
    """Return a function that refuses what is not pooled by parts."""

    def refuse(*given: Any) -> NoReturn:
        raise PoolTypeError(
            f"{what} takes no arrays of Dask, since it is not done by parts: pass x.compute()"
        )

    return refuse


unpool = refusing("unpooling")
roi_pool = refusing("roi_pool")
roi_align = refusing("roi_align")
recurrent_pool = refusing("recurrent pooling")
multihead_attention_pool = refusing("multihead_attention_pool")


class Arrays:
    """Arrays of Dask, for functions that join results."""

    namespace = "dask.array"


register(cast(Any, Arrays()), "dask")
