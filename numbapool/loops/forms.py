"""The forms that elements are read in."""

from __future__ import annotations

from collections import namedtuple
from functools import lru_cache
from typing import Any, NamedTuple


class Native(NamedTuple):
    """Elements are numbers as they stand."""


class Half(NamedTuple):
    """Elements are float16, held as uint16 since the CPU target compiles no float16."""


class Pairs(NamedTuple):
    """Elements are read two neighbours at a time and joined at once."""


class Fours(NamedTuple):
    """Elements are read four neighbours at a time and joined at once."""


GROUPED = {1: Native, 2: Pairs, 4: Fours}
"""The forms by how many elements are read at a time."""


class Bare(NamedTuple):
    """Stands where a reducer would, for loops that need none."""


@lru_cache(maxsize=256)
def networked(key: tuple[Any, ...], vector: int) -> type:
    """Return the form of elements that a network takes, in vectors of so many bytes.

    `key` are the arguments of :func:`numbapool.reducers.networks.network`.
    """
    words = [str(each) for each in (*key, vector)]
    name = "".join(letter if letter.isalnum() else "_" for letter in "_".join(words))
    make: Any = namedtuple
    form: type = make(f"Networked_{name}", ())
    for attribute, value in (("key", key), ("vector", vector)):
        setattr(form, attribute, value)
    return form
