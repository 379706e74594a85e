"""Exact pooling of any array.

>>> import numbapool as nbp
>>> nbp.max_pool2d([[1, 2], [3, 4]], 2)
array([[4]])
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from numbapool.errors import PoolError, PoolTypeError, PoolValueError

if TYPE_CHECKING:
    from numbapool.functional import (
        adaptive_avg_pool1d,
        adaptive_avg_pool2d,
        adaptive_avg_pool3d,
        adaptive_lp_pool1d,
        adaptive_lp_pool2d,
        adaptive_lp_pool3d,
        adaptive_max_pool1d,
        adaptive_max_pool2d,
        adaptive_max_pool3d,
        adaptive_median_pool1d,
        adaptive_median_pool2d,
        adaptive_median_pool3d,
        adaptive_min_pool1d,
        adaptive_min_pool2d,
        adaptive_min_pool3d,
        adaptive_mode_pool1d,
        adaptive_mode_pool2d,
        adaptive_mode_pool3d,
        adaptive_sum_pool1d,
        adaptive_sum_pool2d,
        adaptive_sum_pool3d,
        avg_pool1d,
        avg_pool2d,
        avg_pool3d,
        block_reduce,
        global_avg_pool,
        global_max_pool,
        lp_pool1d,
        lp_pool2d,
        lp_pool3d,
        max_pool1d,
        max_pool2d,
        max_pool3d,
        max_unpool1d,
        max_unpool2d,
        max_unpool3d,
        median_pool1d,
        median_pool2d,
        median_pool3d,
        min_pool1d,
        min_pool2d,
        min_pool3d,
        mode_pool1d,
        mode_pool2d,
        mode_pool3d,
        percentile_pool2d,
        reduce_pool1d,
        reduce_pool2d,
        reduce_pool3d,
        std_pool1d,
        std_pool2d,
        std_pool3d,
        sum_pool1d,
        sum_pool2d,
        sum_pool3d,
        to_onnx_indices,
        to_tf_indices,
        var_pool1d,
        var_pool2d,
        var_pool3d,
    )
    from numbapool.warm import warmup
    from numbapool.windows.layout import pool2d_shape

__version__ = "0.1.0"

__all__ = [
    "PoolError",
    "PoolTypeError",
    "PoolValueError",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_lp_pool1d",
    "adaptive_lp_pool2d",
    "adaptive_lp_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "adaptive_median_pool1d",
    "adaptive_median_pool2d",
    "adaptive_median_pool3d",
    "adaptive_min_pool1d",
    "adaptive_min_pool2d",
    "adaptive_min_pool3d",
    "adaptive_mode_pool1d",
    "adaptive_mode_pool2d",
    "adaptive_mode_pool3d",
    "adaptive_sum_pool1d",
    "adaptive_sum_pool2d",
    "adaptive_sum_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "block_reduce",
    "global_avg_pool",
    "global_max_pool",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "median_pool1d",
    "median_pool2d",
    "median_pool3d",
    "min_pool1d",
    "min_pool2d",
    "min_pool3d",
    "mode_pool1d",
    "mode_pool2d",
    "mode_pool3d",
    "percentile_pool2d",
    "pool2d_shape",
    "reduce_pool1d",
    "reduce_pool2d",
    "reduce_pool3d",
    "std_pool1d",
    "std_pool2d",
    "std_pool3d",
    "sum_pool1d",
    "sum_pool2d",
    "sum_pool3d",
    "to_onnx_indices",
    "to_tf_indices",
    "var_pool1d",
    "var_pool2d",
    "var_pool3d",
    "warmup",
]

# What is not in `numbapool.functional`.
_ELSEWHERE = {"pool2d_shape": "numbapool.windows.layout", "warmup": "numbapool.warm"}


if not TYPE_CHECKING:  # a name that is not there is a mistake

    def __getattr__(name: str) -> Any:
        """Import what a function needs with the first one that is asked for, not before.

        Where Numba is there already, it is told of the functions, as its entry point does too: that
        is not found where the package was not installed but put on the path.
        """
        if name not in __all__:
            raise AttributeError(f"module 'numbapool' has no attribute {name!r}")
        module = _ELSEWHERE.get(name, "numbapool.functional")
        if "numba" in sys.modules:
            import_module("numbapool.jit").register()
        found = globals()[name] = getattr(import_module(module), name)
        return found
