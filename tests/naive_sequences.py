"""Pooling of sequences from its definitions: row by row, channel by channel, in float64."""

from fractions import Fraction
from itertools import pairwise
from math import exp, floor, sqrt

import numpy as np


def rows_of(x, lengths=None, mask=None, offsets=None, data_format="NTC"):
    """Return of each sequence its rows that count, each with its place in the sequence."""
    x = np.asarray(x)
    if data_format == "NCT":
        x = np.swapaxes(x, -1, -2)
    if offsets is not None:
        return [[(x[t], t) for t in range(start, stop)] for start, stop in pairwise(offsets)]
    found = []
    for n, sequence in enumerate(x):
        kept = range(len(sequence))
        if lengths is not None:
            kept = range(lengths[n])
        if mask is not None:
            row = np.asarray(mask).reshape(len(x), -1)[n]
            kept = [t for t in range(len(sequence)) if row[t] == 1]
        found.append([(sequence[t], t) for t in kept])
    return found


def channels(x, data_format="NTC"):
    return np.asarray(x).shape[-1 if data_format == "NTC" else -2]


def result_dtype(op, dtype, weighted=False):
    dtype = dtype.newbyteorder("=")
    if op in ("max", "min", "first", "last") or (op in ("mean", "range") and not weighted):
        if op == "mean" and dtype == np.bool_:
            return np.dtype(np.float32)
        if op == "range" and dtype.kind == "i":
            return np.dtype(f"u{dtype.itemsize}")
        return dtype
    if dtype.kind == "f":
        return dtype
    if op == "sum" and not weighted:
        return np.dtype(np.uint64 if dtype.kind == "u" else np.int64)
    return np.dtype(np.float64)


def sequence_pool(
    x,
    op="mean",
    *,
    lengths=None,
    mask=None,
    offsets=None,
    weights=None,
    correction=1,
    normalize=False,
    empty=0.0,
    data_format="NTC",
    nan="propagate",
):
    """Return what each sequence's rows come to, as the library's function of that name."""
    x = np.asarray(x)
    count = channels(x, data_format)
    results = []
    for n, rows in enumerate(rows_of(x, lengths, mask, offsets, data_format)):
        if not rows:
            results.append([empty] * (2 * count if op == "stats" else count))
            continue
        first = rows[0][1]
        if weights is None:
            given = [t - first + 1 for _, t in rows]
        else:
            own = np.asarray(weights) if offsets is not None else np.asarray(weights)[n]
            given = [own[t].item() for _, t in rows]
        columns = []
        for c in range(count):
            column = [row[c].item() for row, _ in rows]
            columns.append(keep(op, column, given, weights is not None, correction, nan, x.dtype))
        results.append(sum(zip(*columns, strict=True), ()))
    dtype = result_dtype(op, x.dtype, weights is not None)
    width = 2 * count if op == "stats" else count
    with np.errstate(all="ignore"):
        made = np.array(results, np.float64 if dtype.kind == "f" else object).reshape(
            len(results), width
        )
        made = made.astype(dtype)
        if normalize:
            for row in made:
                length = sqrt(float(np.sum(row.astype(np.float64) ** 2)))
                row[:] = row / (length or 1)
    return made


def keep(op, column, weights, weighted, correction, nan, dtype):
    """Return what is kept of one channel, as a tuple: one number, or two."""
    if dtype.kind == "f" and nan == "skip":
        pairs = [(v, w) for v, w in zip(column, weights, strict=True) if v == v]
        column, weights = [v for v, _ in pairs], [w for _, w in pairs]
        if not column:
            return (0.0,) if op == "sum" else (np.nan, np.nan) if op == "stats" else (np.nan,)
    if op in ("first", "last"):
        return (column[0 if op == "first" else -1],)
    if op in ("max", "min", "range"):
        some_nan = any(v != v for v in column)
        least, most = (np.nan, np.nan) if some_nan else (min(column), max(column))
        with np.errstate(all="ignore"):
            return ({"max": most, "min": least, "range": between(least, most)}[op],)
    if op == "sum" and not weighted:
        return (wrapped(total(column, dtype), dtype),)
    if op == "mean" and not weighted:
        if dtype.kind in "iu":
            return (floor(Fraction(sum(column), len(column)) + Fraction(1, 2)),)
        return (total(column, dtype) / len(column),)
    if op in ("std", "stats"):
        mean, deviation = moments(column, [1] * len(column), correction)
        return (mean, deviation) if op == "stats" else (deviation,)
    if op == "mean_sqrt_len" and not weighted:
        return (total(column, np.dtype(float)) / sqrt(len(column)),)
    products = [v * w for v, w in zip(column, weights, strict=True) if w != 0]
    with np.errstate(all="ignore"):
        top, bottom = np.float64(sum(products)), np.float64(sum(weights))
        divisors = {"sum": 1, "mean_sqrt_len": np.sqrt(bottom)}
        return (top / divisors.get(op, bottom),)


def between(least, most):
    return 0 if least == most else most - least


def wrapped(value, dtype):
    """Return a sum as 64 bits hold it."""
    if dtype.kind == "f":
        return value
    least = 0 if dtype.kind == "u" else -(2**63)
    return (value - least) % 2**64 + least


def total(column, dtype):
    return sum(column) if dtype.kind in "iub" else float(np.sum(np.array(column, np.float64)))


def moments(column, weights, correction):
    """Return the mean and the deviation, in two passes; 0 of too few."""
    with np.errstate(all="ignore"):
        kept = [(np.float64(v), w) for v, w in zip(column, weights, strict=True) if w != 0]
        count = sum(w for _, w in kept)
        mean = sum(v * w for v, w in kept) / count
        if count <= correction:
            return mean, 0.0
        squares = sum(w * (v - mean) ** 2 for v, w in kept)
        return mean, np.sqrt(squares / (count - correction))


def attention_pool(
    x, scores, op="mean", *, lengths=None, mask=None, offsets=None, empty=0.0, data_format="NTC"
):
    """Return the mean by a softmax of scores, and the deviation from it."""
    x, scores = np.asarray(x), np.asarray(scores)
    count = channels(x, data_format)
    lead = 1 if offsets is not None else 2
    if scores.ndim == lead:
        scores = scores[..., np.newaxis]
    elif data_format == "NCT":
        scores = np.swapaxes(scores, -1, -2)
    heads = scores.shape[-1]
    dtype = x.dtype.newbyteorder("=") if x.dtype.kind == "f" else np.dtype(np.float64)
    results = []
    for n, rows in enumerate(rows_of(x, lengths, mask, offsets, data_format)):
        own = scores if offsets is not None else scores[n]
        means, deviations = [], []
        for c in range(count):
            if not rows:
                means.append(empty)
                deviations.append(empty)
                continue
            head = [float(own[t, c * heads // count]) for _, t in rows]
            largest = max(head)
            weights = [exp(score - largest) for score in head]
            weights = [weight / sum(weights) for weight in weights]
            mean, deviation = moments([row[c].item() for row, _ in rows], weights, 0)
            means.append(mean)
            deviations.append(deviation)
        results.append({"mean": means, "std": deviations, "stats": means + deviations}[op])
    width = count * (1 + (op == "stats"))
    return np.array(results, np.float64).reshape(len(results), width).astype(dtype)
