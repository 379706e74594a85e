"""A loop that needs no reducer and no plan, called with its own arguments."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from numbapool.compile import compiled
from numbapool.compile.contract import SLOTS, taken
from numbapool.compile.spec import spec_of
from numbapool.inputs import Array
from numbapool.loops.forms import Bare
from numbapool.loops.geometry import AXES, AXIS, Numbers, filled
from numbapool.run.call import address


def geometry_of(head: dict[str, int]) -> Numbers:
    """Return the numbers of a head, with empty axes."""
    windows = np.empty((0, 3), np.int64)
    return filled(head, [dict.fromkeys(AXIS, 0)] * len(AXES), [windows] * len(AXES))


class Loop:
    """A loop from the table of loops, compiled for some dtypes, and the arrays that it reads.

    It keeps no array alive.
    """

    def __init__(
        self, name: str, x: np.dtype[Any], outs: tuple[Any, ...], lanes: tuple[Any, ...]
    ) -> None:
        self.kernel = compiled.kernel(spec_of(name, Bare(), x, outs, lanes))
        self.slots = (ctypes.c_int64 * SLOTS)()
        self.address = ctypes.addressof(self.slots)
        self.at = taken(range(SLOTS), 0, len(outs), len(lanes))

    def set(
        self, x: Array, outs: list[Array], geometry: Numbers, lanes: list[Array], room: int = 0
    ) -> None:
        """Point to contiguous arrays; a block needs `room` accumulators of each lane."""
        places = [[address(each) for each in arrays] for arrays in (outs, lanes)]
        given = self.at._replace(
            x=address(x), outs=places[0], geometry=address(geometry), lanes=places[1], room=room
        ).flat()
        self.slots[: len(given)] = given

    def read_from(self, place: int) -> None:
        """Point to another input."""
        self.slots[self.at.x] = place

    def run(self, pieces: int) -> None:
        """Do all pieces in this thread."""
        self.kernel.call(self.address, 0, 0, pieces)
