"""Times on a GPU, beside torch, and beside a copy of as many bytes on the same card.

Calls are captured in a CUDA graph, so that what is timed is the device alone. The time that a call
takes on the host is given apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

import numbapool as nbp

LAUNCHES, ROUNDS = 20, 7
"""Calls that follow one another in a measurement, and measurements, of which the least counts."""

DISTINCT_BYTES = 256_000_000
"""The inputs of neighbouring calls take this together, so no cache of the card holds them."""


class Case(NamedTuple):
    """A pooling to measure."""

    label: str
    shape: tuple[int, ...]
    dtype: str
    pool: Any
    rivals: dict[str, Callable[[Any], Any]]


def taken(calls: Callable[[int], Any]) -> float:
    """Return a call's milliseconds on the device, of calls that follow one another in a graph."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for number in range(3):
            calls(number)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        for number in range(LAUNCHES):
            calls(number)
    return least(graph.replay) / LAUNCHES


def least(run: Callable[[], Any]) -> float:
    """Return the milliseconds on the device of the fastest of some runs."""
    best = float("inf")
    for _ in range(ROUNDS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        run()
        end.record()
        end.synchronize()
        best = min(best, begin.elapsed_time(end))
    return best


def on_host(call: Callable[[], Any]) -> float:
    """Return the microseconds that a call takes before it returns."""
    call()
    best = float("inf")
    for _ in range(ROUNDS):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(LAUNCHES):
            call()
        best = min(best, time.perf_counter() - begin)
    torch.cuda.synchronize()
    return best / LAUNCHES * 1e6


def copy_bandwidth() -> float:
    """Return the bytes that a copy on the card reads and writes per nanosecond."""
    one = torch.empty(1 << 30, dtype=torch.uint8, device="cuda").random_()
    other = torch.empty_like(one)
    return 2 * one.numel() / least(lambda: other.copy_(one)) / 1e6


def by_torch(op: str, kernel: int, stride: int, padding: int = 0, last: bool = False) -> Any:
    """Return torch's way to a maximum or a mean."""
    function = getattr(F, f"{op}_pool2d")
    if last:
        return lambda x: function(x.permute(0, 3, 1, 2), kernel, stride, padding)
    return lambda x: function(x, kernel, stride, padding)


def cases(quick: bool) -> Iterator[Case]:
    """Yield the poolings to measure."""
    first, last = (32, 64, 112, 112), (32, 112, 112, 64)
    for dtype in ("float32", "float16", "uint8"):
        for op in ("max", "avg"):
            rivals = {} if dtype == "uint8" else {"torch": by_torch(op, 2, 2)}
            yield Case(f"{op} 2x2/2 NCHW", first, dtype, nbp.Pool(op, 2), rivals)
            rivals = {} if dtype == "uint8" else {"torch": by_torch(op, 2, 2, last=True)}
            pool = nbp.Pool(op, 2, data_format="NHWC")
            yield Case(f"{op} 2x2/2 NHWC", last, dtype, pool, rivals)
            rivals = {} if dtype == "uint8" else {"torch": by_torch(op, 3, 2, 1)}
            yield Case(f"{op} 3x3/2 NCHW", first, dtype, nbp.Pool(op, 3, 2, 1), rivals)
            rivals = {} if dtype == "uint8" else {"torch": by_torch(op, 3, 2, 1, last=True)}
            pool = nbp.Pool(op, 3, 2, 1, data_format="NHWC")
            yield Case(f"{op} 3x3/2 NHWC", last, dtype, pool, rivals)
    for op in ("max", "avg"):
        rivals = {"torch": by_torch(op, 3, 1, 1)}
        yield Case(f"{op} 3x3/1 NCHW", first, "float32", nbp.Pool(op, 3, 1, 1), rivals)
    rivals = {"torch": lambda x: F.max_pool2d(x, 2, return_indices=True)}
    pool = nbp.Pool("max", 2, return_indices=True)
    yield Case("max 2x2/2 indices NCHW", first, "float32", pool, rivals)
    pool, rivals = nbp.Pool.over_all("avg"), {"torch": lambda x: x.mean((2, 3), keepdim=True)}
    yield Case("avg global NCHW", first, "float32", pool, rivals)
    pool = nbp.Pool.adaptive("avg", 7)
    rivals = {"torch": lambda x: F.adaptive_avg_pool2d(x, 7)}
    yield Case("avg adaptive 7 NCHW", first, "float32", pool, rivals)
    rivals = {"torch": by_torch("avg", 7, 1, 3)}
    yield Case("avg 7x7/1 NCHW", first, "float32", nbp.Pool("avg", 7, 1, 3), rivals)
    for size, dtype in ((3, "uint8"), (3, "float32"), (5, "uint8"), (5, "float32")):
        pool = nbp.Pool("median", size, 1, size // 2)
        yield Case(f"median {size}x{size}/1 NCHW", (8, 16, 512, 512), dtype, pool, {})
    pool, rivals = nbp.Pool("max", 31, 1, 15), {"torch": by_torch("max", 31, 1, 15)}
    if not quick:
        yield Case("max 31x31/1 NCHW", (8, 16, 512, 512), "float32", pool, rivals)
    rivals = {"torch": lambda x: x.mean(1)}
    pool = lambda x: nbp.sequence_pool(x, "mean")  # noqa: E731
    yield Case("sequence mean NTC", (256, 512, 768), "float32", pool, rivals)


def measure(quick: bool) -> tuple[float, list[dict[str, Any]]]:
    """Return the bandwidth of a copy, and the cases' figures."""
    copy = copy_bandwidth()
    print(f"a copy moves {copy:.0f} GB/s, read and written", flush=True)
    rows = []
    for case in cases(quick):
        try:
            rows.append(measured(case, copy))
        except Exception as error:  # a case that fails is a line of the table
            rows.append({"case": case.label, "dtype": case.dtype, "error": str(error)[-900:]})
        print(rows[-1], flush=True)
    return copy, rows


def measured(case: Case, copy: float) -> dict[str, Any]:
    """Return a case's figures."""
    kind = getattr(torch, case.dtype)
    size = torch.empty(case.shape, dtype=kind, device="meta").nbytes
    count = min(8, -(-DISTINCT_BYTES // size))
    make = torch.randn if kind.is_floating_point else torch.ones
    arrays = [
        make(case.shape, device="cuda").to(kind)
        if kind.is_floating_point
        else torch.randint(0, 250, case.shape, device="cuda", dtype=kind)
        for _ in range(count)
    ]
    begin = time.perf_counter()
    results = case.pool(arrays[0])
    torch.cuda.synchronize()
    first = time.perf_counter() - begin
    results = results if isinstance(results, tuple) else (results,)
    moved = size + sum(each.nbytes for each in results)
    ms = taken(lambda n: case.pool(arrays[n % count]))
    small = arrays[0][:1]
    row = {
        "case": case.label,
        "dtype": case.dtype,
        "ms": ms,
        "of_copy": moved / ms / 1e6 / copy,
        "first_s": first,
        "call_us": on_host(lambda: case.pool(small)),
    }
    for name, rival in case.rivals.items():
        row[name] = taken(lambda n, rival=rival: rival(arrays[n % count]))
        row[f"{name}_us"] = on_host(lambda rival=rival: rival(small))
    return row


def table(figures: dict[str, Any]) -> str:
    """Return the figures as text."""
    # The device's time, ours and torch's; then the host's time per call, ours and torch's.
    lines = [
        f"{figures['card']}: a copy moves {figures['copy_GBs']:.0f} GB/s, read and written",
        f"{'case':26s} {'dtype':8s} {'us':>8s} {'of copy':>8s} {'torch us':>8s} "
        f"{'host us':>8s} {'torch':>8s} {'first s':>8s}",
    ]
    for row in figures["cases"]:
        if "error" in row:
            lines.append(f"{row['case']:26s} {row['dtype']:8s} ERROR {row['error'][:120]}")
            continue
        rival, busy = "", ""
        if "torch" in row:
            rival, busy = f"{1e3 * row['torch']:.1f}", f"{row['torch_us']:.1f}"
        lines.append(
            f"{row['case']:26s} {row['dtype']:8s} {1e3 * row['ms']:8.1f} {row['of_copy']:8.0%} "
            f"{rival:>8s} {row['call_us']:8.1f} {busy:>8s} {row['first_s']:8.2f}"
        )
    return "\n".join(lines)
