"""How many elements count, and whether any or all of them are true."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import DType, lane
from numbapool.reducers.methods import beats, missing
from numbapool.reducers.ways import AsItStands, Largest, Smallest, variant

SINGLE_COUNTS = 1 << 24
"""float32 holds every count up to this."""


class Count(NamedTuple):
    """The number of elements that count."""

    zero: Any
    one: Any
    left_out: Any

    def neutral(self):
        return self.zero

    def lift(self, value, row):
        return self.zero if missing(self, value) else self.one

    def combine(self, a, b):
        return a + b


class Truth(NamedTuple):
    """Whether any element is true, by the order of the largest; by the other, whether all are.

    1 stands for true, 0 for false. NaN is true, as in NumPy.
    """

    start: Any
    """The answer without elements."""
    zero: Any
    one: Any
    left_out: Any

    def neutral(self):
        return self.start

    def lift(self, value, row):
        true = self.one if value != 0 else self.zero
        return self.start if missing(self, value) else true

    def combine(self, a, b):
        return b if beats(self, b, a) else a


def count(case: Case) -> Reduction:
    """Return the reduction to the number of elements that count."""
    taps = case.rows * case.columns
    if case.dtype.kind == "f":  # elements are read in the lane's dtype, and may be NaN
        kind = np.dtype(np.float32 if taps <= SINGLE_COUNTS else np.float64)
        kind = np.promote_types(kind, lane(case.dtype))
    else:
        kind = np.dtype(np.int32 if taps < 1 << 31 else np.int64)
    return asked(case, Count, (), kind, np.dtype(np.int64), 0, 1)


def any_true(case: Case) -> Reduction:
    """Return the reduction to whether any element is true."""
    kind = lane(case.dtype) if case.dtype.kind == "f" else np.dtype(np.uint8)
    return asked(case, Truth, (Largest,), kind, np.dtype(np.bool_), 0, 0, 1)


def all_true(case: Case) -> Reduction:
    """Return the reduction to whether all elements are true."""
    kind = lane(case.dtype) if case.dtype.kind == "f" else np.dtype(np.uint8)
    return asked(case, Truth, (Smallest,), kind, np.dtype(np.bool_), 1, 0, 1)


def asked(
    case: Case, base: type, orders: tuple[type, ...], kind: DType, out: DType, *numbers: int
) -> Reduction:
    """Return the reduction of elements that are asked, not kept, so lanes need not hold them.

    Floats are read in the lane's dtype, because float16 must be converted.
    """
    ways: tuple[type, ...] = (*orders, case.skip.way)
    stands = lane(case.dtype)
    if case.dtype.kind == "f":
        stands = kind
    else:
        ways = (*ways, AsItStands)
    left_out = stands.type(0 if case.skip.value is None else case.skip.value)
    op = variant(base, *ways)(*map(kind.type, numbers), left_out)
    return Reduction(op, (kind,), (out,))
