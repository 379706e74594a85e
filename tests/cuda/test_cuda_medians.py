"""Medians and percentiles of small windows, in the simulator, against the CPU and by sorting."""

import numpy as np
import pytest
from on_device import assert_alike, on_device
from strategies import DTYPES

import numbapool as nbp
from numbapool.cuda.plan import IN_REGISTERS, Picked
from numbapool.reducers.selectors import Percentile

WINDOWS = [
    ((2, 9, 7), {"kernel_size": 3, "stride": 1, "padding": 1}),
    ((2, 9, 7), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ((1, 8, 9, 3), {"kernel_size": 3, "stride": (1, 3), "data_format": "NHWC"}),
    ((2, 7, 6), {"kernel_size": 2, "stride": 1, "padding": "same"}),
    ((1, 7, 6, 2), {"kernel_size": 4, "padding": 2, "stride": 1, "data_format": "NHWC"}),
    ((2, 19), {"kernel_size": 5, "stride": 2, "padding": 2, "data_format": "NCL"}),
    ((1, 9, 3), {"kernel_size": (3, 1), "stride": 1, "padding": (1, 0)}),
]


def values(shape, dtype, seed=0):
    """Return numbers with ties; floats have infinities among them, and few NaN."""
    rng, kind = np.random.default_rng(seed), np.dtype(dtype)
    x = rng.integers(0, 40, shape)
    if kind.kind == "b":
        return x > 20
    if kind.kind != "f":
        limits = np.iinfo(kind)
        return np.where(x < 5, limits.min, np.where(x > 34, limits.max, x)).astype(kind)
    x = (x + rng.integers(0, 4, shape) / 4).astype(kind)
    x.reshape(-1)[rng.integers(0, x.size, 12)] = [*[np.inf] * 5, *[-np.inf] * 5, *[np.nan] * 2]
    return x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("op", "own"), [("median", {}), *(("percentile", {"q": q}) for q in (0, 30, 62.5, 100))]
)
def test_every_dtype(op, own, dtype):
    kernels = set()
    for seed, (shape, window) in enumerate(WINDOWS):
        if window["kernel_size"] != 4 or np.dtype(dtype).itemsize < 8:
            assert_alike(nbp.Pool(op, **own, **window), values(shape, dtype, seed), kernels)
    assert kernels == {"medians"}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_every_window_of_the_list(dtype):
    """At all edges and strides, and arrays hardly larger than a window."""
    kernels = set()
    for rows, columns in IN_REGISTERS[max(np.dtype(dtype).itemsize // 4, 1)]:
        for seed, more in enumerate([0, 1, 4]):
            window = {"stride": 1 + seed, "padding": (rows // 2, columns // 2)}
            pool = nbp.Pool("median", (rows, columns), **window, data_format="HW")
            assert_alike(pool, values((rows + more, columns + more), dtype, seed), kernels)
    assert kernels == {"medians"}


def test_against_sorting():
    x = values((1, 8, 9), "int16", 3)
    _, (got,) = on_device(nbp.Pool("median", 5, 1, 2), x)
    for i in range(8):
        for j in range(9):
            inside = x[0, max(i - 2, 0) : i + 3, max(j - 2, 0) : j + 3]
            assert got[0, i, j] == np.sort(inside.ravel())[(inside.size - 1) // 2]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_last_nan_of_a_window_is_its_result(dtype):
    """NaN of different bits tell which one it is."""
    bits = np.dtype(f"u{np.dtype(dtype).itemsize}")
    x = np.arange(7 * 8, dtype=dtype).reshape(1, 7, 8)
    payload = np.asarray(np.nan, dtype).view(bits)
    places = [(1, 2), (2, 1), (2, 3), (5, 7), (6, 0), (4, 6)]
    for n, (i, j) in enumerate(places):
        x.view(bits)[0, i, j] = payload + bits.type(1 + n)
    want = np.zeros((1, 7, 8), bits)
    for i in range(7):
        for j in range(8):
            inside = x[0, max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2].ravel()
            odd = inside[np.isnan(inside)]
            result = odd[-1:] if odd.size else np.median(inside, keepdims=True).astype(dtype)
            want[0, i, j] = result.view(bits)[0]
    call, (got,) = on_device(nbp.Pool("median", 3, 1, 1), x)
    assert call.plan.kernel == "medians"
    np.testing.assert_array_equal(got.view(bits), want)


OTHERS = [
    ("median", {"kernel_size": 3, "nan": "skip"}, "float32"),
    ("median", {"kernel_size": 3, "nodata": 3}, "uint8"),
    ("mode", {"kernel_size": 3}, "uint8"),
    ("median", {"kernel_size": 3, "dilation": 2}, "uint8"),
    ("median", {"kernel_size": 7}, "uint8"),
    ("median", {"kernel_size": 4}, "float64"),
    ("median", {"kernel_size": 2, "data_format": "NCDHW"}, "uint8"),
]


@pytest.mark.parametrize(("op", "window", "dtype"), OTHERS)
def test_what_goes_another_way(op, window, dtype):
    kernels = set()
    shape = (1, 4, 5, 6) if "data_format" in window else (1, 9, 10)
    assert_alike(nbp.Pool(op, **window), values(shape, dtype), kernels)
    assert kernels == {"selections"}


def test_windows_to_a_size_go_another_way():
    kernels = set()
    assert_alike(nbp.Pool.adaptive("median", (3, 4)), values((2, 7, 7), "uint8"), kernels)
    assert kernels == {"selections"}


@pytest.mark.parametrize("share", [0.0, 1.0, 25.0, 30.0, 50.0, 99.0, 99.99, 100.0])
def test_fillings_keep_the_rank(share):
    """Elements inside, filled up with the least and the greatest, have the rank they had alone."""
    op = Percentile(0.0, 0.0, share)
    for taps in range(1, 26):
        picked = Picked.of(op, taps)
        for inside in range(1, taps + 1):
            low, weight = op.rank(inside)
            least = int(picked.fillings[inside])
            filled = [-1] * least + [*range(inside)] + [99] * (taps - inside - least)
            assert len(filled) == taps
            assert filled[picked.ranks[0]] == low
            assert picked.weights[inside] == weight
            if weight:
                assert filled[picked.edge_ranks[1]] == low + 1
