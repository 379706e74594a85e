"""Sequences beside a loop that only reads what is not masked, and beside torch's ways.

All of it on one thread, in processor time: the least of some rounds. Before each call a large array
is read, so that what the call before it left in the caches, or has still to write, is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import njit
from report import figure, table

import numbapool as nbp

COUNTS, LONGEST, CHANNELS = (64, 256), 512, 768
"""The numbers of sequences: 53 and 210 MB of rows. At the smaller number the Python code of a call,
which the caches have lost meanwhile, takes about a twentieth of the time."""

LARGE = 1 << 25
"""Elements of the array that is read between calls: more than the caches hold."""

TARGETS = {"mean": 1.3, "max": 1.3, "attention": 1.5, "stats": 2.1}
"""Times the reading loop that each may take."""


def names_of(count: int) -> list[str]:
    """Return the cases' names at a number of sequences."""
    return [f"sequences {op} of {count}" for op in TARGETS]


NAMES = [name for count in COUNTS for name in names_of(count)]
"""The cases."""


@njit(fastmath=True)
def read(x, out):
    """Read all of x, in vectors: as fast as memory gives it."""
    total = np.float32(0)
    for i in range(x.shape[0]):
        total += x[i]
    out[0] = total


class Sequenced(NamedTuple):
    """What was measured of one operator."""

    name: str
    ours: float
    """Milliseconds."""
    stream: float
    peers: dict[str, float]


Calls = dict[str, Callable[[], object]]


def cases(count: int) -> Iterator[tuple[str, Calls]]:
    """Yield each case's name with its calls: ours, the reading loop, and others'."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(16, LONGEST + 1, count)
    padded = rng.standard_normal((count, LONGEST, CHANNELS), np.float32)
    mask = np.arange(LONGEST) < lengths[:, np.newaxis]
    ragged = padded[mask]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    scores = rng.standard_normal((count, LONGEST), np.float32)
    flat, total = ragged.reshape(-1), np.zeros(1, np.float32)

    def ours(op: str) -> Calls:
        out = np.empty((count, CHANNELS * (1 + (op == "stats"))), np.float32)
        return {
            "ours": lambda: nbp.sequence_pool(ragged, op, offsets=offsets, out=out),
            "ours by a mask": lambda: nbp.sequence_pool(padded, op, mask=mask),
            "stream": lambda: read(flat, total),
        }

    peers = torch_calls(padded, mask, ragged, offsets, scores)
    for op in ("mean", "max", "stats"):
        yield f"sequences {op} of {count}", {**ours(op), **peers.get(op, {})}
    beside = scores[mask]
    attention: Calls = {
        "ours": lambda: nbp.attention_pool(ragged, beside, offsets=offsets),
        "ours by a mask": lambda: nbp.attention_pool(padded, scores, mask=mask),
        "stream": lambda: read(flat, total),
    }
    yield f"sequences attention of {count}", {**attention, **peers.get("attention", {})}


def torch_calls(padded: Any, mask: Any, ragged: Any, offsets: Any, scores: Any) -> dict[str, Calls]:
    """Return torch's ways to the same, if it is installed."""
    try:
        import torch
    except ImportError:
        return {}
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    x, flat, marks = torch.from_numpy(padded), torch.from_numpy(ragged), torch.from_numpy(mask)
    lengths = torch.from_numpy(np.diff(offsets))
    count = len(lengths)
    kept = marks[..., None].float()
    which = torch.repeat_interleave(torch.arange(count), lengths)
    wide = which[:, None].expand(-1, CHANNELS)
    zeros, lowest = torch.zeros(count, CHANNELS), torch.full((count, CHANNELS), -np.inf)
    logits = torch.from_numpy(scores)

    def stats() -> Any:
        n = kept.sum(1)
        mean = (x * kept).sum(1) / n
        squares = ((x - mean[:, None]) ** 2 * kept).sum(1)
        return torch.cat([mean, (squares / (n - 1)).sqrt()], 1)

    def attention() -> Any:
        weights = logits.masked_fill(~marks, -np.inf).softmax(1)
        return (weights[:, None] @ x)[:, 0]

    return {
        "mean": {
            "index_add": lambda: zeros.index_add(0, which, flat) / lengths[:, None],
            "masked": lambda: (x * kept).sum(1) / kept.sum(1).clamp(min=1e-9),
        },
        "max": {
            "scatter_reduce": lambda: lowest.scatter_reduce(0, wide, flat, "amax"),
            "masked": lambda: x.masked_fill(~marks[..., None], -np.inf).amax(1),
        },
        "stats": {"masked": stats},
        "attention": {"masked": attention},
    }


def sequence_results(part: str, rounds: int) -> Iterator[Sequenced]:
    """Measure the operators whose case is named so, one after the other in each round."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    large, total = np.zeros(LARGE, np.float32), np.zeros(1, np.float32)
    try:
        counts = [each for each in COUNTS if any(part in name for name in names_of(each))]
        for name, calls in (case for count in counts for case in cases(count)):
            if part not in name:
                continue
            least = dict.fromkeys(calls, float("inf"))
            for turn in range(rounds + 1):  # the first compiles
                for each, call in calls.items():
                    read(large, total)
                    begin = time.thread_time()
                    call()
                    taken = time.thread_time() - begin
                    if turn:
                        least[each] = min(least[each], 1e3 * taken)
            ours, stream = least.pop("ours"), least.pop("stream")
            yield Sequenced(name, ours, stream, least)
    finally:
        numba.set_num_threads(threads)


def sequence_table(results: list[Sequenced]) -> str:
    """Return the operators beside the reading loop and others."""
    rows = []
    for name, ours, stream, peers in results:
        listed = ", ".join(
            f"{peer} {figure(taken)} ms ({figure(taken / ours)})" for peer, taken in peers.items()
        )
        target = figure(TARGETS[name.split()[1]])
        rows.append([name, figure(ours), figure(stream), figure(ours / stream), target, listed])
    head = ["case", "ours ms", "read ms", "to read", "at most", "others (times ours)"]
    return table(head, rows)
