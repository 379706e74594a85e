"""By how much each level of a pyramid is smaller than the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.reducers.dtypes import whole_number
from numbapool.windows.numbers import Ints, per_axis

Factors: TypeAlias = Ints | list[Ints]
Steps: TypeAlias = tuple[int, ...]

MOST_LEVELS = 1 << 10
"""More levels than any array needs."""

NEARLY = 1 - 1e-6
"""Scales are written as decimals: 0.325 times 2 may miss 0.65 by a little."""


def ladder(
    levels: Any,
    factors: Factors,
    shape: Sequence[int],
    scale: Sequence[float],
    chunk: Sequence[int],
    ceil_mode: bool,
) -> list[Steps]:
    """Return the factors of each level along some axes.

    One number halves (or divides by it) the finer axes first, until all are alike. A tuple is for
    every level; a list has one for each level, and its last one is for all further levels. "auto"
    makes levels until one chunk holds the last one.

    >>> ladder("auto", 2, (256, 1024, 1024), (2.0, 0.5, 0.5), (128,) * 3, True)
    [(1, 2, 2), (1, 2, 2), (2, 2, 2)]
    """
    given = factors if isinstance(factors, list) else [factors]
    if not given:
        raise PoolTypeError("factors names none: give a number, or one for each axis")
    known: list[Steps] = []
    (number,) = per_axis(factors, 1, "factors", 2) if isinstance(factors, int) else (0,)
    if not number:
        known = [per_axis(each, len(shape), "factors", 1) for each in given]
        for each in known:
            if set(each) == {1}:
                raise PoolValueError(f"factors of {each} make no level smaller: give 2 or more")
    most = count_of(levels, given, isinstance(factors, list))
    least = len(given) if isinstance(factors, list) else 0
    sizes, steps = list(shape), list(scale)
    made: list[Steps] = []
    while len(made) < most:
        if levels == "auto" and len(made) >= least and fits(sizes, chunk):
            break
        by = known[min(len(made), len(known) - 1)] if known else finer(steps, sizes, number)
        if all(size <= 1 or k == 1 for size, k in zip(sizes, by, strict=True)):
            break
        if not ceil_mode and any(k > size for size, k in zip(sizes, by, strict=True)):
            break
        made.append(by)
        sizes = [
            -(-size // k) if ceil_mode else size // k for size, k in zip(sizes, by, strict=True)
        ]
        steps = [step * k for step, k in zip(steps, by, strict=True)]
    if not made and levels != "auto":
        raise PoolValueError(f"an image of {tuple(shape)} cannot become smaller by {given[0]}")
    return made


def count_of(levels: Any, given: list[Any], listed: bool) -> int:
    """Return the most levels to make."""
    if isinstance(levels, str):
        if levels != "auto":
            raise PoolValueError(f"levels must be a number or 'auto', not {shown(levels)}")
        return MOST_LEVELS
    count: int = whole_number(levels, "levels")
    if not 1 <= count <= MOST_LEVELS:
        raise PoolValueError(f"levels must lie between 1 and {MOST_LEVELS}, not {count}")
    if listed and len(given) > count:
        raise PoolValueError(f"factors are for {len(given)} levels, and levels is {count}")
    return count


def fits(sizes: Sequence[int], chunk: Sequence[int]) -> bool:
    """Say whether a chunk holds a level; an axis of planes counts as the longest of the others."""
    longest = max(chunk)
    return all(
        size <= (longest if most == 1 else most) for size, most in zip(sizes, chunk, strict=True)
    )


def finer(steps: Sequence[float], sizes: Sequence[int], by: int) -> Steps:
    """Return factors for the axes whose elements lie closer than those of the coarsest by less.

    >>> finer((2.0, 0.5, 0.5), (9, 9, 9), 2), finer((2.0, 1.5, 1.0), (9, 9, 9), 2)
    ((1, 2, 2), (1, 2, 2))
    """
    held = [abs(step) for step, size in zip(steps, sizes, strict=True) if size > 1]
    least = min(held, default=1.0)
    return tuple(
        by if size > 1 and abs(step) < least * by * NEARLY else 1
        for step, size in zip(steps, sizes, strict=True)
    )


def products(made: Sequence[Steps], count: int) -> list[Steps]:
    """Return the factors between level 0 and each level, along `count` axes from the last on."""
    totals, total = [], (1,) * count
    for each in made:
        whole = (1,) * (count - len(each)) + each
        total = tuple(a * b for a, b in zip(total, whole, strict=True))
        totals.append(total)
    return totals
