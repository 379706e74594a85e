"""Every operator on the GPU against the CPU engine: the same tensors, there and here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch

import numbapool as nbp
from numbapool.operators import OPERATORS, SAMPLES

DTYPES = "bool uint8 int8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split()

FEW = "bool uint8 int64 float16 float32 float64".split()
"""The dtypes of a quick look."""

LOOSE = {"float16": 2e-3, "float32": 4e-6, "float64": 1e-11}
"""How far floats may differ: a GPU adds in another order, and rounds a product and a sum once."""

WINDOWS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((3, 37, 53), {"kernel_size": (3, 2), "stride": 2, "padding": 1}),
    ((2, 24, 26, 48), {"kernel_size": 2, "data_format": "NHWC"}),
    ((2, 31, 33), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    ((2, 40, 41), {"kernel_size": 3, "stride": 1, "dilation": 2}),
    ((2, 32, 64), {"kernel_size": 2}),
    ((2, 32, 63), {"kernel_size": 3, "stride": 1, "padding": 1}),
    ((2, 9, 10, 11), {"kernel_size": (2, 3, 2), "stride": 2, "data_format": "NCDHW"}),
    ((2, 40, 64), {"kernel_size": (20, 16)}),  # made by teams, of chunks
    ((2, 61, 141), {"kernel_size": (20, 70), "ceil_mode": True}),  # of elements
    ((1, 130, 140), {"kernel_size": (130, 140)}),  # in pieces
]


def values(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray[Any, Any]:
    """Return numbers, with NaN among floats."""
    rng, kind = np.random.default_rng(seed), np.dtype(dtype)
    if kind.kind == "b":
        return rng.random(shape) < 0.4
    if kind.kind != "f":
        limits = np.iinfo(kind)
        least, most = max(limits.min, -(2**40)), min(limits.max, 2**40)
        return rng.integers(least, most, shape).astype(kind)
    x = rng.standard_normal(shape).astype(kind)
    x.reshape(-1)[rng.integers(0, x.size, x.size // 50)] = np.nan
    return x


IN_REGISTERS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((3, 37, 53), {"kernel_size": 3, "stride": 1, "padding": 1}),
    ((3, 37, 53), {"kernel_size": 5, "stride": 1, "padding": 2}),
    ((2, 24, 26, 3), {"kernel_size": 4, "stride": 2, "padding": 1, "data_format": "NHWC"}),
]
"""Windows whose elements stand in registers to be picked by rank."""


def pools(dtype: str, name: str, quick: bool) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """Yield poolings to check: their names, the arrays' shapes, and the poolings."""
    windows = WINDOWS[:2] if quick else WINDOWS
    if name in ("median", "percentile"):
        windows = [*windows, *IN_REGISTERS]
    if name == "blur":
        yield "blur", (2, 16, 17), nbp.Pool.blur(3)
        return
    row = OPERATORS[name]
    own = {each.name: SAMPLES[each.name] for each in row.parameters if each.name in SAMPLES}
    variants: list[dict[str, Any]] = [own]
    if name in ("max", "min"):
        variants.append({"return_indices": True})
    skips: list[dict[str, Any]] = [{}]
    if row.leaves_out and not quick:
        skips.append({"nan": "skip"} if np.dtype(dtype).kind == "f" else {"nodata": 1})
    for more in variants:
        for skip in skips:
            label = f"{name} {more or ''} {skip or ''}"
            for shape, window in windows:
                yield f"{label} {window}", shape, nbp.Pool(name, **window, **more, **skip)
            ways = nbp.Pool.adaptive(name, (3, 5), **more, **skip)
            yield f"{label} adaptive", (2, 17, 19), ways
            if "return_indices" not in more:
                yield f"{label} global", (2, 3, 40, 41), nbp.Pool.over_all(name, **more)


def check(quick: bool) -> tuple[int, list[str]]:
    """Return how many poolings were checked, and what was wrong."""
    dtypes = FEW if quick else DTYPES
    tasks = [(dtype, name, quick) for dtype in dtypes for name in (*OPERATORS, "blur")]
    count, wrong = 0, []
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 16), get_context("spawn")) as workers:
        for (dtype, name, _), (some, amiss) in zip(
            tasks, workers.map(check_some, tasks), strict=True
        ):
            count, wrong = count + some, wrong + amiss
            for line in amiss:
                print("wrong:", line, flush=True)
            if name == "blur":
                print(f"{dtype}: {count} checks by now", flush=True)
    return count, wrong


def check_some(task: tuple[str, str, bool]) -> tuple[int, list[str]]:
    """Return the same for one operator and arrays of one dtype, in a process of its own.

    Kernels take long to compile. A pooling that the CPU refuses is no check.
    """
    dtype, name, quick = task
    count, wrong = 0, []
    for seed, (label, shape, pool) in enumerate(pools(dtype, name, quick)):
        x = values(shape, dtype, seed)
        try:
            want = pool(x)
        except nbp.PoolError:
            continue
        count += 1
        try:
            got = pool(torch.from_numpy(x).cuda())
            wrong += differences(f"{dtype} {label}", got, want, largest(x))
        except Exception as error:
            wrong.append(f"{dtype} {label}: {type(error).__name__}: {str(error)[-400:]}")
    return count, wrong


def largest(x: np.ndarray[Any, Any]) -> float:
    """Return the largest distance of an element from 0: sums that cancel err in its last place."""
    return max(1.0, float(np.nanmax(np.abs(x.astype(np.float64)))))


def differences(label: str, got: Any, want: Any, size: float) -> Iterator[str]:
    """Yield what differs between results on the device and on the CPU, of elements of a size."""
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for one, other in pairs:
        if not isinstance(one, torch.Tensor) or not one.is_cuda:
            yield f"{label}: the result is a {type(one).__name__}, not on the GPU"
            continue
        here = one.cpu().numpy()
        if here.shape != other.shape or here.dtype != other.dtype:
            yield f"{label}: {here.shape} {here.dtype}, not {other.shape} {other.dtype}"
        elif not alike(here, other, size):
            where = np.argmax(here.reshape(-1) != other.reshape(-1))
            yield f"{label}: {here.reshape(-1)[where]}, not {other.reshape(-1)[where]}"


def alike(got: np.ndarray[Any, Any], want: np.ndarray[Any, Any], size: float) -> bool:
    """Say whether results are equal, floats up to their rounding."""
    if want.dtype.kind != "f":
        return bool(np.array_equal(got, want))
    loose = LOOSE[want.dtype.name]
    wide = got.astype(np.float64), want.astype(np.float64)
    return bool(np.allclose(*wide, rtol=loose, atol=loose * size, equal_nan=True))
