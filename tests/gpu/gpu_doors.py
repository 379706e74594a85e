"""The way in and out of a GPU's memory: by every library that is installed, and every function.

`check` is for a machine with a GPU; what needs a library that is not there is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

import numbapool as nbp

X = np.random.default_rng(1).random((4, 3, 64, 48), np.float32)
WEIGHTS = np.random.default_rng(2).random((4, 64), np.float32)
MASK = np.arange(64) < np.array([[64], [3], [40], [1]])
VALUES, PLACES = nbp.max_pool2d(X, 2, return_indices=True)
BOXES = np.array([[0, 1, 2, 30, 40], [3, -5, 8.5, 60, 20], [1, 9, 9, 9, 9]], np.float32)
TRAINED = {
    "in_proj_weight": np.random.default_rng(5).normal(0, 0.1, (144, 48)).astype(np.float32),
    "out_proj.weight": np.eye(48, dtype=np.float32),
    "out_proj.bias": np.ones(48, np.float32),
}
LAYER = {
    name: np.random.default_rng(6).normal(0, 0.1, (128, columns)).astype(np.float32)
    for name, columns in (("weight_ih_l0", 48), ("weight_hh_l0", 32))
}
GATED = {name: each[:96] for name, each in LAYER.items()}

CALLS: dict[str, Callable[..., Any]] = {
    "max": lambda of, **how: nbp.max_pool2d(of(X), 3, 2, padding=1, return_indices=True, **how),
    "NHWC": lambda of, **how: nbp.avg_pool2d(of(X), 2, data_format="NHWC", **how),
    "median": lambda of, **how: nbp.median_pool2d(of(X), 3, **how),
    "adaptive": lambda of, **how: nbp.adaptive_avg_pool2d(of(X), (3, None), **how),
    "global": lambda of, **how: nbp.global_max_pool(of(X), **how),
    "blur": lambda of, **how: nbp.max_blur_pool2d(of(X), **how),
    "fractional": lambda of, **how: nbp.fractional_max_pool2d(of(X), 2, 30, seed=1, **how),
    "blocks": lambda of, **how: nbp.block_reduce(of(X), (2, 1, 3, 2), "max", **how),
    "pyramid": lambda of, **how: nbp.pool_pyramid(of(X), "median", 2, **how),
    "unpool": lambda of, **how: nbp.max_unpool2d(of(VALUES), of(PLACES), 2, **how),
    "sequences": lambda of, **how: nbp.sequence_pool(
        of(X[:, 0]), ("mean", "std"), mask=of(MASK), **how
    ),
    "weighted": lambda of, **how: nbp.sequence_pool(of(X[:, 0]), weights=of(WEIGHTS), **how),
    "boxes": lambda of, **how: nbp.roi_pool(of(X), of(BOXES), 7, return_indices=True, **how),
    "samples": lambda of, **how: nbp.roi_align(of(X), BOXES, (7, 5), 0.5, **how),
    "largest samples": lambda of, **how: nbp.roi_align(
        of(X), of(BOXES), 3, mode="max", data_format="NHWC", **how
    ),
    "queries": lambda of, **how: nbp.multihead_attention_pool(
        of(X[:, 0]), np.ones(48, np.float32), {n: of(w) for n, w in TRAINED.items()}, 4, **how
    ),
    "masked queries": lambda of, **how: nbp.multihead_attention_pool(
        of(X[:, 0]), of(np.ones((2, 48), np.float32)), TRAINED, 4, mask=of(MASK), **how
    ),
    "layer": lambda of, **how: nbp.lstm_pool(
        of(X[:, 0]), {n: of(w) for n, w in LAYER.items()}, pick="mean", mask=of(MASK), **how
    ),
    "gated layer": lambda of, **how: nbp.gru_pool(
        of(X[:, 0]), {n: of(w) for n, w in GATED.items()}, pick="last", **how
    ),
    "attention": lambda of, **how: nbp.attention_pool(of(X[:, 0]), of(WEIGHTS), **how),
    "several": lambda of, **how: nbp.pool2d(of(X), ("mean", "max", "std"), 3, **how),
}

VIEWS = (np.s_[:, :, ::2], np.s_[:, :, :, 1:], np.s_[:, 1])

Check = tuple[str, Callable[[], Any], Any]
"""A name, what to call, and what is right."""


def of_torch() -> tuple[Any, Any, Any]:
    import torch

    return (lambda x: torch.from_numpy(np.ascontiguousarray(x)).cuda()), torch.Tensor, torch


def of_cupy() -> tuple[Any, Any, Any]:
    cupy = import_module("cupy")
    return cupy.asarray, cupy.ndarray, None


def of_numba() -> tuple[Any, Any, Any]:
    from numba import cuda

    kind = import_module("numba.cuda.cudadrv.devicearray").DeviceNDArray
    return (lambda x: cuda.to_device(np.ascontiguousarray(x))), kind, None


def of_jax() -> tuple[Any, Any, Any]:
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return jax.numpy.asarray, jax.Array, None


LIBRARIES = {"torch": of_torch, "cupy": of_cupy, "numba": of_numba, "jax": of_jax}


def on_host(x: Any) -> Any:
    """Return results in the host's memory."""
    if isinstance(x, tuple):
        return tuple(map(on_host, x))
    for name in ("cpu", "get", "copy_to_host"):
        if hasattr(x, name):
            x = getattr(x, name)()
            break
    return np.asarray(x)


def differences(name: str, got: Any, want: Any, kind: Any) -> Iterator[str]:
    """Yield what differs, and results of another library."""
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for one, other in pairs:
        if not isinstance(one, kind):
            yield f"{name}: the result is a {type(one).__name__}"
        here = on_host(one)
        if (here.shape, here.dtype) != (other.shape, other.dtype):
            yield f"{name}: {here.shape} {here.dtype}, not {other.shape} {other.dtype}"
        elif not np.allclose(here, other, rtol=4e-6, atol=1e-6):
            yield f"{name}: other numbers"


def checks_of(of: Any) -> Iterator[Check]:
    """Yield the checks of a library's arrays."""
    for name, call in CALLS.items():
        yield name, (lambda call=call: call(of)), call(np.asarray)
    for cut in VIEWS:
        want = nbp.max_pool2d(X[cut], 2)
        yield f"view {cut}", (lambda cut=cut: nbp.max_pool2d(of(X)[cut], 2)), want
    for dtype in ("bool", "uint8", "int64", "float16", "float64"):
        x = (9 * X).astype(dtype)
        yield dtype, (lambda x=x: nbp.max_pool2d(of(x), 2)), nbp.max_pool2d(x, 2)


def of_torch_alone(of: Any, torch: Any) -> Iterator[Check]:
    """Yield checks of streams and of `out`."""
    want = nbp.avg_pool2d(X, 2)
    big = np.random.default_rng(3).random((16, 64, 224, 224), np.float32)

    def on_a_stream() -> Any:
        x = of(big)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            y = x * 2 - x  # under way as the pooling is asked for
            result = nbp.max_pool2d(y, 2)
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def on_a_stream_that_is_named() -> Any:
        stream = torch.cuda.Stream()
        result = nbp.max_pool2d(of(big) * 2 - of(big), 2, stream=stream)
        torch.cuda.current_stream().wait_stream(stream)
        return result

    def into(out: Any) -> Any:
        assert nbp.avg_pool2d(of(X), 2, out=out) is out
        return out

    yield "on a stream", on_a_stream, nbp.max_pool2d(big, 2)
    yield "on a stream that is named", on_a_stream_that_is_named, nbp.max_pool2d(big, 2)
    yield "out", (lambda: into(of(np.empty_like(want)))), want
    spread = np.zeros((*want.shape, 2), want.dtype)
    yield "out in steps", (lambda: into(of(spread)[..., 0])), want


def of_the_host() -> Iterator[Check]:
    """Yield checks of arrays that are sent there and back."""
    for name, call in CALLS.items():
        yield f"host {name}", (lambda call=call: call(np.asarray, device="cuda")), call(np.asarray)
    big = np.random.default_rng(4).integers(0, 255, (3, 64, 1000, 1000), np.uint8)
    yield "host in chunks", (lambda: nbp.avg_pool2d(big, 2, device="cuda")), nbp.avg_pool2d(big, 2)


def check() -> tuple[int, list[str]]:
    """Return how many checks there were, and what was wrong."""
    tasks: list[tuple[str, Any, Check]] = [("", np.ndarray, each) for each in of_the_host()]
    for library, found in LIBRARIES.items():
        try:
            of, kind, torch = found()
            of(X)
        except Exception as error:
            print(f"without {library}: {type(error).__name__}: {str(error)[:80]}")
            continue
        tasks += [(library, kind, each) for each in checks_of(of)]
        if torch is not None:
            tasks += [(library, kind, each) for each in of_torch_alone(of, torch)]
    wrong: list[str] = []
    for library, kind, (name, call, want) in tasks:
        label = f"{library} {name}"
        try:
            wrong += differences(label, call(), want, kind)
        except Exception as error:
            wrong.append(f"{label}: {type(error).__name__}: {str(error)[-300:]}")
    return len(tasks), wrong


if __name__ == "__main__":
    count, wrong = check()
    print(f"{count} checks of the way in and out, {len(wrong)} wrong", *wrong, sep="\n")
    raise SystemExit(bool(wrong))
