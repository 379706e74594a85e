"""A pooling as a value: it knows its results' shapes and dtypes before there is an array."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from numbapool.arrays import Device, HostKind, alike, engine_for, host_kind
from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import DTYPES, Array, ArrayLike, frozen
from numbapool.operators import ADAPTIVE, AREA, BLURRING, GLOBAL, SLIDING, find, own_of_each
from numbapool.pooling import planners
from numbapool.pooling.planners import ARGUMENTS, READERS, Decision, Placed, Request, Windows
from numbapool.reducers.dtypes import NaN
from numbapool.reducers.means import Rounding
from numbapool.run.call import overlap
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.layout import ALL_FORMATS, FORMATS, known_format
from numbapool.windows.numbers import Ints, whole_numbers
from numbapool.windows.window import OutputSize, Padding

Key: TypeAlias = tuple[Any, ...]


class Saved(NamedTuple):
    """How much smaller a pooling makes an array."""

    elements: int
    """How many fewer elements the results have."""
    nbytes: int
    """How many fewer bytes the results take; negative if they take more."""
    share: float
    """The bytes saved per byte of the array."""


class Pool:
    """A pooling layer: an operator, its window, and the arrays' data format.

    It is frozen, hashable and picklable; called with an array, it pools the array. `data_format`
    says how many axes it pools: one with "NCL", two with "NCHW", three with "NCDHW". Without a
    format it pools two axes, or three if `kernel_size` has three numbers.

    Parameters
    ----------
    op : str, NumPy function or reducer, or a tuple of them
        An operator's name, such as "max" or "median", an alias ("mean"), NumPy's function of that
        name (``np.mean``), or an instance of a NamedTuple class as in :func:`reduce_pool2d`. For a
        tuple the array is pooled by each operator in turn, and the results are a tuple.
    kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint, data_format, nan,
        nodata, min_count
        As in :func:`max_pool2d`.
    **own
        The operator's own parameters: `return_indices` of max and min; `count_include_pad`,
        `divisor_override` and `rounding` of avg; `norm_type` of lp; `q` of percentile;
        `correction` of var and std; the library's guide lists those of other operators. Of several
        operators each gets those that it takes; together they have no `return_indices`.

    Attributes
    ----------
    parts : tuple of Pool
        The pooling of each operator if there are several, else empty.
    window : Window
        The windows, as plain whole numbers.
    request : Request
        The operator's row of the table, its own parameters, the data format, the values left out;
        of several operators the first one's.

    Raises
    ------
    PoolValueError, PoolTypeError
        If a parameter is out of range or unknown, or if a needed parameter is missing.

    Examples
    --------
    >>> pool = Pool("max", 3, 2, padding=1)
    >>> pool.shape((1, 64, 112, 112))
    (1, 64, 56, 56)
    >>> pool([[1, 2], [3, 4]])
    array([[4]])
    >>> Pool("mean", 2, data_format="NCL").dtype("uint8")
    dtype('uint8')
    """

    __slots__ = ("_key", "form", "parts", "request", "window")

    form: str
    parts: tuple[Pool, ...]
    window: Windows
    request: Request
    _key: Key

    def __init__(
        self,
        op: Any,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Padding = 0,
        dilation: Ints = 1,
        ceil_mode: bool = False,
        *,
        padding_mode: PaddingMode = None,
        footprint: Footprint = None,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        **own: Any,
    ) -> None:
        ndim, name = spatial_axes(kernel_size, data_format)
        window = kernel_size, stride, padding, dilation, ceil_mode, padding_mode, footprint
        self._set(SLIDING, key_of(SLIDING, op, (ndim, *window, name, nan, nodata, min_count), own))

    @classmethod
    def adaptive(
        cls,
        op: Any,
        output_size: OutputSize,
        *,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        **own: Any,
    ) -> Pool:
        """Return a pooling to a size, by windows that cover the input.

        >>> Pool.adaptive("avg", 7).shape((1, 64, 112, 112))
        (1, 64, 7, 7)
        """
        ndim, name = spatial_axes(output_size, data_format)
        common = ndim, output_size, name, nan, nodata, min_count
        return cls.made(ADAPTIVE, key_of(ADAPTIVE, op, common, own))

    @classmethod
    def over_all(
        cls,
        op: Any,
        *,
        data_format: str | None = None,
        keepdims: bool = True,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        **own: Any,
    ) -> Pool:
        """Return a pooling of each channel of each sample to one number.

        >>> Pool.over_all("std", keepdims=False).shape((8, 64, 7, 7))
        (8, 64)
        """
        common = keepdims, data_format, nan, nodata, min_count
        return cls.made(GLOBAL, key_of(GLOBAL, op, common, own))

    @classmethod
    def blur(
        cls,
        filter_size: Ints = 3,
        stride: Ints = 2,
        padding_mode: str = "reflect",
        *,
        data_format: str | None = None,
    ) -> Pool:
        """Return a pooling by a binomial filter, as in :func:`blur_pool2d`.

        >>> Pool.blur().shape((1, 64, 112, 112))
        (1, 64, 56, 56)
        """
        return cls.made(BLURRING, ("blur", 2, filter_size, stride, padding_mode, data_format))

    @classmethod
    def area(
        cls,
        output_size: OutputSize,
        *,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        rounding: Rounding = "half_up",
    ) -> Pool:
        """Return a mean over exact areas, to a size, as in :func:`area_pool2d`.

        >>> Pool.area(5).shape((1, 64, 112, 112))
        (1, 64, 5, 5)
        """
        common = output_size, data_format, nan, nodata, min_count
        return cls.made(AREA, ("avg", 2, *common, rounding))

    @classmethod
    def made(cls, form: str, key: Key) -> Pool:
        """Return a pooling from all of its arguments, in the order that the planners read."""
        pool = cls.__new__(cls)
        pool._set(form, key)
        return pool

    def _set(self, form: str, key: Key) -> None:
        key = tuple(map(frozen, key))
        parts: tuple[Pool, ...] = ()
        if type(key[0]) is tuple:  # a key per operator
            parts = tuple(Pool.made(form, each) for each in key)
            request, window = parts[0].request, parts[0].window
        else:
            window, request = READERS[form](*key)
        for name, value in zip(self.__slots__, (key, form, parts, request, window), strict=True):
            object.__setattr__(self, name, value)

    def decide(self, shape: Sequence[int], dtype: npt.DTypeLike) -> Decision:
        """Return the plan and the reduction for arrays of a shape and a dtype."""
        self.refuse_several("decide")
        sizes = whole_numbers(shape, "shape", 0)
        return planners.decide(sizes, known_dtype(dtype), self.window, self.request)

    def shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the results' shape for an array's shape.

        Raises
        ------
        PoolValueError
            If the windows do not fit that shape.
        """
        return self.place(shape).shape

    def place(self, shape: Sequence[int]) -> Placed:
        """Return where the windows of an array of a shape lie: an :class:`Axis` per pooled axis.

        Raises
        ------
        PoolValueError
            If the windows do not fit that shape.

        >>> [axis.out for axis in Pool("max", 2).place((4, 6)).axes]
        [2, 3]
        """
        sizes = whole_numbers(shape, "shape", 0)
        for part in self.parts[1:]:
            part.place(sizes)  # another operator may refuse windows without elements
        return planners.place(sizes, self.window, self.request)

    def dtypes(
        self, dtype: npt.DTypeLike, weights: npt.DTypeLike | None = None
    ) -> tuple[np.dtype[Any], ...]:
        """Return the dtype of each result for an array's dtype, and for its weights' if any."""
        from numbapool.pooling.weighed import weighed_dtype

        if self.parts:
            return tuple(part.dtype(dtype, weights) for part in self.parts)
        known = known_dtype(dtype)
        outs = self.request.reduction(known).outs
        if weights is None:
            return outs
        op = self.request.operator.name
        return (weighed_dtype(op, known, known_dtype(weights), outs[0]),)

    def dtype(self, dtype: npt.DTypeLike, weights: npt.DTypeLike | None = None) -> np.dtype[Any]:
        """Return the dtype of the values for an array's dtype, and for its weights' if any.

        >>> Pool("sum", 2).dtype("uint8"), Pool("sum", 2).dtype("uint8", weights="float32")
        (dtype('uint64'), dtype('float64'))
        """
        return self.dtypes(dtype, weights)[0]

    def saves(self, shape: Sequence[int], dtype: npt.DTypeLike) -> Saved:
        """Return how much the results save of an array of a shape and a dtype.

        >>> Pool("max", 2).saves((64, 112, 112), "float32")
        Saved(elements=602112, nbytes=2408448, share=0.75)
        """
        before, after = prod(shape), prod(self.shape(shape))
        held = before * known_dtype(dtype).itemsize
        nbytes = held - sum(after * out.itemsize for out in self.dtypes(dtype))
        return Saved(before - after, nbytes, nbytes / held if held else 0.0)

    def __call__(
        self,
        x: ArrayLike,
        out: Array | tuple[Array, ...] | None = None,
        *,
        weights: ArrayLike | None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Array | tuple[Array, ...]:
        """Pool an array, into `out` if given.

        `weights` are as in :func:`avg_pool2d`, `device` and `stream` as in :func:`max_pool2d`.
        """
        from numbapool.pooling.call import DECIDERS, pool_together, unpair
        from numbapool.pooling.weighed import weighed

        if self.parts:
            kind = host_kind(x)
            if kind is not None:
                more = {"weights": weights, "device": device, "stream": stream}
                made: Array | tuple[Array, ...] = self._alike(kind, x, out, more)
                return made
            outs = out_of_each(out, len(self.parts))
            if weights is None and engine_for(x, device, stream) is None:
                keys = [part._key for part in self.parts]
                return pool_together(DECIDERS[self.form], x, keys, outs)
            return tuple(
                cast(Array, part(x, each, weights=weights, device=device, stream=stream))
                for part, each in zip(self.parts, outs, strict=True)
            )
        decider = DECIDERS[self.form]
        return unpair(weighed(decider, x, weights, self._key, out, device, stream))

    def _alike(self, kind: HostKind, x: Any, out: Any, more: dict[str, Any]) -> Any:
        """Pool an array of a kind by each operator, into arrays of that kind."""
        from numbapool.pooling.origins import by_windows

        def run(array: Array, out: Any) -> Any:
            return self(array, out, **more)

        key = self.parts[0]._key
        return alike(kind, x, out, run, lambda shape: by_windows(self.form, shape, key))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pool):
            return NotImplemented
        if self.parts or other.parts:
            return self.parts == other.parts
        return (self.window, self.request) == (other.window, other.request)

    def __hash__(self) -> int:
        return hash(self.parts or (self.window, self.request))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Pool does not change: make another with another {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Pool does not change")

    def __reduce__(self) -> tuple[Any, ...]:
        return Pool.made, (self.form, self._key)

    def __repr__(self) -> str:
        parts = [f"{name}={value!r}" for name, value in self._shown()]
        made = {SLIDING: "Pool", ADAPTIVE: "Pool.adaptive", GLOBAL: "Pool.over_all"}
        if self.form not in made:
            name = "Pool.blur" if self.form == BLURRING else "Pool.area"
            return f"{name}({', '.join(parts)})"
        return f"{made[self.form]}({', '.join([repr(self._op()), *parts])})"

    def _op(self) -> Any:
        """Return the operator's name or the reducer; of several operators a tuple."""
        if self.parts:
            return tuple(part._op() for part in self.parts)
        op = self._key[0]
        return self.request.operator.name if isinstance(op, str) or callable(op) else op

    def refuse_several(self, name: str) -> None:
        """Refuse several operators where one is pooled by.

        Raises
        ------
        PoolTypeError
            If there are several.
        """
        if self.parts:
            raise PoolTypeError(f"{name} takes one operator, not {self._op()}")

    def _shown(self) -> list[tuple[str, Any]]:
        """Return the arguments that are not their parameters' defaults."""
        if self.parts:
            shown = [pair for part in self.parts for pair in part._shown()]
            return list(dict(shown).items())
        names, defaults = ARGUMENTS[self.form]
        start = 1 if self.form == GLOBAL else 2
        own = self.request.operator.own(self.form)
        names = (*names, *(each.name for each in own))
        defaults = (*defaults, *(each.default for each in own))
        given = zip(names, self._key[start:], defaults, strict=True)
        return [(name, value) for name, value, default in given if value != default]


def key_of(form: str, op: Any, common: Key, own: dict[str, Any]) -> Key:
    """Return the key of an operator, or of a tuple of operators a tuple of keys."""
    if type(op) is not tuple:  # a reducer is an instance of a class of tuples
        return (op, *common, *find(op).in_order(form, own))
    values = own_of_each(op, form, own)
    return tuple((each, *common, *more) for each, more in zip(op, values, strict=True))


def out_of_each(out: Any, count: int) -> tuple[Any, ...]:
    """Return where each of several operators' results go.

    Raises
    ------
    PoolValueError
        For another number of arrays, and for arrays that overlap.
    """
    if out is None:
        return (None,) * count
    if not isinstance(out, tuple) or len(out) != count:
        given = len(out) if isinstance(out, tuple) else 1
        raise PoolValueError(f"out takes {count} arrays, not {given}")
    for one, other in combinations(out, 2):
        if isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and overlap(one, other):
            raise PoolValueError("two arrays of out overlap")
    return out


def spatial_axes(numbers: Any, data_format: Any) -> tuple[int, str]:
    """Return how many axes are pooled, and the data format.

    `numbers` is the kernel's size or the output's size.

    Raises
    ------
    PoolValueError
        For an unknown format.
    """
    if data_format is None:
        several = isinstance(numbers, tuple | list | np.ndarray) and np.ndim(numbers) == 1
        ndim = 3 if several and len(numbers) == 3 else 2
    else:
        known = known_format(data_format, ALL_FORMATS)
        ndim = next(ndim for ndim, formats in FORMATS.items() if known in formats)
    return ndim, known_format(data_format, FORMATS[ndim])


def known_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return a dtype that is pooled, in native byte order.

    Raises
    ------
    PoolTypeError
        For a value that is no dtype, or a dtype that is not pooled.
    """
    try:
        found: np.dtype[Any] = np.dtype(dtype).newbyteorder("=")
    except (TypeError, ValueError) as error:
        raise PoolTypeError(f"{shown(dtype)} is no dtype: give one as 'uint8'") from error
    if found not in DTYPES:
        raise PoolTypeError(f"arrays of dtype {found} are not pooled")
    return found
