"""Arrays of xarray: pooled as NumPy's, and given back with their dimensions and coordinates.

Along a pooled axis a coordinate becomes its mean over the windows that the elements were pooled
by. xarray is found in `sys.modules`, where whoever made the array has put it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from numbapool.arrays import LAZY, Origin, place_of
from numbapool.errors import PoolTypeError
from numbapool.inputs import Array, viewed
from numbapool.windows.axes import Axis
from numbapool.windows.weighted import WeightedAxis

HALF = 32
"""The bits of the lower half of a time, which is a number of 64 bits."""


class DataArrays:
    """Arrays with names of dimensions, and coordinates along them."""

    def adopt(self, x: Any) -> Any:
        """Return an array's elements; if they are not computed yet, the lazy array of them."""
        return x.data if place_of(x.data) == LAZY else viewed(x)

    def target(self, out: Any) -> Array:
        """Return the memory of an array to write a result to.

        Raises
        ------
        PoolTypeError
            If the elements are not in the memory of an array of NumPy.
        """
        if isinstance(out.data, np.ndarray):
            return out.data
        raise PoolTypeError(
            f"out must hold an array of NumPy, not {type(out.data).__name__}: pass out.compute(), "
            "and use that"
        )

    def give_back(self, made: Array, x: Any, origins: Callable[[], Sequence[Origin]]) -> Any:
        """Return a result with the array's name, attributes, dimensions and coordinates."""
        axes = origins()
        dims = _dims(axes, x.dims)
        windows, others = {}, set(x.dims)
        for name, size, origin in zip(dims, made.shape, axes, strict=True):
            if origin.windows is not None:
                windows[name] = origin.windows
            elif origin.kept and size == x.sizes[name]:
                others.discard(name)
        changed = [name for name, held in x.coords.items() if not others.isdisjoint(held.dims)]
        # The coordinates that stay keep their indexes too.
        result = sys.modules["xarray"].DataArray(
            made, dims=dims, coords=x.drop_vars(changed).coords, name=x.name, attrs=x.attrs
        )
        pooled = {name: _pooled(x.coords[name].variable, windows, others) for name in changed}
        return result.assign_coords({name: held for name, held in pooled.items() if held})


def _dims(origins: Sequence[Origin], dims: Sequence[Hashable]) -> list[Hashable]:
    """Return the names of a result's dimensions: the array's own, and new ones."""
    names: list[Hashable] = []
    for origin in origins:
        name: Hashable = origin.name if origin.axis is None else dims[origin.axis]
        while origin.axis is None and name in dims:
            name = f"{name}_"
        names.append(name)
    return names


def _pooled(held: Any, windows: dict[Hashable, Any], changed: set[Hashable]) -> Any:
    """Return a coordinate's means over windows; None if it has none."""
    dims = [name for name in held.dims if name in changed]
    values = held.values
    if values.dtype.kind not in "iufmM" or not all(name in windows for name in dims):
        return None
    for name in dims:
        means = time_means if values.dtype.kind in "mM" else float_means
        axis = held.dims.index(name)
        values = np.moveaxis(means(np.moveaxis(values, axis, -1), windows[name]), -1, axis)
    return held.dims, values, held.attrs


def float_means(values: Array, axis: Axis | WeightedAxis) -> Array:
    """Return means of numbers over the windows along the last axis; floats keep their dtype.

    A window without elements gives NaN.
    """
    divisor = divisors(axis)
    means: Array = sums(values.astype(np.float64), axis) / np.where(divisor, divisor, np.nan)
    return means.astype(values.dtype) if values.dtype.kind == "f" else means


def time_means(values: Array, axis: Axis | WeightedAxis) -> Array:
    """Return means of times, or of spans of time, over the windows along the last axis.

    They are whole numbers of the dtype's unit, rounded down. A window without times, or with one
    that is not known, gives NaT.
    """
    whole, divisor = values.astype(np.int64), divisors(axis)
    share = np.maximum(divisor, 1)
    upper, lower = sums(whole >> HALF, axis), sums(whole & ((1 << HALF) - 1), axis)
    high, rest = np.divmod(upper, share)
    means: Array = (high << HALF) + ((rest << HALF) + lower) // share
    unknown = sums(np.isnat(values).astype(np.int64), axis) > 0
    means[unknown | (divisor == 0)] = np.iinfo(np.int64).min
    return means.astype(values.dtype)


def divisors(axis: Axis | WeightedAxis) -> Array:
    """Return the number of elements, or the sum of the weights, of each window."""
    return np.asarray(axis.weights.sum(-1) if isinstance(axis, WeightedAxis) else axis.spans[1])


def sums(values: Array, axis: Axis | WeightedAxis) -> Array:
    """Return sums over the windows along the last axis; a window without elements gives 0."""
    if isinstance(axis, WeightedAxis):
        taps = axis.start[:, np.newaxis] + np.arange(axis.weights.shape[1])
        held = values[..., np.minimum(taps, axis.size - 1)]
        return np.asarray(np.where(axis.weights, held * axis.weights, 0).sum(-1))
    first, count = axis.spans
    # Elements that lie `dilation` apart are brought side by side, so that windows have no holes.
    order = np.argsort(np.arange(axis.size) % axis.dilation, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(axis.size)
    begin = np.where(count, place[first], 0)
    ends = np.stack([begin, begin + count], axis=1).ravel()
    padded = np.zeros((*values.shape[:-1], axis.size + 1), values.dtype)
    padded[..., :-1] = values[..., order]
    found = np.add.reduceat(padded, ends, axis=-1)[..., ::2]
    found[..., count == 0] = 0
    return found


KIND = DataArrays()
