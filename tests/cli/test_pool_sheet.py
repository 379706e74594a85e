"""``pool sheet``: what is drawn is the input, and beside it the pooled result as squares."""

import json
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.codecs.raster import Raster
from numbapool_cli.job import Job, Window
from numbapool_cli.operators import OPERATORS
from numbapool_cli.rasters import sheet
from pictures import picture, read
from PIL import Image


def cell(array, k=2, operator="avg", mode="", look=None, layout="NCHW"):
    raster = Raster(array, layout, mode)
    window = Window(kernel_size=k, edge="partial")
    return sheet.cell_of([raster], "a", Job("a", "", operator, window), look or sheet.Look())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "CMYK", "LAB", "I;16", "I", "F"])
@pytest.mark.parametrize("operator", ["avg", "max", "median", "mode"])
def test_every_mode_is_shown(pool, mode, operator):
    picture(mode, 30, 20).save("a.tif")
    pool("sheet", "a.tif", "-o", "sheet.png", "--operator", operator, "--tile", 64)
    shown = read("sheet.png")
    assert shown.mode == "RGB"
    assert len(shown.getcolors(1 << 20)) > 2


def test_cell_is_the_input_beside_its_pixels_as_squares(random):
    array = random.integers(0, 256, (6, 9, 3), np.uint8)
    before, after = cell(array, 3, "max", "RGB", sheet.Look(tile=36), "NHWC").pictures
    assert before.size == after.size == (36, 24)
    assert np.array_equal(before, array.repeat(4, 0).repeat(4, 1))
    pooled = array.reshape(2, 3, 3, 3, 3).max((1, 3))
    assert np.array_equal(after, pooled.repeat(12, 0).repeat(12, 1))


def test_border_windows_stand_where_their_pixels_do(random):
    array = random.integers(0, 256, (5, 7), np.uint8)
    _, after = cell(array, 2, "max", "L", sheet.Look(tile=7)).pictures
    pooled = np.array(
        [[array[y : y + 2, x : x + 2].max() for x in range(0, 7, 2)] for y in (0, 2, 4)]
    )
    assert np.array_equal(np.asarray(after)[..., 0], pooled.repeat(2, 0).repeat(2, 1)[:5, :7])


def test_detail_is_the_middle_pixel_for_pixel(random):
    array = random.integers(0, 256, (50, 70), np.uint8)
    look = sheet.Look(tile=20, detail=True)
    before, after = cell(array, 4, "max", "L", look).pictures
    assert np.array_equal(np.asarray(before)[..., 0], array[12:32, 24:44])
    pooled = array[12:32, 24:44].reshape(5, 4, 5, 4).max((1, 3))
    assert np.array_equal(np.asarray(after)[..., 0], pooled.repeat(4, 0).repeat(4, 1))


def test_large_pictures_are_scaled_down(random):
    array = random.integers(0, 256, (300, 601), np.uint8)
    made = cell(array, 2, mode="L", look=sheet.Look(tile=100))
    assert {image.size for image in made.pictures} == {(100, 50)}
    assert made.captions == ("601×300", "avg 2: 301×150")


def test_numbers_are_shown_on_one_scale():
    array = np.array([[0.0, 50.0, 100.0, 200.0], [0.0, 50.0, 100.0, np.nan]], np.float32)
    before, after = cell(array, (1, 2), look=sheet.Look(tile=4)).pictures
    assert np.asarray(before)[..., 0].tolist() == [[0, 64, 128, 255], [0, 64, 128, 0]]
    assert np.asarray(after)[0, :, 0].tolist() == [32, 32, 191, 191]


def test_first_plane(random):
    array = random.normal(size=(2, 3, 8, 8))
    made = cell(array, 2)
    assert made.captions == ("8×8, first of 6 planes", "avg 2: 4×4")
    for one, other in zip(made.pictures, cell(array[0, 0], 2).pictures, strict=True):
        assert np.array_equal(one, other)


def test_cells_stand_in_rows(pool):
    for number in range(5):
        picture("RGB", 40, 30, number).save(f"{number}.png")
    pool("sheet", *(f"{n}.png" for n in range(5)), "-o", "two.png", "--columns", 2, "--tile", 40)
    pool("sheet", *(f"{n}.png" for n in range(5)), "-o", "five.png", "--columns", 5, "--tile", 40)
    two, five = read("two.png"), read("five.png")
    assert two.height > 2.5 * five.height
    assert five.width > 2.3 * two.width
    whole = np.asarray(two)
    for number in range(5):
        assert found(whole, np.asarray(read(f"{number}.png")))


def found(whole: np.ndarray, part: np.ndarray) -> bool:
    views = np.lib.stride_tricks.sliding_window_view(whole[..., 0], part.shape[:2])
    return bool((views[..., 0, :8] == part[0, :8, 0]).all(-1).any())


def test_bad_inputs_are_told_and_the_rest_is_drawn(pool):
    picture("L", 8, 8).save("a.png")
    Path("cut.png").write_bytes(b"\x89PNG\r\n")
    result = pool("sheet", "a.png", "cut.png", "gone.png", "-o", "sheet.png", code=1)
    assert result.stdout == "a.png -> sheet.png (8×8 -> 4×4)\n"
    assert "2 of 3 failed:" in result.stderr
    assert "there is no such file" in result.stderr
    assert read("sheet.png").size[0] > 300
    result = pool("sheet", "cut.png", "-o", "none.png", code=1)
    assert result.stderr.startswith("pool: cut.png: ")
    assert not Path("none.png").exists()


def test_nothing_is_overwritten_unasked(pool):
    picture("L", 8, 8).save("a.png")
    Path("sheet.png").write_bytes(b"mine")
    result = pool("sheet", "a.png", "-o", "sheet.png", code=1)
    assert "sheet.png exists: see --on-exists" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    pool("sheet", "a.png", "-o", "sheet.png", "--skip-existing")
    assert Path("sheet.png").read_bytes() == b"mine"
    pool("sheet", "a.png", "-o", "sheet.png", "--on-exists", "rename")
    assert read("sheet-1.png")
    pool("sheet", "a.png", "-o", "sheet.png", "--on-exists", "overwrite")
    assert not list(Path().glob(".pool*"))


def test_a_former_sheet_is_no_input(pool):
    Path("in").mkdir()
    picture("L", 8, 8).save("in/a.png")
    pool("sheet", "in", "-o", "in/sheet.png")
    first = Path("in/sheet.png").read_bytes()
    pool("sheet", "in", "-o", "in/sheet.png", "--on-exists", "overwrite")
    assert Path("in/sheet.png").read_bytes() == first
    assert "never written to" in pool("sheet", "in/a.png", "-o", "in/a.png", code=2).stderr


def test_json(pool):
    picture("L", 8, 6).save("a.png")
    lines = pool("sheet", "a.png", "gone.png", "-o", "sheet.png", "--json", code=1).stdout
    outcomes = [json.loads(line) for line in lines.splitlines()]
    assert [line.get("status") for line in outcomes] == ["failed", "done", None]
    assert (outcomes[1]["target"], outcomes[1]["after"]) == ("sheet.png", [[3, 4]])
    assert outcomes[2]["summary"]["done"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-o", "sheet.npy"],
        ["-o", "sheet"],
        ["-o", "-"],
        ["-o", "sheet.png", "--operator", "product"],
        ["-o", "sheet.png", "--tile", "2"],
        ["-o", "sheet.png", "--columns", "0"],
        ["-o", "sheet.png", "--tile", "4096", *(f"{number}.png" for number in range(6))],
    ],
)
def test_usage_errors(pool, arguments):
    picture("L", 8, 8).save("a.png")
    pool("sheet", "a.png", *arguments, code=2)
    assert "INPUT" in pool("sheet", "-o", "sheet.png", code=2).stderr


def test_names(pool):
    Image.new("L", (8, 8)).save("a.png")
    for name in ("é" * 200 + ".png", "日本.png", "b\nc.png"):
        Path(name[-120:]).write_bytes(Path("a.png").read_bytes())
    pool("sheet", ".", "-o", "sheet.png", "--tile", 64)
    assert read("sheet.png").width < 2000
    assert sheet._drawable("café 日.png") == "cafe ?.png"


def test_several_operators_stand_beside_their_input(pool):
    for number in range(2):
        picture("RGB", 32, 32, number).save(f"{number}.png")
    arguments = ["sheet", "0.png", "1.png", "-k", 4, "--tile", 32, "-o"]
    pool(*arguments, "two.png", "--operator", "max", "--operator", "avg", "--columns", 3)
    two = np.asarray(read("two.png"))
    for number in range(2):
        array = np.asarray(read(f"{number}.png"))
        shown = {"": array}
        for operator in ("max", "avg"):
            pool(operator, f"{number}.png", "-k", 4, "-o", f"{operator}{number}.png")
            shown[operator] = np.asarray(read(f"{operator}{number}.png")).repeat(4, 0).repeat(4, 1)
        assert all(found(two, part) for part in shown.values())
    pool(*arguments, "all.png", "--operator", "every", "--columns", 4)
    assert read("all.png").height > 5 * read("two.png").height / 2
    assert "takes no --linear" in pool(
        *arguments, "no.png", "--operator", "max", "--operator", "min", "--linear", code=2
    ).stderr  # fmt: skip


def by_definition(array, k, operator):
    """PSNR and the reactions to a shift and to noise, from their definitions."""
    high, wide = array.shape[0] // k, array.shape[1] // k

    def pooled(numbers):
        blocks = numbers.astype(float).reshape(high, k, wide, k)
        mean = np.floor(blocks.mean((1, 3)) + 0.5)
        return {"max": blocks.max((1, 3)), "avg": mean}[operator]

    def rms(numbers):
        return np.sqrt(np.mean(np.square(numbers)))

    result = pooled(array)
    moved = np.roll(array, 1, 1)
    noise = np.random.default_rng(0).normal(0, 0.05 * 255, array.shape)
    noisy = np.rint(np.clip(array + noise, 0, 255))
    error = rms(result.repeat(k, 0).repeat(k, 1) - array)
    return (
        20 * np.log10(255 / error),
        rms(pooled(moved) - result) / rms(moved.astype(float) - array),
        rms(pooled(noisy) - result) / rms(noisy - array),
    )


@pytest.mark.parametrize("operator", ["max", "avg"])
def test_measures(pool, random, operator):
    array = random.integers(0, 256, (24, 32), np.uint8)
    Image.fromarray(array).save("a.png")
    arguments = ["sheet", "a.png", "-k", 4, "--operator", operator, "--measure", "-o", "s.png"]
    lines = pool(*arguments, "--json").stdout.splitlines()
    (told,) = [json.loads(line)["measures"] for line in lines if "measures" in line]
    want = by_definition(array, 4, operator)
    np.testing.assert_allclose([told["psnr"], told["shift"], told["noise"]], want)
    said = pool(*arguments, "--on-exists", "overwrite").stdout
    psnr, shift, noise = want
    assert f"PSNR {psnr:.1f} dB, shift {shift:.2f}, noise {noise:.2f}" in said


@pytest.mark.parametrize("mode", ["1", "LA", "RGBA", "P", "I;16", "F"])
def test_every_mode_is_measured(pool, mode):
    picture(mode, 21, 14).save("a.tif")
    said = pool("sheet", "a.tif", "--operator", "every", "--measure", "-o", "s.png").stdout
    assert said.count("noise") == len(OPERATORS)


def test_what_does_not_change_is_not_measured(pool):
    Image.new("L", (8, 8), 7).save("a.png")
    said = pool("sheet", "a.png", "--measure", "-o", "s.png").stdout
    assert "PSNR inf dB, noise" in said
    again = ["sheet", "a.png", "--measure", "-o", "u.png", "--json"]
    assert json.loads(pool(*again).stdout.splitlines()[1])["measures"]["psnr"] == "inf"
    np.save("b.npy", np.full((8, 8), np.nan))
    assert "nan" not in pool("sheet", "b.npy", "--measure", "-o", "t.png").stdout
