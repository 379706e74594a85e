"""Types for checkers, of functions whose results depend on `return_indices`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, cast, overload

from numbapool.arrays import Device
from numbapool.inputs import Array, ArrayLike
from numbapool.pooling.call import Pair
from numbapool.reducers.dtypes import NaN
from numbapool.windows.borders import PaddingMode
from numbapool.windows.footprints import Footprint
from numbapool.windows.numbers import Ints
from numbapool.windows.window import OutputSize, Padding


class Sliding(Protocol):
    """Max or min pooling by a sliding window."""

    __name__: str

    @overload
    def __call__(
        self,
        x: ArrayLike,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Padding = 0,
        dilation: Ints = 1,
        ceil_mode: bool = False,
        return_indices: Literal[False] = False,
        *,
        padding_mode: PaddingMode = None,
        footprint: Footprint = None,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        out: Array | None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Array: ...

    @overload
    def __call__(
        self,
        x: ArrayLike,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Padding = 0,
        dilation: Ints = 1,
        ceil_mode: bool = False,
        *,
        return_indices: Literal[True],
        padding_mode: PaddingMode = None,
        footprint: Footprint = None,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        out: Pair | None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Pair: ...

    @overload
    def __call__(
        self,
        x: ArrayLike,
        kernel_size: Ints,
        stride: Ints | None,
        padding: Padding,
        dilation: Ints,
        ceil_mode: bool,
        return_indices: Literal[True],
        *,
        padding_mode: PaddingMode = None,
        footprint: Footprint = None,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        out: Pair | None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Pair: ...

    @overload
    def __call__(
        self,
        x: ArrayLike,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Padding = 0,
        dilation: Ints = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
        *,
        padding_mode: PaddingMode = None,
        footprint: Footprint = None,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        out: None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Array | Pair: ...


class Adaptive(Protocol):
    """Max or min pooling to a size."""

    __name__: str

    @overload
    def __call__(
        self,
        x: ArrayLike,
        output_size: OutputSize,
        return_indices: Literal[False] = False,
        *,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        out: Array | None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Array: ...

    @overload
    def __call__(
        self,
        x: ArrayLike,
        output_size: OutputSize,
        return_indices: Literal[True],
        *,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        out: Pair | None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Pair: ...

    @overload
    def __call__(
        self,
        x: ArrayLike,
        output_size: OutputSize,
        return_indices: bool = False,
        *,
        data_format: str | None = None,
        nan: NaN = "propagate",
        nodata: float | None = None,
        min_count: float | None = None,
        out: None = None,
        device: Device = None,
        stream: Any = None,
    ) -> Array | Pair: ...


def slides(function: Callable[..., Any]) -> Sliding:
    """Return the function as it is."""
    return cast(Sliding, function)


def adapts(function: Callable[..., Any]) -> Adaptive:
    """Return the function as it is."""
    return cast(Adaptive, function)
