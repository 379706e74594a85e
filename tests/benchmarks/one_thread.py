"""Trained layers and boxes beside torch's, on one thread, in processor time.

It runs in a process of its own: how many threads NumPy's products take is settled when NumPy is
imported. As a script it takes a part of the cases' names and a number of rounds, and prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from report import figure, table
from subprocesses import ask

import numbapool as nbp

ONE = dict.fromkeys(
    (
        "NUMBA_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
"""What keeps everyone to one thread."""

BATCH, STEPS, CHANNELS, STATES = 64, 200, 128, 256
BOXES, MAP, SIDE = 60, (1, 256, 100, 152), 7

Calls = dict[str, Callable[[], Any]]


def recurrent_cases() -> Iterator[tuple[str, Calls]]:
    """Yield LSTM and GRU over rows of one length, and of many."""
    import torch

    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, STEPS, CHANNELS), np.float32)
    lengths = np.sort(rng.integers(STEPS // 8, STEPS + 1, BATCH))[::-1].copy()
    tensor = torch.from_numpy(x)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        tensor, torch.from_numpy(lengths), batch_first=True
    )
    for name, made, pool in (
        ("LSTM", torch.nn.LSTM, nbp.lstm_pool),
        ("GRU", torch.nn.GRU, nbp.gru_pool),
    ):
        layer = made(CHANNELS, STATES, batch_first=True).eval()
        weights = {key: value.numpy() for key, value in layer.state_dict().items()}
        yield (
            f"{name} padded",
            {"ours": partial(pool, x, weights), "torch": partial(layer, tensor)},
        )
        yield (
            f"{name} of many lengths",
            {
                "ours": partial(pool, x, weights, lengths=lengths),
                "torch packed": partial(layer, packed),
            },
        )


def attention_cases() -> Iterator[tuple[str, Calls]]:
    """Yield multi-head attention of one query."""
    import torch

    size, heads = 768, 12
    layer = torch.nn.MultiheadAttention(size, heads, batch_first=True).eval()
    weights = {key: value.detach().numpy() for key, value in layer.state_dict().items()}
    x = np.random.default_rng(0).standard_normal((16, 196, size), np.float32)
    query, tensor = x[0, 0], torch.from_numpy(x)
    asked = tensor[:1, :1].expand(len(x), 1, size)
    yield (
        "attention of one query",
        {
            "ours": lambda: nbp.multihead_attention_pool(x, query, weights, heads),
            "torch": lambda: layer(asked, tensor, tensor, need_weights=False),
        },
    )


def boxes() -> Any:
    """Return boxes of many sizes in an image four times as large as its features."""
    rng = np.random.default_rng(1)
    height, width = 4 * MAP[2], 4 * MAP[3]
    centres = rng.uniform(0, 1, (BOXES, 2)) * [width, height]
    sides = np.exp(rng.uniform(np.log(16), np.log(300), (BOXES, 2)))
    low, high = np.maximum(centres - sides / 2, 0), centres + sides / 2
    high = np.minimum(high, [width, height])
    return np.concatenate([np.zeros((BOXES, 1)), low, high], axis=1).astype(np.float32)


def box_cases() -> Iterator[tuple[str, Calls]]:
    """Yield poolings of boxes."""
    x, given = np.random.default_rng(0).standard_normal(MAP, np.float32), boxes()
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    peers = torchvision_calls(x, given)
    for ratio in (2, -1):
        at = SIDE, 0.25, ratio, True
        ours: Calls = {
            "ours": partial(nbp.roi_align, x, given, *at),
            "ours NHWC": partial(nbp.roi_align, last, given, *at, data_format="NHWC"),
        }
        yield f"roi_align ratio {ratio}", {**ours, **peers.get(ratio, {})}
    yield (
        "roi_pool",
        {"ours": lambda: nbp.roi_pool(x, given, SIDE, 0.25), **peers.get("elements", {})},
    )


def torchvision_calls(x: Any, given: Any) -> dict[Any, Calls]:
    """Return torchvision's ways to the same, if it is installed."""
    try:
        import torch
        from torchvision import ops
    except ImportError:
        return {}
    torch.set_num_threads(1)
    tensors = torch.from_numpy(x), torch.from_numpy(given)
    return {
        2: {"torchvision": lambda: ops.roi_align(*tensors, SIDE, 0.25, 2, True)},
        -1: {"torchvision": lambda: ops.roi_align(*tensors, SIDE, 0.25, -1, True)},
        "elements": {"torchvision": lambda: ops.roi_pool(*tensors, SIDE, 0.25)},
    }


def cases() -> Iterator[tuple[str, Calls]]:
    """Yield all cases; without torch those that need none."""
    try:
        yield from recurrent_cases()
        yield from attention_cases()
    except ImportError:
        pass
    yield from box_cases()


def measured(part: str, rounds: int) -> dict[str, dict[str, float]]:
    """Return the least milliseconds of every call of the cases that are named so."""
    found = {}
    for name, calls in cases():
        if part.lower() not in name.lower():
            continue
        least = dict.fromkeys(calls, float("inf"))
        for turn in range(rounds + 1):  # the first compiles
            for each, call in calls.items():
                begin = time.thread_time()
                call()
                taken = 1e3 * (time.thread_time() - begin)
                least[each] = min(least[each], taken if turn else least[each])
        found[name] = least
    return found


def one_thread_results(part: str, rounds: int) -> list[dict[str, Any]]:
    """Measure the cases that are named so, in a process of one thread."""
    found = ask("one_thread.py", part, str(rounds), **ONE)
    return [{"case": name, "milliseconds": least} for name, least in found.items()]


def one_thread_table(results: list[dict[str, Any]]) -> str:
    """Return ours beside others'."""
    rows = []
    for result in results:
        least = dict(result["milliseconds"])
        ours = least.pop("ours")
        others = ", ".join(
            f"{name} {figure(taken)} ms ({figure(taken / ours)})" for name, taken in least.items()
        )
        rows.append([result["case"], figure(ours), others])
    return table(["case", "ours ms", "others (times ours)"], rows)


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], int(sys.argv[2]))))
