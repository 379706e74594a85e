"""Pooling of any array, exact and at the memory's speed.

>>> import numbapool as nbp
>>> nbp.max_pool2d([[1, 2], [3, 4]], 2)
array([[4]])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from numbapool.errors import PoolError as PoolError
from numbapool.errors import PoolTypeError as PoolTypeError
from numbapool.errors import PoolValueError as PoolValueError

if TYPE_CHECKING:
    from numbapool.functional import *  # noqa: F403
    from numbapool.layout import pool2d_shape as pool2d_shape

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the compiler with the first function that needs it, not before."""
    if name == "pool2d_shape":
        return import_module("numbapool.layout").pool2d_shape
    if not name.startswith("_"):
        functional = import_module("numbapool.functional")
        if name in functional.__all__:
            return getattr(functional, name)
    raise AttributeError(f"module 'numbapool' has no attribute {name!r}")


def __dir__() -> list[str]:
    functional = import_module("numbapool.functional")
    return sorted({*globals(), *functional.__all__, "pool2d_shape"})
