"""The functions that compiled code calls in Python: those that put together, rather than pool.

They do their work as outside, holding the GIL; their results' types are known when the call is
compiled.
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
from numbapool.pooling.pool import Pool

FRACTIONAL = (
    "x, kernel_size, output_size=None, output_ratio=None, return_indices=False, samples=None, "
    "seed=None, data_format=None"
)
UNPOOL = "x, indices, kernel_size, stride=None, padding=0, output_size=None, data_format=None"

SIGNATURES = {
    **{f"fractional_max_pool{ndim}d": FRACTIONAL for ndim in (2, 3)},
    **{f"max_unpool{ndim}d": UNPOOL for ndim in (1, 2, 3)},
    "block_reduce": "x, block_size, op, edge='partial', nan='propagate', nodata=None, "
    + ", ".join(f"{name}=None" for name, each in PARAMETERS.items() if GLOBAL in each.forms),
    "max_blur_pool2d": "x, kernel_size=2, filter_size=3, stride=2, padding_mode='reflect', "
    "data_format=None",
    "to_onnx_indices": "indices, shape, storage_order=0",
    "to_tf_indices": "indices, shape, include_batch_in_index=False",
}
"""Each function's parameters in compiled code."""

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
        Where its first argument is no array, or the result's dtype is not known.
    """
    first = next(iter(given.values()))
    if not isinstance(first, types.Array):
        raise TypingError(f"{name} takes an array, not {first}")
    dtype = as_dtype(first.dtype)
    if name == "block_reduce":
        op = given["op"]
        if not isinstance(op, types.StringLiteral):
            raise TypingError("op must be a literal string: the result's type depends on it")
        try:
            own: dict[str, Any] = {name: SAMPLES[name] for name in SAMPLES.keys() & given.keys()}
            own = {name: one for name, one in own.items() if described(name, given[name]) != NONE}
            dtype = Pool(op.literal_value, 1, **own).dtype(dtype)
        except PoolError as error:
            raise TypingError(str(error)) from error
    elif name.startswith("to_"):
        dtype = np.dtype(np.int64)
    elif name == "max_blur_pool2d":
        dtype = Pool.blur().dtype(dtype)
    signature = SIGNATURES[name]
    arguments = ", ".join(f"{part}={part}" for part in given)
    scope = {
        "objmode": objmode,
        "RESULT": results(name, types.Array(from_dtype(dtype), first.ndim, "C"), given),
        "FUNCTION": getattr(functional, name),
    }
    exec(IMPLEMENTATION.format(signature=signature, arguments=arguments), scope)
    made: Callable[..., Any] = scope["implementation"]
    return made


def results(name: str, values: Any, given: dict[str, Any]) -> Any:
    """Return the type of a call's results: of values, or of a pair of these and their places.

    Raises
    ------
    TypingError
        If it cannot be known which.
    """
    kind, wanted = described("return_indices", given.get("return_indices", False))
    if kind != "constant":
        raise TypingError(f"{name}'s return_indices must be a literal True or False")
    return types.Tuple([values, values.copy(dtype=types.int64)]) if wanted else values


def register() -> None:
    """Tell Numba of these functions."""
    for name, signature in SIGNATURES.items():
        text = f"lambda {signature}: implement({name!r}, dict(locals()))"
        overload(getattr(functional, name), prefer_literal=True)(
            eval(text, {"implement": implement})
        )
