"""``pool diff``: measures held against the plain NumPy formulas."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.rasters import heat
from numbapool_cli.rasters.difference import absolute
from pictures import picture, read
from PIL import Image


def measured(pool, *arguments):
    return json.loads(pool("diff", *arguments, "--json").stdout)


def test_known_pictures(pool):
    before = np.zeros((4, 5, 3), np.uint8)
    after = before.copy()
    after[1, 2] = (3, 9, 1)
    after[3, 0, 2] = 2
    Image.fromarray(before).save("a.png")
    Image.fromarray(after).save("b.png")
    found = measured(pool, "a.png", "b.png")
    mse = (9 + 81 + 1 + 4) / 60
    assert found["mse"] == pytest.approx(mse)
    assert found["rmse"] == pytest.approx(math.sqrt(mse))
    assert found["psnr"] == pytest.approx(10 * math.log10(255**2 / mse))
    assert (found["largest"], found["at"]) == (9, [1, 2, 1])
    assert (found["differing"], found["compared"], found["unit"]) == (2, 20, "pixels")
    assert pool("diff", "a.png", "b.png").stdout.splitlines() == [
        "PSNR         46.14 dB (peak 255, the range of uint8)",
        "MSE          1.58333",
        "RMSE         1.25831",
        "largest      9 at x 2, y 1, G (0 and 9)",
        "differ       2 of 20 pixels (10.00 %)",
    ]


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F"])
def test_noise(pool, mode):
    pair = [picture(mode, 31, 17, seed) for seed in (1, 2)]
    arrays = []
    for name, image in zip("ab", pair, strict=True):
        image.save(f"{name}.tif")
        arrays.append(np.asarray(image).astype(np.float64))
    if mode == "LAB":  # as NumPy sees them, a and b wrap round
        offset = np.array([0, 128, 128], np.uint8)
        arrays = [(np.asarray(image) ^ offset).astype(np.float64) for image in pair]
    gap = np.abs(arrays[0] - arrays[1])
    found = measured(pool, "a.tif", "b.tif")
    assert found["mse"] == pytest.approx((gap**2).mean())
    assert found["largest"] == pytest.approx(gap.max())
    assert tuple(found["at"]) == np.unravel_index(gap.argmax(), gap.shape)
    assert found["differing"] == (gap.reshape(17, 31, -1).max(-1) > 0).sum()
    peak = {"1": 1, "I;16": 65535, "I": np.ptp(arrays[0]), "F": np.ptp(arrays[0])}.get(mode, 255)
    assert found["psnr"] == pytest.approx(10 * math.log10(peak**2 / (gap**2).mean()))


def test_identical(pool):
    picture("RGB", 9, 9).save("a.png")
    found = measured(pool, "a.png", "a.png")
    assert found["identical"]
    assert (found["psnr"], found["mse"], found["largest"], found["at"]) == (None, 0, 0, None)
    result = pool("diff", "a.png", "a.png", "-o", "heat.png")
    assert "PSNR         inf dB" in result.stdout
    assert "no difference" in result.stdout
    assert not np.asarray(read("heat.png")).any()


@pytest.mark.parametrize("dtype", ["i1", "i8", "u8", ">u2", "f2", "f4", "bool"])
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 4), (2, 3, 4, 5), (1, 2, 3, 2, 2)])
def test_arrays_of_any_axes_and_type(pool, random, dtype, shape):
    pair = [random.integers(0, 100, shape) for _ in "ab"]
    pair = [(numbers > 50 if dtype == "bool" else numbers).astype(dtype) for numbers in pair]
    np.save("a.npy", pair[0])
    np.save("b.npy", np.asfortranarray(pair[1]))
    gap = np.abs(pair[0].astype(np.float64) - pair[1].astype(np.float64))
    found = measured(pool, "a.npy", "b.npy")
    assert found["mse"] == pytest.approx((gap**2).mean())
    assert tuple(found["at"]) == np.unravel_index(gap.argmax(), shape)
    assert (found["differing"], found["unit"]) == ((gap > 0).sum(), "values")


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint64])
def test_whole_numbers_are_exact(dtype):
    info = np.iinfo(dtype)
    ends = np.array([info.min, info.max, info.max], dtype)
    others = np.array([info.max, info.min, info.max - 1], dtype)
    gap = int(info.max) - int(info.min)
    assert absolute(ends, others).tolist() == [gap, gap, 1]


def test_nan_and_infinity(pool):
    a = np.array([[np.nan, np.inf, 1.0], [2.0, 3.0, 4.0]])
    b = a.copy()
    np.save("a.npy", a)
    np.save("b.npy", b)
    assert measured(pool, "a.npy", "b.npy")["identical"]
    b[1, 2] = np.nan
    b[0, 2] = 9.0
    np.save("b.npy", b)
    found = measured(pool, "a.npy", "b.npy", "-o", "heat.png")
    assert (found["largest"], found["at"], found["differing"]) == (None, [1, 2], 2)
    assert "nan at index (1, 2) (4.0 and nan)" in pool("diff", "a.npy", "b.npy").stdout
    assert (np.asarray(read("heat.png")).sum(-1) > 0).tolist() == (
        [[False, False, True], [False, False, True]]
    )


def test_peak(pool):
    np.save("a.npy", np.array([[0.0, 5.0]]))
    np.save("b.npy", np.array([[0.0, 4.0]]))
    assert measured(pool, "a.npy", "b.npy")["peak"] == 5.0
    assert measured(pool, "a.npy", "b.npy", "--peak", 1)["psnr"] == pytest.approx(
        -10 * math.log10(0.5)
    )
    pool("diff", "a.npy", "b.npy", "--peak", 0, code=2)
    np.save("flat.npy", np.ones((1, 2)))
    assert "unknown" in pool("diff", "flat.npy", "b.npy").stdout


def test_more_than_one_block(pool, monkeypatch, random):
    monkeypatch.setattr("numbapool_cli.rasters.difference._BLOCK", 7)
    arrays = [random.integers(0, 256, (13, 11, 3), np.uint8) for _ in "ab"]
    for name, array in zip("ab", arrays, strict=True):
        Image.fromarray(array).save(f"{name}.png")
    gap = np.abs(arrays[0].astype(int) - arrays[1])
    found = measured(pool, "a.png", "b.png")
    assert found["mse"] == pytest.approx((gap**2).mean())
    assert tuple(found["at"]) == np.unravel_index(gap.argmax(), gap.shape)
    assert found["differing"] == gap.any(-1).sum()


def test_heat_map(pool):
    a = np.zeros((2, 3), np.uint16)
    b = np.array([[0, 1, 1000], [500, 65535, 0]], np.uint16)
    Image.fromarray(a).save("a.png")
    Image.fromarray(b).save("b.png")
    result = pool("diff", "a.png", "b.png", "-o", "heat.png")
    assert "heat map     heat.png, from black for 0 to pale yellow for 65535" in result.stdout
    shares = np.ceil(b / 65535 * 255).astype(int)
    assert shares.tolist() == [[0, 1, 4], [2, 255, 0]]
    assert np.array_equal(read("heat.png"), heat.colours()[shares])
    assert (heat.colours().any(-1) == (np.arange(256) > 0)).all()


def test_heat_map_of_planes_is_their_largest(pool, random):
    pair = [random.normal(size=(2, 3, 6, 5)) for _ in "ab"]
    np.save("a.npy", pair[0])
    np.save("b.npy", pair[1])
    pool("diff", "a.npy", "b.npy", "-o", "heat.png")
    wanted = heat.heat_map(np.abs(pair[0] - pair[1]).max((0, 1))).array
    assert np.array_equal(read("heat.png"), wanted)
    np.save("a.npy", np.zeros((2, 3, 4)))
    assert "--data-format" in pool("diff", "a.npy", "a.npy", "-o", "h.png", code=1).stderr
    pool("diff", "a.npy", "a.npy", "-o", "h.png", "--data-format", "CHW")


def test_colours_grow_lighter():
    linear = (heat.colours() / 255.0) ** 2.2
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > -1e-3).all()
    assert (np.diff(luminance[::8]) > 0).all()
    assert len(np.unique(heat.colours(), axis=0)) > 250


def test_frames(pool):
    frames = [picture("L", 8, 6, seed) for seed in range(3)]
    for name, last in (("a", frames[2]), ("b", Image.new("L", (8, 6)))):
        rest = [frames[1], last]
        frames[0].save(f"{name}.gif", save_all=True, append_images=rest, duration=50)
    found = measured(pool, "a.gif", "b.gif")
    assert found["part"] == "frame 3"
    assert found["compared"] == 3 * 48
    frames[0].save("one.gif")
    assert "a.gif has more frames" in pool("diff", "one.gif", "a.gif", code=1).stderr


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros((3, 4), np.uint8), np.zeros((4, 3), np.uint8)),
        (np.zeros((3, 4), np.uint8), np.zeros((3, 4), np.uint16)),
    ],
)
@pytest.mark.parametrize("kind", ["npy", "png"])
def test_unlike(pool, kind, one, other):
    for name, array in (("a", one), ("b", other)):
        if kind == "npy":
            np.save(f"{name}.npy", array)
        else:
            Image.fromarray(array).save(f"{name}.png")
    result = pool("diff", f"a.{kind}", f"b.{kind}", code=1)
    (line,) = result.stderr.splitlines()
    for array in (one, other):
        shape = array.shape if kind == "npy" else f"{array.shape[1]}×{array.shape[0]}"
        assert f"{shape} {array.dtype}" in line
    assert result.stdout == ""


def test_errors_are_one_line(pool):
    picture("RGBA", 4, 4).save("a.tif")
    picture("CMYK", 4, 4).save("b.tif")
    assert "(RGBA)" in pool("diff", "a.tif", "b.tif", code=1).stderr
    Path("cut.png").write_bytes(b"\x89PNG")
    np.save("c.npy", np.zeros((2, 2), complex))
    for pair, said in (
        (("a.tif", "gone.png"), "pool: gone.png: there is no such file"),
        (("cut.png", "a.tif"), "pool: cut.png: "),
        (("c.npy", "c.npy"), "pool: complex128 is not compared"),
    ):
        result = pool("diff", *pair, code=1)
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith(said)
    pool("diff", "-", "-", code=2)
    pool("diff", "a.tif", code=2)


def test_nothing_is_overwritten_unasked(pool):
    picture("L", 4, 4).save("a.png")
    picture("L", 4, 4, 1).save("b.png")
    Path("heat.png").write_bytes(b"mine")
    assert "--on-exists" in pool("diff", "a.png", "b.png", "-o", "heat.png", code=1).stderr
    assert "PSNR" in pool("diff", "a.png", "b.png", "-o", "heat.png", "--skip-existing").stdout
    assert Path("heat.png").read_bytes() == b"mine"
    renamed = pool("diff", "a.png", "b.png", "-o", "heat.png", "--on-exists", "rename")
    assert "heat-1.png" in renamed.stdout
    for output in ("a.png", "heat.npy", "heat.txt", "-"):
        pool("diff", "a.png", "b.png", "-o", output, "--on-exists", "overwrite", code=2)
    assert not list(Path().glob(".pool*"))


def test_standard_input(pool):
    picture("L", 4, 4).save("a.png")
    found = pool("diff", "a.png", "-", "--json", input=Path("a.png").read_bytes()).stdout
    assert json.loads(found)["identical"]


def test_maxima(pool):
    array = np.array([[0, 3], [9, 15]], np.uint8)
    for name, maximum, pixels in (
        ("a", 15, array),
        ("b", 15, np.where(array == 9, 8, array).astype(np.uint8)),
        ("c", 255, array * 17),
    ):
        Path(f"{name}.pgm").write_bytes(b"P5 2 2 %d\n" % maximum + pixels.tobytes())
    assert "peak 15, the maximum" in pool("diff", "a.pgm", "b.pgm").stdout
    assert "white is in a.pgm 15 and in c.pgm 255" in pool("diff", "a.pgm", "c.pgm", code=1).stderr
    pool("sheet", "a.pgm", "-k", "1", "-o", "a.png")
    pool("sheet", "c.pgm", "-k", "1", "-o", "c.png")
    shades = [set(np.asarray(Image.open(name)).ravel().tolist()) for name in ("a.png", "c.png")]
    assert shades[0] >= {0, 51, 153}
