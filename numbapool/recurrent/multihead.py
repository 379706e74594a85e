"""The function for pooling by multi-head attention with learned queries."""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from numbapool.arrays import Asked, Device, Origin, kept, on_engine
from numbapool.errors import PoolValueError, shown
from numbapool.inputs import Array, ArrayLike, as_array
from numbapool.recurrent.kept import Steps, steps_of
from numbapool.recurrent.weights import Trained, Weights, listed, read
from numbapool.sequences.layout import sequences_of
from numbapool.windows.numbers import per_axis

__all__ = ["multihead_attention_pool"]

TOGETHER = ("in_proj_weight",)
APART = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
OTHERS = ("in_proj_bias", "out_proj.weight", "out_proj.bias")


def multihead_attention_pool(
    x: ArrayLike,
    query: ArrayLike,
    weights: Weights,
    num_heads: int,
    *,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    data_format: str = "NTC",
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Pool each sequence by multi-head attention of queries to its steps.

    The result is that of ``torch.nn.MultiheadAttention`` with `x` as both keys and values.

    Parameters
    ----------
    x : array_like
        Batch, time, channels.
    query : array_like
        Its shape is (E,), one query for all rows; (L, E), L queries for all rows; or (B, L, E),
        L queries per row.
    weights : mapping or path
        torch's parameters by their names: in_proj_weight (rows of the queries, the keys, the
        values) or q_proj_weight, k_proj_weight and v_proj_weight; in_proj_bias; out_proj.weight;
        out_proj.bias. The biases are optional. Or the path of an .npz or .safetensors file.
    num_heads : int
        The number of heads that E is split into.
    lengths, mask, data_format
        As in :func:`lstm_pool`. Steps that do not count are not read.
    device, stream
        As in :func:`max_pool2d`. The query and the weights may lie on x's GPU too, and are sent
        there if they do not; lengths and masks on a GPU are copied to the host, which waits.

    Returns
    -------
    ndarray of shape (B, E) for one query, else (B, L, E)
        A row without steps gives out_proj.bias. The dtype is float64 if any argument is float64,
        else float32.

    Raises
    ------
    PoolValueError, PoolTypeError
        For names that are missing or unknown, shapes that do not fit, extra keys (bias_k), and
        lengths or masks that are not valid.
    PoolImportError
        If safetensors is not installed and a file needs it.

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"in_proj_weight": np.tile(np.eye(2), (3, 1)), "out_proj.weight": np.eye(2)}
    >>> x = np.array([[[1.0, 0.0], [0.0, 2.0], [9.0, 9.0]]])
    >>> multihead_attention_pool(x, [1.0, 0.0], weights, 1, lengths=[2]).round(3)
    array([[0.67, 0.66]])
    """
    (heads,) = per_axis(num_heads, 1, "num_heads", 1)
    rows = {"lengths": lengths, "mask": mask}
    return pooled(x, query, weights, heads, rows, data_format, Asked(None, device, stream))


def origins(
    shape: tuple[int, ...], query: Any, weights: Any, heads: int, rows: Any, data_format: str
) -> tuple[Origin, ...]:
    """Return the origins of the axes of one result per sequence, or per sequence and query."""
    queries = () if as_array(query).ndim == 1 else (Origin(None, "query"),)
    return *kept(0), *queries, Origin(1 if data_format.upper() == "NCT" else 2)


@on_engine("multihead_attention_pool", origins)
def pooled(
    x: ArrayLike,
    query: ArrayLike,
    weights: Weights,
    heads: int,
    rows: dict[str, Any],
    data_format: str,
    asked: Asked,
) -> Array:
    """Pool each sequence by queries."""
    sequences = sequences_of(x, data_format, **rows)
    array, trained, queries = sequences.x, read(weights), as_array(query)
    dtype = trained.dtype(array, queries)
    layer = layer_of(trained, sequences.channels, heads, dtype)
    questions = queries_of(queries.shape, len(array), layer.size)
    with np.errstate(all="ignore"):
        result = attended(
            array, queries.reshape(questions).astype(dtype), layer, steps_of(sequences.rows)
        )
    return result[:, 0] if queries.ndim == 1 else result


class Product(NamedTuple):
    """A trained matrix and bias."""

    matrix: Array
    bias: Array


class Layer(NamedTuple):
    """The trained parameters of attention."""

    heads: int
    size: int
    """E, the size of all heads together."""
    query: Product
    key: Product
    value: Product
    out: Product


def layer_of(trained: Trained, channels: int, heads: int, dtype: np.dtype[Any]) -> Layer:
    """Return the layer for arrays of `channels`: see :func:`parts_of`."""
    size, pairs = parts_of(trained, channels, heads)
    query, key, value, out = [Product(part.astype(dtype), b.astype(dtype)) for part, b in pairs]
    return Layer(heads, size, query, key, value, out)


def parts_of(trained: Trained, channels: int, heads: int) -> tuple[int, list[tuple[Array, Array]]]:
    """Return E, and the matrices and biases of the query, the key, the value, and the output.

    Only the arrays' shapes are looked at.

    Raises
    ------
    PoolValueError
        If names are missing or belong to another layer, or if shapes do not fit.
    """
    names = trained.arrays
    together = "in_proj_weight" in names or not any(name in names for name in APART)
    refuse_others(names, (*(TOGETHER if together else APART), *OTHERS))
    size = size_of(trained, heads)
    if not together:
        columns = (size, channels, channels)
        parts = [trained.get(name, (size, n)) for name, n in zip(APART, columns, strict=True)]
    elif channels == size:
        parts = np.split(trained.get("in_proj_weight", (3 * size, size)), 3)
    else:
        raise PoolValueError(
            f"x has {channels} channels, and out_proj.weight has {size}: with in_proj_weight "
            "these must be equal; else give q_proj_weight, k_proj_weight and v_proj_weight"
        )

    def bias(name: str, count: int) -> Array:
        return trained.get(name, (count,)) if name in names else np.zeros(count)

    biases = np.split(bias("in_proj_bias", 3 * size), 3)
    parts.append(trained.get("out_proj.weight", (size, size)))
    biases.append(bias("out_proj.bias", size))
    return size, list(zip(parts, biases, strict=True))


def refuse_others(names: Any, known: tuple[str, ...]) -> None:
    """Raise if a name is not known."""
    for name in names:
        if name in ("bias_k", "bias_v"):
            raise PoolValueError(f"{name}: an extra key (add_bias_kv) is not supported")
        if name not in known:
            raise PoolValueError(
                f"{shown(name)} is none of {', '.join(known)}: pass only these, without a "
                "larger model's prefix"
            )


def size_of(trained: Trained, heads: int) -> int:
    """Return E, which the heads split."""
    name = "out_proj.weight"
    if name not in trained.arrays:
        raise PoolValueError(f"weights has no {name!r}: it has {listed(trained.arrays)}")
    shape = trained.arrays[name].shape
    if len(shape) != 2 or shape[0] != shape[1]:
        raise PoolValueError(f"{name} has shape {shape}, not (E, E)")
    size = int(shape[0])
    if size == 0 or size % heads:
        raise PoolValueError(f"num_heads must divide {size}, the rows of {name}, and is {heads}")
    return size


def queries_of(shape: tuple[int, ...], batch: int, size: int) -> tuple[int, int, int]:
    """Return the shape (1 or batch, L, E) of queries of a shape."""
    right = len(shape) in (1, 2, 3) and shape[-1] == size
    if not right or (len(shape) == 3 and shape[0] not in (1, batch)):
        raise PoolValueError(
            f"query has shape {shape}, not ({size},), (L, {size}) or ({batch}, L, {size}), "
            "whose last number is the number of out_proj.weight's rows"
        )
    first, second = (1, 1, *shape)[-3:-1]
    return first, second, size


def attended(x: Array, queries: Array, layer: Layer, steps: Steps) -> Array:
    """Return the results of all queries for each row.

    A score is (Wk x + bk) · q = x · (Wk' q) + bk · q, and a term that is the same for all steps
    does not change a softmax. Since weights add up to one, the mean of Wv x + bv is Wv times the
    mean of x, plus bv. So no step is multiplied by a matrix: only scores and means read the steps.
    """
    heads, depth = layer.heads, layer.size // layer.heads
    batch, channels = len(x), x.shape[2]
    asked = queries @ layer.query.matrix.T + layer.query.bias
    count = asked.shape[1]
    asked = asked.reshape(-1, count, heads, depth).transpose(0, 2, 1, 3) / sqrt(depth)
    scorers = asked @ layer.key.matrix.reshape(heads, depth, channels)
    scorers = scorers.reshape(-1, heads * count, channels)
    scorers = np.broadcast_to(scorers, (batch, heads * count, channels))
    means = np.zeros((batch, heads * count, channels), asked.dtype)
    for row in range(batch):
        kept = steps.of(row)
        if kept.size:
            weigh(x[row, slice_of(kept)].astype(asked.dtype, copy=False), scorers[row], means[row])
    means = means.reshape(batch, heads, count, channels)
    values = means @ layer.value.matrix.reshape(heads, depth, channels).transpose(0, 2, 1)
    values = values.transpose(0, 2, 1, 3).reshape(batch, count, layer.size)
    values[steps.counts > 0] += layer.value.bias
    result: Array = values @ layer.out.matrix.T + layer.out.bias
    return result


def slice_of(kept: Array) -> slice | Array:
    """Return increasing positions as a slice, which copies nothing, if they have no holes."""
    first, last = int(kept[0]), int(kept[-1])
    return slice(first, last + 1) if last - first + 1 == kept.size else kept


def weigh(steps: Array, scorers: Array, means: Array) -> None:
    """Set the means of a row's steps, each weighted by the softmax of a scorer's scores."""
    scores = scorers @ steps.T
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    np.matmul(scores, steps, out=means)
    means /= scores.sum(axis=1, keepdims=True)
