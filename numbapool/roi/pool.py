"""The functions for pooling of boxes in images."""

from __future__ import annotations

from math import isfinite, prod
from typing import Any, Literal, NamedTuple, overload

import numpy as np

from numbapool.arrays import Asked, Device, Origin, on_engine
from numbapool.errors import PoolValueError, shown
from numbapool.inputs import Array, ArrayLike, as_array, frozen
from numbapool.loops.forms import Bare
from numbapool.loops.geometry import AXIS, Numbers, filled
from numbapool.plan.choose import Plan
from numbapool.pooling.origins import unlike
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import DType, in_floats, real_number, skip_for
from numbapool.reducers.extremes import maximum
from numbapool.roi.boxes import Boxes, boxes_of
from numbapool.roi.places import Taps, added_up, elements, one_by_one, samples, scaled
from numbapool.run.call import Call
from numbapool.windows.axes import MOST_LISTED
from numbapool.windows.layout import Layout, layout_of, refuse_too_large
from numbapool.windows.numbers import Ints, per_axis

__all__ = ["roi_align", "roi_pool"]


@overload
def roi_pool(
    x: ArrayLike,
    boxes: Any,
    output_size: Ints,
    spatial_scale: float = 1.0,
    *,
    return_indices: Literal[False] = False,
    data_format: str | None = "NCHW",
    device: Device = None,
    stream: Any = None,
) -> Array: ...


@overload
def roi_pool(
    x: ArrayLike,
    boxes: Any,
    output_size: Ints,
    spatial_scale: float = 1.0,
    *,
    return_indices: bool,
    data_format: str | None = "NCHW",
    device: Device = None,
    stream: Any = None,
) -> Array | tuple[Array, Array]: ...


def roi_pool(
    x: ArrayLike,
    boxes: Any,
    output_size: Ints,
    spatial_scale: float = 1.0,
    *,
    return_indices: bool = False,
    data_format: str | None = "NCHW",
    device: Device = None,
    stream: Any = None,
) -> Array | tuple[Array, Array]:
    """Pool each box to a size by the largest element of each of its bins.

    The result is that of torchvision, except that NaN counts as the largest: torchvision leaves
    it out.

    Parameters
    ----------
    x : array_like
        Images, as `data_format` says; any dtype that is pooled.
    boxes : array_like of shape (K, 5), or list of array_like of shape (L, 4)
        The image's number, then x, y, x, y of two corners, in any dtype; or one list of boxes per
        image. For a single image also of shape (K, 4). Places are computed in float32, and cut at
        2**26 elements from the image.
    output_size : int or pair of int
        Bins along a box's height and width.
    spatial_scale : float
        The factor of the boxes' numbers, such as 1 / 16 if the boxes lie in an image and x holds
        that image's features.
    return_indices : bool
        Whether to return each maximum's place in its plane too, counted row by row.
    data_format : {"NCHW", "NHWC", "CHW", "HWC", "HW"}
        The order of the axes. With N, more axes may follow the first.
    device, stream
        As in :func:`max_pool2d`. Boxes on a GPU are copied to the host, which waits for them: x is
        not.

    Returns
    -------
    ndarray of shape (K, C, height, width), or as `data_format` has it
        It has x's dtype. Corners are rounded and belong to the box. A bin outside the image gives
        0, and the index -1. With `return_indices`, a pair with the indices in int64.

    Raises
    ------
    PoolValueError, PoolTypeError
        For boxes of another shape, in an unknown image or not finite, and for arrays that are no
        images.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(48.0).reshape(1, 1, 8, 6)
    >>> roi_pool(x, [[0, 0, 0, 3, 3]], 2)[0, 0]
    array([[ 7.,  9.],
           [19., 21.]])
    """
    return_indices = bool(frozen(return_indices))
    bins = Bins(output_size, spatial_scale, data_format)
    results = largest_elements(x, boxes, bins, return_indices, Asked(None, device, stream))
    return (results[0], results[1]) if return_indices else results[0]


def origins(shape: tuple[int, ...], boxes: Any, bins: Bins, *rest: Any) -> tuple[Origin, ...]:
    """Return the origins of the axes of one result per box."""
    layout = layout_of(shape, 2, bins.data_format)
    axes = unlike(layout)
    return Origin(None, "box"), *axes[layout.format.startswith("N") :]


@on_engine("roi_pool", origins)
def largest_elements(
    x: ArrayLike, boxes: Any, bins: Bins, return_indices: bool, asked: Asked
) -> tuple[Array, ...]:
    """Return the largest element of each bin and, if asked for, its place."""
    array = as_array(x)
    case = Regions.of(array.shape, boxes, bins)
    reduction, tables = case.maximum(array.dtype, return_indices), case.elements()
    images, rows, columns = reach(case, *tables)
    width = images[:, 2] - images[:, 1]
    work = case.planes * case.inner * int(rows.sum(axis=1) @ width)
    geometry = case.geometry(array.size, (images, *tables))
    room = case.layout.spatial[1] * case.inner
    plan = Plan(case.shape, "boxes", geometry, case.pieces, room, work)
    results = pooled(Call(plan, reduction, array.dtype), array)
    empty = (rows[:, :, None] == 0) | (columns[:, None] == 0)
    for result, nothing in zip(results, (0, -1), strict=False):
        case.with_bins(result)[empty] = nothing
    return results


def roi_align(
    x: ArrayLike,
    boxes: Any,
    output_size: Ints,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
    mode: Literal["mean", "max"] = "mean",
    *,
    data_format: str | None = "NCHW",
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Pool each box to a size by samples between elements, in each of its bins.

    The result is that of torchvision. A sample is bilinear between four elements; a sample that
    lies more than one element outside the image counts as 0.

    Parameters
    ----------
    x, boxes, output_size, spatial_scale, data_format, device, stream
        As in :func:`roi_pool`.
    sampling_ratio : int
        Samples along each side of a bin; if it is not positive, as many as the bin is long,
        rounded up.
    aligned : bool
        Whether an element's centre lies at its index, so corners move by half an element. If
        false, boxes are at least one element high and wide.
    mode : {"mean", "max"}
        What to keep of a bin's samples. A NaN among them gives NaN in both modes.

    Returns
    -------
    ndarray of shape (K, C, height, width), or as `data_format` has it
        It has x's dtype if that is a float, else float64. float16 is computed in float32. A bin
        without samples, in a box without an area, gives 0.

    Raises
    ------
    PoolValueError, PoolTypeError
        As :func:`roi_pool`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(25.0).reshape(1, 1, 5, 5)
    >>> roi_align(x, [[0, 0, 0, 2, 2]], 2, sampling_ratio=2, aligned=True)[0, 0]
    array([[0.75 , 1.625],
           [5.125, 6.   ]])
    """
    if not isinstance(mode, str) or mode not in KERNELS:
        raise PoolValueError(f"mode must be one of {', '.join(KERNELS)}, not {shown(mode)}")
    (ratio,) = per_axis(sampling_ratio, 1, "sampling_ratio", -1)
    bins = Bins(output_size, spatial_scale, data_format)
    grid = Grid(ratio, bool(frozen(aligned)), mode)
    return pooled_samples(x, boxes, bins, grid, Asked(None, device, stream))


@on_engine("roi_align", origins)
def pooled_samples(x: ArrayLike, boxes: Any, bins: Bins, grid: Grid, asked: Asked) -> Array:
    """Return the mean or the largest of the samples of each bin."""
    array = as_array(x)
    dtype, inner = dtypes_of(array.dtype)
    array = array.astype(inner, copy=False)
    case = Regions.of(array.shape, boxes, bins)
    plan = sampled(case, array, KERNELS[grid.mode], case.taps(grid))
    lanes = (inner, inner, np.dtype(np.int64))
    (result,) = pooled(Call(plan, Reduction(Bare(), lanes, (inner,)), inner), array)
    return result.astype(dtype, copy=False)


def dtypes_of(dtype: DType) -> tuple[DType, DType]:
    """Return the dtypes of results of samples, and of the arithmetic."""
    result = in_floats(dtype)
    return result, np.dtype(np.float32) if result == np.float16 else result


def reach(case: Regions, rows: Array, columns: Array) -> tuple[Array, Array, Array]:
    """Return each box's image, first column and end of columns; and each bin's rows and columns."""
    start, count = (columns[:, n].reshape(-1, case.bins[1]) for n in (0, 1))
    held = count > 0
    first = np.where(held, start, np.iinfo(np.int64).max).min(axis=1)
    stop = np.where(held, start + count, 0).max(axis=1)
    images = np.stack([case.boxes.images, np.minimum(first, stop), stop], axis=1)
    return images, rows[:, 1].reshape(-1, case.bins[0]), count


KERNELS = {"mean": "mean of samples", "max": "largest sample"}


def sampled(case: Regions, array: Array, kernel: str, axes: list[Taps]) -> Plan:
    """Return the plan of samples along both axes."""
    rows, columns = axes
    images = np.stack([case.boxes.images, columns.first, columns.stop], axis=1)
    room = max(case.layout.spatial[1] * case.inner, int(columns.counts.max(initial=0)))
    width = (columns.stop - columns.first) + case.bins[0] * columns.counts
    work = case.planes * case.inner * int(rows.counts @ width)
    geometry = case.geometry(array.size, (images, rows.table, columns.table))
    return Plan(case.shape, kernel, geometry, case.pieces, room, work)


def pooled(call: Call, array: Array) -> tuple[Array, ...]:
    """Return a call's results.

    Raises
    ------
    PoolValueError
        If there is not enough memory.
    """
    try:
        return call.fresh(array)
    except MemoryError:
        raise PoolValueError(
            f"there is not enough memory for a result of shape {call.shape}"
        ) from None


class Bins(NamedTuple):
    """What callers say of bins."""

    output_size: Any
    spatial_scale: Any
    data_format: Any


class Grid(NamedTuple):
    """Where the samples of a bin lie, and what is kept of them."""

    ratio: int
    """Samples along each side of a bin; if it is not positive, as many as the bin is long."""
    aligned: bool
    mode: str


class Regions(NamedTuple):
    """Boxes in images of a layout, and their bins."""

    layout: Layout
    boxes: Boxes
    scale: np.float32
    bins: tuple[int, ...]
    planes: int
    """Planes of an image."""
    shape: tuple[int, ...]
    """The results' shape."""

    @classmethod
    def of(cls, shape: tuple[int, ...], boxes: Any, given: Bins) -> Regions:
        """Read the arguments for an array of a shape."""
        layout = layout_of(shape, 2, given.data_format)
        batched = layout.format.startswith("N")
        if batched and len(shape) < len(layout.format):
            raise PoolValueError(
                f"an array of shape {shape} has {len(shape)} axes; {layout.format} needs "
                f"{len(layout.format)}: a single image is {layout.format[1:]}"
            )
        for n, size in enumerate(layout.spatial):
            if size == 0:
                raise PoolValueError(f"{layout.axis_name(n)} has size 0: there is nothing to pool")
        factor = real_number(given.spatial_scale, "spatial_scale")
        if not (isfinite(factor) and factor > 0):
            raise PoolValueError(f"spatial_scale must be positive and finite, not {factor}")
        images, lead = (shape[0], layout.lead[1:]) if batched else (1, layout.lead)
        found = boxes_of(boxes, images, batched)
        bins = per_axis(given.output_size, 2, "output_size", 1)
        result = (len(found.images), *lead, *bins, *layout.channels)
        refuse_too_large(result)
        if len(found.images) * max(bins) > MOST_LISTED:
            raise PoolValueError(
                f"the result is too large: {len(found.images)} boxes of {max(bins)} bins along an "
                f"axis; at most {MOST_LISTED} are allowed"
            )
        return cls(layout, found, np.float32(factor), bins, prod(lead), result)

    @property
    def inner(self) -> int:
        """The number of elements at one place."""
        return self.layout.inner

    @property
    def pieces(self) -> int:
        """The number of planes of all boxes together."""
        return len(self.boxes.images) * self.planes

    def corners(self, moved: float) -> list[tuple[Array, Array]]:
        """Return the ends of the boxes along each axis, in elements, moved back by `moved`."""
        x0, y0, x1, y1 = scaled(self.boxes.corners, self.scale, np.float32(moved)).T
        return [(y0, y1), (x0, x1)]

    def maximum(self, dtype: DType, return_indices: bool) -> Reduction:
        """Return the reduction to the largest element."""
        skip = skip_for(dtype, "propagate", None)
        return maximum(Case(dtype, skip, plane=prod(self.layout.spatial)), return_indices)

    def elements(self) -> list[Array]:
        """Return the table of the elements of all bins, along each axis."""
        ends = zip(self.corners(0.0), self.bins, self.layout.spatial, strict=True)
        return [elements(low, high, out, size) for (low, high), out, size in ends]

    def taps(self, grid: Grid) -> list[Taps]:
        """Return the samples of all bins, or what makes up their means, along each axis."""
        found = []
        ends = self.corners(0.5 if grid.aligned else 0.0)
        for (low, high), out, size in zip(ends, self.bins, self.layout.spatial, strict=True):
            length = high - low if grid.aligned else np.maximum(high - low, np.float32(1))
            each = samples(low, length, out, grid.ratio, size)
            found.append(added_up(each, size) if grid.mode == "mean" else one_by_one(each))
        return found

    def geometry(self, total: int, tables: tuple[Numbers, ...]) -> Numbers:
        """Return the numbers that the kernels read."""
        sizes, outs = (1, *self.layout.spatial), (self.planes, *self.bins)
        zeros = dict.fromkeys(AXIS, 0)
        axes = [zeros | {"size": n, "out": out} for n, out in zip(sizes, outs, strict=True)]
        head = {"total": total, "pieces": self.pieces, "inner": self.inner}
        return filled(head, axes, tables)

    def with_bins(self, result: Array) -> Array:
        """Return a view of a result whose first axes are the boxes and their bins."""
        first = result.ndim - len(self.layout.channels) - 2
        return np.moveaxis(result, (first, first + 1), (1, 2))
