"""Pool sequences: each operator into its columns of the result."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array, as_numbers, frozen
from numbapool.operators import correction_of
from numbapool.plan.choose import Plan
from numbapool.reducers.dtypes import DType, skip_for
from numbapool.reducers.users import is_reducer
from numbapool.run.call import Call
from numbapool.sequences.layout import Sequences, Strided, sequences_of, strided
from numbapool.sequences.plan import plan_of
from numbapool.sequences.ready import Ready, form_of, found, handed, keep, one_memory, room
from numbapool.sequences.rows import positions
from numbapool.sequences.table import (
    ATTENTION,
    LEAST_ROWS,
    Kept,
    capacity,
    keep_weighted,
    kept_for,
    known,
    number_of,
    refuse_empty,
)


class Part(NamedTuple):
    """One operator's part of the result."""

    op: Any
    dtype: DType
    """The dtype of its results."""
    kept: Kept | None
    """How its results are kept; None for a copied row."""
    columns: int
    """Results per channel."""
    positions: bool = False
    """Whether rows weigh 1, 2, …"""
    soft: bool = False
    """Whether the weights are scores, whose softmax counts."""


class Wanted(NamedTuple):
    """The results to keep of each sequence, as a caller asks for them."""

    op: Any
    correction: float = 1
    normalize: bool = False
    empty: float = 0.0
    nan: str = "propagate"


class Recipe(NamedTuple):
    """How to make the results: all that follows from the request and the input's dtype."""

    parts: tuple[Part, ...]
    dtype: DType
    columns: int
    """Results per channel, of all parts."""
    nothing: Any
    """The result of a sequence without rows."""
    normalize: bool


def recipe_by(
    op: Any,
    correction: float,
    normalize: bool,
    empty: float,
    nan: str,
    dtype: DType,
    weighed: bool,
    rows: int,
) -> Recipe:
    """Return how to keep one operator, or several in a tuple, of sequences of up to `rows` rows.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    several = isinstance(op, tuple | list) and not is_reducer(op)
    ops = [known(each) for each in (op if several else (op,))]
    if not ops:
        raise PoolValueError("op must be an operator, or several in a tuple, not an empty tuple")
    skip = skip_for(dtype, frozen(nan), None)
    correction = correction_of(correction)
    parts = []
    for each in ops:
        kept = kept_for(each, dtype, skip, weighed, rows, correction)
        placed = not weighed and not is_reducer(each) and each == "weighted_mean"
        parts.append(part_of(each, dtype, kept, positions=placed))
    return joined(parts, empty, bool(frozen(normalize)))


def part_of(op: Any, dtype: DType, kept: Kept | None, **more: bool) -> Part:
    """Return a part of the result for an input's dtype."""
    if kept is None:
        return Part(op, dtype, None, 1)
    return Part(op, kept.reduction.outs[0], kept, kept.columns, **more)


def joined(parts: list[Part], empty: Any, normalize: bool) -> Recipe:
    """Return parts that stand side by side in one result."""
    dtype = np.result_type(*(part.dtype for part in parts)) if len(parts) > 1 else parts[0].dtype
    if normalize and dtype.kind != "f":
        raise PoolTypeError(f"normalize makes floats, and the result is {dtype}: convert x first")
    columns = sum(part.columns for part in parts)
    nothing = refuse_empty(frozen(empty), dtype)
    return Recipe(tuple(parts), dtype, columns, nothing, normalize)


named = lru_cache(maxsize=256, typed=True)(recipe_by)
"""The same for one operator's name. Reducers are not kept: two of other types may be equal."""


def recipe_of(given: Sequences, wanted: Wanted, weighed: bool) -> Recipe:
    """Return how to make the wanted results of sequences, with or without weights.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    steps = given.x.shape[1]
    if steps > LEAST_ROWS:
        steps = given.rows.longest
    key = *wanted, given.x.dtype, weighed, capacity(steps)
    return remembered(named, key) if type(wanted.op) is str else recipe_by(*key)


def remembered(make: Any, key: tuple[Any, ...]) -> Recipe:
    """Return a recipe from those that are kept, or made anew if an option cannot be a key."""
    try:
        recipe: Recipe = make(*key)
    except TypeError:  # or an option is wrong
        recipe = make.__wrapped__(*key)
    return recipe


def recipe_of_attention(given: Sequences, wanted: Wanted, heads: int) -> Recipe:
    """Return how to make the wanted results of sequences whose rows have scores of some heads.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    return remembered(recipe_by_scores, (wanted.op, wanted.empty, given.x.dtype, heads))


@lru_cache(maxsize=256, typed=True)
def recipe_by_scores(op: Any, empty: float, dtype: DType, heads: int) -> Recipe:
    """Return the same for an input's dtype."""
    name = known(op)
    name = "mean" if isinstance(name, str) and name == "avg" else name
    if name not in ATTENTION:
        raise PoolValueError(f"op must be one of {', '.join(ATTENTION)}, not {shown(op)}")
    kept = keep_weighted(name, dtype, skip_for(dtype, "propagate", None), heads)
    return joined([part_of(name, dtype, kept, soft=True)], empty, False)


def pool(
    x: Any,
    beside_x: Any,
    wanted: Wanted,
    rows: dict[str, Any],
    data_format: str,
    out: Any = None,
    name: str = "weights",
) -> Array:
    """Pool sequences by one operator, or by several side by side.

    The rows have weights, or scores whose softmax counts, as `name` says; weights may be None.

    Raises
    ------
    PoolValueError, PoolTypeError
        If an argument is wrong.
    """
    form = form_of(x, beside_x, wanted, rows, name, data_format)
    ready = found(form)
    if ready is not None:
        return ready.run(x, beside_x, out)
    given = sequences_of(x, data_format, **rows)
    weights: Array | None
    if name == "scores":
        weights = beside(given, beside_x, name)
        recipe = recipe_of_attention(given, wanted, heads=weights.shape[2])
    else:
        recipe = recipe_of(given, wanted, beside_x is not None)
        weights = None if beside_x is None else beside(given, beside_x, name)
    ready = ready_of(given, recipe, weights)
    if ready is None:
        return pooled(given, recipe, weights, out)
    if one_memory(x, given.x) and one_memory(beside_x, weights):
        keep(form, ready)
    return ready.run(given.x, weights, out)


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


def ready_of(given: Sequences, recipe: Recipe, weights: Array | None) -> Ready | None:
    """Return the pooling if one kernel does it all, on the arrays' own memory."""
    part, rows = recipe.parts[0], given.rows
    shape = given.number, recipe.columns * given.channels
    one = len(recipe.parts) == 1 and part.kept is not None and not part.positions
    if not one or recipe.normalize or rows.held is not None or not min(shape):
        return None
    x = strided(given.x)
    own = None if weights is None else strided(weights)
    if x.base is not given.x or (own is not None and own.base is not weights):
        return None
    return Ready(*decided(given, part, x, own, shape[1]), shape, recipe.dtype)


def decided(
    given: Sequences, part: Part, x: Strided, own: Strided | None, pitch: int
) -> tuple[Call, Plan]:
    """Return a part's call and plan; the results of neighbouring sequences are `pitch` apart."""
    kept = part.kept
    assert kept is not None
    plan = plan_of(given, x, kept, own, pitch, part.soft)
    call = kept.calls.get(plan.kernel)
    if call is None:
        kinds = () if own is None else (own.base.dtype,)
        call = kept.calls[plan.kernel] = Call(plan, kept.reduction, given.x.dtype, kinds)
    return call, plan


def pooled(given: Sequences, recipe: Recipe, weights: Any, out: Any) -> Array:
    """Return the parts of the result side by side, in `out` if given."""
    dtype, channels = recipe.dtype, given.channels
    shape = given.number, recipe.columns * channels
    result = room(out, shape, dtype, given.x)
    at = 0
    for part in recipe.parts:
        end = at + part.columns * channels
        fill(given, part, weights, result[:, at:end] if end - at < shape[1] else result)
        at = end
    held = given.rows.held
    if held is not None:
        result[~held] = recipe.nothing
    if recipe.normalize:
        normalize(result, given.rows.filled)
    return handed(result, out)


def fill(given: Sequences, part: Part, weights: Array | None, result: Array) -> None:
    """Write a part's results for the sequences that have rows."""
    if not result.size or not len(given.rows.counts):
        return
    if part.kept is None:
        batch, row = given.rows.edges(last=part.op == "last")
        result[given.rows.filled] = given.x[batch, row]
        return
    if result.dtype != part.dtype:
        exact = np.empty(result.shape, part.dtype)
        fill(given, part, weights, exact)
        result[...] = exact
        return
    x = strided(given.x)
    weights = places(given) if part.positions else weights
    own = None if weights is None else strided(weights)
    pitch = result.strides[0] // result.itemsize if len(result) > 1 else 0
    call, plan = decided(given, part, x, own, pitch)
    call.into(x.base, (result,), () if own is None else (own.base,), plan)


def normalize(result: Array, rows: Any) -> None:
    """Divide rows by their length; rows of length 0 stay as they are."""
    wide = result[rows].astype(np.float64)
    length = np.sqrt(np.sum(wide * wide, axis=1, keepdims=True))
    result[rows] = wide / np.where(length == 0, 1, length)
