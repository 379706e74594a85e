"""The calls that compiled code runs in Python, because they combine others or pool nothing.

These are some functions, and windows with a padding mode. They work as they do outside compiled
code, and hold the GIL. Their results' types are known when the call is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import objmode, types
from numba.core.errors import TypingError
from numba.extending import overload
from numba.np.numpy_support import as_dtype, from_dtype

from numbapool import functional
from numbapool.errors import PoolError
from numbapool.jit.sites import NONE, described
from numbapool.operators import GLOBAL, PARAMETERS, SAMPLES
from numbapool.pooling.pool import Pool, spatial_axes
from numbapool.pooling.pyramid import spatial_pyramid_pool
from numbapool.reducers.dtypes import in_floats
from numbapool.roi.pool import roi_align, roi_pool

FRACTIONAL = (
    "x, kernel_size, output_size=None, output_ratio=None, return_indices=False, samples=None, "
    "seed=None, data_format=None"
)
UNPOOL = "x, indices, kernel_size, stride=None, padding=0, output_size=None, data_format=None"

OWN = ", ".join(f"{name}=None" for name, each in PARAMETERS.items() if GLOBAL in each.forms)

BOXES = "x, boxes, output_size, spatial_scale=1.0"

SIGNATURES = {
    **{f"fractional_max_pool{ndim}d": FRACTIONAL for ndim in (2, 3)},
    **{f"max_unpool{ndim}d": UNPOOL for ndim in (1, 2, 3)},
    "max_blur_pool2d": "x, kernel_size=2, filter_size=3, stride=2, padding_mode='reflect', "
    "data_format=None",
    "block_reduce": f"x, block_size, op, edge='partial', nan='propagate', nodata=None, {OWN}",
    "to_onnx_indices": "indices, shape, storage_order=0",
    "to_tf_indices": "indices, shape, include_batch_in_index=False",
    "roi_align": f"{BOXES}, sampling_ratio=-1, aligned=False, mode='mean', data_format='NCHW'",
    "roi_pool": f"{BOXES}, data_format='NCHW'",
    "spatial_pyramid_pool": "x, levels=(1, 2, 4), op='max', data_format='NCHW', nan='propagate', "
    f"nodata=None, {OWN}",
}
"""Each function's parameters in compiled code."""

OTHERS: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (roi_align, roi_pool, spatial_pyramid_pool)
}
"""The functions that are in no file of `numbapool.functional`."""

IMPLEMENTATION = """
def implementation({signature}):
    with objmode(result=RESULT):
        result = FUNCTION({arguments})
    return result
"""


def implement(name: str, given: dict[str, Any]) -> Callable[..., Any]:
    """Return a function's implementation for arguments of these types.

    Raises
    ------
    TypingError
        If its first argument is no array, or the result's dtype is not known.
    """
    first = next(iter(given.values()))
    if not isinstance(first, types.Array):
        raise TypingError(f"{name} takes an array, not {first}")
    try:
        dtype, ndim = result_of(name, given, as_dtype(first.dtype), first.ndim)
    except PoolError as error:
        raise TypingError(str(error)) from error
    result = results(name, types.Array(from_dtype(dtype), ndim, "C"), given)
    return in_python(function_of(name), SIGNATURES[name], list(given), result)


def in_python(
    function: Callable[..., Any], signature: str, arguments: list[str], result: Any
) -> Callable[..., Any]:
    """Return an implementation that calls a function in Python, with arguments by their names."""
    passed = ", ".join(f"{name}={name}" for name in arguments)
    scope = {"objmode": objmode, "RESULT": result, "FUNCTION": function}
    exec(IMPLEMENTATION.format(signature=signature, arguments=passed), scope)
    made: Callable[..., Any] = scope["implementation"]
    return made


def results(name: str, values: Any, given: dict[str, Any]) -> Any:
    """Return the type of a call's results: values, or a pair of values and their places.

    Raises
    ------
    TypingError
        If the argument that decides this is no constant.
    """
    kind, wanted = described("return_indices", given.get("return_indices", False))
    if kind != "constant":
        raise TypingError(f"{name}'s return_indices must be a literal True or False")
    return types.Tuple([values, values.copy(dtype=types.int64)]) if wanted else values


def function_of(name: str) -> Callable[..., Any]:
    """Return the function with this name."""
    return OTHERS[name] if name in OTHERS else getattr(functional, name)


def result_of(
    name: str, given: dict[str, Any], dtype: np.dtype[Any], ndim: int
) -> tuple[np.dtype[Any], int]:
    """Return the dtype of a call's result, and how many axes it has."""
    if name in ("block_reduce", "spatial_pyramid_pool"):
        dtype = dtype_of(given, dtype)
    elif name.startswith("to_"):
        dtype = np.dtype(np.int64)
    elif name == "max_blur_pool2d":
        dtype = Pool.blur().dtype(dtype)
    elif name == "roi_align":
        dtype = in_floats(dtype)
    if name in OTHERS:
        kind, data_format = described("data_format", given["data_format"])
        if kind != "constant":
            raise TypingError("data_format must be literal: the result's type depends on it")
        axes, data_format = spatial_axes(1, data_format)
        if name == "spatial_pyramid_pool":
            return dtype, max(ndim - axes, 1)
        # The axis of boxes replaces the axis of images, or stands before a single image's axes.
        return dtype, ndim + (not data_format.startswith("N"))
    return dtype, ndim


def dtype_of(given: dict[str, Any], dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of an operator's results."""
    kind, op = described("op", given["op"])
    if kind != "constant" or not isinstance(op, str):
        raise TypingError("op must be a literal string: the result's type depends on it")
    own: dict[str, Any] = {name: SAMPLES[name] for name in SAMPLES.keys() & given.keys()}
    own = {name: one for name, one in own.items() if described(name, given[name]) != NONE}
    return Pool(op, 1, **own).dtype(dtype)


def register() -> None:
    """Tell Numba of these functions."""
    for name, signature in SIGNATURES.items():
        text = f"lambda {signature}: implement({name!r}, dict(locals()))"
        overload(function_of(name), prefer_literal=True)(eval(text, {"implement": implement}))
