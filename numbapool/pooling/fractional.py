"""Fractional max pooling, which places its windows anew for each array."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numbapool.operators import find
from numbapool.plan.placed import placed_plan
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import Skip
from numbapool.run.call import Call
from numbapool.windows.fractional import places, shifts_of
from numbapool.windows.layout import layout_of, refuse_too_large


def fractional(
    shape: tuple[int, ...], dtype: np.dtype[Any], ndim: int, data_format: Any, *key: Any
) -> Call:
    """Return the call of a fractional pooling.

    The `key` is kernel_size, output_size, output_ratio, return_indices, samples and seed. The
    call is not kept: other samples place other windows.
    """
    placed, reduction = decided(shape, dtype, ndim, data_format, *key)
    return Call(placed_plan(*placed), reduction, dtype)


def decided(
    shape: tuple[int, ...], dtype: np.dtype[Any], ndim: int, data_format: Any, *key: Any
) -> tuple[Any, Reduction]:
    """Return the arguments of the plan, for the CPU or a GPU, and the reduction.

    The first are the results' shape, the layout, the windows' taps, and where they start.
    """
    kernel_size, output_size, output_ratio, return_indices, samples, seed = key
    layout = layout_of(shape, ndim, data_format)
    shifts = shifts_of(layout, samples, seed)
    taps, starts = places(layout, kernel_size, output_size, output_ratio, shifts)
    result = layout.shape(tuple(table.shape[1] for table in starts))
    refuse_too_large(result)
    case = Case(dtype, Skip(), plane=prod(layout.spatial))
    reduction = find("max").reduce(case, return_indices=bool(return_indices))
    return (result, layout, taps, starts), reduction
