"""Sequences of any length, pooled to one row each: a text's embeddings, or audio frames."""

from __future__ import annotations

from typing import Any

from numbapool.arrays import Asked, Device, on_engine
from numbapool.inputs import Array, ArrayLike
from numbapool.reducers.dtypes import NaN
from numbapool.sequences.layout import origins
from numbapool.sequences.pooling import Wanted, pool

__all__ = ["attention_pool", "sequence_pool"]


def sequence_pool(
    x: ArrayLike,
    op: Any = "mean",
    *,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    correction: float = 1,
    normalize: bool = False,
    empty: float = 0.0,
    data_format: str = "NTC",
    nan: NaN = "propagate",
    out: Array | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep one row of each sequence of rows.

    Masked rows are never read, so no NaN of the padding gets into a result. A sequence's result
    does not depend on its neighbours.

    Parameters
    ----------
    x : array_like of shape (B, T, C), or (B, C, T) with ``data_format="NCT"``
        bool, integers, float16, float32 or float64, in any layout; copied only if its elements
        are not in native byte order or not aligned. With `offsets`, (T, C) or (C, T).
    op : str, NumPy function, reducer, or a tuple of them
        What to keep of each channel:

        - "mean", "max", "min", "sum", "range": as in the functions of windows;
        - "mean_sqrt_len": the sum divided by the root of the number of rows;
        - "first", "last": the first or the last row that counts;
        - "weighted_mean": the mean by `weights`, or by the weights 1, 2, … from the first row
          that counts on, holes counted;
        - "std": the standard deviation; "stats": the means, then the deviations;
        - a reducer of your own, as :func:`reduce_pool2d` takes.

        The names in sentence-transformers are aliases: "cls", "lasttoken", "weightedmean",
        "mean_sqrt_len_tokens". The results of several operators stand side by side, in the
        dtype that holds all of them.
    lengths : array_like of integers, shape (B,), optional
        The number of rows that count, from the first on.
    mask : array_like of bool, or of 0 and 1, shape (B, T), (B, T, 1) or (B, 1, T), optional
        Which rows count: True or 1 keeps a row. (torch's ``key_padding_mask`` is the inverse.)
    offsets : array_like of integers, shape (B + 1,), optional
        Where each sequence begins in one array of all rows, and where the last sequence ends.
    weights : array_like, shape (B, T), or (T,) with `offsets`, optional
        The weight of each row, for "sum", "mean", "weighted_mean" and "mean_sqrt_len". Means
        divide by the sum of the weights, or by its root. A weight of 0 leaves a row out.
    correction : float
        The number to subtract from the number of rows in the variance's divisor.
    normalize : bool
        Whether to divide each result by its length.
    empty : float
        The value of all results of a sequence without rows that count.
    data_format : str
        "NTC", or "NCT" as in audio models.
    nan : {"propagate", "skip"}
        "skip" leaves NaN out, element by element; a channel of NaN alone stays NaN.
    out : ndarray, optional
        Where to write the result.
    device, stream
        As in :func:`max_pool2d`. On a GPU the weights lie there too; lengths, masks and offsets
        are copied to the host if they do, which waits for them.

    Returns
    -------
    ndarray of shape (B, C), or (B, 2 C) for "stats"
        It has the dtype that the functions of windows give. For integers, "mean_sqrt_len",
        "weighted_mean", "std", "stats" and all weighted results are float64.

    Raises
    ------
    PoolValueError, PoolTypeError
        For shapes that do not fit, lengths or offsets out of range, masks of other numbers, or
        more than one of `lengths`, `mask` and `offsets`.

    Notes
    -----
    float16 and float32 are added up in float32 for some dozens of rows at a time, and these sums
    are added up in float64. The deviation of no more rows than `correction` is 0; the functions of
    windows give NaN there. It is taken about the sequence's first row, so no digits are lost.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[1.0, -1], [2, 4], [6, 0]], [[3, 2], [np.nan, 0], [np.nan, 0]]])
    >>> sequence_pool(x, lengths=[3, 1])
    array([[3., 1.],
           [3., 2.]])
    >>> sequence_pool(x, ("max", "last"), mask=[[1, 1, 0], [1, 0, 0]])
    array([[2., 4., 2., 4.],
           [3., 2., 3., 2.]])
    >>> sequence_pool(x[0], "sum", offsets=[0, 2, 2, 3], weights=[1, 0.5, 2])
    array([[ 2.,  1.],
           [ 0.,  0.],
           [12.,  0.]])
    """
    wanted = Wanted(op, correction, normalize, empty, nan)
    rows = {"lengths": lengths, "mask": mask, "offsets": offsets}
    return pooled(x, weights, wanted, rows, data_format, Asked(out, device, stream))


@on_engine("sequence_pool", origins)
def pooled(
    x: ArrayLike, weights: Any, wanted: Wanted, rows: dict[str, Any], data_format: str, asked: Asked
) -> Array:
    """Pool sequences as wanted."""
    return pool(x, weights, wanted, rows, data_format, asked.out)


def attention_pool(
    x: ArrayLike,
    scores: ArrayLike,
    op: str = "mean",
    *,
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    empty: float = 0.0,
    data_format: str = "NTC",
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Keep a mean of each sequence's rows, weighted by a softmax of their scores.

    Parameters
    ----------
    x : array_like of shape (B, T, C), or (B, C, T) with ``data_format="NCT"``
        As in :func:`sequence_pool`.
    scores : array_like of shape (B, T), (B, T, heads) or (B, T, C)
        The scores whose softmax, over the rows that count, gives the weights. With heads, the
        first C / heads channels have the first head's weights, and so on. With
        ``data_format="NCT"`` the shape is (B, heads, T), with `offsets` (T,) or (T, heads).
    op : {"mean", "std", "stats"}
        The weighted mean; the weighted biased deviation; or both.
    lengths, mask, offsets, empty, data_format, device, stream
        As in :func:`sequence_pool`.

    Returns
    -------
    ndarray of shape (B, C), or (B, 2 C) for "stats"
        It has the input's dtype if that is a float, else float64.

    Raises
    ------
    PoolValueError, PoolTypeError
        As :func:`sequence_pool`, and for scores of another shape.

    Notes
    -----
    The largest score is subtracted first, so no exponential overflows. A score of -inf is a weight
    of 0, which leaves the row out; NaN and inf make the result NaN.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[1.0, -1], [2, 4], [6, 0]]])
    >>> attention_pool(x, [[1, 2, 0]]).round(6)
    array([[2.115394, 2.416235]])
    >>> attention_pool(x, [[1000, 1001, 0]], mask=[[1, 1, 0]]).round(6)
    array([[1.731059, 2.655293]])
    """
    rows = {"lengths": lengths, "mask": mask, "offsets": offsets}
    wanted, asked = Wanted(op, empty=empty), Asked(None, device, stream)
    return attended(x, scores, wanted, rows, data_format, asked)


@on_engine("attention_pool", origins)
def attended(
    x: ArrayLike, scores: Any, wanted: Wanted, rows: dict[str, Any], data_format: str, asked: Asked
) -> Array:
    """Pool sequences by a softmax as wanted."""
    return pool(x, scores, wanted, rows, data_format, name="scores")
