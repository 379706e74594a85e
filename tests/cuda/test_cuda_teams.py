"""Windows of many taps: a team of threads makes each, or several teams and then a block."""

from typing import NamedTuple

import numpy as np
import pytest
from on_device import assert_alike, on_device
from strategies import fill

import numbapool as nbp

DTYPES = ["bool", "uint8", "int32", "float16", "float32", "int64"]

OPERATORS = [
    ("max", {}),
    ("min", {"return_indices": True}),
    ("avg", {}),
    ("avg", {"nan": "skip", "nodata": 1}),
    ("range", {}),
]


class Odd(NamedTuple):
    """A user's reducer: the sum of all elements, the number of odd ones, the place of the last."""

    accumulates = (np.float64, np.int32, np.int64)

    def neutral(self):
        return 0.0, 0, -1

    def lift(self, value, row):
        return float(value), int(value % 2), row if value % 2 else -1

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1], max(a[2], b[2])

    def finish(self, acc, scale):
        return acc[0] + 10 * acc[1] + 1000 * acc[2]


@pytest.fixture
def small(monkeypatch):
    """Let teams make small windows, of any rows."""
    from numbapool.cuda import plan

    monkeypatch.setattr(plan, "TEAM_ROW", 1)
    monkeypatch.setattr(plan, "TEAM_UNITS", 1)
    monkeypatch.setattr(plan, "DEARER", 1000)


WINDOWS = [
    ((1, 4, 32), {"kernel_size": (4, 16)}),  # rows of whole chunks
    ((1, 7, 15), {"kernel_size": (3, 7), "stride": (4, 8), "padding": (1, 3)}),
    ((1, 6, 19), {"kernel_size": (2, 5), "stride": 4, "ceil_mode": True, "dilation": (2, 3)}),
    ((3, 5, 11), {"kernel_size": (2, 3, 4), "stride": (1, 2, 7), "data_format": "DHW"}),
]


def values(shape, dtype, n):
    return fill(shape, dtype, ("ties", "few", "plain")[n % 3], n)


@pytest.mark.parametrize("dtype", DTYPES)
def test_windows(dtype, small):
    kernels = set()
    for n, (shape, window) in enumerate(WINDOWS):
        for op, own in (OPERATORS[n], OPERATORS[(n + 2) % 5]):
            assert_alike(nbp.Pool(op, **window, **own), values(shape, dtype, n), kernels)
    for n, (op, own) in enumerate(OPERATORS):
        pool = nbp.Pool.adaptive(op, (1, 3), **own)
        assert_alike(pool, values((1, 5, 17), dtype, n), kernels)
    for n, op in enumerate(("max", "avg", "lp")):
        own = {"norm_type": 2} if op == "lp" else {}
        assert_alike(nbp.Pool.over_all(op, **own), values((1, 3, 5, 9), dtype, n), kernels)
    assert kernels == {"together"}


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_few_windows_in_pieces(dtype, small):
    kernels = set()
    for n, (op, own) in enumerate(OPERATORS):
        # A window of 256 chunks, or one that is read by elements.
        shape = (1, 15, 35) if n % 2 else (1, 16, 256 // np.dtype(dtype).itemsize)
        assert_alike(nbp.Pool(op, shape[1:], **own), values(shape, dtype, n), kernels)
    pool = nbp.Pool("avg", (36, 17), (36, 1), ceil_mode=True)
    assert_alike(pool, values((1, 37, 17), dtype, 7), kernels)  # some teams have no row of the last
    assert kernels == {"in_pieces"}


def test_places_in_64_bits(small, monkeypatch):
    from numbapool.cuda import device_plan

    monkeypatch.setattr(device_plan, "SMALL_INDEX", 0)
    for shape in ((1, 5, 17), (1, 15, 35)):
        x, pool = values(shape, "float32", 0), nbp.Pool("max", shape[1:], return_indices=True)
        assert on_device(pool, x)[0].plan.index is np.int64
        assert_alike(pool, x)


@pytest.mark.parametrize("shape", [(1, 6, 32), (1, 16, 64)])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_a_users_reducer(shape, dtype, small):
    x = np.arange(shape[1] * shape[2]).reshape(shape).astype(dtype)
    pool = nbp.Pool(Odd(), shape[1:])
    kernels = set()
    assert_alike(pool, x, kernels)
    odd = np.flatnonzero(x % 2)
    assert on_device(pool, x)[1][0].item() == x.sum() + 10 * odd.size + 1000 * odd[-1]


@pytest.mark.parametrize(
    ("kernel", "shape"), [((3, 16), (1, 3, 17)), ((160, 17), (1, 161, 17)), ((40, 16), (1, 40, 17))]
)
def test_a_sum_of_negative_zeros_is_one(kernel, shape, small):
    """The last window is cut off: threads and teams without elements add nothing, not even 0.0."""
    pool = nbp.Pool("sum", kernel, ceil_mode=True)
    _, (got,) = on_device(pool, np.full(shape, -0.0, np.float32))
    assert got.size == 2
    assert np.signbit(got).all()


def test_windows_of_padding_alone(small):
    pool, kernels = nbp.Pool("sum", (4, 8), padding=((0, 0), (9, 9))), set()
    assert_alike(pool, values((1, 4, 16), "int32", 0), kernels)
    assert kernels == {"together"}


def test_memory_that_begins_elsewhere_is_read_by_elements(small):
    from numbapool.cuda import call

    pool, x = nbp.Pool("max", (4, 16)), values((8, 32), "float32", 2)
    decided = call.decided(x.shape, x.dtype, pool.window, pool.request)
    buffer = np.zeros(x.size + 9, x.dtype)
    at = next(n for n in range(8) if buffer[n:].ctypes.data % 16)
    shifted = buffer[at : at + x.size]
    shifted[...] = x.reshape(-1)
    out = np.zeros(4, np.float32)
    decided.into(shifted, (out,))
    np.testing.assert_array_equal(out.reshape(2, 2), nbp.max_pool2d(x, (4, 16)))
    assert [plan.form for _, plan in decided._launches] == [(1,)]


@pytest.mark.parametrize(
    ("pool", "shape", "dtype", "kernel", "count", "threads"),
    [
        (nbp.Pool.over_all("avg"), (32, 64, 112, 112), "float32", "together", 4, 128),
        (nbp.Pool.adaptive("avg", 7), (32, 64, 112, 112), "float32", "together", 4, 8),
        (nbp.Pool.over_all("avg"), (32, 64, 7, 7), "float32", "together", 1, 4),
        (nbp.Pool.over_all("avg"), (1, 3, 4000, 4000), "uint8", "in_pieces", 16, 128),
        (nbp.Pool("max", 8), (1, 512, 512), "uint8", "windows", 0, 0),
        (nbp.Pool("max", 31, 1, 15), (1, 10000, 10000), "float32", "windows", 0, 0),
        (nbp.Pool("max", 31, 1, 15), (8, 16, 512, 512), "float32", "across", 0, 0),
        (nbp.Pool.over_all("avg", data_format="NHWC"), (1, 99, 99, 3), "uint8", "shares", 0, 0),
    ],
)
def test_which_windows_are_made_by_teams(pool, shape, dtype, kernel, count, threads):
    from numbapool.cuda import call

    plan = call.decided(shape, np.dtype(dtype), pool.window, pool.request).plan
    assert plan.kernel == kernel
    if threads:
        assert (plan.form, plan.sizes[0]) == ((count,), threads)
