"""Pool sequences: each operator into its columns of the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array, as_numbers, frozen
from numbapool.operators import correction_of
from numbapool.reducers.dtypes import DType, skip_for
from numbapool.reducers.users import is_reducer
from numbapool.run.call import Call, check_out
from numbapool.sequences.layout import Sequences, strided
from numbapool.sequences.plan import plan_of
from numbapool.sequences.rows import positions
from numbapool.sequences.table import (
    ATTENTION,
    Kept,
    capacity,
    keep_weighted,
    kept_for,
    known,
    number_of,
    refuse_empty,
)


@dataclass(frozen=True)
class Wanted:
    """The results to keep of each sequence."""

    op: Any
    correction: float = 1
    normalize: bool = False
    empty: float = 0.0
    nan: str = "propagate"


def pool(given: Sequences, wanted: Wanted, weights: Any = None, out: Any = None) -> Array:
    """Pool sequences by one operator, or by several side by side.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    return joined(given, parts_of(given, wanted, weights), wanted, out)


def parts_of(given: Sequences, wanted: Wanted, weights: Any = None) -> list[Part]:
    """Return the parts of the result: one per operator.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    several = isinstance(wanted.op, tuple | list) and not is_reducer(wanted.op)
    ops = [known(op) for op in (wanted.op if several else (wanted.op,))]
    if not ops:
        raise PoolValueError("op must be an operator, or several in a tuple, not an empty tuple")
    skip = skip_for(given.x.dtype, frozen(wanted.nan), None)
    correction = correction_of(wanted.correction)
    rows = capacity(int(given.rows.rows.max(initial=0)))
    weighed = weights is not None
    kinds = [kept_for(op, given.x.dtype, skip, weighed, rows, correction) for op in ops]
    if weighed:
        weights = beside(given, weights, "weights")
    parts = []
    for op, kind in zip(ops, kinds, strict=True):
        placed = not weighed and not is_reducer(op) and op == "weighted_mean"
        parts.append(Part(op, kind, places(given) if placed else weights))
    return parts


def attend(given: Sequences, scores: Any, op: Any, empty: float) -> Array:
    """Pool sequences by a softmax of scores.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    return joined(given, [attention(given, scores, op)], Wanted(op, empty=empty), None)


def attention(given: Sequences, scores: Any, op: Any) -> Part:
    """Return the part of the result that a softmax of scores gives.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    name = known(op)
    name = "mean" if isinstance(name, str) and name == "avg" else name
    if name not in ATTENTION:
        raise PoolValueError(f"op must be one of {', '.join(ATTENTION)}, not {shown(op)}")
    weights = beside(given, scores, "scores")
    skip = skip_for(given.x.dtype, "propagate", None)
    kind = keep_weighted(name, given.x.dtype, skip, weights.shape[2])
    return Part(name, kind, weights, soft=True)


@dataclass(frozen=True, eq=False)
class Part:
    """One operator's part of the result."""

    op: Any
    kept: Kept | None
    """How its results are kept; None for a copied row."""
    weights: Array | None = None
    soft: bool = False

    def dtype(self, given: Sequences) -> DType:
        """Return the dtype of its results."""
        return given.x.dtype if self.kept is None else self.kept.reduction.outs[0]

    def columns(self, given: Sequences) -> int:
        """Return its number of columns."""
        return given.channels * (1 if self.kept is None else self.kept.columns)


def beside(given: Sequences, weights: Any, name: str) -> Array:
    """Return weights or scores that match the rows, in the dtype that the loop takes."""
    array = as_numbers(weights)
    return given.beside(array, name).astype(number_of(given.x.dtype), copy=False)


def places(given: Sequences) -> Array:
    """Return the weights 1, 2, … of each sequence's rows."""
    batch, steps, _ = given.x.shape
    kind = number_of(given.x.dtype)
    found = positions(given.rows, steps, kind, None if given.cut else batch)
    return found.reshape(batch, steps, 1)


def joined(given: Sequences, parts: list[Part], wanted: Wanted, out: Any) -> Array:
    """Return the parts side by side, in `out` if given."""
    shape, dtype = form_of(given, parts)
    nothing = refuse_empty(frozen(wanted.empty), dtype)
    refuse_lengths(wanted, dtype)
    target = None if out is None else check_out(out, shape, dtype, given.x)
    direct = target is not None and target.flags.c_contiguous
    result = target if direct and target is not None else np.empty(shape, dtype)
    at = 0
    for part in parts:
        columns = part.columns(given)
        fill(given, part, result[:, at : at + columns])
        at += columns
    empty = given.rows.empty
    if empty.any():
        result[empty] = nothing
    if wanted.normalize:
        normalize(result, ~given.rows.empty)
    if target is None or direct:
        return result
    target[...] = result
    return target


def form_of(given: Sequences, parts: list[Part]) -> tuple[tuple[int, int], DType]:
    """Return the shape and the dtype of the parts side by side."""
    dtype = parts[0].dtype(given)
    if len(parts) > 1:
        dtype = np.result_type(*(part.dtype(given) for part in parts))
    return (given.count, sum(part.columns(given) for part in parts)), dtype


def refuse_lengths(wanted: Wanted, dtype: DType) -> None:
    """Raise if results are to be divided by their length and are no floats."""
    if wanted.normalize and dtype.kind != "f":
        raise PoolTypeError(f"normalize makes floats, and the result is {dtype}: convert x first")


def fill(given: Sequences, part: Part, result: Array) -> None:
    """Write a part's results for the sequences that have rows."""
    if not result.size or not len(given.rows.count):
        return
    if part.kept is None:
        batch, row = given.rows.edges(last=part.op == "last")
        result[~given.rows.empty] = given.x[batch, row]
        return
    if result.dtype != part.dtype(given):
        exact = np.empty(result.shape, part.dtype(given))
        fill(given, part, exact)
        result[...] = exact
        return
    x = strided(given.x)
    own = None if part.weights is None else strided(part.weights)
    pitch = result.strides[0] // result.itemsize if len(result) > 1 else 0
    plan = plan_of(given, x, part.kept, own, pitch, part.soft)
    call = part.kept.calls.get(plan.kernel)
    if call is None:
        kinds = () if own is None else (own.base.dtype,)
        call = part.kept.calls[plan.kernel] = Call(plan, part.kept.reduction, given.x.dtype, kinds)
        _ = call.kernel, call.fields, call.first_array
    more = () if own is None else (own.base,)
    call.planned(plan).into(x.base, (result,), more)


def normalize(result: Array, rows: Any) -> None:
    """Divide rows by their length; rows of length 0 stay as they are."""
    wide = result[rows].astype(np.float64)
    length = np.sqrt(np.sum(wide * wide, axis=1, keepdims=True))
    result[rows] = wide / np.where(length == 0, 1, length)
