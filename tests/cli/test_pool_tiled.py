"""What NumPy pools, before a kernel is compiled, is the kernel's to the bit."""

import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
from numbapool_cli.codecs.raster import Raster
from numbapool_cli.job import Values, Window
from numbapool_cli.operators import OPERATORS
from numbapool_cli.rasters import ranked, uncompiled
from numbapool_cli.rasters import tiled as tiled_by_numpy
from numbapool_cli.rasters.pooling import pool
from numbapool_cli.rasters.request import Request
from numbapool_cli.rasters.tiled import suits, tiled
from numbapool_cli.rasters.uncompiled import way_without_kernel
from PIL import Image

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
RANKS = [
    {"kernel_size": 3, "stride": 1, "padding": 1},
    {"kernel_size": 3, "stride": 1, "padding": "same", "ceil_mode": False},
    {"kernel_size": (2, 4)},
    {"kernel_size": 5, "stride": 2, "padding": 2},
    {"kernel_size": 2, "stride": 3, "dilation": 3},
    {"kernel_size": (1, 6), "stride": 1, "padding": (0, 3), "ceil_mode": False},
]
SIZES = [2, 3, (2, 3), (1, 4), 5]


def numbers(shape, dtype):
    """Return numbers of all sizes, many of them the largest and the smallest."""
    most = np.iinfo(dtype).max
    some = np.random.default_rng(0).integers(0, most, shape, dtype, endpoint=True)
    return np.where(some % 5 == 0, most, np.where(some % 7 == 0, 0, some)).astype(dtype)


def way_of(array, operator, window, format, values=None):
    """Return how NumPy pools an array, while no kernel is compiled."""
    values = values or Values()
    pool = numbapool.Pool(operator, **window, data_format=format)
    with mock.patch.object(kernels, "worth_compiling", lambda *_: False):
        return way_without_kernel(array, operator, window, values, format, lambda: pool)


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
            found = tiled(array, operator, window, format)
            wanted = numbapool.Pool(operator, **window, data_format=format)(array)
            assert found.dtype == wanted.dtype and found.flags.c_contiguous
            np.testing.assert_array_equal(found, wanted)
            request = Request(OPERATORS[operator], window, Values(), format)
            assert request.results(shape, array.dtype) == (wanted.shape, wanted.dtype)
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("format", ["NCHW", "NHWC"])
def test_floats_are_added_in_the_order_of_kernels(dtype, format):
    """Numbers of many sizes show each other order."""
    rng, ways = np.random.default_rng(0), set()
    for high, wide in [(8, 12), (7, 9), (6, 11), (40, 64)]:
        shape = (2, high, wide, 3) if format == "NHWC" else (2, 3, high, wide)
        sizes = 10.0 ** rng.integers(-4, 5, shape)
        array = (rng.standard_normal(shape) * sizes).astype(dtype)
        array[0, 0, 0, :2] = np.inf, -np.inf
        for size in (2, (1, 2), (2, 1)):
            for partial in (False, True):
                window = WINDOW | {"kernel_size": size, "ceil_mode": partial}
                pool = numbapool.Pool("avg", **window, data_format=format)
                way = way_of(array, "avg", window, format)
                wanted = pool(array)
                assert way(array).tobytes() == wanted.tobytes()
                ways.add(kernels.loop_of(pool, array.shape, array.dtype))
    assert len(ways) > 1


@pytest.mark.parametrize("operator", ["median", "mode"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32])
def test_medians_and_modes_of_whole_numbers(operator, dtype):
    rng, windows = np.random.default_rng(0), 0
    for shape, format in (((9, 11), "NCHW"), ((2, 8, 7, 3), "NHWC")):
        array = (rng.integers(0, 5, shape) * 50).astype(dtype)
        for given in RANKS:
            window = WINDOW | given
            wanted = numbapool.Pool(operator, **window, data_format=format)(array)
            found = way_of(array, operator, window, format)(array)
            assert found.dtype == wanted.dtype and found.flags.c_contiguous
            np.testing.assert_array_equal(found, wanted)
            windows += wanted.size
    assert windows > 1000


def test_large_pictures_are_pooled_in_blocks(monkeypatch):
    monkeypatch.setattr(ranked, "BLOCK", 64)
    test_medians_and_modes_of_whole_numbers("median", np.uint8)


def test_a_mean_of_the_largest_numbers_does_not_wrap():
    array = np.full((300, 300), 65535, np.uint16)
    window = WINDOW | {"kernel_size": 299}
    np.testing.assert_array_equal(tiled(array, "avg", window, "NCHW"), np.full((2, 2), 65535))


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


def test_kernels_do_other_numbers_and_axes():
    assert not suits(np.ones((4, 4), np.int32), "avg", WINDOW, Values(), "NCHW")
    wide = WINDOW | {"kernel_size": 3}
    assert suits(np.ones((4, 4), np.float32), "avg", WINDOW, Values(), "NCHW")
    assert not suits(np.ones((4, 4), np.float32), "avg", wide, Values(), "NCHW")
    assert not suits(np.full((4, 4), np.nan, "f4"), "avg", WINDOW, Values(), "NCHW")
    assert not suits(np.ones((4, 4), np.float16), "max", WINDOW, Values(), "NCHW")
    assert not suits(np.ones((4, 4), ">u2"), "max", WINDOW, Values(), "NCHW")
    for format in ("NCL", "NCDHW", "NDHWC"):
        assert not suits(np.ones((4, 4, 4, 4, 4), np.uint8), "max", WINDOW, Values(), format)


@pytest.mark.parametrize("operator", ["median", "mode"])
def test_kernels_do_other_ranks(operator):
    array = numbers((6, 7), np.uint8)

    def way(array=array, values=None, format="NCHW", **window):
        return way_of(array, operator, WINDOW | window, format, values)

    assert way()
    assert not way(array.astype(np.float32)) and not way(array.astype(">u2"))
    assert not way(kernel_size=(4, 7)) and not way(kernel_size=3, footprint="disk")
    assert not way(padding_mode="reflect", padding=1)
    assert not way(values=Values(nodata=3)) and not way(values=Values(min_count=2))
    assert not way(values=Values(device="cuda"))
    with pytest.raises(numbapool.PoolError, match="no input"):
        way(dilation=(7, 1), padding=1, stride=1, ceil_mode=False)
    assert not way(format="NCL") and not way(array[None], format="NCDHW")


@pytest.mark.parametrize("operator", ["max", "min"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.int64])
def test_largest_and_smallest_of_tensors(operator, dtype):
    array = (numbers((2, 3, 5, 6), np.uint16).astype(np.int64) - 30000).astype(dtype)
    if dtype in (np.float32, np.float64):
        array[0, 0, 0, :3] = np.inf, -np.inf, 0
    assert suits(array, operator, WINDOW, Values(), "NCHW")
    wanted = numbapool.Pool(operator, **WINDOW)(array)
    found = tiled(array, operator, WINDOW, "NCHW")
    assert found.dtype == wanted.dtype and found.flags.c_contiguous
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("number", [np.nan, -0.0])
def test_kernels_decide_about_nan_and_zeros_of_two_signs(number):
    array = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert suits(array, "max", WINDOW, Values(), "NCHW")
    array[1, 1] = number
    assert not suits(array, "max", WINDOW, Values(), "NCHW")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(5, 4), (4, 7), (3, 3), (2, 1), (10, 9)])
def test_shares_of_an_area(dtype, size):
    for array in (numbers((10, 9, 3), dtype), numbers((10, 9), dtype)):
        fitted, format = {"fitted_size": size}, format_of(array)
        assert suits(array, "avg", fitted, Values(), format)
        assert not suits(array, "max", fitted, Values(), format)
        found = tiled(array, "avg", fitted, format)
        request = Request(OPERATORS["avg"], fitted, Values(), format)
        assert request.results(array.shape, array.dtype) == (found.shape, array.dtype)
        wanted = numbapool.Pool.area(size, data_format=format)(array)
        assert found.dtype == wanted.dtype and found.flags.c_contiguous
        np.testing.assert_array_equal(found, wanted)


def asked():
    return Request(OPERATORS["avg"], WINDOW, Values(), "NHWC")


@pytest.mark.parametrize("worth", [False, True])
def test_a_request_asks_whether_a_kernel_is_worth_it(worth, monkeypatch):
    seen = []
    monkeypatch.setattr(kernels, "worth_compiling", lambda *given: seen.append(given) or worth)
    monkeypatch.setattr(
        tiled_by_numpy, "tiled", lambda *_: seen.append("tiled") or np.ones((2, 3, 3), np.uint8)
    )
    monkeypatch.setattr(uncompiled, "LITTLE", 0)
    array = numbers((4, 6, 3), np.uint8)
    asked()(array)
    out = np.zeros((2, 3, 3), np.uint8)
    assert asked()(array, out) is out or worth
    assert out.any()
    assert seen[0][1:] == ((4, 6, 3), np.uint8, 1)
    assert ("tiled" in seen) is not worth


def test_a_few_elements_are_pooled_without_a_question(monkeypatch):
    monkeypatch.setattr(uncompiled, "_spared", 0)
    monkeypatch.setattr(uncompiled, "LITTLE", 150)
    questions = []
    monkeypatch.setattr(kernels, "worth_compiling", lambda *_: questions.append(1))
    array = numbers((4, 6, 3), np.uint8)
    for count in (0, 0, 1, 2):
        asked()(array)
        assert len(questions) == count


def test_a_small_picture_is_pooled_without_the_planners(tmp_path):
    """They take longer to import than all the rest takes."""
    Image.new("L", (30, 20), 7).save(tmp_path / "small.png")
    script = (
        "import sys; sys.argv[1:] = 'avg small.png -k 2 -o half.png'.split()\n"
        "try: __import__('numbapool_cli').main()\n"
        "finally: print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    modules = done.stdout.split()
    assert "numbapool_cli.rasters.tiled" in modules, done.stderr
    assert not {"numbapool.pooling", "numbapool.compile", "hashlib", "numba"} & set(modules)
    with Image.open(tmp_path / "half.png") as half:
        assert half.size == (15, 10)


def test_what_a_kernel_is_worth(tmp_path, monkeypatch):
    """It is if it is there, or if much was wanted of it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiled, "wanted", lambda: False)  # kernels are to be machine code
    monkeypatch.setattr(compiled, "_kernels", {})
    pool = numbapool.Pool("avg", 2, data_format="HWC")
    photo = (3000, 4000, 3)

    def worth(shape=photo, slower=1):
        return kernels.worth_compiling(pool, shape, "uint8", slower)

    assert [worth((64, 64, 3)) for _ in range(100)] == [False] * 100
    assert [worth() for _ in range(40)] == [False] * 32 + [True] * 8
    (file,) = tmp_path.glob("numbapool-kernels/*.wanted")
    file.unlink()
    assert [worth((1000, 1000, 3)) for _ in range(600)] == [False] * 550 + [True] * 50
    file.unlink()
    assert not worth()
    assert [worth(slower=8) for _ in range(5)] == [False] * 3 + [True] * 2
    file.unlink()
    file.with_suffix(".o").touch()
    assert worth()
    file.with_suffix(".o").unlink()
    assert not worth()
    monkeypatch.setattr(store, "place", lambda: store.Place(None))
    assert worth()


def test_a_count_that_cannot_be_kept_is_beyond_bounds(tmp_path):
    assert store.counted(tmp_path / "none" / "count", 1) > 1 << 40
    assert [store.counted(tmp_path / "count", n) for n in (2, 0, 3)] == [2, 2, 5]
