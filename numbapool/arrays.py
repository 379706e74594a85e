"""Arrays of other libraries: where their memory lies, the way into it, and the way back.

A library's kind of arrays says how its memory is adopted and how a result is given back. A kind is
found by the module of an object's type: so no library of arrays is ever imported here. Kinds of a
device are in that device's engine, and kinds of the CPU's memory have a file each: these are
imported when the first of their arrays is met.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from importlib import import_module
from typing import Any, Literal, NamedTuple, ParamSpec, Protocol, TypeAlias, TypeVar, cast

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.inputs import DEVICES, Array, device_of

Device: TypeAlias = Literal["cpu", "cuda", "auto"] | None
"""Where to pool; None is where the array lies."""

NAMES = ("cpu", "cuda", "auto")

LAZY = "a graph of Dask"
"""Where arrays lie that are not computed yet."""

ENGINES = {DEVICES[2]: "numbapool.cuda.engine", LAZY: "numbapool.lazy.dask"}
"""The module that pools on a device, or into a graph."""


# ------------------------------------------------------------------------- memory, and its kinds


@dataclass(frozen=True, eq=False, slots=True)
class Adopted:
    """An array's memory as its library handed it over; the host may not be able to read it."""

    kind: Kind
    owner: Any
    """The object whose life keeps the memory; for a result, what `give_back` starts from."""
    pointer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """In bytes."""
    dtype: np.dtype[Any]
    device: int
    """The number of the device."""
    stream: int | None = None
    """The stream whose work must end before the memory is read or written; None for no work."""
    readonly: bool = False

    def shadow(self) -> Array:
        """Return an array of the same form at the same address, whose elements nobody may read.

        NumPy answers questions by it that need no element: about layout and overlap.
        """
        return np.asarray(
            Shadow(
                {
                    "version": 3,
                    "data": (self.pointer, self.readonly),
                    "shape": self.shape,
                    "strides": self.strides,
                    "typestr": self.dtype.str,
                }
            )
        )

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie side by side, the last axis first."""
        step = self.dtype.itemsize
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size != 1 and stride != step:
                return 0 in self.shape
            step *= size
        return True


class Shadow:
    """What NumPy takes an array's form from."""

    def __init__(self, interface: dict[str, Any]) -> None:
        self.__array_interface__ = interface


class Kind(Protocol):
    """A library's kind of arrays."""

    namespace: str
    """The module with NumPy's functions for these arrays, such as `concatenate`; "" if none has."""

    def adopt(self, x: Any, stream: int | None) -> Adopted:
        """Return an array's memory; `stream` is the one to read it on, None for the library's."""

    def contiguous(self, x: Any, stream: int) -> Any:
        """Return a copy of an array, by its library, whose elements lie side by side."""

    def empty(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], like: Adopted, stream: int
    ) -> Adopted:
        """Return memory for a result beside an array, to write on a stream."""

    def give_back(self, made: Adopted, stream: int) -> Any:
        """Return the library's array of memory that `empty` made and the stream has written."""


_KINDS: dict[str, Kind] = {}


def register(kind: Kind, *libraries: str) -> None:
    """Let a kind stand for the arrays of libraries, by the names of their top modules."""
    for library in libraries:
        _KINDS[library] = kind
    kind_of_type.cache_clear()


def kind_of(x: Any) -> Kind | None:
    """Return the kind of an array, or None if its library, or its type's, registered none."""
    return kind_of_type(type(x))  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def kind_of_type(kind_of_array: type) -> Kind | None:
    """Return the kind of all arrays of a type."""
    for owner in kind_of_array.__mro__:
        kind = _KINDS.get(owner.__module__.partition(".")[0])
        if kind is not None:
            return kind
    return None


def namespace_of(x: Any, what: str) -> Any:
    """Return the module with NumPy's functions for an array, which `what` needs.

    Raises
    ------
    PoolTypeError
        If its library has none.
    """
    if place_of(x) is None:
        return np
    kind = kind_of(x)
    module = sys.modules.get(kind.namespace) if kind is not None else None
    if module is None:
        raise PoolTypeError(
            f"{what} takes arrays of torch, CuPy and JAX on a GPU, not a {type(x).__name__}: "
            f"pass {to_host(x)}"
        )
    return module


# ------------------------------------------------- arrays in the CPU's memory that come back alike


class Origin(NamedTuple):
    """What an axis of a result was."""

    axis: int | None
    """The number of the array's axis; None for an axis that the array lacks."""
    name: str = ""
    """The name of an axis that the array lacks."""
    windows: Any = None
    """The windows along the axis, an `Axis` or a `WeightedAxis`; None if there are none."""
    kept: bool = False
    """Whether the places along the axis are the array's own."""


def through(axis: int, windows: Any) -> Origin:
    """Return the origin of an axis that was pooled by windows."""
    if getattr(windows, "trivial", False):
        return Origin(axis, kept=True)
    return Origin(axis, windows=windows)


def kept(*axes: int) -> tuple[Origin, ...]:
    """Return the origins of axes along which nothing was pooled."""
    return tuple([Origin(axis, kept=True) for axis in axes])


class HostKind(Protocol):
    """A library's kind of arrays in the CPU's memory whose results come back as that kind."""

    def adopt(self, x: Any) -> Array:
        """Return an array's elements, without a copy if possible."""

    def target(self, out: Any) -> Array:
        """Return the memory of an array to write a result to."""

    def give_back(self, made: Array, x: Any, origins: Callable[[], Sequence[Origin]]) -> Any:
        """Return a result as an array of this kind; `x` is the array that was pooled."""


HOSTS = {("torch", "Tensor"): "numbapool.tensors", ("xarray", "DataArray"): "numbapool.labelled"}
"""The module with the kind of each type of arrays, by the type's top module and its name."""


def host_kind(x: Any) -> HostKind | None:
    """Return the kind of an array in the CPU's memory; None if its results are NumPy's arrays."""
    if type(x) is np.ndarray:
        return None
    name = _host_module(type(x))  # type: ignore[arg-type]
    if name is None or place_of(x) is not None:
        return None
    module = sys.modules.get(name) or import_module(name)
    return cast(HostKind, module.KIND)


@lru_cache(maxsize=256)
def _host_module(kind: type) -> str | None:
    names = ((owner.__module__.partition(".")[0], owner.__name__) for owner in kind.__mro__)
    return next((HOSTS[name] for name in names if name in HOSTS), None)


def alike(
    kind: HostKind,
    x: Any,
    out: Any,
    run: Callable[[Array, Any], Any],
    origins: Callable[[tuple[int, ...]], Sequence[Origin]],
) -> Any:
    """Pool an array of a kind, and return the results as arrays of that kind.

    `run` pools NumPy's array into `out`, one array or a tuple, or into new arrays. `origins`
    tells the axes of the results from the array's shape.
    """
    array = kind.adopt(x)
    if out is not None:
        several = isinstance(out, tuple)
        made = run(array, tuple(map(_target, out)) if several else _target(out))
        return (out if several else (out,)) if isinstance(made, tuple) else out

    def told() -> Sequence[Origin]:
        return origins(array.shape)

    made = run(array, None)
    if isinstance(made, tuple):
        return tuple([kind.give_back(each, x, told) for each in made])
    return kind.give_back(made, x, told)


def _target(out: Any) -> Any:
    kind = host_kind(out)
    return out if kind is None else kind.target(out)


# ----------------------------------------------------------------------------- where to pool


TOLD_BY = ("__cuda_array_interface__", "__dlpack_device__")
"""What an array on a device has: types are asked first, since data frames look long for a name."""


class Asked(NamedTuple):
    """What a call says of its result: where to write it, on which device, on which stream."""

    out: Any = None
    device: Device = None
    stream: Any = None


class Engine(Protocol):
    """What pools arrays on a device. Each function returns None if the CPU is to pool after all."""

    pool: Callable[..., tuple[Any, ...] | None]
    """Pools by windows: takes the form, the array, the key, and what is :class:`Asked`."""

    sequence_pool: Callable[..., Any]
    """Takes the array, its weights or None, what is wanted, its rows, the format, and `Asked`."""

    attention_pool: Callable[..., Any]
    """Takes the array, the scores, what is wanted, its rows, the format, and `Asked`."""

    unpool: Callable[..., Any]
    """Takes values, indices, the number of axes, the format, the windows, and `Asked`."""

    block_reduce: Callable[..., Any]
    """Takes the array, the block, the operator, the edge, its own parameters, and `Asked`."""

    roi_pool: Callable[..., Any]
    """Takes the array, the boxes, their bins, whether to return places, and `Asked`."""

    roi_align: Callable[..., Any]
    """Takes the array, the boxes, their bins, the samples, and `Asked`."""

    recurrent_pool: Callable[..., Any]
    """Takes the array, the kind, the weights, the pick, the rows, the format, and `Asked`."""

    multihead_attention_pool: Callable[..., Any]
    """Takes the array, the query, the weights, the heads, the rows, the format, and `Asked`."""


Given = ParamSpec("Given")
Made = TypeVar("Made")


def on_engine(
    name: str, origins: Callable[..., Sequence[Origin]]
) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """Let a function that pools NumPy's arrays pool those of other libraries too.

    Arrays on a device are pooled by the engine's function of a name. Both take the same arguments:
    the first is the array, the last is what is :class:`Asked`. Arrays of the CPU's memory come back
    as what they were; `origins` tells the axes of the results, from the array's shape and all
    arguments between.
    """

    def anywhere(pool: Callable[Given, Made]) -> Callable[Given, Made]:
        @wraps(pool)
        def pooled(*given: Given.args, **named: Given.kwargs) -> Made:
            kind = None if type(given[0]) is np.ndarray else host_kind(given[0])
            if kind is not None:
                return cast(Made, _alike(kind, pooled, given, origins))
            asked = cast(Asked, given[-1])
            engine = engine_for(given[0], asked.device, asked.stream)
            made: Made | None = None if engine is None else getattr(engine, name)(*given)
            return pool(*given, **named) if made is None else made

        return pooled

    return anywhere


def _alike(
    kind: HostKind,
    pool: Callable[..., Any],
    given: Sequence[Any],
    origins: Callable[..., Sequence[Origin]],
) -> Any:
    x, *between, asked = given

    def run(array: Array, out: Any) -> Any:
        return pool(array, *between, asked._replace(out=out))

    return alike(kind, x, asked.out, run, lambda shape: origins(shape, *between))


def engine_for(x: Any, device: Device, stream: Any) -> Engine | None:
    """Return the engine that pools an array; None if the CPU pools it.

    Raises
    ------
    PoolValueError, PoolTypeError
        For another `device`, for an array that lies on another device than it is to be pooled on,
        and for a stream where there are none.
    """
    if device is not None and not (isinstance(device, str) and device in NAMES):
        raise PoolValueError(f"device must be {', '.join(NAMES)} or None, not {shown(device)}")
    place = place_of(x)
    if place == LAZY:
        if device == "cuda" or stream is not None:
            raise PoolTypeError("arrays of Dask are pooled on the CPU: leave device and stream out")
        return load_engine(LAZY)
    if place is None:
        if device in (None, "cpu") and stream is not None:
            raise PoolTypeError("stream goes with arrays on a device, and x is in the CPU's memory")
        return None if device in (None, "cpu") else load_engine(DEVICES[2])
    if device == "cpu":
        raise PoolTypeError(
            f"x lies on {place}: pass {to_host(x)} to pool it on the CPU, or leave device out to "
            "pool it where it lies"
        )
    return load_engine(place)


def place_of(x: Any) -> str | None:
    """Return the device with an engine whose memory holds an array; None for all others.

    An array that is not computed yet lies in a graph.
    """
    if type(x) is np.ndarray:
        return None
    if not told_by_type(type(x)):  # type: ignore[arg-type]
        return LAZY if is_lazy(type(x)) else None  # type: ignore[arg-type]
    if getattr(x, "is_cuda", False) is True:  # of torch, whose interface takes long to be asked
        return DEVICES[2]
    try:
        if hasattr(x, "__cuda_array_interface__"):
            return DEVICES[2]
    except Exception:  # a tensor that requires grad refuses to be asked
        return DEVICES[2]
    device = device_of(x)
    return device if device in ENGINES else None


@lru_cache(maxsize=256)
def told_by_type(kind: type) -> bool:
    """Say whether arrays of a type may lie on a device."""
    on_host = issubclass(kind, np.ndarray | list | tuple)
    return not on_host and any([hasattr(kind, name) for name in TOLD_BY])


@lru_cache(maxsize=256)
def is_lazy(kind: type) -> bool:
    """Say whether arrays of a type are those of Dask."""
    names = [(owner.__module__.partition(".")[0], owner.__name__) for owner in kind.__mro__]
    return ("dask", "Array") in names


def load_engine(place: str) -> Engine:
    """Return the engine of a device, imported now if it was not yet."""
    name = ENGINES[place]
    return cast(Engine, sys.modules.get(name) or import_module(name))


def to_host(x: Any) -> str:
    """Return the call that copies an array to the CPU's memory."""
    calls = {
        "torch": "x.cpu()",
        "cupy": "x.get()",
        "dask": "x.compute()",
        "numba": "x.copy_to_host()",
        "jaxlib": "np.asarray(x)",
    }
    tops = (owner.__module__.partition(".")[0] for owner in type(x).__mro__)
    return next((calls[top] for top in tops if top in calls), "a copy in the CPU's memory")
