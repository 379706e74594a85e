"""Pooling without checks: calls prepared once and run many times, and loops to call from `@njit`.

- :func:`prepare` decides a call once; :func:`run` runs it on your own buffers.
- ``max_pool2d`` and its siblings are loops that Numba compiles for your own compiled code:
  max, min, sum, avg and median, over one, two or three axes. :mod:`numbapool.loops.plain`
  describes them.
- `on_compile` is a list of functions that are called before a kernel is compiled.
  :func:`place` says where kernels are kept, :func:`thread_count` on how many threads they run.
  :func:`worth_compiling` says whether something slower should do without a kernel, and
  :func:`loop_of` which loop that kernel is of.
  `told` holds the warnings of this process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numbapool.compile.compiled import on_compile as on_compile
    from numbapool.compile.store import place as place
    from numbapool.compile.store import told as told
    from numbapool.inputs import Array
    from numbapool.pooling.pool import Pool
    from numbapool.run.call import Call
    from numbapool.run.threads import thread_count as thread_count

_PLAIN = tuple(
    f"{family}_pool{ndim}d"
    for family in ("avg", "max", "median", "min", "sum")
    for ndim in (1, 2, 3)
)
"""The names of the loops, which import Numba."""

_ELSEWHERE = {
    "on_compile": "numbapool.compile.compiled",
    "place": "numbapool.compile.store",
    "thread_count": "numbapool.run.threads",
    "told": "numbapool.compile.store",
}

__all__ = [*_PLAIN, *_ELSEWHERE, "loop_of", "prepare", "run", "worth_compiling"]


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)


if not TYPE_CHECKING:  # a type checker should report unknown names

    def __getattr__(name: str) -> Any:
        """Import a name's module when the name is first used: a user may need only one name."""
        if name in _ELSEWHERE:
            globals()[name] = getattr(import_module(_ELSEWHERE[name]), name)
        elif name in _PLAIN:
            plain = import_module("numbapool.loops.plain")
            import_module("numbapool.compile.kept").keep(plain.KERNELS)
            globals().update({each: getattr(plain, each) for each in _PLAIN})
        else:
            raise AttributeError(f"module 'numbapool.kernels' has no attribute {name!r}")
        return globals()[name]


_calls: dict[int, Call] = {}


def worth_compiling(pool: Pool, shape: tuple[int, ...], dtype: Any, slower: int = 1) -> bool:
    """Say whether a pooling should run now, by a kernel, if something slower could do it as well.

    It should if no compiler is needed: its kernel is in this process, or on the disk. If not, it
    should once as many elements were asked for, in all processes together, as make a kernel worth
    compiling: some dozens of photos. So a first photo need not wait.

    Parameters
    ----------
    pool : Pool
        Of one operator, without a padding mode.
    shape : tuple of int
    dtype : dtype_like
    slower : int
        How often an element counts: as many times as what is slower takes longer for it than NumPy
        takes to average bytes by 2 x 2.
    """
    from math import prod

    from numbapool.compile.compiled import is_worth

    pool.refuse_several("worth_compiling")
    return is_worth(_decided(pool, shape, dtype).spec, slower * prod(shape))


def loop_of(pool: Pool, shape: tuple[int, ...], dtype: Any) -> str:
    """Return the name of the loop that pools arrays of a shape and dtype, without compiling it.

    Loops differ in the order in which they add floats: "direct" goes along the rows of a window
    first, "rows" down its columns.

    Parameters
    ----------
    pool : Pool
        Of one operator, without a padding mode.
    shape : tuple of int
    dtype : dtype_like

    Examples
    --------
    >>> from numbapool import Pool
    >>> loop_of(Pool("avg", 2), (8, 8), "float32"), loop_of(Pool("avg", 3, 1), (8, 8), "float32")
    ('direct', 'rows')
    """
    pool.refuse_several("loop_of")
    return _decided(pool, shape, dtype).spec.kernel


def _decided(pool: Pool, shape: tuple[int, ...], dtype: Any) -> Call:
    from numbapool.pooling.call import decided_alone
    from numbapool.pooling.pool import known_dtype
    from numbapool.windows.numbers import whole_numbers

    sizes = whole_numbers(shape, "shape", 0)
    return decided_alone(sizes, known_dtype(dtype), pool.window, pool.request)


def prepare(
    function: Callable[..., Any] | Pool,
    shape: tuple[int, ...],
    dtype: Any,
    *arguments: Any,
    **keywords: Any,
) -> Call:
    """Return a pooling function's call for arrays of a shape and dtype, ready to run.

    Parameters
    ----------
    function : a pooling function of this package, or a Pool
    shape : tuple of int
    dtype : dtype_like
    *arguments, **keywords
        The function's other arguments, without `out`; a Pool takes none.

    Returns
    -------
    Call
        It has the results' `shape` and dtypes (`outs`); ``into(x, outs)``, which pools without
        checks; and `record`, with which :func:`run` does so in compiled code.

    Examples
    --------
    >>> import numpy as np
    >>> from numbapool import max_pool2d
    >>> call = prepare(max_pool2d, (4, 4), np.float32, 2)
    >>> x, out = np.arange(16, dtype=np.float32).reshape(4, 4), np.empty(call.shape, np.float32)
    >>> call.into(x, (out,))
    >>> out
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """
    from numbapool.functional.faces import pool_of
    from numbapool.pooling.pool import Pool

    if isinstance(function, Pool):
        pool = function
    else:
        pool = pool_of(function, *arguments, **keywords)
    pool.refuse_several("prepare")
    call = _decided(pool, shape, dtype)
    _calls[call.record] = call
    return call


def run(record: int, x: Array, outs: tuple[Array, ...]) -> None:
    """Pool `x` into `outs` by a prepared call's record, in compiled code or outside.

    Nothing is checked: the arrays must be C-contiguous, have the prepared shapes and dtypes, and
    share no memory. Anything else corrupts memory. In compiled code the function runs in the
    calling thread, and many threads may call it.

    Examples
    --------
    >>> import numpy as np
    >>> from numba import njit
    >>> from numbapool import avg_pool1d
    >>> call = prepare(avg_pool1d, (6,), np.float64, 2)
    >>> @njit
    ... def halve(record, x):
    ...     out = np.empty(3)
    ...     run(record, x, (out,))
    ...     return out
    >>> halve(call.record, np.arange(6.0))
    array([0.5, 2.5, 4.5])
    """
    _calls[record].into(x, outs)


if "numba" in sys.modules:  # else Numba calls `register` before it compiles anything
    import_module("numbapool.jit").register()
