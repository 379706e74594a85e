"""--min-count, and the operators that ask which values count."""

import numpy as np
import pytest
from pictures import picture
from PIL import Image

NAN = np.nan
HEIGHTS = np.array([[NAN, NAN, 1, 3], [NAN, 2, 5, 7]])


@pytest.mark.parametrize(
    ("asked", "want"), [("1", [2, 4]), ("2", [NAN, 4]), ("0.25", [2, 4]), ("26%", [NAN, 4])]
)
def test_windows_with_too_few_values(pool, asked, want):
    np.save("in.npy", HEIGHTS)
    pool("avg", "in.npy", "--nan", "skip", "--min-count", asked, "-o", "out.npy")
    np.testing.assert_array_equal(np.load("out.npy"), [want])


def test_they_give_a_files_own_nodata_and_the_output_keeps_it(pool):
    tifffile = pytest.importorskip("tifffile")
    heights = np.nan_to_num(HEIGHTS, nan=-9).astype(np.float32)
    tifffile.imwrite("in.tif", heights, extratags=[(42113, 2, 0, "-9", True)])
    pool("sum", "in.tif", "--min-count", 2, "-o", "out.tif")
    with tifffile.TiffFile("out.tif") as file:
        np.testing.assert_array_equal(file.asarray(), [[-9, 16]])
        assert file.pages[0].tags[42113].value == "-9"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("avg", "in.png", "--min-count", 2), "give --nodata or --nan skip"),
        (("avg", "in.png", "--min-count", 2, "--nan", "skip"), "results of uint8 cannot hold"),
        (("avg", "clear.png", "--min-count", 2, "--nodata", 1), "give --alpha straight"),
    ],
)
def test_what_min_count_does_not_go_with(pool, arguments, message):
    picture("L", 8, 8).save("in.png")
    picture("RGBA", 8, 8).save("clear.png")
    assert message in pool(*arguments, "-o", "out.png", code=1).stderr


@pytest.mark.parametrize("asked", ["0.0", "half", "-1", "1.5", "101%"])
def test_what_is_no_min_count(pool, asked):
    said = pool("avg", "in.png", f"--min-count={asked}", code=2).stderr
    assert "is no number of values and no share: give 3, or 50%" in said


@pytest.mark.parametrize(("operator", "want"), [("any", [False, True]), ("all", [False, False])])
def test_answers_are_black_and_white(pool, operator, want):
    Image.fromarray(np.array([[0, 0, 0, 9], [0, 0, 5, 7]], np.uint8)).save("in.png")
    pool(operator, "in.png", "-o", "out.png")
    with Image.open("out.png") as image:
        assert image.mode == "1"
        np.testing.assert_array_equal(np.asarray(image), [want])


def test_first_keeps_a_palette(pool):
    image = Image.fromarray(np.array([[2, 1, 0, 1], [0, 0, 2, 2]], np.uint8), "P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save("in.png")
    pool("first", "in.png", "-o", "out.png")
    with Image.open("out.png") as small:
        assert small.mode == "P" and small.getpalette()[:9] == image.getpalette()[:9]
        np.testing.assert_array_equal(np.asarray(small), [[2, 0]])
