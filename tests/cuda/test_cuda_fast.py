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


CHUNKED = [
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 3, "stride": 1, "padding": 1, "ceil_mode": True},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 3},
    {"kernel_size": 2, "stride": 1},
    {"kernel_size": 2, "stride": 1, "padding": 1},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": 1},
    {"kernel_size": (1, 5), "stride": (2, 3), "padding": ((0, 0), (4, 3))},
    {"kernel_size": (5, 1), "stride": 1, "padding": (2, 0)},
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", ["max", "avg"])
@pytest.mark.parametrize("chunks", [1, 2, 5])
@pytest.mark.parametrize("window", CHUNKED)
def test_chunks(op, dtype, chunks, window):
    kernels = set()
    x = values((2, 7, chunks * columns_of(dtype)), dtype)
    if x.shape[2] < 5:
        pytest.skip("no window is inside the row: a table lists them all")
    assert_alike(nbp.Pool(op, **window), x, kernels)
    summed = (op, dtype) == ("avg", "int32")  # in 64 bits: of many taps too many for registers
    assert kernels == {"chunks"} or (summed and kernels == {"slides"})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("window", CHUNKED)
def test_chunks_that_count_no_padding(dtype, window):
    kernels = set()
    x = values((2, 8, 4 * columns_of(dtype)), dtype)
    assert_alike(nbp.Pool("avg", **window, count_include_pad=False), x, kernels)
    assert kernels == {"chunks"} or (dtype == "int32" and kernels == {"slides"})


@pytest.mark.parametrize("window", CHUNKED)
@pytest.mark.parametrize("left_out", [{"nan": "skip"}, {"nodata": 3}])
def test_chunks_without_some_values(left_out, window):
    kernels = set()
    x = np.random.default_rng(0).integers(0, 5, (2, 8, 24)).astype("float32")
    x[x == 4] = np.nan
    x[0, :4, :8] = np.nan if "nan" in left_out else 3
    assert_alike(nbp.Pool("max", **window, **left_out), x, kernels)
    assert kernels == {"chunks"}


@pytest.mark.parametrize(
    ("kernel", "shape", "window"),
    [
        ("channels", (2, 5, 6, 32), {"kernel_size": 3, "data_format": "NHWC"}),
        ("tiles", (2, 5, 32), {"kernel_size": 2}),
        ("chunks", (2, 5, 32), {"kernel_size": 3, "stride": 1}),
        ("slides", (2, 5, 7), {"kernel_size": 3, "stride": 1}),
    ],
)
def test_a_divisor_of_ones_own(kernel, shape, window):
    kernels = set()
    x = np.full(shape, 3, np.uint8)
    pool = nbp.Pool("avg", **window, divisor_override=5)
    assert_alike(pool, x, kernels)
    assert kernels == {kernel}


def test_a_window_that_is_past_the_row_but_for_its_first_tap():
    x = np.array([1.0, 2, 4, 8]).reshape(1, 1, 4)
    kernels = set()
    assert_alike(nbp.Pool("sum", (1, 4), stride=1, padding=((0, 0), (3, 3))), x, kernels)
    assert kernels == {"chunks"}


def test_only_rows_of_whole_chunks_are_read_in_chunks():
    pool = nbp.Pool("max", 3, stride=2, padding=1)
    for columns, kernel in ((112, "chunks"), (111, "slides"), (110, "slides")):
        kernels = set()
        assert_alike(pool, values((1, 5, columns), "float32"), kernels)
        assert kernels == {kernel}


def test_kernels_that_differ_have_different_names():
    """Machine code is kept by the kernel's name and the types of its arguments."""
    from numbapool.cuda import call, chunks

    names = set()
    for window in CHUNKED:
        for own in ({}, {"count_include_pad": False}):
            pool = nbp.Pool("avg", **window, **own)
            for columns in (16, 20):
                shape, dtype = (1, 8, columns), np.dtype("float32")
                plan = call.decided(shape, dtype, pool.window, pool.request).plan
                assert chunks.chunks(plan.form).py_func.__name__ == plan.form.name
                names.add((plan.form, plan.form.name))
    forms, texts = zip(*names, strict=True)
    assert len(set(forms)) == len(set(texts)) == len(names)
    assert all(name.isidentifier() for name in texts)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "int64"])
@pytest.mark.parametrize(
    ("kernel", "shape", "window"),
    [
        ("channels", (2, 5, 6, 32), {"kernel_size": 3, "padding": 1, "data_format": "NHWC"}),
        ("tiles", (2, 5, 32), {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0)}),
        ("chunks", (2, 9, 32), {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("chunks", (2, 9, 48), {"kernel_size": (2, 3), "stride": 2, "ceil_mode": True}),
        ("slides", (2, 9, 7), {"kernel_size": 3, "stride": 1, "padding": 1}),
    ],
)
def test_indices(kernel, shape, window, dtype):
    kernels = set()
    for op in ("max", "min"):
        pool = nbp.Pool(op, **window, return_indices=True)
        assert_alike(pool, values(shape, dtype), kernels)
    assert kernels == {kernel}


@pytest.mark.parametrize(
    ("window", "kernel"),
    [({"kernel_size": 2}, "windows"), ({"kernel_size": 3, "stride": 2, "padding": 1}, "slides")],
)
def test_memory_that_begins_elsewhere_takes_another_kernel(window, kernel):
    pool, x = nbp.Pool("max", **window), values((4, 32), "float32")
    from numbapool.cuda import call

    decided = call.decided(x.shape, x.dtype, pool.window, pool.request)
    buffer = np.zeros(x.size + 9, x.dtype)
    at = next(n for n in range(8) if buffer[n:].ctypes.data % 16)
    shifted = buffer[at : at + x.size]
    shifted[...] = x.reshape(-1)
    out = np.zeros(32, np.float32)
    decided.into(shifted, (out,))
    np.testing.assert_array_equal(out.reshape(2, 16), nbp.max_pool2d(x, **window))
    assert {plan.kernel for _, plan in decided._launches} == {kernel}
