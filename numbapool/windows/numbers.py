"""Whole numbers as callers give them: one for all axes, or one per axis."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, TypeAlias

from numbapool.errors import PoolTypeError, PoolValueError, shown

Ints: TypeAlias = int | Sequence[int]


def listed(value: Any) -> Any:
    """Return a value that may hold numbers; refuse text, whose bytes are numbers too."""
    return (value,) if isinstance(value, str | bytes | bytearray) else value


def within_limits(numbers: tuple[int, ...], name: str, least: int) -> tuple[int, ...]:
    """Return the numbers if none is below `least` or past 64 bits."""
    for number in numbers:
        if number < least:
            raise PoolValueError(f"{name} must be at least {least}, not {shown(number)}")
        if number >= 1 << 63:
            raise PoolValueError(f"{name} is too large: {shown(number)} is past 64 bits")
    return numbers


def whole_numbers(value: Any, name: str, least: int) -> tuple[int, ...]:
    """Return any number of whole numbers, none below `least`."""
    try:
        numbers = tuple(index(number) for number in listed(value))
    except TypeError:
        raise PoolTypeError(f"{name} takes whole numbers, not {shown(value)}") from None
    return within_limits(numbers, name, least)


def per_axis(value: Ints, ndim: int, name: str, least: int) -> tuple[int, ...]:
    """Return one whole number per axis from an int, a one-element tuple or a full tuple."""
    entries = (value,) if isinstance(value, int) else listed(value)
    try:
        numbers = tuple(index(number) for number in entries)
    except TypeError:
        try:
            numbers = (index(value),)  # type: ignore[arg-type]
        except TypeError:
            raise PoolTypeError(
                f"{name} takes an int or {ndim} of them, not {shown(value)}"
            ) from None
    if len(numbers) == 1:
        numbers *= ndim
    if len(numbers) != ndim:
        raise PoolValueError(f"{name} takes an int or {ndim} of them, not {shown(value)}")
    return within_limits(numbers, name, least)
