"""Windows of a few elements, which take no pass over accumulators: shapes, and memory's end."""

import sys
from typing import NamedTuple

import naive
import numpy as np
import pytest
from agreement import assert_close, assert_equal, magnitudes
from guarded_pages import GUARDED
from numba import njit
from processes import python

import numbapool as nbp
from numbapool.functional.faces import pool_of
from numbapool.run import threads

DTYPES = ["uint8", "float32"]

# Kernel, stride and padding of two axes; the direct kernels' largest windows, and one past them.
WINDOWS = [
    (1, 1, 0),
    (2, 2, 0),
    (2, 2, 1),
    (2, 1, 0),
    (3, 3, 0),
    (3, 2, 1),
    (3, 1, 1),
    ((4, 3), (2, 3), 0),
    ((1, 2), (1, 2), 0),
    ((4, 4), (4, 4), 0),
    ((2, 4), (3, 4), 0),
    ((4, 1), (1, 1), (2, 0)),
    ((5, 2), (2, 2), 0),
    ((2, 4), (2, 2), 0),
]


def numbers(dtype, *shape):
    return np.random.default_rng(shape).integers(0, 100, shape).astype(dtype)


def kernel_of(function, x, *window, **more):
    """Return the name of the kernel that a call takes."""
    return pool_of(function, *window, **more).decide(x.shape, x.dtype)[0].kernel


def check(x, ndim, *window, **more):
    for name in ("max", "avg", "sum"):
        got = getattr(nbp, f"{name}_pool{ndim}d")(x, *window, **more)
        want = getattr(naive, f"{name}_pool")(x, ndim, *window, **more)
        if x.dtype.kind == "f" and name != "max":
            assert_close(got, want, naive.max_pool(magnitudes(x), ndim, *window, **more))
        else:
            assert_equal(got, want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("window", WINDOWS)
def test_rows(dtype, window):
    for width in (8, 13, 72, 104):
        check(numbers(dtype, 2, 3, 9, width), 2, *window)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [3, 4, 33])
@pytest.mark.parametrize("window", WINDOWS)
def test_channels(dtype, channels, window):
    for ceil_mode in (False, True):
        x = numbers(dtype, 8, 43 if channels < 5 else 11, channels)
        check(x, 2, *window, ceil_mode=ceil_mode, data_format="NHWC")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    "window", [(2, 2, 0), ((1, 3, 2), 2, 0), ((4, 1, 4), (2, 1, 4), (1, 0, 0))]
)
def test_volumes(dtype, window):
    check(numbers(dtype, 2, 5, 6, 16), 3, *window)
    check(numbers(dtype, 5, 6, 7, 40), 3, *window, data_format="NDHWC")


@pytest.mark.parametrize("dilation", [2, (1, 3)])
@pytest.mark.parametrize("channels", [3, 64])
def test_dilation(dilation, channels):
    x = numbers("float32", 9, 12, channels)
    got = nbp.max_pool2d(x, 2, 2, 1, dilation, data_format="NHWC")
    assert_equal(got, naive.max_pool(x, 2, 2, 2, 1, dilation, data_format="NHWC"))


def test_long_runs_in_tiles():
    check(numbers("float32", 1, 4, 20002), 2, 2)
    check(numbers("uint8", 3, 3, 8200), 1, 4)
    check(numbers("uint8", 2, 9001, 3), 2, 2, data_format="NHWC")


def test_nan_and_what_is_skipped():
    x = np.where(numbers("uint8", 8, 64) < 30, np.nan, numbers("float32", 8, 64))
    for nan in ("propagate", "skip"):
        assert_equal(nbp.max_pool2d(x, 2, nan=nan), naive.max_pool(x, 2, 2, nan=nan))
    assert_equal(nbp.max_pool2d(x, 2, nodata=5), naive.max_pool(x, 2, 2, nodata=5))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("channels", [None, 3, 4, 33, 64])
def test_blocks_touch_nothing_of_others(dtype, channels, monkeypatch):
    """Blocks that end in another order than they lie in leave what one block leaves."""

    def run(kernel, call, pieces, blocks):
        for block in reversed(range(blocks)):
            kernel.call(call, block, pieces * block // blocks, pieces * (block + 1) // blocks)

    x = numbers(dtype, *((2, 10, 37, channels) if channels else (2, 10, 74)))
    form = {"data_format": "NHWC" if channels else "NCHW"}
    pools = (nbp.max_pool2d, nbp.avg_pool2d, nbp.sum_pool2d)
    calls = [(pool, window) for pool in pools for window in WINDOWS]
    wanted = [pool(x, *window, **form) for pool, window in calls]
    monkeypatch.setattr(threads, "block_count", lambda pieces, work: min(5, pieces))
    monkeypatch.setattr(threads, "run_kernel", run)
    for (pool, window), want in zip(calls, wanted, strict=True):
        assert_equal(pool(x, *window, **form), want)


@njit
def written_and_read(x, outs, n):
    """Add one to the first of `x` by its other name, so that it is not inlined."""
    if n > 5:
        return written_and_read(x, outs, n - 1)
    outs[0] = x[0] + 1.0
    return x[0], x


class Named(NamedTuple):
    """A reducer whose helper's arrays are called as the kernels' are, and are the same."""

    def neutral(self):
        return 0.0

    def combine(self, a, b):
        return a + b

    def finish(self, acc, scale):
        held = np.full(2, acc)
        return written_and_read(held, held, np.int64(acc))[0]


def test_users_may_give_one_array_twice():
    assert nbp.reduce_pool2d(np.full((2, 2), 3.0), Named(), 2).tolist() == [[13.0]]


def test_what_a_reducer_calls_can_be_called():
    held = np.full(2, 3.0)
    assert written_and_read(held, held, 9)[0] == 4.0


def test_users_reducers_have_one_kernel():
    for shape in ((8, 64), (9, 65), (6, 66)):
        assert nbp.Pool(Named(), 2).decide(shape, "f4")[0].kernel == "rows"


def test_which_windows_they_are():
    rows, pixels, channels = (np.zeros(shape, np.float32) for shape in SHAPES)
    assert kernel_of(nbp.max_pool2d, rows, 2) == "direct"
    assert kernel_of(nbp.max_pool2d, rows[..., :6], 2) == "rows"
    assert kernel_of(nbp.max_pool2d, pixels[:, :8], 2, data_format="NHWC") == "rows"
    assert kernel_of(nbp.max_pool2d, rows, 2, return_indices=True) == "rows"
    assert kernel_of(nbp.max_pool2d, rows, 3, 2, 1) == "rows"
    assert kernel_of(nbp.max_pool2d, rows.astype(np.float16), 2) == "rows"
    assert kernel_of(nbp.avg_pool2d, pixels, 3, 2, 1, data_format="NHWC") == "thinned"
    assert kernel_of(nbp.avg_pool2d, channels, 3, 2, 1, data_format="NHWC") == "direct"


SHAPES = [(1, 8, 8), (8, 40, 3), (8, 8, 64)]

AT_THE_END = """
count = 0
for dtype, width, channels in itertools.product(
    ("uint8", "float32"), (1, 2, 8, 64, 65, 130), (1, 3, 4, 32, 48, 128)
):
    x = before_the_end((6, width, channels), dtype)
    x[...] = np.random.default_rng(1).integers(0, 100, x.shape)
    for window in ((1,), (2,), (2, 1), (2, 1, 1), (4,), ((4, 2), 2), (3,), (3, 2), (3, 1, 1)):
        for pool in (nbp.max_pool2d, nbp.avg_pool2d):
            try:
                want = pool(x.copy(), *window, data_format="NHWC")
            except ValueError:
                continue
            out = before_the_end(want.shape, dtype)
            assert np.array_equal(pool(x, *window, data_format="NHWC", out=out), want)
            if channels == 1:
                out = before_the_end(want.shape[:2], dtype)
                assert np.array_equal(pool(x[..., 0], *window, out=out), want[..., 0])
            count += 1
print(count)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="calls mprotect as Linux has it")
def test_nothing_past_the_end_is_touched():
    """The page behind the input, and behind the result, cannot be read or written."""
    assert int(python(GUARDED + AT_THE_END)) > 500
