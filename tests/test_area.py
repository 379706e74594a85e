"""Means over exact areas: against the definition, OpenCV, Pillow, and numbers worked by hand."""

import pickle

import naive_kinds
import numpy as np
import pytest
import strategies as draws
from agreement import answer, assert_close, assert_equal, both_refuse, magnitudes
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

import numbapool as nbp
from numbapool.plan import area

ROW = np.array([[0, 3, 6, 1, 5]])


@pytest.mark.parametrize(
    ("out", "want"),
    [
        (1, [3.0]),
        (2, [(0 + 3 + 6 / 2) / 2.5, (6 / 2 + 1 + 5) / 2.5]),
        (3, [(0 + 3 * 2 / 3) / (5 / 3), (3 / 3 + 6 + 1 / 3) / (5 / 3), (1 * 2 / 3 + 5) / (5 / 3)]),
        (5, [0, 3, 6, 1, 5]),
        (7, [0, (0 * 2 + 3 * 3) / 5, (3 * 4 + 6) / 5, 6, (6 + 1 * 4) / 5, (1 * 3 + 5 * 2) / 5, 5]),
    ],
)
def test_worked_by_hand(out, want):
    np.testing.assert_allclose(nbp.area_pool2d(ROW.astype(np.float32), (1, out)), [want], 1e-7)
    got = nbp.area_pool2d(ROW.astype(np.uint8).T, (out, 1))
    assert_equal(got[:, 0], np.floor(np.array(want) + 0.5).astype(np.uint8))


@pytest.mark.parametrize("dtype", draws.KINDS)
@draws.fewer(2)
@given(st.data())
def test_against_the_definition(dtype, data):
    draw = data.draw
    sizes = tuple(draw(st.integers(1, 9)) for _ in range(2))
    x, window = draw(draws.calls(2, dtype, st.just(draws.Window(2, sizes, None))))
    arguments = {"output_size": tuple(draw(st.integers(1, 9)) for _ in sizes), **window.arguments}
    got = answer(nbp.area_pool2d, x, **arguments)
    want = answer(naive_kinds.area_pool2d, x, **arguments)
    if both_refuse(got, want):
        return
    if want.dtype.kind != "f":
        assert_equal(got, want)
    else:
        finite = magnitudes(np.nan_to_num(x))
        assert_close(got, want, naive_kinds.area_pool2d(finite, **arguments))


def picture_sizes(random):
    """Yield 50 random sizes of pictures, and the smaller sizes that they are to get."""
    for _ in range(50):
        shape = random.integers(2, 60, 2)
        yield tuple(map(int, shape)), tuple(int(random.integers(1, side + 1)) for side in shape)


def test_pictures_are_off_by_half_a_level_at_most():
    random = np.random.default_rng(5)
    for n, (shape, size) in enumerate(picture_sizes(random)):
        channels = (1, 3, 4, 2, 5)[n % 5]
        x = random.integers(0, 256, (*shape, channels), np.uint8)
        got = nbp.area_pool2d(x, size, data_format="HWC")
        want = naive_kinds.area_means(np.moveaxis(x, -1, 0), size)
        assert np.abs(np.moveaxis(got, -1, 0) - want).max() <= 0.5


@pytest.mark.parametrize(("channels", "columns"), [(1, 1999), (3, 801), (5, 2)])
def test_rows_of_several_tiles(channels, columns, monkeypatch, forget_plans):
    monkeypatch.setattr(area, "ROW_BYTES", 1 << 12)
    forget_plans()
    x = np.random.default_rng(7).integers(0, 256, (3, 2501, channels), np.uint8)
    got = nbp.area_pool2d(x, (2, columns), data_format="HWC")
    want = naive_kinds.area_means(np.moveaxis(x, -1, 0), (2, columns))
    assert np.abs(np.moveaxis(got, -1, 0) - want).max() <= 0.5


def test_weights_past_15_bits():
    """Whole weights are multiplied by short instructions; larger ones are floats."""
    for high, lanes in ((32_767, "uint32"), (32_768, "float64")):
        _, reduction = nbp.Pool.area((high - 1, 1)).decide((high, 1), "uint8")
        assert reduction.lanes == (np.dtype(lanes),)


def test_beside_opencv_and_pillow():
    """OpenCV's areas are exact, too; Pillow's boxes hold whole pixels."""
    cv2, image = pytest.importorskip("cv2"), pytest.importorskip("PIL.Image")
    random = np.random.default_rng(6)
    errors = {"ours": 0.0, "OpenCV": 0.0, "Pillow": 0.0}
    for shape, size in picture_sizes(random):
        x = random.integers(0, 256, shape, np.uint8)
        across = size[::-1]
        got = {
            "ours": nbp.area_pool2d(x, size),
            "OpenCV": cv2.resize(x, across, interpolation=cv2.INTER_AREA),
            "Pillow": np.asarray(image.fromarray(x).resize(across, image.Resampling.BOX)),
        }
        want = naive_kinds.area_means(x, size)
        for name, result in got.items():
            errors[name] = max(errors[name], float(np.abs(result - want).max()))
    assert errors["ours"] <= 0.5
    assert errors["OpenCV"] < 0.51
    assert errors["Pillow"] > 30


@draws.only_plain
@pytest.mark.parametrize("rounding", ["half_up", "half_even", "floor"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "uint64"])
def test_roundings(rounding, dtype):
    x = draws.fill((2, 6, 5), dtype, "plain", 3)
    for size in ((4, 5), (4, 2), (3, 5)):
        got = nbp.area_pool2d(x, size, rounding=rounding)
        assert_equal(got, naive_kinds.area_pool2d(x, size, rounding=rounding))


@draws.only_plain
@pytest.mark.parametrize("dtype", draws.FEW)
@pytest.mark.parametrize("skip", [{"nodata": 3}, {"nan": "skip"}, {"nan": "skip", "nodata": 2}])
def test_what_is_left_out_leaves_its_part_out(dtype, skip):
    by = np.random.default_rng(8)
    x = by.integers(2, 6, (7, 6, 3)).astype(dtype)
    if x.dtype.kind == "f":
        x[by.random(x.shape) < 0.2] = np.nan
    x[:3, :3] = 3
    for more in ({}, {"min_count": 2}, {"min_count": 0.5}):
        if more and x.dtype.kind == "b":
            continue
        arguments = {**skip, **more, "data_format": "HWC"}
        got = answer(nbp.area_pool2d, x, (3, 4), **arguments)
        if isinstance(got, np.ndarray):
            want = naive_kinds.area_pool2d(x, (3, 4), **arguments)
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, 2e-3 if dtype == "float16" else 1e-6)


def test_sums_past_the_lanes_of_short_integers():
    """Sums are kept in 16 bits, in 32, in float64 or in two halves, as they need."""
    lanes = [("uint8", 12), ("uint16", 12), ("int32", 13), ("int64", 13)]
    for dtype, side in lanes if draws.PLAIN else [("uint16", 263), ("int64", 13)]:
        limits = np.iinfo(dtype)
        x = np.full((side, side + 1), limits.max, dtype)
        x[::2] = limits.min
        x[::3] -= 1
        want = naive_kinds.area_pool2d(x[:, :8], (7, 5))
        assert_equal(nbp.area_pool2d(x[:, :8], (7, 5)), want)
        far = nbp.area_pool2d(x, (7, 5)) - naive_kinds.area_means(x, (7, 5))
        assert np.abs(far).max() <= 0.5 + 2.0**-52 * limits.max


def test_what_is_left_out_in_compiled_code():
    x = np.random.default_rng(2).integers(0, 3, (7, 6), np.uint8)
    assert_equal(nbp.area_pool2d(x, 4, nodata=0), naive_kinds.area_pool2d(x, 4, nodata=0))


def test_a_constant_stays_constant():
    for value in (0.1, 1 / 3, 1e30):
        x = np.full((11, 13), value, np.float32)
        assert (nbp.area_pool2d(x, (4, 7)) == x[0, 0]).all()


@draws.only_plain
def test_weights():
    """A mean by weights is the mean of the products by the mean of the weights."""
    by = np.random.default_rng(9)
    x, weights = by.integers(0, 256, (7, 9), np.uint8), by.integers(0, 5, (7, 9), np.uint8)
    size = (3, 4)
    want = naive_kinds.area_means(x * 1.0 * weights, size) / naive_kinds.area_means(weights, size)
    assert_equal(nbp.area_pool2d(x, size, weights=weights), np.floor(want + 0.5).astype(np.uint8))
    wide = weights.astype(np.float64)
    np.testing.assert_allclose(nbp.area_pool2d(x * 1.0, size, weights=wide), want)
    few = nbp.area_pool2d(x, size, weights=weights > 2, nodata=0, min_count=0.6)
    counted = naive_kinds.area_means((weights > 2) & (x != 0), size)
    assert_equal(few == 0, counted < 0.6)


def test_compiled_code():
    def pooled(x):
        return nbp.area_pool2d(x, (3, 2)), nbp.area_pool2d(x, 3, data_format="NHWC")

    x = np.random.default_rng(1).normal(size=(4, 5, 7)).astype(np.float32)
    want = naive_kinds.area_pool2d(x, (3, 2)), naive_kinds.area_pool2d(x, 3, data_format="NHWC")
    for got, each in zip(njit(pooled)(x), want, strict=True):
        np.testing.assert_allclose(got, each, 1e-6, 1e-7)


def test_layers_and_results_that_are_given():
    x = np.random.default_rng(2).normal(size=(2, 7, 8)).astype(np.float32)
    layer = nbp.Pool.area((3, None), rounding="floor")
    assert repr(layer) == "Pool.area(output_size=(3, None), rounding='floor')"
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert layer.shape(x.shape) == (2, 3, 8)
    out = np.empty((2, 3, 8), np.float32)
    assert nbp.area_pool2d(x, (3, None), rounding="floor", out=out) is out
    assert_equal(layer(x), out)
    assert layer.dtype("bool") == np.float32
    assert nbp.area_pool2d(x[:0], 3).shape == (0, 3, 3)
    assert nbp.area_pool2d(x[:, :, :4], (7, 2)).shape == (2, 7, 2)


def test_whole_factors_are_plain_means():
    x = np.random.default_rng(3).integers(0, 256, (12, 9), np.uint8)
    assert_equal(nbp.area_pool2d(x, (4, 3)), nbp.avg_pool2d(x, 3))
    plan, _ = nbp.Pool.area((4, 3)).decide(x.shape, x.dtype)
    assert plan.kernel != "area"


@pytest.mark.parametrize(
    ("shape", "size", "more", "message"),
    [
        ((0, 4), 3, {}, "nothing to pool"),
        ((4, 4), 0, {}, "output_size"),
        ((4, 4), (1, 2, 3), {}, "output_size"),
        ((4, 4), 3, {"rounding": "up"}, "rounding must be"),
        ((4, 4), 3, {"nan": "drop"}, "nan must be"),
        ((4,), 3, {}, "needs at least 2"),
    ],
)
def test_what_is_refused(shape, size, more, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.area_pool2d(np.ones(shape), size, **more)


def test_sides_with_too_little_in_common():
    sides = (50_001, 49_999)
    with pytest.raises(nbp.PoolValueError, match="a factor in common"):
        nbp.Pool.area((1600, 1599), nodata=0).decide(sides, "uint8")
    plan, _ = nbp.Pool.area((1600, 1599)).decide(sides, "uint8")
    assert plan.shape == (1600, 1599)
    with pytest.raises(nbp.PoolValueError, match="more than 67108864 parts"):
        nbp.Pool.area((3, 3)).shape((4, 1 << 40))
