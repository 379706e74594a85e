"""Bytes that NumPy pools, before a kernel is compiled, are the kernel's to the bit."""

import numpy as np
import pytest
from numbapool_cli.codecs.raster import Raster
from numbapool_cli.job import Values, Window
from numbapool_cli.operators import OPERATORS
from numbapool_cli.rasters import request as requests
from numbapool_cli.rasters.pooling import pool
from numbapool_cli.rasters.request import Request
from numbapool_cli.rasters.tiled import suits, tiled

import numbapool
from numbapool import kernels
from numbapool.compile import compiled, store

WINDOW = {
    "kernel_size": 2,
    "stride": None,
    "padding": 0,
    "padding_mode": None,
    "footprint": None,
    "dilation": 1,
    "ceil_mode": True,
}
SHAPES = [(6, 9), (7, 5, 3)]
SIZES = [2, 3, (2, 3), (1, 4), 5]


def numbers(shape, dtype):
    """Return numbers of all sizes, many of them the largest and the smallest."""
    most = np.iinfo(dtype).max
    some = np.random.default_rng(0).integers(0, most, shape, dtype, endpoint=True)
    return np.where(some % 5 == 0, most, np.where(some % 7 == 0, 0, some)).astype(dtype)


def format_of(array):
    return "NHWC" if array.ndim == 3 else "NCHW"


@pytest.mark.parametrize("operator", ["avg", "max", "min"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_as_the_library_has_it(operator, dtype, shape):
    array = numbers(shape, dtype)
    tried = 0
    for size in SIZES:
        for partial in (False, True):
            window = WINDOW | {"kernel_size": size, "ceil_mode": partial}
            format = format_of(array)
            if not suits(array, operator, window, Values(), format):
                continue
            found = tiled(array, operator, window)
            wanted = numbapool.Pool(operator, **window, data_format=format)(array)
            assert found.dtype == wanted.dtype and found.flags.c_contiguous
            np.testing.assert_array_equal(found, wanted)
            tried += 1
    assert tried == 10


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_weighed_by_alpha_are_as_kernels_have_them(mode, dtype, monkeypatch):
    pixels = numbers((9, 8, len(mode)), dtype)
    pixels[:4, :4, -1] = 0  # some windows are fully transparent
    raster = Raster(pixels, "NHWC", mode if dtype == np.uint8 else f"{mode};16")
    results = []
    for worth in (True, False):
        monkeypatch.setattr(kernels, "worth_compiling", lambda *_, worth=worth: worth)
        for edge in ("partial", "trim"):
            results.append(pool(raster, OPERATORS["avg"], Window(2, edge=edge), Values()).array)
    for wanted, found in zip(results[:2], results[2:], strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_a_mean_of_the_largest_numbers_does_not_wrap():
    array = np.full((300, 300), 65535, np.uint16)
    window = WINDOW | {"kernel_size": 299}
    np.testing.assert_array_equal(tiled(array, "avg", window), np.full((2, 2), 65535))


OTHERS = {
    "an operator": ("median", {}, {}),
    "steps": ("avg", {"stride": 1}, {}),
    "padding": ("avg", {"padding": 1}, {}),
    "words of padding": ("avg", {"padding": "same"}, {}),
    "what stands outside": ("avg", {"padding_mode": "reflect"}, {}),
    "dilation": ("max", {"dilation": 2}, {}),
    "a disk": ("max", {"footprint": "disk"}, {}),
    "too large a window": ("max", {"kernel_size": 9}, {}),
    "a number left out": ("avg", {}, {"nodata": 3}),
    "a least count": ("avg", {}, {"min_count": 2}),
    "a divisor": ("avg", {}, {"divisor_override": 3}),
    "another rounding": ("avg", {}, {"rounding": "floor"}),
    "a device": ("avg", {}, {"device": "cuda"}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_kernels_do_the_rest(other):
    operator, window, values = OTHERS[other]
    array = numbers((6, 6), np.uint8)
    assert suits(array, "avg", WINDOW, Values(), "NCHW")
    assert not suits(array, operator, WINDOW | window, Values(**values), "NCHW")


@pytest.mark.parametrize("array", [np.ones((4, 4), np.float32), np.ones((4, 4), np.int16)])
def test_kernels_do_other_numbers(array):
    assert not suits(array, "max", WINDOW, Values(), "NCHW")
    assert not suits(np.ones((3, 4, 4), np.uint8), "max", WINDOW, Values(), "NCHW")
    assert not suits(np.ones((2, 4, 4, 3), np.uint8), "max", WINDOW, Values(), "NHWC")


def asked():
    return Request(OPERATORS["avg"], WINDOW, Values(), "NHWC")


@pytest.mark.parametrize("worth", [False, True])
def test_a_request_asks_whether_a_kernel_is_worth_it(worth, monkeypatch):
    seen = []
    monkeypatch.setattr(kernels, "worth_compiling", lambda *given: seen.append(given) or worth)
    monkeypatch.setattr(requests, "tiled", lambda *_: seen.append("tiled"))
    array = numbers((4, 6, 3), np.uint8)
    asked()(array)
    assert seen[0][1:] == ((4, 6, 3), np.uint8)
    assert ("tiled" in seen) is not worth


def test_what_a_kernel_is_worth(tmp_path, monkeypatch):
    """It is if it is there, or if much was wanted of it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiled, "wanted", lambda: False)  # kernels are to be machine code
    monkeypatch.setattr(compiled, "_kernels", {})
    pool = numbapool.Pool("avg", 2, data_format="HWC")
    photo = (3000, 4000, 3)

    def worth(shape=photo):
        return kernels.worth_compiling(pool, shape, "uint8")

    assert [worth((64, 64, 3)) for _ in range(100)] == [False] * 100
    assert [worth() for _ in range(40)] == [False] * 32 + [True] * 8
    (file,) = tmp_path.glob("numbapool-kernels/*.wanted")
    file.unlink()
    assert not worth()
    file.with_suffix(".o").touch()
    assert worth()
    file.with_suffix(".o").unlink()
    assert not worth()
    monkeypatch.setattr(store, "place", lambda: store.Place(None))
    assert worth()


def test_a_count_that_cannot_be_kept_is_beyond_bounds(tmp_path):
    assert store.counted(tmp_path / "none" / "count", 1) > 1 << 40
    assert [store.counted(tmp_path / "count", n) for n in (2, 0, 3)] == [2, 2, 5]
