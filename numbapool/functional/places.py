"""Uses of the places of maxima: unpooling, and other libraries' numbering of places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from numbapool.arrays import Asked, Device, HostKind, Origin, alike, host_kind, kept, on_engine
from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.inputs import Array, ArrayLike, as_array, frozen, viewed
from numbapool.pooling.origins import unlike
from numbapool.windows.layout import Layout, layout_of, refuse_too_large
from numbapool.windows.numbers import Ints, per_axis, whole_numbers

__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d", "to_onnx_indices", "to_tf_indices"]


def read_indices(indices: ArrayLike) -> Array:
    """Return indices as an array.

    Raises
    ------
    PoolTypeError
        If they are no whole numbers.
    """
    places = viewed(indices)
    refuse_fractions(places.dtype)
    return places


def refuse_fractions(dtype: np.dtype[Any]) -> None:
    """Raise if a dtype is not one of whole numbers."""
    if dtype.kind not in "iu":
        raise PoolTypeError(f"indices must be whole numbers, not {dtype}")


def refuse_unlike(shape: tuple[int, ...], places: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise if indices do not stand beside values of a shape."""
    refuse_fractions(dtype)
    if places != shape:
        raise PoolValueError(f"indices of shape {places} for values of {shape}")


def origins(
    shape: tuple[int, ...], indices: Any, ndim: int, data_format: str | None, *rest: Any
) -> tuple[Origin, ...]:
    """Return the origins of the axes of what values are put into."""
    return unlike(layout_of(shape, ndim, data_format))


@on_engine("unpool", origins)
def unpool(
    x: ArrayLike,
    indices: ArrayLike,
    ndim: int,
    data_format: str | None,
    windows: tuple[Any, ...],
    asked: Asked,
) -> Array:
    """Put each value at its index, and zeros elsewhere.

    `windows` has kernel_size, stride, padding and output_size.
    """
    values, places = as_array(x), read_indices(indices)
    refuse_unlike(values.shape, places.shape, places.dtype)
    layout, plane = unpooled(values.shape, ndim, data_format, windows)
    size, shape = prod(plane), layout.shape(plane)
    refuse_outside(places, plane)
    view = (layout.outer, prod(layout.spatial), layout.inner)
    try:
        out = np.zeros((layout.outer, size, layout.inner), values.dtype)
    except MemoryError:
        raise PoolValueError(f"there is not enough memory for a result of shape {shape}") from None
    places = places.astype(np.intp, copy=False).reshape(view)
    np.put_along_axis(out, places, values.reshape(view), axis=1)
    return out.reshape(shape)


def unpooled(
    shape: tuple[int, ...], ndim: int, data_format: str | None, windows: tuple[Any, ...]
) -> tuple[Layout, tuple[int, ...]]:
    """Return the layout of values of a shape, and the sizes of the planes to put them in.

    `windows` has kernel_size, stride, padding and output_size.
    """
    kernel_size, stride, padding, output_size = windows
    layout = layout_of(shape, ndim, data_format)
    kernel = per_axis(kernel_size, ndim, "kernel_size", 1)
    given = stride is not None and not (isinstance(stride, tuple | list) and len(stride) == 0)
    step = per_axis(stride, ndim, "stride", 1) if given else kernel
    pads = per_axis(padding, ndim, "padding", 0)
    if output_size is None:
        plane = tuple(
            (size - 1) * s - 2 * pad + k
            for size, s, pad, k in zip(layout.spatial, step, pads, kernel, strict=True)
        )
    else:
        plane = plane_of(output_size, len(shape), ndim, data_format)
    result = layout.shape(plane)
    if min(plane) < 0:
        raise PoolValueError(f"an output of shape {result} cannot be made")
    refuse_too_large(result)
    return layout, plane


def plane_of(output_size: Ints, axes: int, ndim: int, data_format: str | None) -> tuple[int, ...]:
    """Return the spatial sizes of an `output_size`, which may be the whole shape."""
    if not isinstance(output_size, int):
        sizes = whole_numbers(output_size, "output_size", 0)
        if len(sizes) == axes:
            return layout_of(sizes, ndim, data_format).spatial
    return per_axis(output_size, ndim, "output_size", 1)


def refuse_outside(places: Array, plane: tuple[int, ...]) -> None:
    """Raise if an index points outside its plane."""
    if places.size:
        refuse_ends(int(places.min()), int(places.max()), plane)


def refuse_ends(least: int, most: int, plane: tuple[int, ...]) -> None:
    """Raise if the least or the largest index points outside its plane."""
    if least < 0 or most >= prod(plane):
        wrong = least if least < 0 else most
        raise PoolValueError(f"index {wrong} points outside an output plane of {plane}")


def pooled_shape(shape: Any, places: Array, kept: tuple[int, int]) -> tuple[int, ...]:
    """Return the pooled array's shape, whose axes `kept` are the same as those of the indices."""
    sizes = whole_numbers(shape, "shape", 0)
    same = len(sizes) == places.ndim > 2 and all(sizes[n] == places.shape[n] for n in kept)
    if not same:
        raise PoolValueError(
            f"indices of shape {places.shape} are not those of an array of {sizes}"
        )
    if prod(sizes) >= 1 << 63:
        raise PoolValueError(f"an array of shape {sizes} has more places than 64 bits can number")
    return sizes


def max_unpool1d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Sequence[int] | None = None,
    *,
    data_format: str | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Put maxima over one axis back to their places, and zeros elsewhere.

    Shapes are those of :func:`max_pool1d`; `indices` are the places that it returned. The output
    has ``(L - 1) * stride - 2 * padding + kernel_size`` elements along an axis of L, as in
    torch.nn.MaxUnpool1d, or `output_size` (the spatial sizes, or the whole shape). If an index
    occurs twice, the later value stays. `device` and `stream` are as in :func:`max_pool2d`.

    Raises
    ------
    PoolValueError
        If an index points outside its plane, or the shapes do not match.

    Examples
    --------
    >>> from numbapool import max_pool1d
    >>> values, places = max_pool1d([1, 5, 2, 4], 2, return_indices=True)
    >>> max_unpool1d(values, places, 2)
    array([0, 5, 0, 4])
    """
    windows = kernel_size, stride, padding, output_size
    return unpool(x, indices, 1, data_format, windows, Asked(None, device, stream))


def max_unpool2d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Sequence[int] | None = None,
    *,
    data_format: str | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Put maxima over two axes back to their places, and zeros elsewhere.

    Shapes are those of :func:`max_pool2d`; `indices` are the places that it returned. The output
    has ``(L - 1) * stride - 2 * padding + kernel_size`` elements along an axis of L, as in
    torch.nn.MaxUnpool2d, or `output_size` (the spatial sizes, or the whole shape). If an index
    occurs twice, the later value stays. `device` and `stream` are as in :func:`max_pool2d`.

    Raises
    ------
    PoolValueError
        If an index points outside its plane, or the shapes do not match.

    Examples
    --------
    >>> from numbapool import max_pool2d
    >>> import numpy as np
    >>> x = np.arange(16).reshape(4, 4)
    >>> max_unpool2d(*max_pool2d(x, 2, return_indices=True), 2)
    array([[ 0,  0,  0,  0],
           [ 0,  5,  0,  7],
           [ 0,  0,  0,  0],
           [ 0, 13,  0, 15]])
    """
    windows = kernel_size, stride, padding, output_size
    return unpool(x, indices, 2, data_format, windows, Asked(None, device, stream))


def max_unpool3d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Sequence[int] | None = None,
    *,
    data_format: str | None = None,
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Put maxima over three axes back to their places, and zeros elsewhere.

    Shapes are those of :func:`max_pool3d`; `indices` are the places that it returned. The output
    has ``(L - 1) * stride - 2 * padding + kernel_size`` elements along an axis of L, as in
    torch.nn.MaxUnpool3d, or `output_size` (the spatial sizes, or the whole shape). If an index
    occurs twice, the later value stays. `device` and `stream` are as in :func:`max_pool2d`.

    Raises
    ------
    PoolValueError
        If an index points outside its plane, or the shapes do not match.

    Examples
    --------
    >>> from numbapool import max_pool3d
    >>> import numpy as np
    >>> x = np.arange(8).reshape(2, 2, 2)
    >>> max_unpool3d(*max_pool3d(x, 2, return_indices=True), 2).sum()
    np.int64(7)
    """
    windows = kernel_size, stride, padding, output_size
    return unpool(x, indices, 3, data_format, windows, Asked(None, device, stream))


def renumbered(kind: HostKind, indices: Any, run: Callable[[Array, None], Array]) -> Array:
    """Return places numbered in another way, as an array of a kind."""
    made: Array = alike(kind, indices, None, run, lambda shape: kept(*range(len(shape))))
    return made


def to_onnx_indices(indices: ArrayLike, shape: Sequence[int], *, storage_order: int = 0) -> Array:
    """Return places as ONNX's MaxPool numbers them: over the whole tensor, not per plane.

    `indices` are those of a channels-first max pooling; `shape` is that of the pooled tensor,
    (N, C, ...). With ``storage_order=1`` places in a plane count column by column.

    Examples
    --------
    >>> import numpy as np
    >>> to_onnx_indices(np.zeros((1, 2, 1, 1), np.int64), (1, 2, 3, 3)).ravel()
    array([0, 9])
    """
    kind = host_kind(indices)
    if kind is not None:

        def run(places: Array, out: None) -> Array:
            return to_onnx_indices(places, shape, storage_order=storage_order)

        return renumbered(kind, indices, run)
    places = read_indices(indices)
    sizes = pooled_shape(shape, places, (0, 1))
    plane = sizes[2:]
    refuse_outside(places, plane)
    inside = places
    if frozen(storage_order):
        inside = np.ravel_multi_index(np.unravel_index(places, plane)[::-1], plane[::-1])
    planes = np.arange(prod(sizes[:2])).reshape(*sizes[:2], *(1,) * len(plane))
    return inside + planes * prod(plane)


def to_tf_indices(
    indices: ArrayLike, shape: Sequence[int], *, include_batch_in_index: bool = False
) -> Array:
    """Return places as TensorFlow's max_pool_with_argmax numbers them, which counts channels.

    A place is ``(y * width + x) * channels + channel``; with `include_batch_in_index` the elements
    of the images before are added. `indices` are those of a channels-last max pooling; `shape` is
    that of the pooled tensor, (N, H, W, C).

    Examples
    --------
    >>> import numpy as np
    >>> to_tf_indices(np.array([[[[3, 0]]]]), (1, 2, 2, 2)).ravel()
    array([6, 1])
    """
    kind = host_kind(indices)
    if kind is not None:

        def run(places: Array, out: None) -> Array:
            return to_tf_indices(places, shape, include_batch_in_index=include_batch_in_index)

        return renumbered(kind, indices, run)
    places = read_indices(indices)
    sizes = pooled_shape(shape, places, (0, -1))
    channels = sizes[-1]
    numbered = places * channels + np.arange(channels)
    if frozen(include_batch_in_index):
        images = np.arange(sizes[0]).reshape(-1, *(1,) * (len(sizes) - 1))
        numbered = numbered + images * prod(sizes[1:])
    return numbered
