"""The kernels that are written out for frequent windows, in the simulator, against the CPU."""

import numpy as np
import pytest
from on_device import assert_alike

import numbapool as nbp

DTYPES = ("uint8", "uint16", "int32", "float16", "float32", "float64")


def values(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind != "f":
        limits = np.iinfo(dtype)
        return rng.integers(max(limits.min, -999), min(limits.max, 999), shape).astype(dtype)
    x = rng.standard_normal(shape).astype(dtype)
    x.reshape(-1)[rng.integers(0, x.size, max(x.size // 20, 1))] = np.nan
    return x


def columns_of(dtype):
    """Return the elements of 16 bytes."""
    return 16 // np.dtype(dtype).itemsize


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["max", "avg"])
@pytest.mark.parametrize(
    "window",
    [
        {"kernel_size": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": (1, 3), "stride": 1, "padding": (0, 1), "ceil_mode": True},
    ],
)
def test_channels(op, dtype, window):
    pool = nbp.Pool(op, **window, data_format="NHWC")
    kernels = set()
    assert_alike(pool, values((2, 5, 6, 2 * columns_of(dtype)), dtype), kernels)
    assert kernels == {"channels"}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["max", "avg", "min", "lp"])
@pytest.mark.parametrize(
    "window",
    [
        {"kernel_size": 2},
        {"kernel_size": (3, 2), "stride": (1, 2), "padding": (1, 0)},
        {"kernel_size": (1, 4), "ceil_mode": True},
    ],
)
def test_tiles(op, dtype, window):
    if window["kernel_size"] == (1, 4) and np.dtype(dtype).itemsize == 8:
        pytest.skip("16 bytes hold two of them")
    own = {"norm_type": 1} if op == "lp" else {}
    if op == "lp" and np.dtype(dtype).kind != "f":
        pytest.skip("a norm of whole numbers has another dtype")
    pool = nbp.Pool(op, **window, **own)
    kernels = set()
    assert_alike(pool, values((2, 2, 5, 4 * columns_of(dtype)), dtype), kernels)
    assert kernels == {"tiles"}


def test_windows_side_by_side_that_begin_in_the_padding_are_no_tiles():
    x = np.arange(1, 9, dtype="float32").reshape(1, 1, 8)
    kernels = set()
    assert_alike(nbp.Pool("sum", (1, 4), padding=(0, 1)), x, kernels)
    assert "tiles" not in kernels


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["max", "avg", "soft"])
@pytest.mark.parametrize(
    "window",
    [
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 3, "stride": 1, "padding": 1, "ceil_mode": True},
        {"kernel_size": 2, "stride": 3},
        {"kernel_size": (5, 1), "stride": 1, "padding": (2, 0)},
        {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 1), "count_include_pad": False},
    ],
)
def test_slides(op, dtype, window):
    if op == "soft" and np.dtype(dtype).kind != "f":
        pytest.skip("a soft mean of whole numbers has another dtype")
    if op != "avg":
        window = {name: value for name, value in window.items() if name != "count_include_pad"}
    kernels = set()
    assert_alike(nbp.Pool(op, **window), values((2, 9, 7), dtype), kernels)
    assert kernels <= {"slides", "windows"}
    assert op == "soft" or kernels == {"slides"}


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "int64"])
@pytest.mark.parametrize(
    ("kernel", "shape", "window"),
    [
        ("channels", (2, 5, 6, 32), {"kernel_size": 3, "padding": 1, "data_format": "NHWC"}),
        ("tiles", (2, 5, 32), {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0)}),
        ("slides", (2, 9, 7), {"kernel_size": 3, "stride": 1, "padding": 1}),
    ],
)
def test_indices(kernel, shape, window, dtype):
    kernels = set()
    for op in ("max", "min"):
        pool = nbp.Pool(op, **window, return_indices=True)
        assert_alike(pool, values(shape, dtype), kernels)
    assert kernels == {kernel}


def test_memory_that_begins_elsewhere_takes_the_general_kernel():
    pool, x = nbp.Pool("max", 2), values((4, 32), "float32")
    from numbapool.cuda import call

    decided = call.decided(x.shape, x.dtype, pool.window, pool.request)
    buffer = np.zeros(x.size + 9, np.uint8 if x.itemsize == 1 else x.dtype)
    at = next(n for n in range(8) if buffer[n:].ctypes.data % 16)
    shifted = buffer[at : at + x.size]
    shifted[...] = x.reshape(-1)
    out = np.zeros(32, np.float32)
    decided.into(shifted, (out,))
    np.testing.assert_array_equal(out.reshape(2, 16), nbp.max_pool2d(x, 2))
    assert {plan.kernel for _, plan in decided._launches} == {"windows"}
