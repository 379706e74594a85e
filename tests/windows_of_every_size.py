"""Windows of sizes 1 to 12 by every operator that ranks, counts or sums: cases and their results.

The results are NumPy's, of the windows laid side by side: each operator in some lines, from its
definition. `guarded_ranks.py` holds compiled kernels against them, between pages that nobody may
touch; `test_windows_of_every_size.py` does some of that, and more as plain Python.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import naive_borders
import numpy as np
from strategies import DTYPES, FLOATS

import numbapool as nbp

OPERATORS = ("median", "percentile", "mode", "std", "var", "avg", "max", "min")
SIZES = range(1, 13)
BORDERS = (None, "zeros", "reflect", "symmetric", "replicate", "circular", 3)
NANS = ("none", "one", "sprinkled", "a row", "all")
RANKS = (0, 12.5, 50, 87.5, 100)

KEYS = [(size, op, dtype) for size in SIZES for op in OPERATORS for dtype in DTYPES]
"""What decides most kernels; all else is drawn anew for each."""

STRIDE = 541
"""From a case's key to the next case's: a few cases meet all sizes, operators and dtypes."""


class Case(NamedTuple):
    """A pooling of an array of some planes."""

    op: str
    dtype: str
    kernel: tuple[int, ...]
    stride: int
    padding: tuple[int, ...]
    border: Any = None
    sizes: tuple[int, ...] = ()
    channels: int = 0  # 0 for channels first
    q: float = 50
    nans: str = "none"
    skip: bool = False  # leave out NaN in floats, else 3 in whole numbers
    few: bool = False  # few values, many of them equal
    at_the_end: bool = True  # of its pages
    seed: int = 0

    @property
    def nodata(self) -> int:
        """A number that the dtype holds, to leave out or to stand outside."""
        return 1 if self.dtype == "bool" else 3


def key_of(number: int) -> tuple[int, str, str]:
    """Return the size, the operator and the dtype of a case's number."""
    return KEYS[number * STRIDE % len(KEYS)]


def case_of(number: int, seed: int, small: bool = False) -> Case:
    """Return a case: the key is by its number, all else is drawn."""
    size, op, dtype = key_of(number)
    rng = random.Random(f"{seed} {number}")
    ndim = rng.choice((1, 2, 2, 2, 3))
    kernel = {
        1: (size,),
        2: rng.choice(((size, size), (size, size), (size, rng.choice(SIZES)))),
        3: (min(size, 3), min(size, 4), size),
    }[ndim]
    padding = tuple(rng.choice((0, k // 2, k // 2)) for k in kernel)
    if small:
        sizes = tuple(k + rng.randint(0, 9) for k in kernel)
    else:
        sizes = {
            1: ((800,), (4099,)),
            2: ((20, 20), (31, 150), (13, 1100)),
            3: ((5, 9, 150), (6, 14, 40)),
        }[ndim]
        sizes = rng.choice(sizes)
    border = rng.choice(BORDERS)
    border = 1 if border == 3 and dtype == "bool" else border
    return Case(
        op,
        dtype,
        kernel,
        rng.choice((1, 1, 2, 3, size)),
        padding,
        border if any(padding) else None,
        sizes,
        rng.choice((0, 0, 3)),
        rng.choice(RANKS),
        rng.choice(NANS) if dtype in FLOATS else "none",
        rng.random() < 0.3,
        rng.random() < 0.5,
        rng.random() < 0.5,
        number,
    )


def check(case: Case, placed: Callable[[tuple[int, ...], Any, bool], np.ndarray]) -> None:
    """Raise an AssertionError if the case's results are wrong.

    `placed` returns an array of a shape and a dtype, at the end of its pages or at their beginning.
    """
    source = values(case)
    shape = (*case.sizes, case.channels) if case.channels else (2, *case.sizes)
    x = placed(shape, source.dtype, case.at_the_end)
    x[...] = np.moveaxis(source, 0, -1) if case.channels else source
    axes = {1: "L", 2: "HW", 3: "DHW"}[len(case.kernel)]
    named = {
        "data_format": f"{axes}C" if case.channels else f"C{axes}",
        "padding_mode": case.border,
    }
    pooling = nbp.Pool(case.op, case.kernel, case.stride, case.padding, **named, **_own(case))
    out = placed(pooling.shape(x.shape), pooling.dtype(x.dtype), not case.at_the_end)
    pooling(x, out=out)
    got = np.moveaxis(out, -1, 0) if case.channels else out
    _compare(case, got.ravel(), expected(case, source), source)


def _own(case: Case) -> dict[str, Any]:
    own: dict[str, Any] = {"q": case.q} if case.op == "percentile" else {}
    if case.op == "avg" and case.border is None:
        own["count_include_pad"] = False
    if case.skip:
        own |= {"nan": "skip"} if case.dtype in FLOATS else {"nodata": case.nodata}
    return own


def values(case: Case) -> np.ndarray:
    """Return the planes of a case, channels first."""
    shape = (case.channels or 2, *case.sizes)
    rng = np.random.default_rng(case.seed)
    if case.dtype == "bool":
        return rng.random(shape) < 0.5
    if case.dtype not in FLOATS:
        limits = np.iinfo(case.dtype)
        low, high = (0, 5) if case.few else (limits.min, limits.max)
        return rng.integers(low, high, shape, case.dtype, endpoint=True)
    x = (rng.integers(0, 5, shape) if case.few else rng.normal(size=shape) * 30).astype(case.dtype)
    if case.nans == "one":
        x.flat[rng.integers(x.size)] = np.nan
    elif case.nans == "sprinkled":
        x[rng.random(shape) < 0.02] = np.nan
    elif case.nans == "a row":
        x[..., shape[-2] // 2, :] = np.nan
    elif case.nans == "all":
        x[...] = np.nan
    return x


# The results.


def expected(case: Case, x: np.ndarray) -> np.ndarray:
    """Return the results from the definition: of integers and medians exact, else in float64."""
    ndim = len(case.kernel)
    edges = [(pad, pad) for pad in case.padding]
    counts = np.pad(
        np.ones(x.shape, bool), [(0, 0), *edges], constant_values=case.border is not None
    )
    x = naive_borders.padded(x, ndim, edges, "zeros" if case.border is None else case.border, False)
    if case.skip:
        counts &= (x == x) if case.dtype in FLOATS else (x != case.nodata)
    axes = tuple(range(1, 1 + ndim))
    steps = (slice(None), *[slice(None, None, case.stride)] * ndim)
    view = np.lib.stride_tricks.sliding_window_view
    taps = view(x, case.kernel, axes)[steps].reshape(-1, int(np.prod(case.kernel)))
    held = view(counts, case.kernel, axes)[steps].reshape(taps.shape)
    made = np.empty(len(taps), object if case.dtype in ("int64", "uint64") else np.float64)
    many = held.sum(1)
    made[many == 0] = np.nan if case.dtype in FLOATS else case.nodata
    for count in np.unique(many[many > 0]):
        rows = many == count
        made[rows] = _kept(case, taps[rows][held[rows]].reshape(-1, count))
    return made


def _kept(case: Case, rows: np.ndarray) -> Any:
    """Return what the operator keeps of each row; NaN where a row holds one."""
    gone = (rows != rows).any(1)
    kept = KEEP[case.op](np.sort(np.where(gone[:, None], rows.dtype.type(0), rows), axis=1), case)
    return np.where(gone, np.nan, kept) if gone.any() else kept


def _median(rows: np.ndarray, case: Case) -> Any:
    low, high = rows[:, (rows.shape[1] - 1) // 2], rows[:, rows.shape[1] // 2]
    return (low.astype(np.float64) + high) / 2 if rows.dtype.kind == "f" else low


def _percentile(rows: np.ndarray, case: Case) -> Any:
    rank = (rows.shape[1] - 1) * case.q / 100
    low = int(rank)
    below, above = (rows[:, at].astype(np.float64) for at in (low, min(low + 1, rows.shape[1] - 1)))
    return below + (above - below) * (rank - low)


def _mode(rows: np.ndarray, case: Case) -> Any:
    often = np.array([np.count_nonzero(rows == rows[:, [n]], axis=1) for n in range(rows.shape[1])])
    return rows[np.arange(len(rows)), often.argmax(0)]  # of those as frequent the smallest


def _variance(rows: np.ndarray, case: Case) -> Any:
    wide = rows.astype(np.float64)
    return ((wide - wide.mean(1, keepdims=True)) ** 2).mean(1)


def _mean(rows: np.ndarray, case: Case) -> Any:
    if rows.dtype.kind in "bf":
        return rows.astype(np.float64).mean(1)
    half, count = 8 * rows.itemsize // 2, rows.shape[1]
    high, low = (
        part.astype(np.int64).sum(1) for part in np.divmod(rows, rows.dtype.type(1 << half))
    )
    total = high.astype(object) * (1 << half) + low  # exact: no sum of halves is past 64 bits
    return (2 * total + count) // (2 * count)


KEEP: dict[str, Callable[[np.ndarray, Case], Any]] = {
    "median": _median,
    "percentile": _percentile,
    "mode": _mode,
    "std": lambda rows, case: np.sqrt(_variance(rows, case)),
    "var": _variance,
    "avg": _mean,
    "max": lambda rows, case: rows[:, -1],
    "min": lambda rows, case: rows[:, 0],
}

NEAR = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-11}


def _compare(case: Case, got: np.ndarray, want: np.ndarray, x: np.ndarray) -> None:
    if got.dtype.kind != "f" or case.op in ("median", "mode", "max", "min"):
        np.testing.assert_array_equal(got, want.astype(got.dtype), str(case))
        return
    finite = x[np.isfinite(x)].astype(np.float64) if case.dtype in FLOATS else x.astype(np.float64)
    scale = np.abs(finite).max(initial=1.0) ** (2 if case.op == "var" else 1)
    near = NEAR[got.dtype.name]
    np.testing.assert_allclose(
        got.astype(np.float64), want.astype(np.float64), near, near * scale, err_msg=str(case)
    )
