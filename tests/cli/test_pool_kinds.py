"""Windows that blur, and windows at steps drawn by chance."""

import json
from math import comb
from pathlib import Path

import numpy as np
import pytest
from pictures import picture, read
from PIL import Image

import numbapool as nbp


def sixteen(dtype):
    np.save("in.npy", np.arange(1, 17).reshape(4, 4).astype(dtype))


def binomial(array, taps, stride):
    """Blur in the slow and obvious way, mirrored at the border: exact numerators."""
    weights = np.array([comb(taps - 1, n) for n in range(taps)], np.int64)
    before, after = (taps - 1) // 2, taps // 2
    pads = [(before, after)] * 2 + [(0, 0)] * (array.ndim - 2)
    padded = np.pad(array.astype(np.int64), pads, "reflect")
    rows, columns = (range(0, length, stride) for length in array.shape[:2])
    return np.array(
        [
            [
                np.einsum("i,j,ij...->...", weights, weights, padded[y : y + taps, x : x + taps])
                for x in columns
            ]
            for y in rows
        ]
    )


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), [[3.5, 5], [9.5, 11]]),
        (("--padding-mode", "zeros"), [[1.5, 3.25], [7, 11]]),
        (("--padding-mode", "replicate"), [[2.25, 4], [9.25, 11]]),
        (("--filter-size", 2), [[3.5, 5.5], [11.5, 13.5]]),
        (("--filter-size", 5, "-s", "2x4"), [[4.75], [9.25]]),
    ],
)
def test_blur_by_hand(pool, options, wanted):
    sixteen(np.float32)
    pool("blur", "in.npy", *options, "-o", "out.npy")
    assert np.load("out.npy").tolist() == wanted


@pytest.mark.parametrize("name", ["max-blur", "max_blur"])
def test_max_blur_by_hand(pool, name):
    sixteen(np.float64)
    pool(name, "in.npy", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[8.5, 9.5], [12.5, 13.5]]
    pool(name, "in.npy", "-k", 3, "-s", 1, "--filter-size", 1, "-o", "largest.npy")
    assert np.load("largest.npy").tolist() == [[11, 12], [15, 16]]


def test_dashes_and_underscores_are_alike(pool):
    sixteen(np.float32)
    for name in ("detail-preserving", "detail_preserving"):
        pool(name, "in.npy", "-o", f"{name}.npy")
    assert np.array_equal(np.load("detail-preserving.npy"), np.load("detail_preserving.npy"))


def test_operators_in_options_and_files_have_dashes_too(pool):
    sixteen(np.float32)
    told = pool("info", "in.npy", "--operator", "max-blur").stdout
    assert "shape (2, 2), float32" in told
    for table in ("max-blur", "max_blur"):
        Path("pool.toml").write_text(f'[{table}]\npadding-mode = "replicate"\n')
        pool("--config", "pool.toml", "max-blur", "in.npy", "-o", f"{table}.npy")
        wanted = nbp.max_blur_pool2d(np.load("in.npy"), padding_mode="replicate")
        assert np.array_equal(np.load(f"{table}.npy"), wanted)


def test_arrays_of_more_axes(pool, random):
    array = random.normal(size=(2, 3, 7, 6)).astype(np.float32)
    np.save("in.npy", array)
    last = np.ascontiguousarray(array.transpose(0, 2, 3, 1))
    np.save("last.npy", last)
    pool("max-blur", "in.npy", "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), nbp.max_blur_pool2d(array))
    pool("max-blur", "last.npy", "--data-format", "NHWC", "-o", "out_last.npy")
    wanted = nbp.max_blur_pool2d(last, data_format="NHWC")
    assert np.array_equal(np.load("out_last.npy"), wanted)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
@pytest.mark.parametrize("taps", [3, 4])
def test_a_blurred_picture_is_rounded_once(pool, mode, taps):
    source = picture(mode, 11, 8)
    source.save("in.png")
    pool("blur", "in.png", "--filter-size", taps, "-s", 3, "-o", "out.png")
    out = read("out.png")
    whole = 4 ** (taps - 1)
    wanted = (2 * binomial(np.asarray(source), taps, 3) + whole) // (2 * whole)
    assert out.mode == mode
    assert np.array_equal(np.asarray(out), wanted)


def test_colour_is_blurred_as_far_as_it_is_seen(pool):
    array = np.array(picture("RGBA", 9, 8))
    array[:4, :4, 3] = 0
    Image.fromarray(array).save("in.png")
    pool("blur", "in.png", "-o", "out.png")
    out = np.asarray(read("out.png")).astype(np.int64)
    alpha = array[..., 3:].astype(np.int64)
    weights = binomial(alpha, 3, 2)
    total = binomial(array[..., :3] * alpha, 3, 2)
    seen = weights[..., 0] > 0
    mixed = (2 * total[seen] + weights[seen]) // (2 * weights[seen])
    assert np.array_equal(out[seen][:, :3], mixed)
    assert np.array_equal(out[..., 3], (2 * weights[..., 0] + 16) // 32)
    unseen = (2 * binomial(array[..., :3], 3, 2) + 16) // 32
    assert np.array_equal(out[~seen][:, :3], unseen[~seen])


def test_black_and_white_become_grey(pool):
    picture("1", 8, 8).save("in.png")
    for operator in ("blur", "max-blur"):
        pool(operator, "in.png", "-o", f"{operator}.png")
        assert read(f"{operator}.png").mode == "L"


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_fractional_by_the_seed(pool, random, dtype):
    array = random.integers(0, 99, (2, 3, 9, 8)).astype(dtype)
    np.save("in.npy", array)
    pool("fractional", "in.npy", "--ratio", 0.7, "--seed", 5, "-o", "out.npy")
    wanted = nbp.fractional_max_pool2d(array, 2, output_ratio=0.7, seed=5)
    out = np.load("out.npy")
    assert out.shape == (2, 3, 6, 5)
    assert out.dtype == dtype
    assert np.array_equal(out, wanted)
    pool("fractional", "in.npy", "-k", 3, "--size", "4x5", "-o", "sized.npy")
    assert np.array_equal(np.load("sized.npy"), nbp.fractional_max_pool2d(array, 3, (5, 4), seed=0))


def test_channels_of_a_picture_share_their_windows(pool):
    grey = picture("L", 23, 17)
    grey.convert("RGB").save("in.png")
    pool("fractional", "in.png", "--size", "15x12", "-o", "out.png")
    out = np.asarray(read("out.png"))
    assert (out == out[..., :1]).all()
    one = np.asarray(grey)[None]
    assert np.array_equal(out[..., 0], nbp.fractional_max_pool2d(one, 2, (12, 15), seed=0)[0])


def test_draws_do_not_hang_on_the_order_in_the_file(pool, random, monkeypatch):
    """What is mapped in another order is pooled whole: by planes, all would draw alike."""
    monkeypatch.setattr("numbapool_cli.work.pooled._MAPPED", 0)
    array = random.integers(0, 99, (3, 2, 9, 8)).astype(np.float32)
    np.save("in.npy", np.asfortranarray(array))
    pool("fractional", "in.npy", "--ratio", 0.6, "-o", "fractional.npy")
    wanted = nbp.fractional_max_pool2d(array, 2, output_ratio=0.6, seed=0)
    assert np.array_equal(np.load("fractional.npy"), wanted)
    pool("stochastic", "in.npy", "-o", "stochastic.npy")
    assert np.array_equal(np.load("stochastic.npy"), nbp.stochastic_pool2d(array, 2, seed=0))
    pool("max-blur", "in.npy", "-o", "blurred.npy")
    assert np.array_equal(np.load("blurred.npy"), nbp.max_blur_pool2d(array))


@pytest.mark.parametrize("mode", ["1", "L", "RGBA"])
@pytest.mark.parametrize(
    "asked", [("blur", "-s", 3), ("max-blur",), ("fractional", "--ratio", 0.7)]
)
def test_the_result_is_told_before(pool, mode, asked):
    picture(mode, 10, 9).save("in.png")
    said = pool(*asked, "in.png", "-o", "out.png", "--dry-run", "--json").stdout
    planned = json.loads(said.splitlines()[0])
    done = json.loads(pool(*asked, "in.png", "-o", "out.png", "--json").stdout.splitlines()[0])
    assert planned["after"] == done["after"]
    assert planned["dtype"] == done["dtype"]


@pytest.mark.parametrize(
    ("operator", "options", "code", "said"),
    [
        ("blur", ("--filter-size", 17), 2, "17 is not in the range 1<=x<=16"),
        ("blur", ("--padding-mode", "wrap"), 2, "'wrap' is not one of"),
        ("blur", ("-k", 2), 2, "No such option"),
        ("blur", ("--nan", "skip"), 2, "No such option"),
        ("blur", ("--filter-size", 16), 1, "is too short"),
        ("max-blur", ("-k", 9), 1, "9"),
        ("fractional", (), 2, "give --size or --ratio, one of them, as --ratio 0.7"),
        ("fractional", ("--size", "2x2", "--ratio", 0.5), 2, "one of them"),
        ("fractional", ("--ratio", 1), 1, "--ratio lies between 0 and 1, not 1"),
        ("fractional", ("--size", "3x4"), 1, "(height) has size 4: too few for 4 windows of 2"),
    ],
)
def test_what_is_refused(pool, operator, options, code, said):
    sixteen(np.float32)
    for more in (("--dry-run",), ()):
        result = pool(operator, "in.npy", *options, "-o", "out.npy", *more, code=code)
        assert said in result.stderr
        assert len(result.stderr.splitlines()) == 1 or code == 2
