"""Pooling of any array: slide a window, keep one number per window, exactly.

    import numbapool as nbp

    nbp.max_pool2d(x, 2)                         # the largest of each 2 x 2 window, as torch's
    nbp.avg_pool2d(photo, 2, data_format="HWC")  # a picture at half its size
    nbp.adaptive_avg_pool2d(x, (7, 7))           # to a size
    nbp.global_max_pool(x)                       # one number per channel
    nbp.block_reduce(x, (1, 4, 4), "mean")       # blocks over any axes
    nbp.pool2d(x, "percentile", 3, q=90)         # any operator by its name
    nbp.Pool("max", 3, 2, padding=1)             # a layer: shapes and dtypes without an array

Each operator has functions over one, two and three axes (``max_pool1d``), to a size
(``adaptive_max_pool1d``) and over a whole channel (``global_max_pool``). The same calls work inside
functions that Numba compiles. `numbapool.kernels` has kernels without checks; errors are
`PoolError`.

>>> import numbapool as nbp
>>> nbp.max_pool2d([[1, 2], [3, 4]], 2)
array([[4]])
"""

import sys
from typing import TYPE_CHECKING, Any

from numbapool.errors import PoolError as PoolError
from numbapool.errors import PoolTypeError as PoolTypeError
from numbapool.errors import PoolValueError as PoolValueError

if TYPE_CHECKING:
    # From each file: type checkers lose the names of a package that imports this package in turn.
    from numbapool.functional.areas import *
    from numbapool.functional.averages import *
    from numbapool.functional.blocks import *
    from numbapool.functional.blurs import *
    from numbapool.functional.counts import *
    from numbapool.functional.details import *
    from numbapool.functional.draws import *
    from numbapool.functional.firsts import *
    from numbapool.functional.fractional import *
    from numbapool.functional.general import *
    from numbapool.functional.maxima import *
    from numbapool.functional.medians import *
    from numbapool.functional.minima import *
    from numbapool.functional.mixtures import *
    from numbapool.functional.modes import *
    from numbapool.functional.norms import *
    from numbapool.functional.percentiles import *
    from numbapool.functional.places import *
    from numbapool.functional.pyramids import *
    from numbapool.functional.reductions import *
    from numbapool.functional.roots import *
    from numbapool.functional.sequences import *
    from numbapool.functional.softs import *
    from numbapool.functional.spreads import *
    from numbapool.functional.sums import *
    from numbapool.functional.truths import *
    from numbapool.functional.variances import *
    from numbapool.pooling.pool import Pool as Pool
    from numbapool.pooling.pyramid import *
    from numbapool.recurrent.multihead import *
    from numbapool.recurrent.pool import *
    from numbapool.roi.pool import *
    from numbapool.stores.chunked import *
    from numbapool.stores.pyramids import *
    from numbapool.warm import warmup as warmup
    from numbapool.windows.window import pool2d_shape as pool2d_shape

__version__ = "0.1.0"

_HERE = ("PoolError", "PoolTypeError", "PoolValueError")
_ELSEWHERE = {
    "Pool": "numbapool.pooling.pool",
    "gru_pool": "numbapool.recurrent.pool",
    "lstm_pool": "numbapool.recurrent.pool",
    "multihead_attention_pool": "numbapool.recurrent.multihead",
    "roi_align": "numbapool.roi.pool",
    "roi_pool": "numbapool.roi.pool",
    "spatial_pyramid_pool": "numbapool.pooling.pyramid",
    "pool2d_shape": "numbapool.windows.window",
    "pool_into": "numbapool.stores.chunked",
    "pyramid_into": "numbapool.stores.pyramids",
    "warmup": "numbapool.warm",
}
"""Public names that are not in `numbapool.functional`."""

_MODULES = ("errors", "kernels", "warm")
"""Public modules."""


if not TYPE_CHECKING:  # a type checker should report unknown names

    def __getattr__(name: str) -> Any:
        """Import a name's module when the name is first used.

        If Numba is already imported, this tells it of the functions. Its entry point does the same,
        but Numba finds none if the package is on the path without being installed.
        """
        from importlib import import_module

        if name.startswith("_") and name != "__all__":
            raise AttributeError(f"module 'numbapool' has no attribute {name!r}")
        if name in _MODULES:
            return import_module(f"numbapool.{name}")
        module = import_module(_ELSEWHERE.get(name, "numbapool.functional"))
        if name == "__all__":
            found = sorted({*_HERE, *_ELSEWHERE, *module.__all__})
        elif name in _ELSEWHERE or name in module.__all__:
            found = getattr(module, name)
        else:
            raise AttributeError(f"module 'numbapool' has no attribute {name!r}")
        if "numba" in sys.modules:
            import_module("numbapool.jit").register()
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """Return the public names."""
        return sorted([*sys.modules[__name__].__all__, *_MODULES, "__version__"])
