"""Small calls of the functions that pool by no windows of an operator, beside what is right."""

from collections.abc import Callable, Iterator
from typing import Any

import naive_recurrent
import naive_roi
import numpy as np

import numbapool as nbp

BOXES = [[0, 0, 0, 3, 3], [1, 1, 2, 9, 5]]

Calls = Iterator[tuple[Any, Any]]


def recurrent(kind: str, gates: int, x: np.ndarray) -> Calls:
    """Pool by states that hang on the bias alone: they are the same in any dtype."""
    weights = {f"weight_{part}_l0": np.zeros((gates * 2, 2), "f4") for part in ("ih", "hh")}
    weights |= {f"bias_{part}_l0": np.zeros(gates * 2, "f4") for part in ("ih", "hh")}
    steps = x.reshape(2, -1, 2)
    want = [naive_recurrent.recurrent_pool(kind, row.tolist(), weights, "sum") for row in steps]
    dtype = np.float64 if x.dtype == np.float64 else np.float32
    got = getattr(nbp, f"{kind}_pool")(steps, weights, pick="sum")
    yield got, np.array(want, dtype)


def attention(x: np.ndarray) -> Calls:
    """Attend to steps that all weigh the same."""
    weights = {
        "in_proj_weight": np.tile(np.eye(2, dtype="f4"), (3, 1)),
        "out_proj.weight": np.eye(2, dtype="f4"),
    }
    steps = x.reshape(2, -1, 2)
    got = nbp.multihead_attention_pool(steps, np.zeros(2, "f4"), weights, 2)
    want = [naive_recurrent.attention_pool(list(row), [0, 0], weights, 2) for row in steps]
    yield got, np.array(want, np.float64 if x.dtype == np.float64 else np.float32)


def boxes(name: str, x: np.ndarray) -> Calls:
    """Pool boxes of two planes."""
    got = getattr(nbp, name)(x[:, np.newaxis], BOXES, 2)
    found = [getattr(naive_roi, name)(x[image], box, (2, 2)) for image, *box in BOXES]
    planes = found if name == "roi_align" else [values for values, _ in found]
    dtype = x.dtype if name == "roi_pool" or x.dtype.kind == "f" else np.float64
    yield got, np.array(planes)[:, np.newaxis].astype(dtype)


def pyramid(x: np.ndarray) -> Calls:
    """Pool to 1 × 1 and to 2 × 2."""
    parts = [nbp.adaptive_max_pool2d(x, n).reshape(len(x), -1) for n in (1, 2)]
    yield nbp.spatial_pyramid_pool(x[:, np.newaxis], (1, 2)), np.concatenate(parts, axis=1)


def sequences(name: str, x: np.ndarray) -> Calls:
    """Pool rows of which all but the last two of a sequence count."""
    mask = np.arange(x.shape[1]) < [[x.shape[1] - 2]] * len(x)
    if name == "sequence_pool":
        yield nbp.sequence_pool(x, "max", mask=mask), x[:, :-2].max(1)
    else:
        dtype = x.dtype if x.dtype.kind == "f" else np.float64
        got = nbp.attention_pool(x, np.zeros(x.shape[:2], "f4"), mask=mask)
        yield got, x[:, :-2].mean(1, dtype=np.float64).astype(dtype)


CALLS: dict[str, Callable[[np.ndarray], Calls]] = {
    "lstm_pool": lambda x: recurrent("lstm", 4, x),
    "gru_pool": lambda x: recurrent("gru", 3, x),
    "multihead_attention_pool": attention,
    "roi_align": lambda x: boxes("roi_align", x),
    "roi_pool": lambda x: boxes("roi_pool", x),
    "spatial_pyramid_pool": pyramid,
    "sequence_pool": lambda x: sequences("sequence_pool", x),
    "attention_pool": lambda x: sequences("attention_pool", x),
}
"""By the functions' names; each takes an array of two planes."""
