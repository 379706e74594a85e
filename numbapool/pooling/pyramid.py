"""Several poolings of the same array, side by side."""

from __future__ import annotations

from math import prod
from typing import Any

from numbapool.arrays import Device, Origin, alike, host_kind, kept, namespace_of, place_of
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array, ArrayLike, as_array
from numbapool.pooling.pool import Pool, spatial_axes
from numbapool.reducers.dtypes import NaN
from numbapool.windows.layout import layout_of
from numbapool.windows.numbers import Ints, whole_numbers

__all__ = ["spatial_pyramid_pool"]


def spatial_pyramid_pool(
    x: ArrayLike,
    levels: Ints = (1, 2, 4),
    op: Any = "max",
    *,
    data_format: str | None = "NCHW",
    nan: NaN = "propagate",
    nodata: float | None = None,
    device: Device = None,
    **own: Any,
) -> Array:
    """Pool images of any size to vectors of one length, by several grids one after the other.

    As in He and others (2014), each level cuts an image into a number of parts along each axis, as
    :func:`adaptive_max_pool2d` does.

    Parameters
    ----------
    x : array_like
        As in :func:`max_pool2d`; `data_format` may name one to three axes to cut.
    levels : int, or sequence of int
        The parts along each axis, in each level.
    op : str, NumPy function or reducer
        What to keep of a part, as in :class:`Pool`.
    data_format, nan, nodata, device
        As in :func:`max_pool2d`; arrays on a GPU may be those of torch, CuPy and JAX. There is
        no `stream`: the library joins the levels, on its own current stream.
    **own
        The operator's own parameters, such as `q` of percentile.

    Returns
    -------
    ndarray of shape (N, C * (1 + 4 + 16))
        The shape is for levels 1, 2 and 4 of two axes. The numbers of a level stand channel by
        channel, those of a channel row by row. The dtype is that of the operator's results.

    Raises
    ------
    PoolValueError, PoolTypeError
        If there is no level, or a level is below 1; and as :func:`max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> spatial_pyramid_pool(np.arange(1, 17).reshape(1, 1, 4, 4), (1, 2))
    array([[16,  6,  8, 14, 16]])
    """
    options = {"nan": nan, "nodata": nodata, "device": device, **own}

    def run(x: Any, out: None) -> Array:
        return joined(x, levels, op, data_format, options)

    kind = host_kind(x)
    if kind is None:
        return run(x, None)
    made: Array = alike(kind, x, None, run, lambda shape: origins(shape, data_format))
    return made


def origins(shape: tuple[int, ...], data_format: str | None) -> tuple[Origin, ...]:
    """Return the origins of the axes of one vector per image."""
    layout = layout_of(shape, *spatial_axes(1, data_format))
    lead = len(layout.lead)
    if layout.channels:
        return *kept(*range(lead)), Origin(len(shape) - 1)
    last = Origin(lead - 1) if "C" in layout.format else Origin(None, "part")
    return *kept(*range(lead - ("C" in layout.format))), last


def joined(
    x: Any, levels: Ints, op: Any, data_format: str | None, options: dict[str, Any]
) -> Array:
    """Return the results of all levels, one level after the other."""
    array: Any = as_array(x) if place_of(x) is None else x
    options = dict(options)
    device = options.pop("device")
    parts = whole_numbers((levels,) if isinstance(levels, int) else levels, "levels", 1)
    if not parts:
        raise PoolValueError(f"levels takes a number or more, not {shown(levels)}")
    ndim, name = spatial_axes(1, data_format)
    layout = layout_of(tuple(array.shape), ndim, name)
    channels_first = "C" in layout.format and not layout.channels
    lead = layout.lead[:-1] if channels_first else layout.lead
    results: list[Any] = []
    for part in parts:
        pool = Pool.adaptive(op, (part,) * ndim, data_format=name, **options)
        result: Any = pool(array, device=device)
        if isinstance(result, tuple):
            raise PoolTypeError("a pyramid has no return_indices: each level has other places")
        library = namespace_of(result, "spatial_pyramid_pool")
        if layout.channels:
            result = library.moveaxis(result, -1, len(lead))
        results.append(result.reshape(*lead, prod(result.shape[len(lead) :])))
    vectors: Array = library.concatenate(results, axis=-1)
    return vectors
