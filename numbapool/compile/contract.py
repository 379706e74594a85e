"""The contract with compiled code: how a kernel is called, and what a call's record holds.

A kernel is a C function of four numbers: the address of its arguments, the number of the block of
scratch that it may use, its first piece, and the end of its pieces. Its arguments stand at the
address in slots of 8 bytes, in the order of :class:`Arguments`.

Users' compiled code runs a kernel by a record: numbers at an address. Users keep such code for
years. So any change here, to the records' layout or to the order of the slots, raises `RECORD`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

ENTRY = "numbapool_kernel"
"""The name of an object file's one function."""

PROTOTYPE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)
"""A kernel as ctypes calls it. It takes whole numbers as addresses in half the time that it needs
for `c_int64`: 0.3 us of 3.9 for a call on 8 x 8 elements."""

SLOTS = 32
"""More arguments than any kernel has."""


class Arguments(NamedTuple):
    """A kernel's arguments, or values that stand for them, in the order of their slots."""

    fields: Any
    """The reducer's fields, one slot per field."""
    x: Any
    """The input's address."""
    more: Any
    """The addresses of arrays that go with the input, such as weights; one slot each."""
    outs: Any
    """The results' addresses, one slot per result."""
    geometry: Any
    """The address of the plan's numbers."""
    lanes: Any
    """The addresses of the lanes in the scratch, one slot per lane."""
    room: Any
    """Accumulators of each lane that belong to a block."""

    def flat(self) -> list[Any]:
        """Return the content of each slot."""
        return [
            *self.fields,
            self.x,
            *self.more,
            *self.outs,
            self.geometry,
            *self.lanes,
            self.room,
        ]


def taken(slots: Iterable[Any], fields: int, outs: int, lanes: int, more: int = 0) -> Arguments:
    """Return the arguments in slots, from the counts of fields, results, lanes and more inputs."""
    rest = iter(slots)

    def some(count: int) -> list[Any]:
        return [next(rest) for _ in range(count)]

    return Arguments(
        some(fields), next(rest), some(more), some(outs), next(rest), some(lanes), next(rest)
    )


(KERNEL, PIECES, SCRATCH, COUNT, X, OUTS, LANES, LANE_COUNT, TEMPLATE, SHAPE, KEY) = range(11)
"""The first numbers of a record:

- KERNEL: the kernel's address, or 0 if there is nothing to do;
- PIECES: how many pieces of work there are;
- SCRATCH: how many bytes of scratch a call needs;
- COUNT: how many slots the arguments take;
- X, OUTS, LANES: the slots of the input, of the first result, of the first lane;
- LANE_COUNT: how many lanes there are;
- TEMPLATE, SHAPE, KEY: where in the record the arguments, the results' shape and the key begin.
"""

HEAD = 11

RECORD = 1
"""The version of this contract."""


def record(
    kernel: int,
    pieces: int,
    scratch: int,
    arguments: Arguments,
    shape: Sequence[int],
    key: Sequence[int],
) -> list[int]:
    """Return a call's record.

    In `arguments` the arrays' addresses are blank, and a lane is its place in the scratch. A call
    site recognises the record by its key.
    """
    parts = arguments.fields, arguments.outs, arguments.lanes, arguments.more
    counts = map(len, parts)
    at = taken(range(SLOTS), *counts)
    template = arguments.flat()
    head = [0] * HEAD
    head[KERNEL], head[PIECES], head[SCRATCH] = kernel, pieces, scratch
    head[COUNT], head[LANE_COUNT] = len(template), len(arguments.lanes)
    head[X], head[OUTS], head[LANES] = at.x, at.outs[0], at.lanes[0]
    head[TEMPLATE] = HEAD
    head[SHAPE] = head[TEMPLATE] + len(template)
    head[KEY] = head[SHAPE] + len(shape)
    return [*head, *template, *shape, *key]
