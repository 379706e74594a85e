"""A small call of every public function beside the oracle's: for processes of another mood.

Run as a script with dtypes, it makes all calls on each and prints how many were right.
"""

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import every_other
import naive
import naive_kinds
import naive_operators
import numpy as np

import numbapool as nbp
from numbapool.functional.faces import NAME
from numbapool.operators import OPERATORS

SIZES = {1: (2, 12), 2: (2, 6, 7), 3: (1, 4, 5, 6)}
"""Shapes: a leading axis, and the pooled ones."""

WINDOWS: list[dict[str, Any]] = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    {"kernel_size": 2, "stride": 1, "padding": "same", "dilation": 2, "nodata": 3},
]


class Total(NamedTuple):
    """A reducer of a user's."""

    def neutral(self):
        return 0.0

    def combine(self, a, b):
        return a + b


def data(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return whole numbers: few, so that some are equal, and of which all sums are exact."""
    return np.random.default_rng(len(shape)).integers(0, 9, shape).astype(dtype)


def sliding(family: str, ndim: int, x: np.ndarray) -> Iterator[tuple[Any, Any]]:
    function = getattr(nbp, f"{family}_pool{ndim}d")
    for window in WINDOWS:
        arguments = window
        if family == "reduce":
            arguments = {name: part for name, part in window.items() if name != "nodata"}
            got = function(x, Total(), **arguments)
            yield got, naive.sum_pool(x, ndim, **arguments).astype(naive.float_dtype(x.dtype))
            continue
        needs = naive_operators.SAMPLES.get(family, {})
        want = naive_operators.sliding(family, x, ndim, **arguments, **needs)
        yield function(x, **arguments, **needs), want
        yield getattr(nbp, f"pool{ndim}d")(x, family, **arguments, **needs), want
        oracle = getattr(naive, f"{family}_pool", None)
        if family in ("max", "min"):
            got = function(x, **arguments, return_indices=True)
            yield from zip(got, oracle(x, ndim, **arguments, return_indices=True), strict=True)
        if family == "avg":
            more = {"rounding": "half_even", "count_include_pad": False}
            yield function(x, **arguments, **more), oracle(x, ndim, **arguments, **more)


def long_windows(x: np.ndarray) -> Iterator[tuple[Any, Any]]:
    """Yield calls that take the kernels of large windows."""
    for name in ("max", "avg", "sum"):
        function, oracle = getattr(nbp, f"{name}_pool2d"), getattr(naive, f"{name}_pool")
        yield function(x, (12, 2), 1), oracle(x, 2, (12, 2), 1)
        yield function(x, (1, 40)), oracle(x, 2, (1, 40))


def adaptive(family: str, ndim: int, x: np.ndarray) -> Iterator[tuple[Any, Any]]:
    function = getattr(nbp, f"adaptive_{family}_pool{ndim}d")
    needs = naive_operators.SAMPLES.get(family, {})
    for size in (2, (None,) * ndim):
        want = naive_operators.adaptive(family, x, ndim, size, **needs)
        yield function(x, output_size=size, **needs), want


def over_all(family: str, x: np.ndarray) -> Iterator[tuple[Any, Any]]:
    needs = naive_operators.SAMPLES.get(family, {})
    for arguments in ({}, {"keepdims": False}, {"data_format": "NHWC"}, {"nodata": 3}):
        want = naive_operators.over_all(family, x[None], **arguments, **needs)
        yield getattr(nbp, f"global_{family}_pool")(x[None], **arguments, **needs), want


def of_other_kinds(name: str, x: np.ndarray) -> Iterator[tuple[Any, Any]]:
    """Yield calls of windows of other kinds."""
    function = getattr(nbp, name)
    if name.startswith("fractional"):
        ndim = int(name[-2])
        x = data(SIZES[ndim], x.dtype.name)
        samples = np.random.default_rng(0).random((*x.shape[:-ndim], ndim), np.float32)
        want = naive_kinds.fractional_max_pool(x, ndim, 2, (2,) * ndim, samples)
        yield from zip(function(x, 2, 2, None, True, samples=samples), want, strict=True)
    elif name.startswith("area"):
        for arguments in ({"output_size": (2, 3)}, {"output_size": 2, "data_format": "NHWC"}):
            yield function(x, **arguments), naive_kinds.area_pool2d(x, **arguments)
    else:
        yield function(x), getattr(naive_kinds, name)(x)
        named = {"filter_size": 4, "padding_mode": "zeros", "data_format": "NHWC"}
        yield function(x, **named), getattr(naive_kinds, name)(x, **named)


def together(name: str, x: np.ndarray) -> Iterator[tuple[Any, Any]]:
    """Yield calls of what is no family."""
    if name in every_other.CALLS:
        yield from every_other.CALLS[name](x)
    elif name == "block_reduce":
        for op in OPERATORS:
            needs = naive_operators.SAMPLES.get(op, {})
            want = naive_operators.blocks(op, x, (1, 4, 2), **needs)
            yield nbp.block_reduce(x, (1, 4, 2), op, **needs), want
    elif name.startswith("max_unpool"):
        ndim = int(name[-2])
        x = data(SIZES[ndim], x.dtype.name)
        values, places = naive.max_pool(x, ndim, 2, return_indices=True)
        size = x.shape[1:]
        yield (
            getattr(nbp, name)(values, places, 2, output_size=size),
            naive.max_unpool(values, ndim, places, 2, output_size=size),
        )
    elif name == "to_onnx_indices":
        places = naive.max_pool(x[None], 2, 2, return_indices=True)[1]
        yield (
            nbp.to_onnx_indices(places, x[None].shape),
            naive.to_onnx_indices(places, 2, x.shape[1:]),
        )
    elif name == "to_tf_indices":
        places = naive.max_pool(x[None], 2, 2, return_indices=True, data_format="NHWC")[1]
        yield nbp.to_tf_indices(places, x[None].shape), naive.to_tf_indices(places, 2, x.shape[:2])
    elif name == "pool2d_shape":
        yield np.array(nbp.pool2d_shape((9, 6, 7), 2)), np.array([9, 3, 3])
    elif name == "warmup":
        yield np.array(nbp.warmup("max_pool2d", x.dtype)[0] < 2), np.array(True)


def calls(name: str, dtype: str) -> Iterator[tuple[Any, Any]]:
    """Yield the results of a public function, and what is right."""
    parsed = NAME.fullmatch(name)
    if name.startswith(("area", "blur", "max_blur", "fractional")):
        return of_other_kinds(name, data(SIZES[2], dtype))
    if parsed is None:
        return together(name, data(SIZES[2], dtype))
    form, family, ndim = parsed.groups()
    if form == "global":
        return over_all(family, data(SIZES[2], dtype))
    x = data(SIZES[int(ndim)], dtype)
    if family is None:
        return iter(())  # called beside the function of each operator
    return (adaptive if form else sliding)(family, int(ndim), x)


def check(got: Any, want: Any, name: str) -> None:
    """Refuse a result that is another than the oracle's, but for the last places of floats."""
    same = got.shape == want.shape and got.dtype == want.dtype
    tolerance = {2: 2e-3, 4: 1e-6}.get(got.dtype.itemsize, 1e-13) if got.dtype.kind == "f" else 0
    if not same or not np.allclose(got, want, tolerance, 0, equal_nan=True):
        raise RuntimeError(f"{name}: got {got!r}, want {want!r}")


def main(dtypes: list[str]) -> int:
    count = 0
    for dtype in dtypes:
        for name in nbp.__all__:
            before = count
            for got, want in calls(name, dtype):
                check(got, want, f"{name} of {dtype}")
                count += 1
            if count == before and not name.startswith(("Pool", "pool", "pyramid_into")):
                raise RuntimeError(f"{name} was not called")
        for got, want in long_windows(data((1, 16, 80), dtype)):
            check(got, want, f"long windows of {dtype}")
            count += 1
    return count


if __name__ == "__main__":
    print(main(sys.argv[1:]))
