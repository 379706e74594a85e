"""The forms that elements are read in."""

from __future__ import annotations

from typing import NamedTuple


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
