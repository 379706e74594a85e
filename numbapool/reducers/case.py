"""The case for which a reduction is chosen, and the reduction."""

from __future__ import annotations

from typing import Any

import numpy as np

from numbapool.records import dataclass
from numbapool.reducers.dtypes import DType, Skip
from numbapool.reducers.ways import Keep, is_own

SINGLE_ROWS, SINGLE_COLUMNS = 32, 1024
"""Windows with more float32 taps are added up in float64: in float32 the roundings of the
additions would come near 1e-6 of the mean."""

SINGLE_FOURS = 4 * (SINGLE_ROWS - 4)
"""The most rows of float32 that are added in fours: no more additions follow one another."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """A reducer for one dtype: the dtypes of its lanes and of its results."""

    op: Any
    lanes: tuple[DType, ...]
    outs: tuple[DType, ...]
    weighted: bool = False
    """Whether the result depends on a window's divisor."""
    costly: bool = False
    """Whether an element takes much longer to lift than to join."""
    in_fours: bool = False
    """Whether rows are to be joined in fours, and the fours one after another."""
    gathers: bool = False
    """Whether it needs all elements of a window at once: its reducer is a selector."""

    @property
    def skips(self) -> bool:
        """Whether some elements may be left out."""
        return not isinstance(self.op, Keep)

    @property
    def places(self) -> bool:
        """Whether the reducer asks for an element's place in its plane."""
        return hasattr(type(self.op), "locate")

    @property
    def own(self) -> bool:
        """Whether the reducer is one of numbapool's."""
        return is_own(type(self.op))


@dataclass(frozen=True)
class Case:
    """The case for which a reduction is chosen: dtype, values left out, windows' sizes."""

    dtype: DType
    skip: Skip
    rows: int = 1
    """The most rows that a window has."""
    columns: int = 1
    plane: int = 1
    """The elements of a plane; an index lies below this."""
    divisor: int = 1
    """The largest divisor of a window's sum; with padding it exceeds the number of taps."""
    in_fours: bool = False
    """Whether rows can be joined in fours, and the fours one after another."""
    weighs: bool = False
    """Whether taps have whole weights. They count as so many taps: `rows`, `columns` and `divisor`
    are sums of weights."""


def sum_lane(case: Case) -> DType:
    """Return the narrowest dtype that holds the sum of a window's taps."""
    dtype, rows, columns = case.dtype, case.rows, case.columns
    if case.weighs and dtype.kind in "fb":
        return np.dtype(np.float64)
    if dtype.kind == "f":
        most = SINGLE_FOURS if case.in_fours else SINGLE_ROWS
        wide = dtype == np.float64 or rows > most or columns > SINGLE_COLUMNS
        return np.dtype(np.float64 if wide else np.float32)
    if dtype.kind == "b":
        return np.dtype(np.uint32)
    bound = max(-int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) * rows * columns
    for name in ("u2", "u4", "u8") if dtype.kind == "u" else ("i4", "i8"):
        if bound <= np.iinfo(name).max:
            return np.dtype(name)
    return np.dtype(f"{dtype.kind}8")


def adds_fours(case: Case, kind: DType) -> bool:
    """Say whether sums of float32 need rows to be joined in fours: else there are too many."""
    return case.in_fours and kind == np.float32 and case.rows > SINGLE_ROWS


def is_past_float64(case: Case) -> bool:
    """Say whether other numbers would equal the value to leave out in float64."""
    dtype = case.dtype
    return case.skip.value is not None and dtype.kind in "iu" and dtype.itemsize == 8
