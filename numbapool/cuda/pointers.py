"""Arrays in a device's memory as launches take them: addresses, and places for addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numbapool.cuda.target import SIMULATED
from numbapool.cuda.vector import BYTES


class Given(NamedTuple):
    """The place of an array that is given to a launch when it runs."""

    number: int


@dataclass(slots=True)
class Memory:
    """Contiguous memory on a device, as launches take it: an array takes longer to make."""

    pointer: int
    size: int
    dtype: np.dtype[Any]
    owner: Any = None
    """What keeps it alive."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "version": 3,
            "data": (self.pointer, False),
            "shape": (self.size,),
            "strides": None,
            "typestr": self.dtype.str,
        }

    def __getitem__(self, rest: slice) -> Memory:
        """Return the memory from an element on."""
        begin = rest.start or 0
        pointer = self.pointer + begin * self.dtype.itemsize
        return Memory(pointer, self.size - begin, self.dtype, self.owner)


def pointer_of(array: Any) -> int:
    """Return the address of an array's first element."""
    if isinstance(array, Memory):
        return array.pointer
    told = array.__array_interface__ if SIMULATED else array.__cuda_array_interface__
    return int(told["data"][0])


def aligned(*arrays: Any) -> bool:
    """Say whether all arrays begin where 16 bytes can be loaded at once."""
    return not any(pointer_of(array) % BYTES for array in arrays)
